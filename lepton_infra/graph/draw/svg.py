"""A picture as SVG that stands alone: no script, no font and no address but SVG's own, light or dark as its reader's screen is."""

from collections.abc import Iterator
from typing import Final
from xml.sax.saxutils import escape

from lepton_infra.graph.draw.kinds import Role
from lepton_infra.graph.draw.layout import Layout, Place, lay_out
from lepton_infra.graph.draw.picture import Box, Node, Picture
from lepton_infra.graph.draw.words import clean

_STYLE: Final = """
.lepton{font-family:system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;font-size:12px;background:#fff}
.lepton text{fill:#1f2328}.lepton .detail{fill:#59636e;font-size:11px}.lepton .head{font-weight:600}
.lepton .component{fill:#f6f8fa;stroke:#d1d9e0}.lepton .network{fill:#eef4fc;stroke:#8cb4e8;stroke-dasharray:4 3}
.lepton .node{fill:#fff;stroke:#d1d9e0}.lepton .bar{stroke:none}.lepton .arrow{fill:none;stroke:#818b98;stroke-width:1.3}
.lepton .tip{fill:#818b98}.lepton .machines{fill:#1a7f37}.lepton .cluster{fill:#8250df}.lepton .storage{fill:#bc4c00}
.lepton .key{fill:#9a6700}.lepton .door,.lepton .subnet,.lepton .net{fill:#0969da}.lepton .other{fill:#818b98}
@media (prefers-color-scheme:dark){.lepton{background:#0d1117}.lepton text{fill:#f0f6fc}.lepton .detail{fill:#9198a1}
.lepton .component{fill:#151b23;stroke:#3d444d}.lepton .network{fill:#121d2f;stroke:#1f6feb}.lepton .node{fill:#0d1117;stroke:#3d444d}
.lepton .machines{fill:#3fb950}.lepton .cluster{fill:#a371f7}.lepton .storage{fill:#f0883e}.lepton .key{fill:#d29922}
.lepton .door,.lepton .subnet,.lepton .net{fill:#4493f8}}
"""
_TIP: Final = (
    '<marker id="lepton-tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path class="tip" d="M0 0L8 4L0 8z"/></marker>'
)
_PIXELS_PER_LETTER: Final = 6.7
"""Of a letter of 12 pixels, on the broad side: no font is measured here."""


def as_svg(picture: Picture) -> str:
    """Return the picture as one SVG element, with a line break at the end."""
    layout = lay_out(picture)
    size = f'width="{layout.width}" height="{layout.height}" viewBox="0 0 {layout.width} {layout.height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="lepton" {size} role="img">',
        f"<title>{escape(clean(picture.title))}</title>",
        f"<desc>{escape(picture.about)}</desc>",
        f"<style>{_STYLE}</style>",
        f"<defs>{_TIP}</defs>",
        *_arrows(picture, layout),
    ]
    lines += [line for place in layout.places for line in _drawn(place)]
    return "\n".join([*lines, "</svg>"]) + "\n"


def _arrows(picture: Picture, layout: Layout) -> Iterator[str]:
    places = {place.part.key: place for place in layout.places}
    leaving = {key: [target for source, target in picture.arrows if source == key] for key in places}
    arriving = {key: [source for source, target in picture.arrows if target == key] for key in places}
    for source, target in picture.arrows:
        one, other = places[source], places[target]
        out = sorted(leaving[source], key=lambda key: places[key].x)
        into = sorted(arriving[target], key=lambda key: places[key].x)
        x1 = one.x + one.width * (out.index(target) + 1) // (len(out) + 1)
        x2 = other.x + other.width * (into.index(source) + 1) // (len(into) + 1)
        y1, y2 = (one.y + one.height, other.y) if other.y >= one.y + one.height else (one.y, other.y + other.height)
        bend = max(abs(y2 - y1) // 2, 24) * (1 if y2 > y1 else -1)
        yield f'<path class="arrow" marker-end="url(#lepton-tip)" d="M{x1} {y1}C{x1} {y1 + bend} {x2} {y2 - bend} {x2} {y2}"/>'


def _drawn(place: Place) -> Iterator[str]:
    yield from _box(place, place.part) if isinstance(place.part, Box) else _node(place, place.part)
    for inner in place.inside:
        yield from _drawn(inner)


def _box(place: Place, box: Box) -> Iterator[str]:
    yield f'<rect class="{box.kind}" x="{place.x}" y="{place.y}" width="{place.width}" height="{place.height}" rx="8"/>'
    yield _text(box.title, place.x + 12, place.y + 17, place.width - 24, "head")


def _node(place: Place, node: Node) -> Iterator[str]:
    role = "net" if node.role is Role.NETWORK else node.role.value
    yield f"<g><title>{escape(clean(f'{node.title} {node.detail}'))}</title>"
    yield f'<rect class="node" x="{place.x}" y="{place.y}" width="{place.width}" height="{place.height}" rx="5"/>'
    yield f'<rect class="bar {role}" x="{place.x}" y="{place.y + 6}" width="3" height="{place.height - 12}"/>'
    yield _text(node.title, place.x + 11, place.y + (20 if node.detail else 28), place.width - 18, "")
    if node.detail:
        yield _text(node.detail, place.x + 11, place.y + 36, place.width - 18, "detail")
    yield "</g>"


def _text(text: str, x: int, y: int, width: int, kind: str) -> str:
    known = f' class="{kind}"' if kind else ""
    return f'<text{known} x="{x}" y="{y}">{escape(clean(text, int(width / _PIXELS_PER_LETTER)))}</text>'
