"""How many nodes a daily schedule keeps, on average and at the extremes."""

import re
from collections.abc import Sequence

_MINUTES = 24 * 60
_DAILY = re.compile(r"^(\d{1,2}) (\d{1,2}) \* \* \*$")


def minute_of_day(cron: str) -> int | None:
    """Return when a daily cron expression fires, in minutes from midnight; None where it is not daily."""
    match = _DAILY.match(cron)
    if not match:
        return None
    minute, hour = int(match[1]), int(match[2])
    return hour * 60 + minute if hour < 24 and minute < 60 else None  # noqa: PLR2004 (hours and minutes of a clock)


def average(changes: Sequence[tuple[int, float]]) -> float:
    """Return the mean of a value that changes at these minutes of each day and holds until the next change.

    Args:
        changes: (minute of the day, value from then on), in any order, at least one.
    """
    ordered = sorted(changes)
    following = [*ordered[1:], (ordered[0][0] + _MINUTES, 0.0)]
    return sum(value * (end - start) for (start, value), (end, _) in zip(ordered, following, strict=True)) / _MINUTES
