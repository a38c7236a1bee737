"""The money of a review, in words that Markdown and HTML share."""

from collections.abc import Mapping

from lepton_infra.config.words import counted
from lepton_infra.cost import Move, Part, Range, Side
from lepton_infra.review.model import Review
from lepton_infra.review.words import dollars, more, told_values


def reasons_of(review: Review) -> Mapping[tuple[str, str], str]:
    """Return the first inputs whose values changed, by type and name of the resource."""
    return {(one.resource.type, one.resource.name): said for one in review.difference.changed if (said := "; ".join(told_values(one)[:2]))}


def why(move: Move, reasons: Mapping[tuple[str, str], str]) -> str:
    """Return why a sum moves: what it is counted by, before and now; where that is the same, which inputs changed."""
    changed = reasons.get((move.first.type, move.first.name), "")
    return f"{changed}; {move.why}" if changed and not move.recounted else move.why


def gained(move: Move) -> str:
    """Return what a move adds as planned; empty where nothing of it has a price."""
    return more(move.usd_per_month.expected) if move.before or move.after else ""


def side(usd: Range | None, there: Side | None) -> str:
    """Return a sum before or after; empty where the resource is not there."""
    if usd:
        return dollars(usd.expected)
    return "not priced" if there else ""


def spent_in_words(review: Review) -> str:
    """Return what the change costs a month: `-$95 a month as planned, +$304,009 at the most nodes`."""
    usd = review.spent.usd_per_month
    now = review.cost.total.expected
    said = f"{more(usd.expected)} a month as planned{_share(usd.expected, review.base_cost.total.expected)}"
    if not round(usd.expected):
        said = f"{dollars(now)} a month as before"
    return said if round(usd.high) == round(usd.expected) else f"{said}, {more(usd.high)} at the most nodes"


def _share(part: float, whole: float) -> str:
    """Return what share one amount is of another, where that says something: ` (+12%)`."""
    return f" ({part / whole:+.0%})" if whole and abs(part / whole) >= 0.005 else ""  # noqa: PLR2004 (half a percent, which is rounded up)


def air_in_words(review: Review) -> str:
    """Return what the machines cause a month and how much more that is, kilograms of CO2 equivalent, with what is not in it.

    Empty where no machine is on either bill.
    """
    if not any(item.part is Part.COMPUTE for cost in (review.cost, review.base_cost) for item in cost.items):
        return ""
    now, change = review.cost.kg_co2e, review.spent.kg_co2e
    said = f"{now.expected:,.0f} kg a month as planned, {now.low:,.0f} to {now.high:,.0f} from the fewest nodes to the most"
    said += f"; {_more_kg(change.expected)}"
    if round(change.high) != round(change.expected):
        said += f" as planned, {_more_kg(change.high)} at the most nodes"
    left_out = len(review.cost.no_carbon)
    return said + (f"; without {counted(left_out, 'group')} of machines whose electricity nobody publishes" if left_out else "")


def _more_kg(kilograms: float) -> str:
    return f"{round(kilograms):+,} kg" if round(kilograms) else "no more"


def parts(review: Review) -> list[tuple[str, Range, Range]]:
    """Return the parts of the bill, each with what it costs in the base and now, and last all together."""
    nothing = Range.always(0.0)
    before, now = review.base_cost.by_part(), review.cost.by_part()
    names = [part for part in Part if part in before or part in now]
    return [
        *((part.value, before.get(part, nothing), now.get(part, nothing)) for part in names),
        ("together", review.base_cost.total, review.cost.total),
    ]
