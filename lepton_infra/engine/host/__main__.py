"""Serve the language host: `python -m lepton_infra.engine.host --executor SCRIPT [ENGINE_ADDRESS]` prints its port and waits.

The host needs the messages of Pulumi's SDK and nothing else of it, but they lie inside the package, whose import takes half a second
of every run. Bare modules with the right search path stand in for the two packages around the messages; this process alone sees them.
"""

import importlib
import importlib.util
import sys
from types import ModuleType


def _stand_in(name: str) -> None:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.submodule_search_locations is None:
        sys.exit(f"pulumi-language-python: {sys.executable} has no {name}. Run `pip install 'pulumi>=3.259,<4'`.")
    module = ModuleType(name)
    module.__path__ = list(spec.submodule_search_locations)
    module.__spec__ = spec
    sys.modules[name] = module


if __name__ == "__main__":
    # The order matters: a package's search path is found through its parent.
    _stand_in("pulumi")
    _stand_in("pulumi.runtime")
    importlib.import_module("lepton_infra.engine.host.serve").main()
