"""`lepton graph`: what a stack would build, without engine, account or network."""

from pathlib import Path
from typing import Annotated

import typer

from lepton_infra.cli.source import AnswersFile, Debug, GraphFile, PreviewFile, ProjectPath, Seconds, Source, StackName, StateFile, load


def graph(  # noqa: PLR0917 (typer makes an option of each)
    stack: StackName = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the graph as one JSON document.")] = False,
    graph: GraphFile = None,
    state: StateFile = None,
    preview: PreviewFile = None,
    project: ProjectPath = Path(),
    seconds: Seconds = 300.0,
    answers: AnswersFile = None,
    debug: Debug = False,
) -> None:
    """Show what a stack would build: components, and under each its resources by type.

    The program runs on this machine against a monitor of our own. What only a cloud can know stays unknown; data sources are answered
    with pretend data where there are any.

    Example: lepton graph serve-aws --json > graph.json
    """
    from lepton_infra.cli import graphpage, render
    from lepton_infra.graph import as_document

    found = load(Source(stack, graph, state, preview, project, seconds, answers, debug))
    if as_json:
        render.document(as_document(found))
    else:
        graphpage.show(found)
