"""One call of the CLI, its log read while it is written, and nothing of it left behind."""

import contextlib
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lepton_infra.engine import family
from lepton_infra.engine.events import Event, Tail
from lepton_infra.engine.processes import orderly_exit, signals_held_back
from lepton_infra.errors import EngineError

_LOOK_SECONDS = 0.05
_KEPT_LINES = 400


@dataclass(frozen=True, slots=True)
class Command:
    """What to run."""

    line: tuple[str, ...]
    """The command line."""
    directory: Path
    """Where."""
    environment: Mapping[str, str]
    """With which environment, whole."""
    held: tuple[int, ...] = ()
    """Open files that the command and all that it starts keep open."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How it went."""

    fault: str
    """Why it did not end well, or nothing."""
    seconds: float
    """How long it took."""
    output: str
    """The end of what it printed."""


def execute(
    command: Command, *, log: Path | None = None, hear: Callable[[Event, float], None] | None = None, seconds: float | None = None
) -> Ended:
    """Run the CLI to its end.

    It leads a session of its own: Ctrl-C reaches us alone, and we end it in order, as we do when `hear` raises, when a
    signal ends us, and when `seconds` have passed.

    Raises:
        EngineError: it cannot be started.
    """
    begun = time.monotonic()
    lines: deque[bytes] = deque(maxlen=_KEPT_LINES)
    tail = _LogTail(log, hear)
    process: subprocess.Popen[bytes] | None = None
    with orderly_exit():
        try:
            with signals_held_back():
                process = _start(command)
            reader = threading.Thread(target=_drain, args=(process.stdout, lines), daemon=True)
            reader.start()
            late = _wait(process, tail, begun + seconds if seconds is not None else None)
        finally:
            code = 0 if process is None else family.interrupt(process)
        tail.finish()
        # A plugin that outlived the engine would hold the pipe; none does after the sweep.
        reader.join()
    output = b"\n".join(lines).decode(errors="replace")
    return Ended(_fault(code, late, seconds), time.monotonic() - begun, output)


def _fault(code: int, late: bool, seconds: float | None) -> str:  # noqa: FBT001 (three plain facts)
    if late:
        return f"the engine was stopped after {seconds:.0f} s"
    if code == 0:
        return ""
    return f"the engine failed (exit code {code})" if code > 0 else f"the engine was ended by signal {-code}"


class _LogTail:
    """Reads a log from where it stopped the last time."""

    def __init__(self, path: Path | None, hear: Callable[[Event, float], None] | None) -> None:
        self._path = path
        self._hear = hear or _ignore
        self._tail = Tail()
        self._offset = 0

    def read(self) -> None:
        """Pass on the events that were written since."""
        if self._path is None or not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._offset)
            data = file.read()
        self._offset += len(data)
        at = time.monotonic()
        for event in self._tail.feed(data):
            self._hear(event, at)

    def finish(self) -> None:
        """Pass on the rest, a last line without an end included."""
        self.read()
        at = time.monotonic()
        for event in self._tail.finish():
            self._hear(event, at)


def _ignore(_event: Event, _at: float) -> None:
    """Hear nothing."""


def _start(command: Command) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command.line,
            cwd=command.directory,
            env=dict(command.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=command.held,
        )
    except OSError as error:
        raise EngineError(f"{command.line[0]}: cannot be run ({error.strerror or error}). Run `lepton engine install`.") from error


def _wait(process: subprocess.Popen[bytes], tail: _LogTail, deadline: float | None) -> bool:
    """Read the log until the process ends; return whether it did not within its time."""
    while process.poll() is None:
        tail.read()
        if deadline is not None and time.monotonic() > deadline:
            return True
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_LOOK_SECONDS)
    return False


def _drain(stream: IO[bytes] | None, lines: deque[bytes]) -> None:
    if stream is not None:
        with stream:
            lines.extend(line.rstrip(b"\n") for line in stream)
