"""Nodes held against nodes needed: what to release, which floor to lower, where the pool was short."""

from collections.abc import Callable, Iterator
from math import ceil
from typing import Final

import numpy as np

from lepton_infra.catalog.services import HOURS_PER_MONTH
from lepton_infra.sizing.advise.case import LEAST_DAYS, Case
from lepton_infra.sizing.advise.model import Advice, Change, Kind, Money, monthly
from lepton_infra.sizing.arrays import Floats

_WORTH_NAMING: Final = 0.005
"""Share of a pool's bill below which a saving is not advised."""


def held(case: Case) -> Iterator[Advice]:
    """Yield what to release and to lower, and what to raise."""
    if not case.known.any():
        return
    for found in (_release(case), _floor(case), _raise(case)):
        if found:
            yield found


def surplus(case: Case) -> Floats:
    """Return the nodes beyond need and floor by hour, shape `(n,)`; none where utilisation is not known."""
    return np.where(case.known, np.maximum(case.usage.nodes - np.maximum(case.needed, case.pool.min_nodes), 0.0), 0.0)


def under_floor(case: Case) -> Floats:
    """Return the nodes that only `min_nodes` kept by hour, shape `(n,)`."""
    return np.where(case.known, np.maximum(np.minimum(case.usage.nodes, case.pool.min_nodes) - case.needed, 0.0), 0.0)


def worth(case: Case, usd: Money) -> bool:
    """Say whether a saving is worth naming beside the pool's bill."""
    return usd.expected > _WORTH_NAMING * float(case.usage.nodes.mean()) * case.price.usd * HOURS_PER_MONTH


def _money(case: Case, extra: Callable[[Floats, Floats], Floats]) -> Money:
    """Return what nodes beyond a need cost, with its interval over resampled days, each history with a need of its own.

    A resampled history has no day that the records have not, so its need is lower than theirs as theirs is lower than that of the days to
    come. The interval is turned about the figure for that (the basic bootstrap, Davison and Hinkley 1997, 5.2); its upper end is the
    figure itself at least, its lower end nothing at least.
    """
    on_all = np.where(case.known, extra(case.usage.nodes, case.needed), 0.0)
    figure, every = float(on_all.mean()), case.resampled(extra)
    low, high = np.quantile(every, (0.1, 0.9))
    parts = (figure, min(max(2 * figure - float(high), 0.0), figure), max(2 * figure - float(low), figure))
    return Money(*(part * case.price.usd * HOURS_PER_MONTH for part in parts))


def _release(case: Case) -> Advice | None:
    extra = surplus(case)
    usd = _money(case, lambda nodes, needed: np.maximum(nodes - np.maximum(needed, case.pool.min_nodes), 0.0))
    if not worth(case, usd):
        return None
    usage, hours = case.usage, int((extra > 0).sum())
    beyond = np.minimum(extra, np.maximum(usage.nodes - np.nan_to_num(case.planned, nan=np.inf), 0.0))
    idle = float(np.nanmax(case.needed)) == 0
    mean = float(extra[extra > 0].mean())
    used = float(np.nansum(usage.mean_busy) / usage.nodes[case.known].sum())
    evidence = [
        (
            f"In {hours:,} of {int(case.known.sum()):,} hours more nodes ran than the {case.promised:.1%} level needed: "
            f"{mean:.1f} on average, {extra.max():.0f} at most."
        ),
        f"Of {usage.nodes.sum():,.0f} node-hours {float(np.nansum(usage.mean_busy)):,.0f} were used ({used:.0%}).",
        (
            f"Need is the {case.promised:.1%} level of {'each hour of the day' if usage.days >= LEAST_DAYS else 'all hours'} over the "
            f"{usage.days} days recorded, which is known only afterwards."
        ),
        case.full.sentence,
        f"{beyond.sum() / extra.sum():.0%} of the surplus was above the plan's floors, the rest is in the floors themselves.",
        case.price.sentence,
    ]
    what = f"Release {mean:.1f} nodes in {hours / len(usage.hours):.0%} of the hours"
    return Advice(
        id=f"release-{usage.pool}",
        kind=Kind.RELEASE,
        pools=(usage.pool,),
        what=f"{usage.pool} was idle throughout: release its nodes." if idle else f"{what}: {usage.pool} held more than it needed.",
        usd_per_month=usd,
        evidence=tuple(evidence),
        figures={
            "hours": hours,
            "node_hours": round(float(extra.sum()), 2),
            "mean_nodes": round(mean, 2),
            "most_nodes": round(float(extra.max()), 2),
            "utilisation": round(used, 4),
            "above_plan": round(float(beyond.sum() / extra.sum()), 4),
        },
        confidence=case.confidence(),
        changes=_release_changes(case, float(beyond.sum()) * 2 > float(extra.sum())),
        claims=frozenset({(usage.pool, "surplus")}),
    )


