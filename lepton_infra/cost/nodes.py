"""How many nodes run: the fewest, as planned or scheduled over the day, and the most."""

from collections.abc import Iterable, Mapping
from math import isfinite

from lepton_infra.config.tags import PLANNED_NODES
from lepton_infra.cost.inputs import number
from lepton_infra.cost.model import Range
from lepton_infra.cost.schedule import average, minute_of_day


def between(fewest: object, wanted: object, most: object) -> Range:
    """Return a group's nodes: its bounds, and between them how many it starts with.

    Raises:
        NoPriceError: a bound is no number.
    """
    low = number(fewest, "fewest nodes", 0.0)
    expected = max(low, number(wanted, "desired nodes", low))
    return Range(low, expected, max(number(most, "most nodes", expected), expected))


def planned(nodes: Range, tags: Mapping[str, object]) -> Range:
    """Return the nodes of a group whose tags may say what is expected of it: where load adds nodes, a schedule has the floors only."""
    said = tags.get(PLANNED_NODES)
    try:
        expected = float(said) if isinstance(said, str) else nodes.expected
    except ValueError:
        return nodes
    return Range(nodes.low, min(max(expected, nodes.low), nodes.high), nodes.high) if isfinite(expected) else nodes


def scheduled(nodes: Range, changes: Iterable[tuple[str, float]]) -> Range:
    """Return the nodes of a group whose lower bound changes daily.

    Args:
        nodes: without the changes.
        changes: (cron expression, fewest nodes from then on); what is not daily is left out.
    """
    daily = [(minute, size) for cron, size in changes if (minute := minute_of_day(cron)) is not None]
    if not daily:
        return nodes
    expected = average(daily)
    return Range(min(size for _, size in daily), expected, max(nodes.high, expected))
