"""Runs the engine on a stack, from a home of its own: state, settings and logs live there, and the project is only read."""

import fcntl
import os
import re
import secrets
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

from lepton_infra.config.files import write_aside
from lepton_infra.config.project import find_project
from lepton_infra.engine import settings
from lepton_infra.engine.command import Command, Ended, execute
from lepton_infra.engine.events import Event
from lepton_infra.engine.model import Engine
from lepton_infra.engine.runs import Ledger, Operation, Run
from lepton_infra.errors import BadInput, EngineError, Fault

_STACK = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_JUDGED = (Operation.PREVIEW, Operation.UP)
_PASSPHRASE = "PULUMI_CONFIG_PASSPHRASE"  # noqa: S105 (the name of a variable)
_KEPT_LOGS = 20
_HOUSEKEEPING_SECONDS = 120.0
_PATIENCE_SECONDS = 3.0
_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class _Home:
    """Where a session keeps its things."""

    root: Path

    @property
    def backend(self) -> Path:
        return self.root / "backend"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def desk(self) -> Path:
        """A project of the same name in which the stack is created, exported and unlocked, so that none of this touches the user's."""
        return self.root / "stack"

    def passphrase(self) -> str:
        """Return the passphrase of this home's states, made at the first call."""
        path = self.root / "passphrase"
        if not path.is_file():
            write_aside(path, secrets.token_hex(16))
            path.chmod(0o600)
        return path.read_text()


