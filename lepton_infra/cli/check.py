"""`lepton check`: the installed rules over a graph."""

from pathlib import Path
from typing import Annotated

import typer

from lepton_infra.cli.source import AnswersFile, Debug, GraphFile, PreviewFile, ProjectPath, Seconds, Source, StackName, StateFile, load


def check(  # noqa: PLR0917 (typer makes an option of each)
    stack: StackName = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit code 3 where a rule cannot tell yet.")] = False,
    severity: Annotated[str, typer.Option(help="Least severity that counts for the exit code: critical, high, medium or low.")] = "low",
    graph: GraphFile = None,
    state: StateFile = None,
    preview: PreviewFile = None,
    project: ProjectPath = Path(),
    seconds: Seconds = 300.0,
    answers: AnswersFile = None,
    debug: Debug = False,
) -> None:
    """Judge what a stack would build by the rules of the installed packs, without engine, account or network.

    Exit code 1 where a rule is broken, 3 under --strict where one cannot tell before the stack is up.

    Example: lepton check serve-aws --severity high
    """
    from lepton_infra.cli import checkpage, render
    from lepton_infra.cli.judged import judge
    from lepton_infra.rules.packs import installed_cards

    least = checkpage.severity_of(severity)
    found = load(Source(stack, graph, state, preview, project, seconds, answers, debug))
    judged = judge(found, installed_cards())
    if as_json:
        render.document(checkpage.as_document(judged, found))
    else:
        checkpage.show(judged, found)
    for error in judged.errors:
        render.note(f"broken rule: {error.rule} on {error.urn}: {error.message}")
    code = checkpage.exit_code(judged, least, strict=strict)
    if code:
        raise typer.Exit(code)
