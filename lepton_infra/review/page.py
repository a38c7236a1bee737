"""A review as one HTML page that needs nothing else: no script, no font, no picture from elsewhere; for a phone and for the dark."""

import re
from collections.abc import Iterable, Iterator
from html import escape
from typing import Final

from lepton_infra.graph.draw import as_svg, picture_of
from lepton_infra.graph.model import Resource
from lepton_infra.review.model import Noted, Review
from lepton_infra.review.style import STYLE
from lepton_infra.review.words import between, by_kind, counted, dollars, line, more, parts, sum_of, told, why_replaced
from lepton_infra.rules.card import Severity

_SHOWN: Final = 500
"""Rows of one list: a page with more is not read, and opens slowly on a phone."""
_CODE: Final = re.compile("`([^`]+)`")
"""Arguments in the text of a rule."""
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
                f"<title>{_text(title)}</title><style>{STYLE}</style></head><body><main>",
                *_head(review),
                *_lost(review),
                *_findings("Newly broken rules", review.new, opened=True),
                *_money(review),
                *_architecture(review),
                *_changes(review),
                *_findings("Broken before and still", review.old, opened=False),
                *_exempt(review),
                *_findings("Cannot be told before the stack is up", review.undecided, opened=False),
                *_findings("Rules that are broken themselves", review.errors, opened=True),
                "</main></body></html>",
            ]
        )
        + "\n"
    )


def _text(text: str) -> str:
    return escape(line(text))


def _head(review: Review) -> Iterator[str]:
    change = review.cost.total.expected - review.base_cost.total.expected
    worst = "bad" if review.blocking else "warn" if review.new else "good"
    difference = review.difference
    loss = len(difference.replaced) + len(difference.deleted)
    yield f"<header><p>lepton review</p><h1>{_text(review.stack)} <span>against {_text(review.against)}</span></h1>"
    yield '<div class="tiles">'
    yield _tile(
        f"{len(review.new):,}", "newly broken", f"{len(review.blocking):,} critical or high" if review.new else "nothing new", worst
    )
    yield _tile(f"{loss:,}", "replaced or deleted", sum_of(difference), "bad" if loss else "good")
    yield _tile(more(change), "a month", f"{dollars(review.cost.total.expected)} as planned", "plain")
    yield _tile(f"{len(review.graph.built()):,}", "resources", f"{counted(len(review.cards), 'rule')} asked", "plain")
    yield "</div></header>"


def _tile(figure: str, what: str, note: str, kind: str) -> str:
    return f'<div class="tile {kind}"><b>{_text(figure)}</b><span>{_text(what)}</span><small>{_text(note)}</small></div>'


def _lost(review: Review) -> Iterator[str]:
    replaced, deleted = review.difference.replaced, review.difference.deleted
    if replaced or deleted:
        own = [one for one in replaced if not one.led]
        rows = [*((one, "deleted", "") for one in deleted), *((one.resource, "replaced", why_replaced(one)) for one in own)]
        led = [(one.resource, "replaced", why_replaced(one)) for one in replaced if one.led]
        yield '<section><h2>Replaced and deleted</h2><ul class="list">'
        yield from (_loss(*row) for row in rows[:_SHOWN])
        yield f"</ul>{_rest(len(rows))}"
        if led:
            kinds = _text(by_kind(resource for resource, _, _ in led))
            yield f'<details><summary>{len(led):,} more are made from these and are replaced with them: {kinds}</summary><ul class="list">'
            yield from (_loss(*row) for row in led[:_SHOWN])
            yield f"</ul>{_rest(len(led))}</details>"
        yield "</section>"


def _loss(resource: Resource, word: str, why: str) -> str:
    reason = "; ".join(text for text in (why, "protected: the engine will refuse" if resource.protect else "") if text)
    return f'<li><b class="tag high">{word}</b> {_named(resource)}<p>{_text(reason)}</p></li>'


def _findings(title: str, listed: tuple[Noted, ...], *, opened: bool) -> Iterator[str]:
    if not listed:
        return
    yield f"<section><details{' open' if opened else ''}><summary><h2>{title} <i>{len(listed):,}</i></h2></summary>"
    for severity in Severity:
        group = [noted for noted in listed if noted.finding.severity is severity]
        if group:
            yield f'<h3><b class="tag {severity.value}">{severity.value}</b> {len(group):,}</h3><ul class="list">'
            yield from map(_finding, group[:_SHOWN])
            yield f"</ul>{_rest(len(group))}"
    yield "</details></section>"