class Session:
    """The engine at work on one stack; a context manager.

    Args:
        engine: which engine.
        project: the directory of Pulumi.yaml, or one below it; used in place, and never written.
        stack: the stack's name; its settings are read from `Pulumi.<stack>.yaml` where the project keeps them.
        home: a directory for state, settings and logs; made where it is missing. One session at a time may use it.
        environment: variables for the engine, which win over everything else. No other PULUMI_* variable of ours reaches it.

    Raises:
        BadInput: no project there, no name of a stack, or a home that cannot be written.
        EngineError: another session uses the home, or something of a killed run still lives.
    """

    def __init__(
        self, engine: Engine, project: Path, stack: str, home: Path, environment: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        if not _STACK.fullmatch(stack):
            raise BadInput(Fault("stack", f"is named {stack[:60]!r}", "letters, digits, '_', '-' and '.'", "Name the stack otherwise"))
        self._engine = engine
        self._project = find_project(project)
        self._stack = stack
        self._home = _Home(home.absolute())
        self._given = dict(environment)
        self._lock = _occupy(self._home)
        self._key: dict[str, str] = {}
        self._ready = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let another session use the home."""
        self._lock.close()

    def run(
        self,
        operation: Operation,
        *,
        policy_packs: Sequence[Path] = (),
        listen: Callable[[Event], None] | None = None,
        checkpoints: bool = True,
        seconds: float | None = None,
    ) -> Run:
        """Run one operation to its end; an `up`, `refresh` or `destroy` is done without asking and without a preview.

        Args:
            operation: what to do.
            policy_packs: directories of policy packs, for a preview or an up.
            listen: told of each event as it comes.
            checkpoints: whether state is stored after every step. Without, a run is twenty times faster, and what a killed run
                has built is not in its state.
            seconds: after how long to give up; None is never.

        Returns:
            what happened, also where it failed.

        Raises:
            BadInput: the stack's settings are not YAML.
            EngineError: the stack cannot be created or unlocked.
            ValueError: policy packs for an operation that knows none.
        """
        if policy_packs and operation not in _JUDGED:
            raise ValueError(f"{operation} takes no policy packs")
        self._prepare()
        arguments = [operation.value, "--stack", self._stack, "--config-file", str(self._settings_path)]
        arguments += [] if operation is Operation.PREVIEW else ["--yes", "--skip-preview"]
        arguments += [part for pack in policy_packs for part in ("--policy-pack", str(pack.absolute()))]
        ledger = Ledger()

        def hear(event: Event, at: float) -> None:
            ledger.add(event, at)
            if listen is not None:
                listen(event)

        log = self._new_log(operation)
        environment = self._environment() | ({} if checkpoints else {"PULUMI_SKIP_CHECKPOINTS": "true"})
        command = self._command([*arguments, "--event-log", str(log)], self._project.root, environment)
        ended = execute(command, log=log, hear=hear, seconds=seconds)
        return ledger.close(operation, seconds=ended.seconds, fault=ended.fault, output=ended.output)

    def export(self, path: Path) -> Path:
        """Write the stack's deployment, as `pulumi stack export` has it, and return the path.

        Raises:
            EngineError: there is none.
        """
        self._prepare()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._housekeeping("stack", "export", "--stack", self._stack, "--file", str(path.absolute()))
        return path

    def unprotect(self) -> None:
        """Take the protection from every resource of the stack's state, so that a destroy may take them down.

        Raises:
            EngineError: the state cannot be changed.
        """
        self._prepare()
        self._housekeeping("state", "unprotect", "--all", "--stack", self._stack, "--yes")

    @property
    def _settings_path(self) -> Path:
        return self._home.desk / f"Pulumi.{self._stack}.yaml"

    def _prepare(self) -> None:
        """Bring the copy of the settings up to date, and see to it that the stack exists and is not locked by the dead."""
        if not self._ready:
            write_aside(self._home.desk / "Pulumi.yaml", f"name: {self._project.name}\nruntime: python\n")
        source = self._project.stack_path(self._stack)
        text = _read(source)
        key = self._key_of_user() if settings.salt_of(text, source.name) else {}
        self._key = key or {_PASSPHRASE: self._home.passphrase()}
        if key:
            write_aside(self._settings_path, text)
            self._create()
        else:
            self._create()
            ours = settings.salt_of(self._settings_path.read_text(encoding="utf-8"), source.name) if self._settings_path.is_file() else ""
            write_aside(self._settings_path, settings.without_secrets(text, ours, source.name))
        self._ready = True

    def _create(self) -> None:
        """Create the stack, once, where there is none; break the lock that a killed run has left, at every call."""
        if "PULUMI_BACKEND_URL" not in self._given and self._exists():
            if self._locked():
                # We hold the home and nothing runs in it now, so whoever held this lock is dead.
                self._housekeeping("cancel", "--stack", self._stack, "--yes")
        elif not self._ready:
            arguments = ("stack", "init", "--stack", self._stack, "--no-select")
            ended = self._ask(*arguments)
            if ended.fault and "already exists" not in ended.output:
                raise _refused(arguments, ended)

    def _exists(self) -> bool:
        states = self._home.backend / ".pulumi" / "stacks" / self._project.name
        return any(states.glob(f"{self._stack}.json*"))

    def _locked(self) -> bool:
        locks = self._home.backend / ".pulumi" / "locks" / "organization" / self._project.name / self._stack
        return any(locks.glob("*.json"))

    def _key_of_user(self) -> dict[str, str]:
        """Return the passphrase that the user's secrets can be read with, where it is at hand."""
        names = (_PASSPHRASE, f"{_PASSPHRASE}_FILE")
        return {name: value for name in names if (value := self._given.get(name) or os.environ.get(name))}

    def _environment(self) -> dict[str, str]:
        """Return what the engine sees: nothing of ours that would lead it to another backend, another home or a prompt."""
        ambient = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
        return {
            **ambient,
            **self._key,
            "LEPTON_PYTHON": sys.executable,
            **_past_the_proxy(),
            "PATH": os.pathsep.join((str(self._engine.directory), os.environ.get("PATH", os.defpath))),
            "PULUMI_BACKEND_URL": self._home.backend.as_uri(),
            "PULUMI_DEBUG_COMMANDS": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            # Mutes the warning that an attached provider does not say which version it is.
            "PULUMI_DEV": "true",
            "PULUMI_HOME": str(self._home.root / "pulumi"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            **self._given,
        }

    def _command(self, arguments: Sequence[str], directory: Path, environment: Mapping[str, str]) -> Command:
        line = (str(self._engine.executable), *arguments, "--non-interactive", "--color", "never")
        # The lock is open in all that the engine starts: a home is free when nothing of its last run lives, however that was ended.
        return Command(line, directory, environment, (self._lock.fileno(),))

    def _ask(self, *arguments: str) -> Ended:
        return execute(self._command(arguments, self._home.desk, self._environment()), seconds=_HOUSEKEEPING_SECONDS)

    def _housekeeping(self, *arguments: str) -> None:
        ended = self._ask(*arguments)
        if ended.fault:
            raise _refused(arguments, ended)

    def _new_log(self, operation: Operation) -> Path:
        logs = sorted(self._home.logs.glob("[0-9][0-9][0-9][0-9][0-9][0-9]-*.jsonl"))
        for old in logs[: -_KEPT_LOGS + 1]:
            old.unlink()
        number = 1 + (int(logs[-1].name.partition("-")[0]) if logs else 0)
        return self._home.logs / f"{number:06d}-{operation}.jsonl"


def _past_the_proxy() -> dict[str, str]:
    """Keep the calls between engine, program and plugins, all on this machine, away from a proxy that is set for the world outside."""
    names = ("no_proxy", "NO_PROXY")
    here = ("127.0.0.1", "localhost")
    return {name: ",".join(part for part in (os.environ.get(name, ""), *here) if part) for name in names}


def _occupy(home: _Home) -> TextIOWrapper:
    """Make the home's directories and take its lock."""
    try:
        for directory in (home.backend, home.logs, home.desk):
            directory.mkdir(parents=True, exist_ok=True)
        home.root.chmod(0o700)
        lock = (home.root / ".lock").open("a")
    except OSError as error:
        fault = Fault(str(home.root), f"cannot be written ({error.strerror or error})", "a directory for state and logs", "Use another one")
        raise BadInput(fault) from error
    # What a killed run started notices within about a second that its engine is gone, and leaves.
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not _taken(lock):
        if time.monotonic() > deadline:
            lock.close()
            raise EngineError(f"{home.root}: another run uses it; one at a time may. Wait for it, or use another directory.")
        time.sleep(_LOOK_SECONDS)
    return lock


def _taken(lock: TextIOWrapper) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(path: Path) -> str:
    """Return a stack's settings; a stack may do without."""
    try:
        return path.read_text(encoding="utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(Fault(path.name, f"cannot be read ({error})", "a text file in UTF-8")) from None


def _refused(arguments: Sequence[str], ended: Ended) -> EngineError:
    return EngineError(f"pulumi {' '.join(arguments[:2])}: {ended.fault}: {ended.output.strip()}")
