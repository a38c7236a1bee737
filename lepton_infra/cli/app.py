"""The `lepton` command: its verbs, and what becomes of an error."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from lepton_infra import __version__
from lepton_infra.cli import (
    advise,
    backtest,
    catalog,
    check,
    cost,
    demand,
    draw,
    engine,
    forecast,
    graph,
    plan,
    rehearse,
    review,
    rules,
    schema,
    throughput,
)
from lepton_infra.errors import LeptonError

app = typer.Typer(
    name="lepton",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="From predicted demand to secure, right-sized GPU infrastructure: plan, rehearse, then `pulumi up`.",
    epilog="Exit codes: 0 fine, 1 the answer is no, 2 bad input or usage, 3 undecided under --strict.",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Hold the options that come before a verb."""


for verb in (
    demand.demand,
    forecast.forecast,
    throughput.throughput,
    plan.plan,
    backtest.backtest,
    advise.advise,
    graph.graph,
    draw.draw,
    check.check,
    cost.cost,
    review.review,
    rehearse.rehearse,
    rules.rules,
    schema.schema,
):
    app.command()(verb)
app.add_typer(catalog.app, name="catalog")
app.add_typer(engine.app, name="engine")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    try:
        app(list(arguments) if arguments is not None else None)
    except LeptonError as error:
        # A verb that runs a program starts it before anything here prints.
        from lepton_infra.cli import render

        render.fault(error)
        sys.exit(error.exit_code)
