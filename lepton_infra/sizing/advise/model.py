"""Advice: what to change, what it is worth in dollars a month, and on what evidence."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import numpy as np

from lepton_infra.catalog.services import HOURS_PER_MONTH
from lepton_infra.sizing.arrays import Floats, Ints

_RESAMPLES: Final = 1000
_SEED: Final = 0


class Kind(StrEnum):
    """What is advised."""

    RELEASE = "release"
    """Nodes ran beyond what was needed at the promised level."""
    RESIZE = "resize"
    """Another machine, or other bounds, serve the same need for less."""
    COMMIT = "commit"
    """A promise to pay costs less than on-demand prices."""
    MOVE = "move"
    """The same machine costs less elsewhere, or as spot."""
    RAISE = "raise"
    """The pool was short: money well spent."""
    REPLAN = "replan"
    """Demand is no longer what the plan forecast."""


class Confidence(StrEnum):
    """How far the records carry the advice."""

    HIGH = "high"
    """Two weeks or more, nearly all of it recorded."""
    MEDIUM = "medium"
    """Three days or more, or a price that may not hold."""
    LOW = "low"
    """Less than three days, or use that is not known."""


@dataclass(frozen=True, slots=True)
class Change:
    """What to write where."""

    key: str
    """Path in the stack file, or the command to run."""
    now: str
    """What stands there."""
    to: str
    """What should stand there."""


@dataclass(frozen=True, slots=True)
class Money:
    """Dollars a month; savings above zero, costs below."""

    expected: float
    """On the hours recorded."""
    p10: float
    """Nine of ten resampled histories have more."""
    p90: float
    """One of ten has more."""


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to do."""

    id: str
    """Name of the advice in its report."""
    kind: Kind
    """What is advised."""
    pools: tuple[str, ...]
    """Pools that it is about."""
    what: str
    """The advice in one sentence."""
    usd_per_month: Money | None
    """What it saves; None where no dollars can be put to it."""
    evidence: tuple[str, ...]
    """Sentences with their numbers."""
    figures: dict[str, float]
    """The numbers alone."""
    confidence: Confidence
    """How far the records carry it."""
    changes: tuple[Change, ...]
    """What to write where."""
    claims: frozenset[tuple[str, str]] = field(default_factory=frozenset[tuple[str, str]])
    """Node-hours that it disposes of: pool, and which of its node-hours."""
    instead: tuple[str, ...] = ()
    """Advice of the same report that disposes of the same node-hours and is counted in its place."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was recorded of a pool."""

    pool: str
    """Its name."""
    hours: int
    """Hours with records."""
    node_hours: float
    """Sum of the nodes."""
    needed_node_hours: float | None
    """What each hour by itself needed, whole nodes, known only afterwards; None without utilisation."""
    utilisation: float | None
    """Mean share of the nodes that was used."""
    usd_per_month: float
    """What such a month costs."""
    short: float | None
    """Share of the hours in which the nodes were fuller than the promise allows."""


@dataclass(frozen=True, slots=True)
class Report:
    """All advice for a stack."""

    stack: str
    """Name of the stack."""
    first: str
    """When the first hour recorded begins."""
    end: str
    """When the last hour recorded ends."""
    pools: tuple[Seen, ...]
    """What was recorded."""
    advice: tuple[Advice, ...]
    """What to do: what is counted first, dearest first."""
    counted: tuple[str, ...]
    """Ids of the advice that the sums are of: all of it can be followed at once."""
    saved_usd_per_month: float
    """What these save."""
    raised_usd_per_month: float
    """What it costs to mend what was short."""
    notes: tuple[str, ...]
    """What the reader should know beside it."""


def monthly(usd: Floats, hours: Ints) -> Money:
    """Return dollars by hour as dollars a month, with their interval from a bootstrap of whole days (hours of a day go together).

    Args:
        usd: dollars by hour, shape `(n,)`.
        hours: the hours since 1970, shape `(n,)`.
    """
    _, place = np.unique(hours // 24, return_inverse=True)
    sums, counts = np.bincount(place, usd), np.bincount(place)
    drawn = np.random.default_rng(_SEED).integers(0, len(sums), (_RESAMPLES, len(sums)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1) * HOURS_PER_MONTH
    low, high = np.quantile(means, (0.1, 0.9))
    return Money(float(usd.mean()) * HOURS_PER_MONTH, float(low), float(high))
