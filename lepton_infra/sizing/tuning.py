"""Floors and loop found together: whichever would have cost least on the days gone by without being short more often than allowed.

All loops are run side by side, one window after the other. The rules are those of `loop.floor_and_loop` in `simulator.simulate`, on arrays.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np

from lepton_infra.sizing.arrays import Flags, Floats, Ints, leading_max
from lepton_infra.sizing.loop import Limits, Tracking, floor_and_loop, full_loads, sizes, with_margin
from lepton_infra.sizing.simulator import Score, Setting, Span, score, simulate

MARGINS: Final = tuple(round(0.1 * 1.07**step, 4) for step in range(62))
"""Margins that are tried, rising: from next to nothing to six nodes to spare for one busy node."""
SPARES: Final = (1.0, 1.5, 2.0, 3.0)
"""Times the margin that may have to be left when nodes go."""
RELEASES: Final = (5, 10, 20, 35)
"""Percent of the nodes that may go at a time."""


@dataclass(frozen=True, slots=True)
class Tuned:
    """Floors and loop that were found together."""

    level: int
    """Which of the floors."""
    tracking: Tracking
    """How the loop decides."""
    span: Span
    """What they were found on."""
    done: Score
    """How they did there."""


def tuned(setting: Setting, floors: Ints, aim: float, spans: Sequence[Span], limits: Limits) -> list[Tuned]:
    """Return for each span the floors and the loop that would have cost least over it within the violations aimed at.

    How nodes go is found above the lowest floors, with every margin; then every margin above each of the other floors, with nodes going in
    that way: floors change little in how load falls. Where none keeps to the aim, those that violate least; ties by the lower floors, and
    then the smaller margin.

    Args:
        setting: what policies share.
        floors: nodes by window and level, rising along the second axis, shape `(n, levels)`.
        aim: share of a span's windows that may be short.
        spans: what to judge on, one or more; nothing after a span is looked at for it.
        limits: what the loop keeps to whatever it is tuned to.

    Raises:
        ValueError: there are no floors.
    """
    if not floors.shape[1]:
        message = "there are no floors to choose from"
        raise ValueError(message)
    low = [Choice(0, *each) for each in product(MARGINS, SPARES, RELEASES)]
    firsts = [low[best] for best in _best(tried(setting, floors, low, spans, limits), aim)]
    ways = list(dict.fromkeys((first.spare, first.release) for first in firsts))
    above = [Choice(level, margin, *way) for way in ways for level in range(floors.shape[1]) for margin in MARGINS]
    done = tried(setting, floors, above, spans, limits)
    found: list[Tuned] = []
    for place, (span, first) in enumerate(zip(spans, firsts, strict=True)):
        own = [at for at, choice in enumerate(above) if (choice.spare, choice.release) == (first.spare, first.release)]
        best = above[own[_best([done[place].of(own)], aim)[0]]]
        tracking = Tracking(best.margin, best.spare, best.release, limits)
        run = simulate(setting, floor_and_loop(setting, floors[:, best.level], tracking))
        found.append(Tuned(best.level, tracking, span, score(setting, run, span)))
    return found


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the loops that are tried."""

    level: int
    """Which of the floors."""
    margin: float
    """`Tracking.margin`."""
    spare: float
    """`Tracking.spare`."""
    release: int
    """`Tracking.release_percent`."""


@dataclass(frozen=True, slots=True)
class Tried:
    """How each choice did over the span, shape `(c,)`."""

    billed: Ints
    """Nodes billed, summed over the recorded windows."""
    short: Ints
    """Recorded windows that were short."""
    windows: int
    """Recorded windows."""

    def of(self, choices: list[int]) -> "Tried":
        """Return how some of them did."""
        return Tried(self.billed[choices], self.short[choices], self.windows)


def tried(setting: Setting, floors: Ints, choices: list[Choice], spans: Sequence[Span], limits: Limits) -> list[Tried]:
    """Run every choice from the first window on, once, and return how it did over each span."""
    end = max(span.end for span in spans)
    run = _Side(setting, floors, choices, limits, end)
    needed = setting.nodes(np.nan_to_num(setting.values[:end]))
    known = ~np.isnan(setting.values[:end])
    cuts = {cut for span in spans for cut in (span.first, span.end)}
    billed, short = np.zeros(len(choices), dtype=np.int64), np.zeros(len(choices), dtype=np.int64)
    until = {0: (billed, short)}
    for place in range(end):
        serving = run.serving()
        if known[place]:
            billed = billed + run.held
            short = short + (needed[place] > serving)
        if place + 1 in cuts:
            until[place + 1] = billed, short
        run.decide(place, serving, recorded=bool(known[place]))
    return [
        Tried(
            until[span.end][0] - until[span.first][0],
            until[span.end][1] - until[span.first][1],
            int(known[span.first : span.end].sum()),
        )
        for span in spans
    ]


def _best(done: Sequence[Tried], aim: float) -> list[int]:
    """Return the place of the cheapest choice over each span that keeps to the aim; of the least short where none does."""
    beyond = [np.maximum(one.short / max(one.windows, 1) - aim, 0.0) for one in done]
    return [int(np.lexsort((one.billed, over))[0]) for one, over in zip(done, beyond, strict=True)]


class _Side:
    """Fleets side by side: what each holds and what it held since the lead time, for nodes go the youngest first."""

    def __init__(self, setting: Setting, floors: Ints, choices: list[Choice], limits: Limits, end: int) -> None:
        self._limits, self._lead = limits, setting.lead
        self._levels = np.asarray([each.level for each in choices])
        self._hold = np.minimum(leading_max(floors, setting.lead + 1), limits.most)
        self._release = np.asarray([each.release for each in choices])
        self._least = setting.least
        load = np.nan_to_num(setting.values[:end]) / setting.capacity
        of = sizes(setting.least, limits.most)
        full = full_loads(setting, of)
        self._enough, self._out = _by_margin(load, of, full, [each.margin for each in choices])
        self._left, self._in = _by_margin(load, of, full, [each.margin * each.spare for each in choices])
        self.held = np.maximum(np.maximum(self._hold[0, self._levels], of[0]), setting.least)
        self._since = [self.held] * (setting.lead + 1)
        self._free = np.zeros(len(choices), dtype=np.int64)

    def serving(self) -> Ints:
        """Return the nodes that serve now."""
        return np.minimum.reduce(self._since)

    def decide(self, place: int, serving: Ints, *, recorded: bool) -> None:
        """Go on by a window."""
        floor = self._hold[min(place + 1, len(self._hold) - 1), self._levels]
        held = self.held
        if recorded:
            wanted, left = self._enough[place, self._out], serving - np.maximum(serving * self._release // 100, 1)
            out = wanted > serving
            go: Flags = ~out & (held <= serving) & (place >= self._free) & (left >= self._left[place, self._in])
            self._free = np.where(go, place + self._limits.calm, self._free)
            held = np.minimum(np.where(go, left, np.where(out, np.maximum(held, wanted), held)), self._limits.most)
        self.held = np.maximum(np.maximum(held, floor), self._least)
        self._since = [*self._since[1:], self.held]


def _by_margin(load: Floats, of: Ints, full: Floats, margins: list[float]) -> tuple[Ints, Ints]:
    """Return the size for each load at each margin, shape `(n, m)`, and which column is each choice's."""
    unlike = sorted(set(margins))
    columns = [of[np.minimum(np.searchsorted(with_margin(full, margin), load), len(of) - 1)] for margin in unlike]
    return np.stack(columns, axis=1), np.searchsorted(np.asarray(unlike), np.asarray(margins))
