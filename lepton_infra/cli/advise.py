"""`lepton advise`: what ran against what was planned and needed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lepton_infra.sizing.advise.model import Advice, Money, Report


def advise(
    stack: Annotated[str, typer.Argument(help="Name of the stack, as in Pulumi.<stack>.yaml.")],
    usage: Annotated[list[str], typer.Option("--usage", help="Usage file, once for each, or nodes=FILE: docs/usage-records.md.")],
    tag: Annotated[str, typer.Option(help="Tag that says the pool in a bill.")] = "pool",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    project: Annotated[Path, typer.Option(help="Directory of the Pulumi project, or one below it.")] = Path(),
) -> None:
    """Compare usage records with the plan: what to release, resize, commit, move, raise or plan again, in dollars, with the evidence.

    Example: lepton advise serve-aws --usage stacks/usage/serve-aws.csv
    """
    from lepton_infra.catalog import load_catalog
    from lepton_infra.cli import render
    from lepton_infra.config import find_project, load_stack
    from lepton_infra.errors import StalePlan
    from lepton_infra.sizing.advise.advise import advise as judge
    from lepton_infra.sizing.advise.read import read_usage, source
    from lepton_infra.sizing.advise.usage import usages
    from lepton_infra.sizing.lock import check_plan, load_plan

    stack_file = load_stack(find_project(project), stack)
    plan = load_plan(stack_file.project.plan_path(stack))
    catalog = load_catalog()
    with render.progress() as report:
        ledger, remarks = read_usage([source(one) for one in usage], [pool.name for pool in stack_file.stack.pools], tag, report)
        found = judge(stack_file, plan, usages(ledger), catalog, report)
    try:
        check_plan(plan, stack_file, catalog)
    except StalePlan as error:
        render.note(f"note: the plan is stale, and was taken as it is: {error.faults[0]}")
    if as_json:
        for remark in remarks:
            render.note(remark)
        render.document(_document(found, remarks))
        return
    for remark in remarks:
        render.note(remark)
    _show(found)


def _document(found: "Report", remarks: tuple[str, ...]) -> dict[str, object]:
    from dataclasses import asdict

    advice = [
        {**asdict(one), "usd_per_month": _cents(one.usd_per_month), "claims": sorted(f"{pool}: {what}" for pool, what in one.claims)}
        for one in found.advice
    ]
    sums = {
        "saved_usd_per_month": round(found.saved_usd_per_month, 2),
        "raised_usd_per_month": round(found.raised_usd_per_month, 2),
    }
    return {"format": "lepton.advice/1", **asdict(found), **sums, "advice": advice, "notes": [*found.notes, *remarks]}


def _cents(usd: "Money | None") -> dict[str, float] | None:
    return {"expected": round(usd.expected, 2), "p10": round(usd.p10, 2), "p90": round(usd.p90, 2)} if usd else None


def _show(found: "Report") -> None:
    from lepton_infra.cli import render

    rows = [
        (
            one.pool,
            f"{one.hours:,}",
            f"{one.node_hours:,.0f}",
            "?" if one.needed_node_hours is None else f"{one.needed_node_hours:,.0f}",
            "?" if one.utilisation is None else f"{one.utilisation:.0%}",
            "?" if one.short is None else f"{one.short:.1%}",
            f"{one.usd_per_month:,.0f}",
        )
        for one in found.pools
    ]
    numbers = ("hours", "node-hours", "needed", "used", "short", "$ a month")
    render.table(f"{found.stack}: {found.first} to {found.end}", [render.Column("pool"), *map(render.number, numbers)], rows)
    for one in found.advice:
        _tell(one, counted=one.id in found.counted)
    if not found.advice:
        render.say("Nothing to advise on these records.")
    else:
        render.say(f"Together: {found.saved_usd_per_month:,.0f} $ a month saved by what is marked with *, no node-hour counted twice.")
    if found.raised_usd_per_month:
        render.say(f"Mending what was short costs {found.raised_usd_per_month:,.0f} $ a month.")
    for note in found.notes:
        render.note(f"note: {note}")


def _tell(one: "Advice", *, counted: bool) -> None:
    from lepton_infra.cli import render

    usd = one.usd_per_month
    amount = f"{usd.expected:+,.0f} $ a month (80% interval {usd.p10:+,.0f} to {usd.p90:+,.0f})" if usd else "no dollars of its own"
    render.say(f"{'*' if counted else ' '} {one.kind.value:<8}{one.what}")
    render.say(f"    {amount}, {one.confidence.value} confidence")
    if one.instead:
        render.say(f"    not counted: {', '.join(one.instead)} disposes of the same node-hours")
    for sentence in one.evidence:
        render.say(f"    {sentence}")
    for change in one.changes:
        render.say(f"    change {change.key}: {change.now} -> {change.to}")
    render.say("")
