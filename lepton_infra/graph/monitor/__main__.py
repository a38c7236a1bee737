"""Start the monitor: `python -u lepton_infra/graph/monitor DESCRIPTOR`, with one end of a socket at that descriptor."""

import gc
import importlib
import importlib.util
import sys
from pathlib import Path

NAME = "lepton_monitor"
"""What the package is called here: a program may have another lepton-infra installed, or none."""
NO_SDK = 33
"""Exit code that says: this interpreter has no Pulumi."""
_COLLECT_AFTER = 200_000
"""Objects between two searches for garbage: classes of clouds and declared resources all stay, so that looking often finds nothing."""


def _load() -> None:
    here = Path(__file__).parent
    spec = importlib.util.spec_from_file_location(NAME, here / "__init__.py", submodule_search_locations=[str(here)])
    if spec is None or spec.loader is None:
        sys.exit(f"{here} cannot be loaded")
    sys.modules[NAME] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[NAME])


if __name__ == "__main__":
    gc.set_threshold(_COLLECT_AFTER, 50, 1000)
    # Our own folder is no place for a program to import from.
    sys.path.pop(0)
    if importlib.util.find_spec("pulumi") is None:
        sys.exit(NO_SDK)
    _load()
    importlib.import_module(f"{NAME}.later").postpone()
    importlib.import_module(f"{NAME}.sdks").install()
    importlib.import_module(f"{NAME}.run").main(int(sys.argv[1]))
