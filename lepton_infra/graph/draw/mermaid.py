"""A picture as a Mermaid flowchart, which GitHub and GitLab draw in Markdown.

Every text stands in quotes, with what would end them or be read as markup written as entity codes
(mermaid.js.org/syntax/flowchart.html, "Entity codes to escape characters").
"""

from collections.abc import Iterator
from typing import Final

from lepton_infra.graph.draw.kinds import Role
from lepton_infra.graph.draw.picture import Box, Node, Picture
from lepton_infra.graph.draw.words import clean

_PLAIN: Final = frozenset(" -_./:,*()+%@=")
_SHAPES: Final = {Role.STORAGE: ("[(", ")]"), Role.KEY: ("([", "])"), Role.MACHINES: ("[[", "]]"), Role.CLUSTER: ("{{", "}}")}


def as_mermaid(picture: Picture) -> str:
    """Return the picture in Mermaid's words, with a line break at the end."""
    lines = ["flowchart TB"]
    lines += [line for part in (*picture.top.boxes, *picture.top.nodes) for line in _lines(part, 1)]
    lines += [f"  {source} --> {target}" for source, target in picture.arrows]
    lines += [f"  %% {picture.about}"] if picture.left_out else []
    return "\n".join(lines) + "\n"


def _lines(part: Box | Node, depth: int) -> Iterator[str]:
    margin = "  " * depth
    if isinstance(part, Node):
        opening, closing = _SHAPES.get(part.role, ("[", "]"))
        text = "<br/>".join(_quoted(line) for line in (part.title, part.detail) if line)
        yield f'{margin}{part.key}{opening}"{text}"{closing}'
        return
    yield f'{margin}subgraph {part.key}["{_quoted(part.title)}"]'
    for inner in (*part.nodes, *part.boxes):
        yield from _lines(inner, depth + 1)
    yield f"{margin}end"


def _quoted(text: str) -> str:
    """Return a text with everything but letters, digits and harmless signs as an entity code."""
    return "".join(letter if letter.isalnum() or letter in _PLAIN else f"#{ord(letter)};" for letter in clean(text)) or " "