def _finding(noted: Noted) -> str:
    finding = noted.finding
    fix = f"<p>{_CODE.sub(_as_code, _text(noted.card.fix))}</p>" if noted.card else ""
    place = f"{noted.place.file}:{noted.place.line}"
    head = f"<code>{_text(finding.rule)}</code> <b>{_text(finding.name)}</b> <small>{_text(finding.type)}</small>"
    return f"<li>{head}<p>{_text(finding.message)}</p>{fix}<small>{_text(place)}</small></li>"


def _as_code(span: re.Match[str]) -> str:
    return f"<code>{span[1]}</code>"


def _money(review: Review) -> Iterator[str]:
    rows = parts(review)
    most = max((max(now.expected, before.expected) for _, before, now in rows[:-1]), default=0.0)
    yield '<section><h2>Cost per month, by part</h2><table class="money"><thead><tr>'
    yield "<th>part</th><th>before</th><th>now</th><th>difference</th></tr></thead><tbody>"
    for number, (name, before, now) in enumerate(rows):
        last = number == len(rows) - 1
        share = 0 if last or not most else round(now.expected / most * 100)
        bar = "" if last else f'<svg class="share" viewBox="0 0 100 4" preserveAspectRatio="none"><rect width="{share}" height="4"/></svg>'
        range_ = f"<small>{_text(between(now))}</small>" if between(now) else ""
        yield (
            f"<tr{' class=sum' if last else ''}><th>{_text(name)}{bar}</th><td>{dollars(before.expected)}</td>"
            f"<td>{dollars(now.expected)}{range_}</td><td>{more(now.expected - before.expected)}</td></tr>"
        )
    yield "</tbody></table>"
    if review.cost.unpriced:
        count = sum(one.count for one in review.cost.unpriced)
        yield f'<details><summary>Not priced, and not in the sum: {counted(count, "resource")}</summary><ul class="list">'
        yield from (
            f"<li>{one.count:,} x <code>{_text(one.type)}</code><p>{_text(one.why)}</p></li>" for one in review.cost.unpriced[:_SHOWN]
        )
        yield "</ul></details>"
    yield "</section>"


def _architecture(review: Review) -> Iterator[str]:
    yield '<section><h2>Architecture</h2><div class="picture">'
    yield as_svg(picture_of(review.graph))
    yield "</div></section>"


def _changes(review: Review) -> Iterator[str]:
    difference = review.difference
    if not difference:
        return
    yield f'<section><details><summary><h2>All changes</h2> {sum_of(difference)}; {difference.same:,} stay</summary><ul class="list">'
    for changed in difference.changed[:_SHOWN]:
        inputs = "".join(f"<p>{_text(text)}</p>" for text in told(changed)[:20])
        yield f"<li>{_named(changed.resource)}{inputs}</li>"
    yield from (f'<li><b class="tag low">created</b> {_named(resource)}</li>' for resource in difference.created[:_SHOWN])
    yield f"</ul>{_rest(max(len(difference.changed), len(difference.created)))}</details></section>"


def _exempt(review: Review) -> Iterator[str]:
    if review.exempted:
        yield f'<section><details><summary><h2>Exempt <i>{len(review.exempted):,}</i></h2></summary><ul class="list">'
        for noted, one in review.exempted[:_SHOWN]:
            held = f"{one.exemption.reason} ({one.exemption.owner}, until {one.exemption.expires})"
            yield f"<li><code>{_text(noted.finding.rule)}</code> <b>{_text(noted.finding.name)}</b><p>{_text(held)}</p></li>"
        yield "</ul></details></section>"
    if review.fixed:
        yield from _listed("Fixed", (f"{one.rule} on {one.name}" for one in review.fixed[:_SHOWN]))


def _listed(title: str, texts: Iterable[str]) -> Iterator[str]:
    yield f'<section><h2>{title}</h2><ul class="list">'
    yield from (f"<li>{_text(text)}</li>" for text in texts)
    yield "</ul></section>"


def _named(resource: Resource) -> str:
    return f"<b>{_text(resource.name)}</b> <small>{_text(resource.type)}</small>"


def _rest(count: int) -> str:
    return f"<p>and {count - _SHOWN:,} more</p>" if count > _SHOWN else ""
