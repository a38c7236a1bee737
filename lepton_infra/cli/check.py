"""`lepton check`: the installed rules over a graph."""

import datetime as dt
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lepton_infra.cli import source
from lepton_infra.cli.source import Source
from lepton_infra.errors import BadInput

if TYPE_CHECKING:
    from lepton_infra.rules.card import Card, Severity


def check(  # noqa: PLR0917 (typer makes an option of each)
    stack: source.StackName = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit code 3 where a rule cannot tell yet.")] = False,
    severity: Annotated[str, typer.Option(help="Least severity that counts for the exit code: critical, high, medium or low.")] = "low",
    graph: source.GraphFile = None,
    state: source.StateFile = None,
    preview: source.PreviewFile = None,
    project: source.ProjectPath = Path(),
    seconds: source.Seconds = 300.0,
    answers: source.AnswersFile = None,
    debug: source.Debug = False,
) -> None:
    """Judge what a stack would build by the rules of the installed packs, without engine, account or network.

    Exit code 1 where a rule is broken, 3 under --strict where one cannot tell before the stack is up.

    Example: lepton check serve-aws --severity high
    """
    asked = Source(stack, graph, state, preview, project, seconds, answers, debug)
    found, (cards, least) = source.load(asked, lambda: _rules(severity, read_catalog=bool(stack)))
    # Loaded by now, while the program ran.
    from lepton_infra.cli import checkpage, render
    from lepton_infra.rules.outside import Outside
    from lepton_infra.rules.runner import judge

    today = dt.datetime.now(dt.UTC).date()
    outside = Outside(source.pricing(found), wanted=source.wanted(asked))
    judged = judge(found, cards, source.exemptions(asked), today, outside=outside)
    if as_json:
        render.document(checkpage.as_document(judged, found))
    else:
        checkpage.show(judged, found, cards)
    for line in checkpage.notes(judged, today):
        render.note(line)
    if code := checkpage.exit_code(judged, least, strict=strict):
        raise typer.Exit(code)


def _rules(severity: str, *, read_catalog: bool) -> "tuple[tuple[Card, ...], Severity]":
    """Load the rules, and all else that judging needs; what machines hold only where there is time for it, as few graphs ask."""
    from lepton_infra.cli import checkpage
    from lepton_infra.config import exemptions
    from lepton_infra.rules import runner
    from lepton_infra.rules.packs import installed_cards

    del exemptions, runner
    least, cards = checkpage.severity_of(severity), installed_cards()
    if read_catalog:
        from lepton_infra.catalog import load_catalog

        with suppress(BadInput):  # the rule that asks for it says so
            load_catalog()
    return cards, least
