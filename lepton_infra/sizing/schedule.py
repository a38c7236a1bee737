"""From nodes by the hour to few daily changes of a pool's lower bound."""

from collections.abc import Sequence
from typing import Final

from lepton_infra.sizing.plan import Change

DAY: Final = 24 * 60
"""Minutes in a day."""


def schedule(nodes: Sequence[int], first_hour: int, lead_minutes: int) -> tuple[Change, ...]:
    """Return the changes that a day of planned hours asks for, repeated every day.

    A rise comes early by the lead time, so that the nodes serve when their hour begins; a fall comes when its hour begins, not before.
    Where a lead time reaches over several hours, the most that any of them needs holds.

    Args:
        nodes: planned nodes of 24 hours in order.
        first_hour: hour of the day, UTC, of the first of them.
        lead_minutes: minutes from ordering a node until it serves.

    Returns:
        Changes in order of their time of day; none where every hour needs the same.
    """
    by_hour = [nodes[(hour - first_hour) % 24] for hour in range(24)]
    minutes = sorted({minute % DAY for hour in range(24) for minute in (hour * 60, hour * 60 - lead_minutes)})
    floors = [(minute, _needed(by_hour, minute, lead_minutes)) for minute in minutes]
    changes = [(minute, floor, floors[place - 1][1]) for place, (minute, floor) in enumerate(floors) if floor != floors[place - 1][1]]
    return tuple(
        Change(cron=f"{minute % 60} {minute // 60} * * *", min_nodes=floor, scale="out" if floor > before else "in")
        for minute, floor, before in changes
    )


def base(nodes: Sequence[int], first_hour: int, lead_minutes: int) -> int:
    """Return the bound that holds before the first change: the least that is ordered at any time of the day."""
    return min(ordered(nodes, first_hour, lead_minutes))


def ordered(nodes: Sequence[int], first_hour: int, lead_minutes: int) -> list[int]:
    """Return the nodes that the changes keep ordered in each minute of the day, from midnight UTC."""
    by_hour = [nodes[(hour - first_hour) % 24] for hour in range(24)]
    return [_needed(by_hour, minute, lead_minutes) for minute in range(DAY)]


def _needed(by_hour: Sequence[int], minute: int, lead_minutes: int) -> int:
    """Return the most that any hour needs which is under way within the lead time from this minute on."""
    last = (minute + lead_minutes) // 60
    return max(by_hour[hour % 24] for hour in range(minute // 60, min(last, minute // 60 + 23) + 1))
