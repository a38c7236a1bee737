"""`lepton review`: what a change means, for a pull request."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lepton_infra.cli import source
from lepton_infra.cli.source import Source

if TYPE_CHECKING:
    from lepton_infra.review import Review


def review(  # noqa: PLR0917 (typer makes an option of each)
    stack: source.StackName = "",
    against: Annotated[str, typer.Option(help="Branch, tag or commit, or a file that `lepton graph --json` wrote.")] = "main",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of Markdown.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write the Markdown to this file.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write one HTML page that needs nothing else.")] = None,
    sarif: Annotated[Path | None, typer.Option(help="Write SARIF 2.1.0 for code scanning.")] = None,
    junit: Annotated[Path | None, typer.Option(help="Write a JUnit report.")] = None,
    github: Annotated[bool, typer.Option("--github", help="Print annotations, and add the Markdown to $GITHUB_STEP_SUMMARY.")] = False,
    graph: source.GraphFile = None,
    state: source.StateFile = None,
    preview: source.PreviewFile = None,
    project: source.ProjectPath = Path(),
    seconds: source.Seconds = 300.0,
    answers: source.AnswersFile = None,
    debug: source.Debug = False,
) -> None:
    """Say what a change means: what is created, replaced and deleted, what it costs, which rules it breaks. No account is needed.

    Markdown for the pull request goes to stdout. Exit code 1 where a rule of severity critical or high is newly broken.

    Example: lepton review serve-aws --against main --html review.html
    """
    from lepton_infra.cli import reviewing

    asked = Source(stack, graph, state, preview, project, seconds, answers, debug)
    found = reviewing.reviewed(asked, against)
    from lepton_infra.review import as_markdown

    markdown = as_markdown(found, reviewing.links() if github else "")
    reviewing.write_files(found, {"--out": out, "--html": html, "--sarif": sarif, "--junit": junit}, markdown)
    _say(found, markdown, as_json=as_json, github=github, quiet=out is not None)
    if found.blocking:
        raise typer.Exit(1)


def _say(found: "Review", markdown: str, *, as_json: bool, github: bool, quiet: bool) -> None:
    from lepton_infra.cli import render, reviewing
    from lepton_infra.review import as_annotations, as_record

    if github:
        reviewing.add_summary(markdown)
    if as_json:
        render.document(as_record(found))
    elif github:
        typer.echo(as_annotations(found), nl=False)
    elif not quiet:
        typer.echo(markdown, nl=False)
