"""The money of a review in HTML: by part, what moves it, what has no price, and carbon."""

from collections.abc import Iterator
from typing import Final

from lepton_infra.config.words import counted
from lepton_infra.cost import moves
from lepton_infra.review.model import Review
from lepton_infra.review.spent import air_in_words, gained, parts, reasons_of, side, why
from lepton_infra.review.tags import SHOWN, text
from lepton_infra.review.words import between, dollars, more, more_between

_MOVES: Final = 20


def money(review: Review) -> Iterator[str]:
    """Yield the section."""
    rows = parts(review)
    most = max((max(now.expected, before.expected) for _, before, now in rows[:-1]), default=0.0)
    yield '<section><h2>Cost per month, by part</h2><table class="money"><thead><tr>'
    yield '<th scope="col">part</th><th scope="col">before</th><th scope="col">now</th><th scope="col">difference</th></tr></thead><tbody>'
    for number, (name, before, now) in enumerate(rows):
        last = number == len(rows) - 1
        share = 0 if last or not most else round(now.expected / most * 100)
        bar = "" if last else _BAR.format(share=share)
        change = now - before
        yield (
            f'<tr{" class=sum" if last else ""}><th scope="row">{text(name)}{bar}</th><td>{dollars(before.expected)}</td>'
            f"<td>{dollars(now.expected)}{_small(between(now))}</td><td>{more(change.expected)}{_small(more_between(change))}</td></tr>"
        )
    yield "</tbody></table><p><small>As planned; small: from the fewest nodes to the most.</small></p>"
    if air := air_in_words(review):
        yield f"<p>CO2 equivalent of the machines: {text(air)}.</p>"
    yield from _moves(review)
    yield from _unpriced(review)
    yield "</section>"


_BAR: Final = (
    '<svg class="share" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect width="{share}" height="4"/></svg>'
)


def _small(said: str) -> str:
    return f"<small>{text(said)}</small>" if said else ""


def _moves(review: Review) -> Iterator[str]:
    found = moves(review.spent)
    if not found:
        return
    reasons = reasons_of(review)
    yield '<h3>What moves it</h3><ul class="list">'
    for move in found[:_MOVES]:
        usd = move.usd_per_month
        most = f" <small>{text(more_between(usd))}</small>" if more_between(usd) else ""
        sides = " -> ".join(one for one in (side(move.before, move.first.before), side(move.after, move.first.after)) if one)
        yield (
            f'<li class="move"><span><b>{text(move.name)}</b> <small>{move.first.change.value}</small></span>'
            f"<span>{gained(move)}{most}</span><p>{text(sides)}</p><p><small>{text(why(move, reasons))}</small></p></li>"
        )
    yield "</ul>"
    if len(found) > _MOVES:
        left = found[_MOVES:]
        said = more(sum(move.usd_per_month.expected for move in left))
        yield f"<p>and {counted(sum(len(move.rows) for move in left), 'resource')} more, {said} together</p>"


def _unpriced(review: Review) -> Iterator[str]:
    listed = review.cost.unpriced
    if listed:
        count = len({urn for one in listed for urn in one.urns})
        yield f'<details><summary>Not priced, and not in the sum: {counted(count, "resource")}</summary><ul class="list">'
        yield from (f"<li>{one.count:,} x <code>{text(one.type)}</code><p>{text(one.why)}</p></li>" for one in listed[:SHOWN])
        yield f"</ul>{f'<p>and {len(listed) - SHOWN:,} kinds more</p>' if len(listed) > SHOWN else ''}</details>"