def _release_changes(case: Case, above_plan: bool) -> tuple[Change, ...]:  # noqa: FBT001 (which of two remedies)
    most = max(ceil(float(np.nanmax(case.needed))), *(hour.nodes for hour in case.plan.hours), case.pool.min_nodes, 1)
    # A loop aims above the floors on purpose, and its target is found by planning; only without one does the bound alone let nodes in.
    if above_plan and case.plan.loop is None and most < case.pool.max_nodes:
        return (Change(f"{case.key}.max_nodes", str(case.pool.max_nodes), str(most)),)
    return (Change("lepton plan", "floors and target of the plan", f"those of {case.pool.demand.file} up to the last hour recorded"),)


def _floor(case: Case) -> Advice | None:
    kept = under_floor(case)
    usd = _money(case, lambda nodes, needed: np.maximum(np.minimum(nodes, case.pool.min_nodes) - needed, 0.0))
    if not worth(case, usd):
        return None
    least = int(np.nanmin(case.needed))
    hours = int((kept > 0).sum())
    return Advice(
        id=f"resize-{case.usage.pool}-floor",
        kind=Kind.RESIZE,
        pools=(case.usage.pool,),
        what=f"Lower min_nodes of {case.usage.pool} from {case.pool.min_nodes} to {least}: only the floor kept these nodes.",
        usd_per_month=usd,
        evidence=(
            f"In {hours:,} of {int(case.known.sum()):,} hours fewer than {case.pool.min_nodes} nodes were needed; {least} in the calmest.",
            case.full.sentence,
            case.price.sentence,
        ),
        figures={"hours": hours, "node_hours": round(float(kept.sum()), 2), "least_needed": least},
        confidence=case.confidence(),
        changes=(Change(f"{case.key}.min_nodes", str(case.pool.min_nodes), str(least)),),
        claims=frozenset({(case.usage.pool, "floor")}),
    )


def _raise(case: Case) -> Advice | None:
    usage, short = case.usage, case.short
    share = float(short.sum() / case.known.sum())
    if share <= 1 - case.promised + 1e-9:
        return None
    wanted = np.ceil(np.nan_to_num(usage.busy) / case.full.share - 1e-6)
    # A pool that ran without a node in the busy hour shows no need at all; one more is the least that is known to be missing.
    missing = np.where(short, np.maximum(wanted - np.floor(usage.nodes), 1.0), 0.0)
    cost = monthly(-missing * case.price.usd, usage.hours)
    bound = short & (usage.nodes >= case.pool.max_nodes - 1e-6)
    saturated = int((short & (usage.hottest >= 0.99)).sum())  # noqa: PLR2004 (as full as can be told)
    evidence = [
        (
            f"In {int(short.sum()):,} of {int(case.known.sum()):,} hours ({share:.1%}) nodes were fuller than {case.full.share:.0%}; "
            f"{1 - case.promised:.1%} was promised at most."
        ),
        f"{missing[short].mean():.1f} nodes were missing on average then, {missing.max():.0f} at most.",
        case.full.sentence,
        case.price.sentence,
    ]
    if bound.any():
        evidence.insert(1, f"In {int(bound.sum()):,} of these hours the pool stood at max_nodes, {case.pool.max_nodes}.")
    if saturated:
        evidence.insert(2, f"In {saturated:,} hours nodes were all but 100% busy: what was asked for beyond that no record shows.")
    most = int(np.max(np.where(short, np.floor(usage.nodes) + missing, 0.0)))
    change = (
        Change(f"{case.key}.max_nodes", str(case.pool.max_nodes), str(max(most, case.pool.max_nodes + 1)))
        if bound.any()
        else _stricter(case)
    )
    return Advice(
        id=f"raise-{usage.pool}",
        kind=Kind.RAISE,
        pools=(usage.pool,),
        what=f"Give {usage.pool} more nodes: it was short in {share:.1%} of the hours.",
        usd_per_month=cost,
        evidence=tuple(evidence),
        figures={
            "hours_short": int(short.sum()),
            "share_short": round(share, 4),
            "mean_missing": round(float(missing[short].mean()), 2),
            "hours_at_bound": int(bound.sum()),
        },
        confidence=case.confidence(),
        changes=(change,),
        claims=frozenset({(usage.pool, "short")}),
    )


def _stricter(case: Case) -> Change:
    """Return the change that halves what may be short, in the word that the stack file uses."""
    spared = (1 - case.promised) / 2
    if case.plan.violations is None:
        return Change(f"{case.key}.quantile", f"{case.promised:g}", f"{round(1 - spared, 4):g}")
    return Change(f"{case.key}.violations", f"{case.plan.violations:g}", f"{round(spared, 4):g}")
