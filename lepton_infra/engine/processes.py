"""Running a command that takes long: its output is read as it comes, and nothing of it is left behind."""

import contextlib
import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

_KEPT_LINES = 200
_TICK_SECONDS = 1.0
_PATIENCE_SECONDS = 5.0
_ENDING = (signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended."""

    code: int
    """Its exit code; negative for a signal."""
    lines: tuple[str, ...]
    """The end of what it printed, both streams together."""
    timed_out: bool = False
    """Whether it was ended because it took too long."""

    @property
    def last_line(self) -> str:
        """The last line that says something, or how it ended."""
        said = next((line.strip() for line in reversed(self.lines) if line.strip()), "")
        if self.timed_out:
            return f"it took too long; its last words: {said!r}" if said else "it took too long"
        return said or (f"exit code {self.code}" if self.code >= 0 else f"ended by signal {-self.code}")


@dataclass(frozen=True, slots=True)
class Ticker:
    """What to do while a command runs."""

    every_second: Callable[[], None]
    """Called about once a second."""
    on_line: Callable[[str], None] = lambda _: None
    """Called with each line that the command prints, without its end."""


def run_watched(
    command: Sequence[str], *, cwd: Path, seconds: float, tick: Ticker, environment: Mapping[str, str] | None = None
) -> Outcome:
    """Run a command in a process group of its own until it ends or `seconds` have passed.

    Whatever interrupts the wait, Ctrl-C and SIGTERM included, ends the command and its group first.

    Raises:
        OSError: the command cannot be started.
    """
    lines: deque[str] = deque(maxlen=_KEPT_LINES)
    process: subprocess.Popen[str] | None = None
    with orderly_exit():
        try:
            with signals_held_back():
                process = subprocess.Popen(
                    command,
                    cwd=cwd,
                    env=None if environment is None else dict(environment),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    process_group=0,
                    text=True,
                    errors="replace",
                )
            reader = threading.Thread(target=_drain, args=(process, lines, tick.on_line), daemon=True)
            reader.start()
            timed_out = not _wait(process, seconds, tick.every_second)
        finally:
            code = 0 if process is None else end_group(process)
        reader.join()
        return Outcome(code, tuple(lines), timed_out)


def end_group(process: subprocess.Popen[str] | subprocess.Popen[bytes], patience: float = _PATIENCE_SECONDS) -> int:
    """End a process that leads a group, with its group, first gently, where they live; return its exit code."""
    if process.poll() is None:
        signal_group(process.pid, signal.SIGTERM)
        # A second Ctrl-C ends the patience, not the cleaning.
        with contextlib.suppress(subprocess.TimeoutExpired, KeyboardInterrupt, SystemExit):
            process.wait(patience)
    signal_group(process.pid, signal.SIGKILL)
    return process.wait()


def signal_group(group: int, number: signal.Signals) -> None:
    """Send a signal to a group that may be gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


@contextmanager
def signals_held_back() -> Generator[None]:
    """Let a signal wait while a child is being started: between its birth and the moment we know of it, nobody could end it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []
    before = {number: signal.signal(number, lambda number, _: held.append(number)) for number in (signal.SIGINT, *_ENDING)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for number in held[:1]:
        signal.raise_signal(number)


@contextmanager
def orderly_exit() -> Generator[None]:
    """Let SIGTERM and SIGHUP unwind the stack as Ctrl-C does, so that children are ended; only the main thread may do so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wait(process: subprocess.Popen[str], seconds: float, every_second: Callable[[], None]) -> bool:
    left = seconds
    while left > 0:
        try:
            process.wait(min(_TICK_SECONDS, left))
        except subprocess.TimeoutExpired:
            left -= _TICK_SECONDS
            every_second()
        else:
            return True
    return False


def _drain(process: subprocess.Popen[str], lines: deque[str], on_line: Callable[[str], None]) -> None:
    if process.stdout is None:
        return
    with process.stdout as stream:
        for line in stream:
            lines.append(line.rstrip("\n"))
            on_line(lines[-1])
