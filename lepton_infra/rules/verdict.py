"""Verdicts: the three answers of a rule, and the facts that they rest on.

A verdict says whether a statement about a resource holds: PASS (it does), FAIL (it does not) or UNDECIDED (it depends on a value that is
not known yet). Verdicts combine by Kleene's strong logic of indeterminacy (Kleene, Introduction to Metamathematics, 1952, section 64):
what is certain wins, so that a definite violation beats an unknown beside it and an unknown alone stays undecided.

```
a & b    FAIL if either fails, else UNDECIDED if either is, else PASS
a | b    PASS if either passes, else UNDECIDED if either is, else FAIL
~a       PASS and FAIL change places, UNDECIDED stays
```

The facts of a verdict are those that decided it: the operands that failed, passed, or could not be told. A fact is what was read and holds
whatever one thinks of it, so `~` keeps the facts. A verdict is not a bool: `if`, `and`, `or` and `not` raise on it rather than guess.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import NoReturn, Protocol

SHOWN = 3
"""So many facts are spelled out in a message; the rest is counted."""


class State(Enum):
    """What a verdict says."""

    PASS = "pass"  # noqa: S105 (a verdict, no password)
    FAIL = "fail"
    UNDECIDED = "undecided"


class Readable(Protocol):
    """Something that was read: it has a place and something to say. A view is one."""

    def read_path(self) -> str:
        """Return where it stands, for instance `vpcConfig.publicAccessCidrs[0]`."""
        ...

    def read_text(self) -> str:
        """Return what stands there, for instance `is absent`; never a secret."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Fact:
    """One thing that was read."""

    about: Readable
    """Where it was read."""
    note: str = ""
    """What was found there, when there is more to say than the value itself."""

    @property
    def path(self) -> str:
        """Where it was read, as a property path in the wire's spelling."""
        return self.about.read_path()

    def __str__(self) -> str:
        """Return path and finding, as in `encrypted is absent`."""
        return f"{self.path} {self.note or self.about.read_text()}".strip()


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """PASS, FAIL or UNDECIDED, and the facts that decided it."""

    state: State
    facts: tuple[Fact, ...] = ()

    def __and__(self, other: "Verdict") -> "Verdict":
        """Return the verdict on both holding."""
        return all_of((self, other))

    def __or__(self, other: "Verdict") -> "Verdict":
        """Return the verdict on at least one holding."""
        return any_of((self, other))

    def __invert__(self) -> "Verdict":
        """Return the verdict on the opposite, resting on the same facts."""
        return Verdict(_OPPOSITE[self.state], self.facts)

    def implies(self, other: "Verdict") -> "Verdict":
        """Return the verdict on "if this holds, so does the other"."""
        return ~self | other

    def maybe(self, note: str = "") -> "Verdict":
        """Return UNDECIDED where this passes: it makes the rest possible, not certain; else this verdict."""
        if self.state is not State.PASS:
            return self
        return Verdict(State.UNDECIDED, tuple(Fact(fact.about, note or fact.note) for fact in self.facts))

    def __bool__(self) -> NoReturn:
        """Refuse: a third answer would be lost."""
        raise TypeError("a verdict has three values; combine verdicts with &, |, ~, implies, all_of, any_of and none_of")

    @property
    def path(self) -> str:
        """The path of the first fact, or nothing."""
        return self.facts[0].path if self.facts else ""

    @property
    def message(self) -> str:
        """The facts as one phrase."""
        phrases = list(dict.fromkeys(map(str, self.facts)))
        more = len(phrases) - SHOWN
        return " and ".join(phrases[:SHOWN]) + (f" and {more} more" if more > 0 else "")


_OPPOSITE = {State.PASS: State.FAIL, State.FAIL: State.PASS, State.UNDECIDED: State.UNDECIDED}

PASS = Verdict(State.PASS)
"""It holds, whatever else is so."""
FAIL = Verdict(State.FAIL)
"""It does not hold, whatever else is so."""


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict on all of them holding; PASS for none at all."""
    return _decide(verdicts, State.FAIL, State.PASS)


def any_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict on at least one of them holding; FAIL for none at all."""
    return _decide(verdicts, State.PASS, State.FAIL)


def none_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict on none of them holding; PASS for none at all."""
    return ~any_of(verdicts)


def _decide(verdicts: Iterable[Verdict], winner: State, otherwise: State) -> Verdict:
    """Return `winner` if any verdict is that, else UNDECIDED if any is, else `otherwise`, with the facts of those that decided."""
    won: list[Verdict] = []
    open_ones: list[Verdict] = []
    lost: list[Verdict] = []
    for verdict in verdicts:
        state = verdict.state
        (won if state is winner else lost if state is otherwise else open_ones).append(verdict)
    state, decisive = (winner, won) if won else (State.UNDECIDED, open_ones) if open_ones else (otherwise, lost)
    return decisive[0] if len(decisive) == 1 else Verdict(state, tuple(fact for verdict in decisive for fact in verdict.facts))
