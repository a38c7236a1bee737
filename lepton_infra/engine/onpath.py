"""The first way: the `pulumi` that users have installed."""

import os
import shutil
from pathlib import Path

from lepton_infra.engine.model import Engine, Way, WayClosed
from lepton_infra.engine.probe import probe

_HOST = "pulumi-language-python"
_INSTALL = "Install Pulumi 3.259.0 or newer: https://www.pulumi.com/docs/install/"


def on_path() -> Engine:
    """Return the engine on PATH.

    The first `pulumi` counts, as it does in a shell; one without its language host for Python cannot run our programs.

    Raises:
        WayClosed: there is none, it is too old or broken, or it has no language host.
    """
    found = shutil.which("pulumi")
    if found is None:
        raise WayClosed(Way.PATH, "not found", _INSTALL)
    executable = Path(found).absolute()
    answer = probe(executable)
    if answer.fault:
        raise WayClosed(Way.PATH, answer.fault, _INSTALL)
    if not _has_language_host(executable):
        raise WayClosed(Way.PATH, f"{executable} has no {_HOST} beside it, nor is one on PATH", "Reinstall Pulumi with all its parts")
    directory = executable.parent
    return Engine(directory.parent if directory.name == "bin" else directory, answer.version, Way.PATH)


def _has_language_host(executable: Path) -> bool:
    """Look where the CLI looks: on PATH, and beside the executable itself once links are followed."""
    beside = (executable.parent / _HOST, executable.resolve().parent / _HOST)
    return shutil.which(_HOST) is not None or any(os.access(path, os.X_OK) for path in beside)
