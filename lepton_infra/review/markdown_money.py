"""The money of a review in Markdown: by part, what moves it, what has no price, and carbon."""

from collections.abc import Iterator
from typing import Final

from lepton_infra.config.words import counted
from lepton_infra.cost import Reason, moves
from lepton_infra.review.model import Review
from lepton_infra.review.spent import air_in_words, gained, parts, reasons_of, side, why
from lepton_infra.review.words import between, code, dollars, more, more_between

_SHOWN: Final = 12
"""What moves the bill, of most to least."""
_REASONS: Final = {Reason.BY_USE: "billed by use", Reason.UNDECIDED: "not decided yet", Reason.NO_PRICE: "without a price here"}


def money(review: Review, shown: int) -> Iterator[str]:
    """Yield the lines, so many of each list; none where nothing costs anything, before or now."""
    if not (review.cost.items or review.base_cost.items or review.cost.unpriced):
        return
    yield "### Cost per month"
    yield ""
    yield "| part | before | now | difference | difference, fewest to most nodes | now, fewest to most nodes |"
    yield "|---|---:|---:|---:|---:|---:|"
    for name, before, now in parts(review):
        change = now - before
        cells = (dollars(before.expected), dollars(now.expected), more(change.expected), more_between(change), between(now))
        yield f"| {name} | {' | '.join(cells)} |"
    if air := air_in_words(review):
        yield ""
        yield f"CO2 equivalent of the machines: {air}."
    yield from _moves(review, min(shown, _SHOWN))
    yield from _unpriced(review, shown)


def _moves(review: Review, shown: int) -> Iterator[str]:
    """Yield what rose and fell, and why."""
    found = moves(review.spent)
    if not found:
        return
    reasons = reasons_of(review)
    yield ""
    yield "| | what moves it | before | now | difference | at the most nodes | why |"
    yield "|---|---|---:|---:|---:|---:|---|"
    for move in found[:shown]:
        usd = move.usd_per_month
        sides = (side(move.before, move.first.before), side(move.after, move.first.after))
        most = more(usd.high) if round(usd.high) != round(usd.expected) else ""
        cells = (move.first.change.value, code(move.name), *sides, gained(move), most, code(why(move, reasons)))
        yield f"| {' | '.join(cells)} |"
    if len(found) > shown:
        rest = sum(move.usd_per_month.expected for move in found[shown:])
        yield ""
        yield f"and {counted(sum(len(move.rows) for move in found[shown:]), 'resource')} more, {more(rest)} together"


def _unpriced(review: Review, shown: int) -> Iterator[str]:
    listed = review.cost.unpriced
    if not listed:
        return
    count = len({urn for one in listed for urn in one.urns})
    by_reason = {reason: len({urn for one in listed if one.reason is reason for urn in one.urns}) for reason in Reason}
    said = ", ".join(f"{number:,} {_REASONS[reason]}" for reason, number in by_reason.items() if number)
    yield ""
    yield f"<details><summary>Not priced, and not in the sum: {counted(count, 'resource')} ({said})</summary>"
    yield ""
    for one in listed[:shown]:
        yield f"- {one.count:,} x {code(one.type)}: {code(one.why)}"
    if len(listed) > shown:
        yield f"- and {len(listed) - shown:,} kinds more"
    yield ""
    yield "</details>"
