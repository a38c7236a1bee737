"""The processes that a host starts: each is stopped with everything it started itself, on every way out."""

import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import IO

from lepton_infra.engine.processes import end_group, signal_group

_PATIENCE_SECONDS = 3.0
"""How long a child may take to end after it was asked to; the engine itself waits 5 s for its plugins."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of what a child printed."""

    data: bytes
    """The bytes, at most one line."""
    error: bool
    """Whether it was printed on stderr."""


class Children:
    """The living children of a host."""

    def __init__(self) -> None:
        self._living: set[subprocess.Popen[bytes]] = set()
        self._closed = False
        self._lock = threading.Lock()

    @property
    def closed(self) -> bool:
        """Whether the host is going away."""
        return self._closed

    def start(self, command: Sequence[str], *, cwd: Path | None, environment: Mapping[str, str], capture: bool) -> subprocess.Popen[bytes]:
        """Start a child in a process group of its own; without `capture` it prints where the host prints.

        Raises:
            OSError: the command cannot be started, or the host is going away.
        """
        pipe = subprocess.PIPE if capture else None
        with self._lock:
            if self._closed:
                raise OSError("the language host is shutting down")
            child = subprocess.Popen(
                command, cwd=cwd, env=dict(environment), stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, process_group=0
            )
            self._living.add(child)
        return child

    def finish(self, child: subprocess.Popen[bytes]) -> int:
        """Wait for a child and return its exit code."""
        code = child.wait()
        with self._lock:
            self._living.discard(child)
        return code

    def stop(self, child: subprocess.Popen[bytes]) -> None:
        """Stop a child that has not been waited for: its caller has gone away."""
        with self._lock:
            lives = child in self._living
        if lives:
            end_group(child, _PATIENCE_SECONDS)

    def close(self) -> None:
        """Stop every child, and let no other start."""
        with self._lock:
            self._closed = True
            living = tuple(self._living)
        for child in living:
            signal_group(child.pid, signal.SIGTERM)
        for child in living:
            end_group(child, _PATIENCE_SECONDS)


def output(child: subprocess.Popen[bytes]) -> Iterator[Chunk]:
    """Yield what a captured child prints, line by line, until it closes both streams."""
    chunks: SimpleQueue[Chunk | None] = SimpleQueue()
    streams = [(stream, error) for stream, error in ((child.stdout, False), (child.stderr, True)) if stream is not None]
    for stream, error in streams:
        threading.Thread(target=_read, args=(stream, chunks, error), daemon=True).start()
    open_streams = len(streams)
    while open_streams:
        chunk = chunks.get()
        if chunk is None:
            open_streams -= 1
        else:
            yield chunk


def _read(stream: IO[bytes], chunks: "SimpleQueue[Chunk | None]", error: bool) -> None:  # noqa: FBT001 (a thread takes no keywords here)
    with stream:
        for line in stream:
            chunks.put(Chunk(line, error))
    chunks.put(None)
