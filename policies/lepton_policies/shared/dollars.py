"""Dollars in the words of rules: sums, the largest parts, and what a resource costs that should not be there."""

from collections.abc import Iterable
from typing import Final

from lepton_infra.rules.outside import Bill, Open
from lepton_infra.rules.stack import Stack
from lepton_infra.rules.verdict import Fact, State, Verdict
from lepton_infra.rules.view import Resource

Gap = tuple[str, Open]
"""The URN of a resource, and what of it has no price yet."""
_NAMED: Final = 3
"""So many parts are named; the rest is counted."""
_CENTS_BELOW: Final = 10
"""Below so many dollars cents are of interest."""


def dollars(usd: float) -> str:
    """Return a sum in words: `608,880 $`, `3.65 $`."""
    return f"{usd:,.2f} $" if 0 < abs(usd) < _CENTS_BELOW else f"{usd:,.0f} $"


def named(urn: str) -> str:
    """Return the name in the program of the resource with this URN."""
    return urn.rpartition("::")[2]


def largest(parts: Iterable[tuple[str, float]]) -> str:
    """Return the largest parts in words, from (URN, dollars): `chat 304,000 $, network 285 $ and 12 more`."""
    ordered = sorted(parts, key=lambda part: (-part[1], part[0]))
    told = ", ".join(f"{named(urn)} {dollars(usd)}" for urn, usd in ordered[:_NAMED])
    more = len(ordered) - _NAMED
    return f"{told} and {more} more" if more > 0 else told


def open_prices(gaps: Iterable[Gap]) -> str:
    """Return in words what has no price."""
    listed = sorted(gaps)
    told = ", ".join(f"{named(urn)} ({gap.why})" for urn, gap in listed[:_NAMED])
    more = len(listed) - _NAMED
    return f"{told} and {more} more" if more > 0 else told


def gaps_of(bill: Bill) -> set[Gap]:
    """Return all that has no price yet."""
    return {(urn, gap) for urn, gaps in bill.gaps.items() for gap in gaps}


def with_price(verdict: Verdict, resource: Resource, stack: Stack) -> Verdict:
    """Return a verdict that also says what the resource costs a month, where it fails and that is known."""
    bill = stack.bill() if verdict.state is State.FAIL else None
    month = bill.months.get(resource.its_subject.urn) if bill else None
    if bill is None or month is None or not month.high or resource.its_subject.urn in bill.gaps or not verdict.facts:
        return verdict
    span = dollars(month.low) if month.low == month.high else f"{dollars(month.low)} to {dollars(month.high)}"
    # One fact in place of all: the price is a sentence of its own behind them.
    first = verdict.facts[0]
    note = f"{verdict.message.removeprefix(first.path).strip()}. It costs {span} a month"
    return Verdict(verdict.state, (Fact(first.about, note),))
