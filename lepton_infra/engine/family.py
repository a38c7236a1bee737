"""Everything that a command started, wherever it went: the processes of its session.

The engine puts each plugin into a process group of its own, so a group is not enough; a session holds them all, also those
whose parent has died (POSIX.1-2017, `setsid`).
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

_CANCEL_SECONDS = 10.0
"""How long the engine may take to stop what it has begun and to store its state."""
_STOP_SECONDS = 5.0
_LOOK_SECONDS = 0.05

# Whoever presses Ctrl-C once more is not to leave half of the family behind: each press ends one wait.
_IMPATIENCE = (KeyboardInterrupt, SystemExit)


def interrupt(process: subprocess.Popen[bytes]) -> int:
    """End the engine that leads a session: ask it as Ctrl-C does, ask again, then make it; and all that it started.

    Returns:
        its exit code; negative for a signal.
    """
    for patience in (_CANCEL_SECONDS, _STOP_SECONDS):
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired, *_IMPATIENCE):
                process.wait(patience)
    if process.poll() is None:
        process.kill()
    code = process.wait()
    sweep(process.pid)
    return code


def sweep(session: int) -> None:
    """End what is left of a session whose leader has ended: give it a moment, ask, then make it."""
    for number, patience in ((None, 1.0), (signal.SIGTERM, _STOP_SECONDS), (signal.SIGKILL, _STOP_SECONDS)):
        for member in members(session):
            if number is not None:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(member, number)
        with contextlib.suppress(*_IMPATIENCE):
            if _gone(session, patience):
                return


def members(session: int) -> tuple[int, ...]:
    """Return the ids of the living processes of a session."""
    return tuple(process for process in _processes() if _session_of(process) == session)


def _gone(session: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while members(session):
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_SECONDS)
    return True


def _session_of(process: int) -> int | None:
    try:
        return os.getsid(process)
    except OSError:
        return None


def _processes() -> Iterator[int]:
    proc = Path("/proc")
    if (proc / "self").exists():
        yield from (int(entry.name) for entry in proc.iterdir() if entry.name.isdecimal())
        return
    listed = subprocess.run(["ps", "-axo", "pid="], capture_output=True, text=True, check=False)
    yield from (int(word) for word in listed.stdout.split())
