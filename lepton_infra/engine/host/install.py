"""How the dependencies of a program are installed: the commands of each toolchain, as `pulumi install` wants them run."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lepton_infra.engine.host.toolchain import HostError, Options, Toolchain, detect, interpreter_on_path, search_up, virtualenv_path


@dataclass(frozen=True, slots=True)
class Command:
    """A step of an installation."""

    arguments: tuple[str, ...]
    """The command line."""
    directory: Path
    """Where to run it."""
    environment: Mapping[str, str]
    """The whole environment."""


def commands(options: Options, environment: Mapping[str, str]) -> tuple[Command, ...]:
    """Return the steps that bring a program's virtual environment up to date.

    Raises:
        HostError: the toolchain has nothing to install from.
    """
    match detect(options):
        case Toolchain.UV:
            return _uv(options, environment)
        case Toolchain.POETRY:
            return (Command(("poetry", "install", "--no-ansi"), options.program, environment),)
        case _:
            return _pip(options, environment)


def _uv(options: Options, environment: Mapping[str, str]) -> tuple[Command, ...]:
    virtualenv = virtualenv_path(options, environment)
    with_environment = {**environment, "UV_PROJECT_ENVIRONMENT": str(virtualenv)}
    if search_up(options.program, "pyproject.toml"):
        return (Command(("uv", "sync"), options.program, with_environment),)
    requirements = options.program / "requirements.txt"
    if not requirements.is_file():
        raise HostError(f"{options.program}: neither pyproject.toml nor requirements.txt; uv installs from one of them. Add one.")
    python = str(virtualenv)
    return (
        Command(("uv", "venv", "--allow-existing", python), options.program, with_environment),
        Command(("uv", "pip", "install", "--python", python, "-r", str(requirements)), options.program, with_environment),
    )


def _pip(options: Options, environment: Mapping[str, str]) -> tuple[Command, ...]:
    base = str(interpreter_on_path(environment))
    virtualenv = virtualenv_path(options, environment)
    steps: list[Command] = []
    python = base
    if virtualenv is not None:
        python = str(virtualenv / "bin" / "python")
        if not os.access(python, os.X_OK):
            steps.append(Command((base, "-m", "venv", str(virtualenv)), options.program, environment))
    if (options.program / "requirements.txt").is_file():
        steps.append(Command((python, "-m", "pip", "install", "-r", "requirements.txt"), options.program, environment))
    return tuple(steps)
