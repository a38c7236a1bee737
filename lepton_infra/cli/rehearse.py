"""`lepton rehearse`: the real engine on a pretend cloud."""

import time
from pathlib import Path
from typing import Annotated

import typer


def rehearse(
    stack: Annotated[str, typer.Argument(help="Name of the stack, as in Pulumi.<stack>.yaml.")],
    keep: Annotated[bool, typer.Option("--keep", help="Stop before destroy; state and pretend cloud stay in .lepton/.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    policy_pack: Annotated[
        list[Path] | None, typer.Option(help="Directory of a policy pack; may be repeated. [default: policies/ of the project]")
    ] = None,
    project: Annotated[Path, typer.Option(help="Directory of the Pulumi project, or one below it.")] = Path(),
) -> None:
    """Take the stack up, change nothing, refresh and take it down, on this machine and without an account.

    The real engine runs the unmodified program against a pretend cloud, judged by the policy packs; then the pretend cloud is searched
    for what was left behind. Exit code 1 where it did not get there.

    Example: lepton rehearse serve-aws
    """
    from lepton_infra.catalog import load_catalog
    from lepton_infra.cli import render, reports
    from lepton_infra.config import find_project, load_stack
    from lepton_infra.cost import bill
    from lepton_infra.engine import ensure
    from lepton_infra.rehearsal.place import place
    from lepton_infra.rehearsal.rehearse import Stage
    from lepton_infra.rehearsal.rehearse import rehearse as run
    from lepton_infra.sizing.lock import fresh_plan

    start = time.perf_counter()
    stack_file = load_stack(find_project(project), stack)
    plan = fresh_plan(stack_file)
    checked = time.perf_counter() - start
    root = stack_file.project.root
    packs = policy_pack if policy_pack is not None else [pack for pack in [root / "policies"] if (pack / "PulumiPolicy.yaml").is_file()]
    with render.progress() as report, place(stack_file) as where:
        rehearsal = run(Stage(ensure(report), root, stack, where, packs=packs), report, keep=keep)
    cost = bill(rehearsal.graph, load_catalog()) if rehearsal.graph else None
    outcome = reports.Outcome(rehearsal, plan, cost, checked)
    if as_json:
        render.document(reports.as_document(outcome))
    else:
        reports.show(outcome)
    if rehearsal.faults:
        raise typer.Exit(1)
