"""`lepton rules`: what the installed rule packs forbid, and why."""

from typing import Annotated

import typer


def rules(
    rule: Annotated[str, typer.Argument(help="A rule's id: print its page instead of the list.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """List the rules of the installed packs, worst first, or print the page of one: why, fix, and examples.

    Example: lepton rules aws-eks-endpoint-open
    """
    from lepton_infra.cli import render
    from lepton_infra.rules.packs import installed_cards, list_rules, named
    from lepton_infra.rules.page import page

    cards = installed_cards()
    chosen = (named(cards, rule),) if rule else cards
    rows = list_rules(chosen)
    if as_json:
        render.document([row._asdict() for row in rows])
    elif rule:
        render.say(page(chosen[0]))
    else:
        render.table(f"{len(rows)} rules", ["rule", "severity", "what must hold"], [(row.id, row.severity, row.title) for row in rows])
