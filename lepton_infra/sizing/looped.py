"""The loop as the plan states it: the table, and how hot a usual fleet runs by it."""

from math import ceil

from lepton_infra.sizing.level import Level
from lepton_infra.sizing.loop import Steps, calm_minutes, gone, steps
from lepton_infra.sizing.plan import Loop, Step
from lepton_infra.sizing.simulator import Setting

_MINUTES = 60
_ROUNDING = 1e-9


def written(setting: Setting, level: Level, usual: float, lead_minutes: int) -> Loop | None:
    """Return the loop as it is stated; None where the floors do it alone.

    Args:
        setting: the pool's windows and node.
        level: floors and loop.
        usual: demand of a usual hour, for which utilisations are told.
        lead_minutes: minutes from ordering a node until it serves.
    """
    if level.tracking is None:
        return None
    table, percent = steps(setting, level.tracking), level.tracking.release_percent
    out, low = _band(table, usual / setting.capacity, percent)
    return Loop(
        scale_out_above=round(out, 4),
        scale_in_below=round(low, 4),
        scale_out_wait_minutes=lead_minutes,
        scale_in_wait_minutes=calm_minutes(lead_minutes),
        window_minutes=ceil(setting.hours_per_window * _MINUTES * (1 - _ROUNDING)),
        release_percent=percent,
        steps=tuple(
            Step(nodes=nodes, out_above=above, in_below=below)
            for nodes, above, below in zip(table.sizes.tolist(), table.out_above.tolist(), table.in_below.tolist(), strict=True)
        ),
    )


def aimed_at(loop: Loop | None) -> float | None:
    """Return the utilisation in the middle of what a usual fleet is left alone at; None without a loop."""
    return round((loop.scale_out_above + loop.scale_in_below) / 2, 4) if loop else None


def _band(table: Steps, load: float, percent: int) -> tuple[float, float]:
    """Return the utilisations about a load above which nodes are added and below which they go."""
    nodes = max(table.enough(load), int(table.sizes[min(1, len(table.sizes) - 1)]))
    place = table.sizes.tolist().index(nodes)
    fewer = [
        below for size, below in zip(table.sizes.tolist(), table.in_below.tolist(), strict=True) if size <= nodes - gone(nodes, percent)
    ]
    return float(table.out_above[place]) / nodes, (fewer[-1] if fewer else 0.0) / nodes
