"""A series as a picture made of letters."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, nan

_EIGHTHS = " ▁▂▃▄▅▆▇█"
KNOWN, PARTLY, GAP = "─", "╌", " "
"""What stands below a column: all of it was recorded, a part of it, nothing."""


@dataclass(frozen=True, slots=True)
class Bin:
    """A stretch of a series that is drawn as one column."""

    low: float
    """The least recorded in it; NaN where nothing was."""
    mean: float
    """Mean of what was recorded in it."""
    high: float
    """The most recorded in it."""
    recorded: float
    """Share of its steps that were recorded."""


def bins(values: Sequence[float], most: int) -> list[Bin]:
    """Cut a series into `most` stretches of nearly equal length, fewer where it has fewer steps."""
    count = min(most, len(values))
    return [_bin(values[len(values) * place // count : len(values) * (place + 1) // count]) for place in range(count)]


def block_chart(drawn: Sequence[Bin], height: int) -> list[str]:
    """Return lines of blocks, the top one first: from zero to the most of each stretch, and below them where nothing was recorded."""
    top = max((each.high for each in drawn if not isnan(each.high)), default=0.0)
    levels = [0 if isnan(each.high) or not top else max(round(each.high / top * height * 8), 1 if each.high else 0) for each in drawn]
    lines = ["".join(_EIGHTHS[min(max(level - 8 * row, 0), 8)] for level in levels) for row in reversed(range(height))]
    return [*lines, "".join(KNOWN if each.recorded == 1 else PARTLY if each.recorded else GAP for each in drawn)]


def _bin(values: Sequence[float]) -> Bin:
    known = [value for value in values if not isnan(value)]
    if not known:
        return Bin(nan, nan, nan, 0.0)
    return Bin(min(known), sum(known) / len(known), max(known), len(known) / len(values))
