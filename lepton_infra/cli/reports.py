"""What a rehearsal found, as tables for a person and as one document for a program."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from lepton_infra.cli import render
from lepton_infra.cli.money import parts_rounded, rounded, show_parts

if TYPE_CHECKING:
    from lepton_infra.cost import Cost, Item
    from lepton_infra.engine.runs import PolicyCheck
    from lepton_infra.rehearsal.rehearse import Rehearsal, Step
    from lepton_infra.sizing.plan import Plan

_QUIET_OPS = ("create", "update", "replace", "delete", "same")


@dataclass(frozen=True, slots=True)
class Outcome:
    """A rehearsal with the plan it was for and the bill of what stood."""

    rehearsal: "Rehearsal"
    plan: "Plan"
    cost: "Cost | None"
    """None where it never stood."""
    plan_seconds: float
    """How long it took to check that the plan is fresh."""


def as_document(outcome: Outcome) -> dict[str, object]:
    """Return the outcome for `--json`; money is US dollars per month of 730 hours."""
    rehearsal, cost = outcome.rehearsal, outcome.cost
    return {
        "format": "lepton.rehearsal/1",
        "stack": outcome.plan.stack,
        "ok": not rehearsal.faults,
        "faults": list(rehearsal.faults),
        "resources": len(rehearsal.graph.built()) if rehearsal.graph else 0,
        "resources_by_type": dict(sorted(_types(outcome).items())),
        "orphans": [held.id for held in rehearsal.orphans],
        "drift": [change.urn for change in rehearsal.drift],
        "violations": [asdict(violation) for violation in rehearsal.violations],
        "undecided": [violation.message for violation in rehearsal.undecided],
        "rules": [asdict(rule) for rule in rehearsal.rules],
        "seconds": {"plan": round(outcome.plan_seconds, 3)} | {step.name: round(step.run.seconds, 3) for step in rehearsal.steps},
        "cloud_seconds": {step.name: round(step.cloud_seconds, 3) for step in rehearsal.steps},
        "changes": {step.name: dict(step.run.changes) for step in rehearsal.steps},
        "usd_per_month": round(cost.total.expected, 2) if cost else None,
        "usd_per_month_range": rounded(cost.total) if cost else None,
        "usd_per_month_by_part": parts_rounded(cost) if cost else {},
        "unpriced": [asdict(one) for one in cost.unpriced] if cost else [],
        "old_prices": [asdict(item) for item in _old_items(cost)] if cost else [],
        "state": str(rehearsal.state) if rehearsal.state else None,
    }


def show(outcome: Outcome) -> None:
    """Print the outcome: nodes against demand, what was built, what it costs, rules, steps, and what was left behind."""
    _show_nodes(outcome.plan)
    _show_resources(outcome)
    if outcome.cost:
        _show_cost(outcome.cost)
    _show_rules(outcome.rehearsal)
    _show_steps(outcome)
    _show_end(outcome.rehearsal)


def _show_nodes(plan: "Plan") -> None:
    columns = [render.Column("UTC")]
    for pool in plan.pools:
        columns += [render.number(f"{pool.name} p50"), render.number(f"p{pool.quantile * 100:g}"), render.number("nodes")]
    rows = [
        [f"{hours[0].start:%a %H:%M}", *(cell for hour in hours for cell in (f"{hour.demand_p50:,.1f}", f"{hour.demand:,.1f}", hour.nodes))]
        for hours in zip(*(pool.hours for pool in plan.pools), strict=True)
    ]
    render.table("Nodes planned per hour against demand", columns, rows)
    for pool in plan.pools:
        render.say(f"  {pool.name}: {pool.offer.machine} ({pool.offer.gpus}x {pool.offer.gpu}), demand in {pool.unit.replace('_', ' ')}")
    render.say("")


def _show_resources(outcome: Outcome) -> None:
    kinds = sorted(_types(outcome).items(), key=lambda kind: (-kind[1], kind[0]))
    if kinds:
        rows = [(token.rpartition(":")[2], token.split(":")[0], count) for token, count in kinds]
        total = ("together", "", sum(count for _, count in kinds))
        render.table("Resources built by kind", ["kind", "cloud", render.number("count")], rows, total)


def _show_cost(cost: "Cost") -> None:
    show_parts("Dollars per month by part (on-demand list prices)", cost)
    for one in cost.unpriced:
        render.say(f"  not priced: {one.count} x {one.type}, {one.why}")
    aged = _old_items(cost)
    for item in aged:
        render.say(f"  old price: {item.name}, {item.basis}")
    if cost.unpriced or aged:
        render.say("")


def _old_items(cost: "Cost") -> "tuple[Item, ...]":
    """Return what is billed at a price so old that it has to be marked."""
    from lepton_infra.catalog import old

    today = dt.datetime.now(dt.UTC).date()
    return tuple(item for item in cost.items if old(item.as_of, today))


def _show_rules(rehearsal: "Rehearsal") -> None:
    rows, rest = rules_told(rehearsal.rules)
    if rows:
        render.table("Rules checked and broken", ["rule", render.number("resources"), render.number("broken")], rows)
    if rest:
        render.say(f"  and {rest} over the stack as a whole, none broken")
        render.say("")
    for violation in rehearsal.violations:
        render.say(f"  {violation.severity or violation.level}: {violation.policy}: {_name(violation.urn)}: {violation.message}")
    for violation in rehearsal.undecided:
        render.say(f"  {violation.message}")


def rules_told(rules: "Sequence[PolicyCheck]") -> tuple[list[tuple[str, int, int]], int]:
    """Return name, resources and findings of the rules to list, and how many others looked at the stack as a whole and found nothing."""
    told = [(rule.policy, rule.resources, rule.failed) for rule in rules if rule.resources or rule.failed]
    return told, len(rules) - len(told)


def _show_steps(outcome: Outcome) -> None:
    columns = ["step", render.number("seconds"), render.number("in the cloud"), "changes"]
    rows = [("plan check", f"{outcome.plan_seconds:.1f}", "", "up to date")]
    rows += [
        (step.name, f"{step.run.seconds:.1f}", f"{step.cloud_seconds:.1f}", _changes(step.run.changes)) for step in outcome.rehearsal.steps
    ]
    total = outcome.plan_seconds + sum(step.run.seconds for step in outcome.rehearsal.steps)
    render.table("Steps", columns, rows, ("together", f"{total:.1f}", "", ""))


def _show_end(rehearsal: "Rehearsal") -> None:
    for step in rehearsal.steps:
        _show_failures(step)
    for fault in rehearsal.faults:
        render.say(f"failed: {fault}")
    for held in rehearsal.orphans:
        render.say(f"left behind: {held.type} {held.id}")
    if rehearsal.state:
        render.say(f"state when everything was up: {rehearsal.state}")
    ended = any(step.name == "destroy" for step in rehearsal.steps)
    if ended and not rehearsal.orphans:
        render.say("left behind after destroy: nothing")
    render.say("rehearsal failed" if rehearsal.faults else "rehearsal passed")


def _show_failures(step: "Step") -> None:
    for failure in step.run.failures:
        render.say(f"{step.name}: {_name(failure.urn)}: {failure.message}" if failure.urn else f"{step.name}: {failure.message}")


def _types(outcome: Outcome) -> Mapping[str, int]:
    graph = outcome.rehearsal.graph
    return Counter(resource.type for resource in graph.built()) if graph else {}


def _changes(changes: Mapping[str, int]) -> str:
    known = [f"{changes[op]} {op}" for op in _QUIET_OPS if changes.get(op)]
    return ", ".join([*known, *(f"{count} {op}" for op, count in changes.items() if op not in _QUIET_OPS and count)])


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]
