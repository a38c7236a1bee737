"""Seconds spent in our own answers, by question: what a rehearsal costs beside the engine and the program."""

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """What one kind of question cost."""

    calls: int
    """How often it was asked."""
    seconds: float
    """Seconds spent answering, all calls together; waiting for one's turn is not in it."""


class Meter:
    """Lets questions in one by one, and counts.

    Answers are short arithmetic under one interpreter lock, so turns cost nothing and leave one thread at the database.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._timings: dict[str, Timing] = {}

    @contextmanager
    def turn(self, question: str) -> Generator[None]:
        """Wait for a turn, then count what is done in it."""
        with self._turn:
            begun = time.perf_counter()
            try:
                yield
            finally:
                before = self._timings.get(question, Timing(0, 0.0))
                self._timings[question] = Timing(before.calls + 1, before.seconds + time.perf_counter() - begun)

    def timings(self) -> dict[str, Timing]:
        """Return calls and seconds so far, by question: `Create`, `Check`."""
        with self._turn:
            return dict(self._timings)
