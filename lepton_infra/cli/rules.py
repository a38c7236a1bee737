"""`lepton rules`: what the installed rule packs forbid, and why."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lepton_infra.rules.card import Card


def rules(
    rule: Annotated[str, typer.Argument(help="A rule's id: print its page instead of the list.")] = "",
    framework: Annotated[str, typer.Option(help="Say control by control what the rules check of a framework: cis-eks-1.8.")] = "",
    frameworks: Annotated[bool, typer.Option("--frameworks", help="List the frameworks, with how much the rules check of each.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """List the rules of the installed packs, worst first, or print the page of one: why, fix, and examples.

    Example: lepton rules aws-eks-endpoint-open

    Example: lepton rules --framework cis-eks-1.8
    """
    from lepton_infra.cli import render
    from lepton_infra.errors import BadInput, Fault
    from lepton_infra.rules.packs import installed_cards, list_rules, named
    from lepton_infra.rules.page import page

    if sum(map(bool, (rule, framework, frameworks))) > 1:
        raise BadInput(
            Fault("rules", "gets more than one of a rule, --framework and --frameworks", "one of the three", "Ask for one at a time")
        )
    cards = installed_cards()
    if framework or frameworks:
        _tell(cards, framework, as_json)
        return
    chosen = (named(cards, rule),) if rule else cards
    rows = list_rules(chosen)
    if as_json:
        render.document([row._asdict() for row in rows])
    elif rule:
        render.say(page(chosen[0]))
    else:
        render.table(f"{len(rows)} rules", ["rule", "severity", "what must hold"], [(row.id, row.severity, row.title) for row in rows])


def _tell(cards: "tuple[Card, ...]", name: str, as_json: bool) -> None:
    """Print one framework control by control, or all of them with their counts."""
    from lepton_infra.cli import render
    from lepton_infra.rules.framework import Coverage, installed_frameworks, named_framework

    known = installed_frameworks(cards)
    if not name:
        if as_json:
            about = (
                {"id": one.id, "title": one.title, "version": one.version, "source": one.source, "counts": one.counts()} for one in known
            )
            render.document(list(about))
            return
        words = list(known[0].counts()) if known else []
        rows = [(one.id, len(one.listed()), *one.counts().values(), f"{one.title} {one.version}") for one in known]
        render.table(f"{len(rows)} frameworks", ["framework", *map(render.number, ("controls", *words)), "what it is"], rows)
        return
    chosen = named_framework(known, name)
    if as_json:
        controls = [control.model_dump(mode="json") for control in chosen.listed()]
        about = {"id": chosen.id, "title": chosen.title, "version": chosen.version, "source": chosen.source}
        render.document({**about, "counts": chosen.counts(), "controls": controls})
        return
    counted = ", ".join(f"{count} {word}" for word, count in chosen.counts().items())
    told = [control for control in chosen.listed() if control.coverage is not Coverage.NOT_IN_CODE]
    rows = [(control.id, control.coverage.value, control.title, "\n".join(control.rules)) for control in told]
    render.table(f"{chosen.title} {chosen.version}: {counted}", ["control", "coverage", "about", "rules"], rows)
    for entry in chosen.controls:
        if entry.coverage is Coverage.NOT_IN_CODE:
            render.say(f"not in code: {', '.join(entry.id)} ({entry.title})")
