"""`lepton graph`: what a stack would build, without engine, account or network."""

from pathlib import Path
from typing import Annotated

import typer

from lepton_infra.cli import source
from lepton_infra.cli.source import Source


def graph(  # noqa: PLR0917 (typer makes an option of each)
    stack: source.StackName = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the graph as one JSON document.")] = False,
    graph: source.GraphFile = None,
    state: source.StateFile = None,
    preview: source.PreviewFile = None,
    project: source.ProjectPath = Path(),
    seconds: source.Seconds = 300.0,
    answers: source.AnswersFile = None,
    debug: source.Debug = False,
) -> None:
    """Show what a stack would build: components, and under each its resources by type.

    The program runs on this machine against a monitor of our own. What only a cloud can know stays unknown; data sources are answered
    with pretend data where there are any.

    Example: lepton graph serve-aws --json > graph.json
    """
    from lepton_infra.cli import graphpage, render
    from lepton_infra.graph import as_document

    found, _ = source.load(Source(stack, graph, state, preview, project, seconds, answers, debug), lambda: None)
    if as_json:
        render.document(as_document(found))
    else:
        graphpage.show(found)
