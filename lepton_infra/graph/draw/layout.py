"""Where everything in a picture stands, in pixels: nodes in a grid, boxes in rows, what is needed below what needs it.

The layers are those of Sugiyama's method (Sugiyama, Tagawa, Toda 1981) without its reordering: each outermost part stands one layer
below the lowest that needs it; where parts need each other in a circle, the first one found stays above.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Final

from lepton_infra.graph.draw.picture import Box, Node, Picture

NODE_WIDTH: Final = 168
NODE_HEIGHT: Final = 46
GAP: Final = 12
HEAD: Final = 26
"""Height of a box's title."""
LAYER_GAP: Final = 52
WIDEST: Final = 980
"""Rows are broken at this width."""
_COLUMNS: Final = 4


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part stands; the origin is at the top left."""

    part: Box | Node
    x: int
    y: int
    width: int
    height: int
    inside: "tuple[Place, ...]" = ()

    def moved(self, x: int, y: int) -> "Place":
        """Return it, with what it holds, at another distance from the origin."""
        inside = tuple(place.moved(x, y) for place in self.inside)
        return Place(self.part, self.x + x, self.y + y, self.width, self.height, inside)


@dataclass(frozen=True, slots=True)
class Layout:
    """A picture with all its places."""

    places: tuple[Place, ...]
    """Outermost parts, layer by layer."""
    width: int
    height: int


def lay_out(picture: Picture) -> Layout:
    """Return where everything stands."""
    parts = (*picture.top.boxes, *picture.top.nodes)
    depths = _depths([part.key for part in parts], picture.arrows)
    layers: dict[int, list[Place]] = {}
    for part in parts:
        # What no arrow touches stands at the bottom, where it hides none.
        depth = depths[part.key] if any(part.key in arrow for arrow in picture.arrows) else len(parts)
        layers.setdefault(depth, []).append(_placed(part))
    rows = [row for depth in sorted(layers) for row in _rows(layers[depth], WIDEST)]
    width = max((_row_width(row) for row in rows), default=NODE_WIDTH) + 2 * GAP
    placed: list[Place] = []
    y = GAP
    for row in rows:
        x = (width - _row_width(row)) // 2
        for place in row:
            placed.append(place.moved(x, y))
            x += place.width + 2 * GAP
        y += max(place.height for place in row) + LAYER_GAP
    return Layout(tuple(placed), width, max(y - LAYER_GAP, 0) + GAP)


def _depths(keys: Sequence[str], arrows: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Return the layer of each part, by the longest way down to it along arrows that close no circle."""
    targets: dict[str, list[str]] = {key: [] for key in keys}
    for source, target in arrows:
        targets[source].append(target)
    order: list[str] = []
    done: set[str] = set()
    for key in keys:
        stack = [(key, False)]
        while stack:
            at, left = stack.pop()
            if left:
                order.append(at)
            elif at not in done:
                done.add(at)
                stack.append((at, True))
                stack.extend((target, False) for target in reversed(targets[at]) if target not in done)
    order.reverse()
    rank = {key: number for number, key in enumerate(order)}
    depths = dict.fromkeys(keys, 0)
    for key in order:
        for target in targets[key]:
            if rank[target] > rank[key]:
                depths[target] = max(depths[target], depths[key] + 1)
    return depths


def _placed(part: Box | Node) -> Place:
    """Return a part at the origin, with everything in it placed."""
    if isinstance(part, Node):
        return Place(part, 0, 0, NODE_WIDTH, NODE_HEIGHT)
    inside: list[Place] = []
    y, width = HEAD, NODE_WIDTH
    columns = max(1, min(_COLUMNS, ceil(sqrt(len(part.nodes)))))
    grid = [[_placed(node) for node in part.nodes[start : start + columns]] for start in range(0, len(part.nodes), columns)]
    for row in (*grid, *_rows([_placed(box) for box in part.boxes], WIDEST - 2 * GAP)):
        x = GAP
        for place in row:
            inside.append(place.moved(x, y))
            x += place.width + GAP
        width = max(width, x - 2 * GAP)
        y += max(place.height for place in row) + GAP
    return Place(part, 0, 0, width + 2 * GAP, y, tuple(inside))


def _rows(places: Sequence[Place], widest: int) -> list[list[Place]]:
    """Break places into rows that are no wider than this, but for a single place that is."""
    rows: list[list[Place]] = []
    for place in places:
        if rows and _row_width([*rows[-1], place]) <= widest:
            rows[-1].append(place)
        else:
            rows.append([place])
    return rows


def _row_width(row: Sequence[Place]) -> int:
    return sum(place.width for place in row) + 2 * GAP * (len(row) - 1)
