"""Tags by which what was built speaks to whoever bills it."""

from typing import Final

PLANNED_NODES: Final = "planned-nodes"
"""Of a group: how many nodes the plan expects, the mean over a month. Components write it where load adds nodes to the floors."""
