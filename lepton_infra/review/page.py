"""A review as one HTML page that needs nothing else: no script, no font, no picture from elsewhere; for a phone and for the dark."""

from collections.abc import Iterable, Iterator
from typing import Final

from lepton_infra.config.words import counted
from lepton_infra.graph.draw import as_svg, picture_of
from lepton_infra.review.model import Review
from lepton_infra.review.page_changes import changes, losses
from lepton_infra.review.page_findings import findings
from lepton_infra.review.page_money import money
from lepton_infra.review.style import STYLE
from lepton_infra.review.tags import SHOWN, rest, text
from lepton_infra.review.words import dollars, more, sum_of

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


def as_page(review: Review) -> str:
    """Return the page, the same for the same review."""
    title = f"{review.stack} against {review.against}"
    return (
        "\n".join(
            [
                "<!doctype html>",
                '<html lang="en"><head><meta charset="utf-8">',
                '<meta name="viewport" content="width=device-width,initial-scale=1">',
                f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
                '<meta name="color-scheme" content="light dark">',
                f"<title>{text(title)}</title><style>{STYLE}</style></head><body><main>",
                *_head(review),
                *losses(review),
                *findings("Newly broken rules", review.new, opened=True),
                *money(review),
                *_architecture(review),
                *changes(review),
                *findings("Broken before and still", review.old, opened=False),
                *_exempt(review),
                *findings("Cannot be told before the stack is up", review.undecided, opened=False),
                *findings("Rules that are broken themselves", review.errors, opened=True),
                "</main></body></html>",
            ]
        )
        + "\n"
    )


def _head(review: Review) -> Iterator[str]:
    spent = review.spent.usd_per_month
    worst = "bad" if review.blocking else "warn" if review.new else "good"
    difference = review.difference
    loss, holding = len(difference.replaced) + len(difference.deleted), len(review.losses.holding)
    most = f", {more(spent.high)} at the most nodes" if round(spent.high) != round(spent.expected) else ""
    yield f"<header><p>lepton review</p><h1>{text(review.stack)} <span>against {text(review.against)}</span></h1>"
    yield '<div class="tiles">'
    yield _tile(
        f"{len(review.new):,}", "newly broken", f"{len(review.blocking):,} critical or high" if review.new else "nothing new", worst
    )
    held = f"{holding:,} with data, workloads or encryption; " if holding else ""
    yield _tile(f"{loss:,}", "replaced or deleted", f"{held}{sum_of(difference)}", "bad" if holding else "warn" if loss else "good")
    yield _tile(more(spent.expected), "a month", f"{dollars(review.cost.total.expected)} as planned{most}", "plain")
    yield _tile(f"{len(review.graph.built()):,}", "resources", f"{counted(len(review.cards), 'rule')} asked", "plain")
    yield "</div></header>"


def _tile(figure: str, what: str, note: str, kind: str) -> str:
    return f'<div class="tile {kind}"><b>{text(figure)}</b><span>{text(what)}</span><small>{text(note)}</small></div>'


def _architecture(review: Review) -> Iterator[str]:
    # What is wider than a phone is moved inside its frame, by finger or by arrow keys.
    yield '<section><h2>Architecture</h2><div class="picture" tabindex="0" role="region" aria-label="Architecture">'
    yield as_svg(picture_of(review.graph))
    yield "</div></section>"


def _exempt(review: Review) -> Iterator[str]:
    if review.exempted:
        yield f'<section><details><summary><h2>Exempt <i>{len(review.exempted):,}</i></h2></summary><ul class="list">'
        for noted, one in review.exempted[:SHOWN]:
            held = f"{one.exemption.reason} ({one.exemption.owner}, until {one.exemption.expires})"
            yield f"<li><code>{text(noted.finding.rule)}</code> <b>{text(noted.finding.name)}</b><p>{text(held)}</p></li>"
        yield f"</ul>{rest(len(review.exempted))}</details></section>"
    if review.fixed:
        yield from _listed("Fixed", (f"{one.rule} on {one.name}" for one in review.fixed[:SHOWN]), len(review.fixed))
    if review.idle:
        told = (f"from {one.rule} for {one.urn}: {why} ({one.owner})" for one, why in review.idle[:SHOWN])
        yield from _listed("Exemptions that excuse nothing", told, len(review.idle))


def _listed(title: str, texts: Iterable[str], count: int) -> Iterator[str]:
    yield f'<section><h2>{title}</h2><ul class="list">'
    yield from (f"<li>{text(said)}</li>" for said in texts)
    yield f"</ul>{rest(count)}</section>"
