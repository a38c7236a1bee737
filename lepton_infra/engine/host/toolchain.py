"""Which Python runs a program: the `runtime.options` of Pulumi.yaml, read the way Pulumi's own host reads them.

The rules are those of sdk/v3 3.259 (`python/toolchain`): `toolchain` is pip, uv, poetry or absent; absent means uv where a uv.lock lies in
the program's directory or above, poetry where a poetry.lock does, else pip. One thing is left out on purpose: before each run the
official host calls `uv sync --inexact`. A program is to run here with what is installed, offline, so nothing is synchronised.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path


class HostError(Exception):
    """The host cannot do what the engine asks; the message is shown to the user as it stands."""


class Toolchain(StrEnum):
    """Who keeps the virtual environment."""

    AUTO = "auto"
    PIP = "pip"
    POETRY = "poetry"
    UV = "uv"


@dataclass(frozen=True, slots=True)
class Options:
    """What a project file says about its Python."""

    root: Path
    """Directory of Pulumi.yaml, PulumiPlugin.yaml or PulumiPolicy.yaml; a relative `virtualenv` starts here."""
    program: Path
    """Directory of the program; the search for a lock file starts here."""
    virtualenv: str = ""
    """`runtime.options.virtualenv`, as written."""
    toolchain: Toolchain = Toolchain.AUTO
    """`runtime.options.toolchain`."""
    typechecker: str = ""
    """`runtime.options.typechecker`: mypy, pyright or nothing."""


@dataclass(frozen=True, slots=True)
class Python:
    """An interpreter, and the virtual environment that it belongs to."""

    executable: Path
    """What to start."""
    virtualenv: Path | None = None
    """The virtual environment's directory, or None for an interpreter found on PATH."""

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """Return `base` as it would be after activating the virtual environment."""
        if self.virtualenv is None:
            return dict(base)
        kept = {name: value for name, value in base.items() if name != "PYTHONHOME"}
        path = os.pathsep.join(part for part in (str(self.virtualenv / "bin"), base.get("PATH", "")) if part)
        return kept | {"PATH": path, "VIRTUAL_ENV": str(self.virtualenv)}


def read_options(root: str, program: str, options: Mapping[str, object]) -> Options:
    """Check the options of a project file.

    Raises:
        HostError: an option has a value that Pulumi does not know.
    """
    virtualenv = options.get("virtualenv", "")
    toolchain = options.get("toolchain", Toolchain.AUTO)
    if not isinstance(virtualenv, str):
        raise HostError(f"Pulumi.yaml: runtime.options.virtualenv is {virtualenv!r}; it must be the path of a directory.")
    known = [str(one) for one in Toolchain if one is not Toolchain.AUTO]
    if toolchain is not Toolchain.AUTO and toolchain not in known:
        raise HostError(f"Pulumi.yaml: runtime.options.toolchain is {toolchain!r}; choose {', '.join(known[:-1])} or {known[-1]}.")
    typechecker = options.get("typechecker") or ""
    if typechecker not in {"", "none", "mypy", "pyright"}:
        raise HostError(f"Pulumi.yaml: runtime.options.typechecker is {typechecker!r}; choose mypy, pyright or none.")
    checker = "" if typechecker == "none" else str(typechecker)
    return Options(Path(root), Path(program), virtualenv, Toolchain(str(toolchain)), checker)


def of_plugin(options: Options) -> Options:
    """Return the options of a plugin: with pip it has a virtual environment of its own, called `venv` where it names none."""
    return replace(options, virtualenv="venv") if options.toolchain is Toolchain.PIP and not options.virtualenv else options


def find_python(options: Options, environment: Mapping[str, str]) -> Python:
    """Return the interpreter that a program is to run with.

    Raises:
        HostError: the virtual environment is missing, or no interpreter is on PATH.
    """
    match detect(options):
        case Toolchain.UV:
            return _in_virtualenv(_uv_virtualenv(options, environment), "uv sync", options.program)
        case Toolchain.POETRY:
            return _in_virtualenv(_poetry_virtualenv(options.program), "poetry install", options.program)
        case _:
            return _pip_python(options, environment)


def detect(options: Options) -> Toolchain:
    """Return the toolchain in force, never AUTO."""
    if options.toolchain is not Toolchain.AUTO:
        return options.toolchain
    if search_up(options.program, "uv.lock"):
        return Toolchain.UV
    return Toolchain.POETRY if search_up(options.program, "poetry.lock") else Toolchain.PIP


def virtualenv_path(options: Options, environment: Mapping[str, str]) -> Path | None:
    """Return where the virtual environment is or would be, or None where an interpreter on PATH is meant."""
    match detect(options):
        case Toolchain.UV:
            return _uv_virtualenv(options, environment)
        case Toolchain.POETRY:
            return _poetry_virtualenv(options.program)
        case _:
            return options.root / options.virtualenv if options.virtualenv else None


def search_up(start: Path, name: str) -> Path | None:
    """Return the nearest directory, from `start` upwards, that holds a file called `name`."""
    return next((directory for directory in (start, *start.parents) if (directory / name).exists()), None)


def interpreter_on_path(environment: Mapping[str, str]) -> Path:
    """Return PULUMI_PYTHON_CMD, or else python3 or python, as found on PATH.

    Raises:
        HostError: none of them is there.
    """
    given = environment.get("PULUMI_PYTHON_CMD")
    names: Sequence[str] = [given] if given else ["python3", "python"]
    found = next((path for name in names if (path := shutil.which(name, path=environment.get("PATH")))), None)
    if found is None:
        raise HostError(f"no {' or '.join(names)} on PATH; a Python program needs one. Install Python or set runtime.options.virtualenv.")
    return Path(found)


def _pip_python(options: Options, environment: Mapping[str, str]) -> Python:
    if options.virtualenv:
        directory = options.root / options.virtualenv
        return _in_virtualenv(
            directory, f"python3 -m venv {directory} && {directory}/bin/python -m pip install -r requirements.txt", options.root
        )
    return Python(interpreter_on_path(environment))


def _uv_virtualenv(options: Options, environment: Mapping[str, str]) -> Path:
    if options.virtualenv:
        return options.root / options.virtualenv
    project = search_up(options.program, "uv.lock") or search_up(options.program, "pyproject.toml") or options.program
    return project / (environment.get("UV_PROJECT_ENVIRONMENT") or ".venv")


def _poetry_virtualenv(program: Path) -> Path:
    poetry = shutil.which("poetry")
    if poetry is None:
        raise HostError("Pulumi.yaml: the toolchain is poetry, which is not on PATH. Install poetry.")
    asked = subprocess.run([poetry, "env", "info", "--path"], cwd=program, capture_output=True, text=True, check=False)
    if asked.returncode != 0 or not asked.stdout.strip():
        raise HostError(f"{program}: poetry knows no virtual environment for it. Run `poetry install` there.")
    return Path(asked.stdout.strip())


def _in_virtualenv(directory: Path, remedy: str, where: Path) -> Python:
    executable = directory / "bin" / "python"
    if not executable.is_file():
        state = "has no bin/python" if directory.exists() else "does not exist"
        raise HostError(f"{directory}: the virtual environment {state}. Run `{remedy}` in {where}.")
    return Python(executable, directory)
