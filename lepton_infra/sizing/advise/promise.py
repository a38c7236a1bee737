"""What to commit to, from the node-hours that really ran and were needed."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from lepton_infra.catalog import Catalog
from lepton_infra.catalog.services import HOURS_PER_MONTH
from lepton_infra.sizing.advise.case import Case
from lepton_infra.sizing.advise.elsewhere import on_demand
from lepton_infra.sizing.advise.model import Advice, Change, Confidence, Kind, Money
from lepton_infra.sizing.arrays import Floats
from lepton_infra.sizing.commitments import Committed, Need, commitments

_WORTH_NAMING: Final = 0.005


def promises(cases: Sequence[Case], catalog: Catalog) -> tuple[list[Advice], list[str]]:
    """Return what to commit to, and remarks on what pays but is not believed yet.

    Need is what was needed of the on-demand nodes; what is committed or spot already is left out. Hours without a record are gaps.
    """
    if not cases:
        return [], []
    first, last = min(int(case.usage.hours[0]) for case in cases), max(int(case.usage.hours[-1]) for case in cases)
    needs = [Need(case.machine, _filled(case, first, last)) for case in cases]
    found = commitments(needs, catalog)
    advice = [_advice(one, cases) for one in found if one.advised]
    best: dict[tuple[str, ...], Committed] = {}
    for one in found:
        if one.doubts and one.saved.expected > _WORTH_NAMING and one.saved_usd_per_hour > _worth_of(best.get(one.machines)):
            best[one.machines] = one
    named = {one.machines for one in found if one.advised}
    return advice, [_remark(one) for machines, one in sorted(best.items()) if machines not in named]


def _worth_of(one: Committed | None) -> float:
    return one.saved_usd_per_hour if one else 0.0


def _filled(case: Case, first: int, last: int) -> Floats:
    nodes = np.full(last - first + 1, np.nan)
    nodes[case.usage.hours - first] = np.floor(on_demand(case) + 1e-6)
    return nodes


def _advice(one: Committed, cases: Sequence[Case]) -> Advice:
    pools = tuple(case.usage.pool for case in cases if case.machine.name in one.machines)
    bill = one.saved_usd_per_hour / one.saved.expected
    amount = f"{one.nodes} nodes of {one.machines[0]}" if one.nodes is not None else f"{one.usd_per_hour:,.2f} $ an hour"
    years = f"{one.years} {'years' if one.years > 1 else 'year'}"
    return Advice(
        id=f"commit-{'-'.join(one.machines)}-{one.years}y",
        kind=Kind.COMMIT,
        pools=pools,
        what=f"Commit {amount} for {years} ({one.program}).",
        usd_per_month=Money(*(share * bill * HOURS_PER_MONTH for share in (one.saved.expected, one.saved.p10, one.saved.p90))),
        evidence=(
            f"All of it was needed in {one.needed:.0%} of the hours; it pays from {one.breakeven:.0%} on.",
            (
                f"It saves {one.saved.expected:.0%} of the on-demand bill of {', '.join(one.machines)} "
                f"(80% interval {one.saved.p10:.0%} to {one.saved.p90:.0%} over resampled days), "
                f"{one.saved_if_less:.0%} should need fall by a quarter."
            ),
            (
                f"{one.history_days:.0f} days of records. Price as of {one.as_of}"
                f"{', from a published discount' if one.derived else ''}: {one.source}."
            ),
        ),
        figures={
            "nodes": float(one.nodes) if one.nodes is not None else 0.0,
            "usd_per_hour": round(one.usd_per_hour, 6),
            "years": one.years,
            "breakeven": round(one.breakeven, 6),
            "needed": round(one.needed, 4),
            "saved": round(one.saved.expected, 6),
            "saved_if_quarter_less": round(one.saved_if_less, 6),
        },
        confidence=Confidence.MEDIUM if all(case.confidence() is not Confidence.LOW for case in cases) else Confidence.LOW,
        changes=(Change(f"{one.cloud}: {one.program}", "nothing", f"{amount}, {years}"),),
        claims=frozenset((pool, "need") for pool in pools),
    )


def _remark(one: Committed) -> str:
    amount = f"{one.nodes} nodes of {one.machines[0]}" if one.nodes is not None else f"{one.usd_per_hour:,.2f} $ an hour"
    dollars = one.saved_usd_per_hour * HOURS_PER_MONTH
    return f"{amount} for {one.years} years ({one.program}) would have saved {dollars:,.0f} $ a month. {' '.join(one.doubts)}"
