"""`lepton backtest`: our planner beside its rivals on a recorded series."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lepton_infra.sizing.backtest import Backtest, Question


def backtest(
    series: Annotated[Path, typer.Argument(help="CSV with a column of time and one of value; an empty value or a missing row is a gap.")],
    *,
    capacity: Annotated[float, typer.Option(help="Demand that a node serves, in the unit of the series.")],
    lead_minutes: Annotated[float, typer.Option(help="Minutes from ordering a node until it serves.")] = 10,
    test_days: Annotated[int, typer.Option(help="Last days, on which policies are judged; levels are fixed from those before.")] = 4,
    violations: Annotated[float, typer.Option(help="Share of windows in which demand may exceed the nodes.")] = 0.02,
    preempt_per_hour: Annotated[float, typer.Option(help="Chance that a serving node is taken away within an hour.")] = 0,
    stock_out: Annotated[float, typer.Option(help="Chance that an order is refused, to be asked again a window later.")] = 0,
    lead_jitter: Annotated[float, typer.Option(help="Mean delay of an order beyond the lead time, as a share of it.")] = 0,
    seed: Annotated[int, typer.Option(help="Of what goes wrong: the same seed, the same trouble.")] = 0,
    html: Annotated[Path | None, typer.Option(help="Write a page with the frontier, node-hours against violated windows.")] = None,
    png: Annotated[Path | None, typer.Option(help="Write the frontier as a picture; needs the extra 'plot'.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Replay a series: what our planner and every rival would have run, paid for and missed, without hindsight.

    Example: lepton backtest stacks/demand/servegen_m_large_10min.csv --capacity 10 --lead-minutes 20
    """
    from lepton_infra.cli import frontier, picture, render
    from lepton_infra.sizing.backtest import Question, check
    from lepton_infra.sizing.backtest import backtest as judge
    from lepton_infra.sizing.simulator import Trouble
    from lepton_infra.sizing.source import read_series

    question = Question(capacity, lead_minutes, test_days, violations, Trouble(preempt_per_hour, stock_out, lead_jitter, seed))
    check(question)
    if png:
        picture.check()
    demand = read_series(series)
    with render.progress() as report:
        found = judge(demand, question, report)
    if html:
        frontier.write(html, frontier.page(series.name, question, found))
        render.note(f"{html}: written")
    if png:
        frontier.write(png, picture.picture(series.name, question, found))
        render.note(f"{png}: written")
    if as_json:
        render.document(_document(series.name, question, found))
    else:
        _show(series.name, question, found)


def _document(name: str, question: "Question", found: "Backtest") -> dict[str, object]:
    from dataclasses import asdict

    about = {
        "file": name,
        "step_seconds": found.step_seconds,
        "windows_judged": found.windows,
        "gaps": found.gaps,
        "oracle_node_hours": round(found.oracle_node_hours, 2),
    }
    return {"series": about, "question": asdict(question), "policies": [asdict(row) for row in found.rows]}


def _show(name: str, question: "Question", found: "Backtest") -> None:
    from lepton_infra.cli import render

    rows = [
        (
            row.policy,
            f"{row.node_hours_over_oracle:.3f}",
            f"{row.violated_share:.2%}",
            "over" if row.violated_share > question.violations else "",
            "" if row.coverage_95 is None else f"{row.coverage_95:.1%}",
            f"{row.unserved_share:.2%}",
            row.level,
        )
        for row in found.rows
    ]
    numbers = ("x oracle", "short", "", "in p95", "unserved")
    columns = [render.Column("policy"), *map(render.number, numbers), render.Column("level")]
    gaps = f", {found.gaps} gaps not judged" if found.gaps else ""
    judged = f"{found.windows} windows of the last {question.test_days} days{gaps}"
    render.table(f"{name}: {judged}, {question.capacity:g} a node, {question.lead_minutes:g} minutes of lead time", columns, rows)
    render.say(
        f"short: share of windows in which demand exceeds the nodes, {question.violations:.3g} allowed. Levels were fixed before the test."
    )
    render.say(f"lepton forecasts with {found.rows[0].forecaster} and moves its level after each window that is short or is not.")
    render.say(f"Perfect knowledge would have run {found.oracle_node_hours:,.0f} node-hours.")
