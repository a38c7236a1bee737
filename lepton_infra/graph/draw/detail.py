"""How much of a graph is drawn one by one: less the larger it is, so that a picture of a thousand resources is still one to look at."""

from dataclasses import dataclass
from typing import Final

MOST_PARTS: Final = 120
"""Boxes and nodes that a person still follows; a picture with more is drawn again with less detail."""

MOST_ARROWS: Final = 120
"""Arrows that are drawn; Mermaid refuses a picture with more than 500 (`maxEdges`), takes minutes for fewer, and nobody follows so many."""


@dataclass(frozen=True, slots=True)
class Detail:
    """What is drawn one by one, and what is counted."""

    alone: int
    """So many machines and clusters of one type stand for themselves in a box; more become one node."""
    depth: int
    """Components inside components that have boxes of their own; what is deeper is drawn in the box above."""
    boxes: int
    """Components side by side in one box; the rest of them become one node."""
    nodes: int
    """Nodes in one box; the rest of them become one."""


LEVELS: Final = (
    Detail(alone=24, depth=20, boxes=1_000, nodes=1_000),
    Detail(alone=6, depth=20, boxes=100, nodes=60),
    Detail(alone=1, depth=3, boxes=40, nodes=30),
    Detail(alone=0, depth=1, boxes=24, nodes=12),
    Detail(alone=0, depth=1, boxes=12, nodes=6),
)
"""From the most detail to the least; the last is taken where none has few enough parts."""
