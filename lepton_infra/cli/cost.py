"""`lepton cost`: what a stack would cost a month, and what a change adds."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lepton_infra.cli import source
from lepton_infra.cli.source import Source

if TYPE_CHECKING:
    from lepton_infra.catalog import Catalog


def cost(  # noqa: PLR0917 (typer makes an option of each)
    stack: source.StackName = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    against: Annotated[str, typer.Option(help="Show the difference: a graph file, or a git ref whose program is run too.")] = "",
    fail_above: Annotated[
        float | None,
        typer.Option(min=0, metavar="USD", help="Exit code 1 where a month as planned costs more, or adds more under --against."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit code 3 where a price is undecided or missing.")] = False,
    graph: source.GraphFile = None,
    state: source.StateFile = None,
    preview: source.PreviewFile = None,
    project: source.ProjectPath = Path(),
    seconds: source.Seconds = 300.0,
    answers: source.AnswersFile = None,
    debug: source.Debug = False,
) -> None:
    """Say what a stack would cost a month and what it would emit: at the fewest nodes, as planned, and at the most.

    Prices are list prices of the catalogue, each with its date and source. What has no price, is billed by use or is not decided yet is
    named and counted, never taken for nothing. A git ref stands for what its commit holds, run with the interpreter of this checkout.

    Example: lepton cost serve-aws --against main
    """
    asked = Source(stack, graph, state, preview, project, seconds, answers, debug)
    found, catalog = source.load(asked, _prices)
    from lepton_infra.cli import costpage, render
    from lepton_infra.cli.against import load_against
    from lepton_infra.cost import Billed, bill, compare

    now = Billed(found, bill(found, catalog))
    difference = None
    if against:
        other = load_against(asked, against)
        difference = compare(Billed(other, bill(other, catalog)), now)
    if as_json:
        render.document(costpage.as_document(now, difference, against))
    else:
        costpage.show(now, difference, against)
    if code := costpage.exit_code(now, difference, fail_above, strict=strict):
        raise typer.Exit(code)


def _prices() -> "Catalog":
    """Load the catalogue, and all else that pricing needs."""
    from lepton_infra.catalog import load_catalog
    from lepton_infra.cli import costpage

    del costpage
    return load_catalog()
