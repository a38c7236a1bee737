"""A picture in DOT, the language of Graphviz (graphviz.org/doc/info/lang.html); boxes are clusters."""

from collections.abc import Iterator
from typing import Final

from lepton_infra.graph.draw.kinds import Role
from lepton_infra.graph.draw.picture import Box, Node, Picture
from lepton_infra.graph.draw.words import clean

_SHAPES: Final = {Role.STORAGE: "cylinder", Role.KEY: "note", Role.MACHINES: "box3d", Role.CLUSTER: "hexagon"}


def as_dot(picture: Picture) -> str:
    """Return the picture in DOT, with a line break at the end."""
    parts = (*picture.top.boxes, *picture.top.nodes)
    lines = [
        f"digraph {_quoted(picture.title)} {{",
        '  graph [rankdir="TB", compound="true", fontname="Helvetica"];',
        '  node [shape="box", fontname="Helvetica", fontsize="11"];',
        '  edge [color="gray40"];',
    ]
    lines += [line for part in parts for line in _lines(part, 1)]
    ends = {part.key: (_first(part), part) for part in parts}
    for source, target in picture.arrows:
        (tail, from_part), (head, to_part) = ends[source], ends[target]
        if tail and head:
            cut = ", ".join(
                f'{name}="cluster_{part.key}"' for name, part in (("ltail", from_part), ("lhead", to_part)) if isinstance(part, Box)
            )
            lines.append(f"  {tail} -> {head}" + (f" [{cut}];" if cut else ";"))
    lines += [f"  // {picture.about}"] if picture.left_out else []
    return "\n".join([*lines, "}"]) + "\n"


def _first(part: Box | Node) -> str:
    """Return a node that an arrow to a cluster can be tied to: Graphviz joins nodes and cuts at the frame."""
    if isinstance(part, Node):
        return part.key
    return part.nodes[0].key if part.nodes else next((key for box in part.boxes if (key := _first(box))), "")


def _lines(part: Box | Node, depth: int) -> Iterator[str]:
    margin = "  " * depth
    if isinstance(part, Node):
        text = "\\n".join(_escaped(line) for line in (part.title, part.detail) if line)
        yield f'{margin}{part.key} [label="{text}", shape="{_SHAPES.get(part.role, "box")}"];'
        return
    yield f"{margin}subgraph cluster_{part.key} {{"
    yield f'{margin}  label={_quoted(part.title)}; style="{"dashed" if part.kind == "network" else "rounded"}";'
    for inner in (*part.nodes, *part.boxes):
        yield from _lines(inner, depth + 1)
    yield f"{margin}}}"


def _escaped(text: str) -> str:
    return clean(text).replace("\\", "\\\\").replace('"', '\\"')


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'
