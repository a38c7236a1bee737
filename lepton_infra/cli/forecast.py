"""`lepton forecast`: quantiles of what is to come for one series or a thousand."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lepton_infra.errors import BadInput, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lepton_infra.sizing.many import Answer, Ask, Forecast, Source

_SHOWN = 40


def forecast(
    paths: Annotated[list[Path], typer.Argument(help="Demand files, or folders of them; each column of a file is a series of its own.")],
    *,
    hours: Annotated[int, typer.Option(help="Hours ahead, by the hour.")] = 24,
    lead_minutes: Annotated[float | None, typer.Option(help="Forecast the window too in which a node ordered now first serves.")] = None,
    capacity: Annotated[float | None, typer.Option(help="Demand that a node serves, in the unit of the series; adds the nodes.")] = None,
    quantile: Annotated[
        float, typer.Option(help="Quantile that nodes serve and forecasters are chosen by: 0.5, 0.9, 0.95 or 0.99.")
    ] = 0.95,
    forecaster: Annotated[str, typer.Option(help="auto, auto+statsforecast, or the name of one.")] = "auto",
    unit: Annotated[str, typer.Option(help="Unit of every series where files do not say it, such as rps, gpus or output_tps.")] = "",
    start: Annotated[str, typer.Option(help="Time of the first row where files count seconds from it.")] = "",
    workers: Annotated[int | None, typer.Option(help="Processes on this machine; as many as it has cores where nothing is said.")] = None,
    on: Annotated[str, typer.Option(help="Where to forecast: dask, ray, or either with the address of a cluster.")] = "",
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out series that cannot be forecast; the rest is written.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write every step of every series to this .csv or .parquet.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Forecast many series: median and upper quantiles of every hour ahead, on all cores.

    Nothing is printed or written where a series is bad, unless --skip-bad; every fault of every series is named.

    Example: lepton forecast stacks/demand --lead-minutes 15 --capacity 12.6
    """
    from lepton_infra.cli import forecastfile, render
    from lepton_infra.cli.demand import said
    from lepton_infra.sizing.many import Ask, check, sources

    ask = Ask(hours, lead_minutes, quantile, capacity, forecaster)
    check(ask)
    if workers is not None and not 1 <= workers <= forecastfile.MOST_WORKERS:
        raise BadInput(Fault("--workers", f"is {workers}", f"a number from 1 to {forecastfile.MOST_WORKERS}"))
    if out:
        forecastfile.check(out)
    about = said(paths[0], unit, start, [])
    found = sources(paths, about.unit, about.start)
    total = sum(source.width for source in found)
    with render.progress() as report:
        answers: list[Answer] = []
        report(f"forecasting {total:,} series")
        for answer in _answers(found, ask, on, workers):
            answers.append(answer)
            report(f"forecasting {total:,} series: {len(answers):,} done")
    good = _good(answers, skip_bad)
    if out:
        forecastfile.write(out, good)
        render.note(f"{out}: written")
    if as_json:
        render.document(forecastfile.document(ask, answers))
        return
    _show(good, ask)


def _answers(found: "Sequence[Source]", ask: "Ask", on: str, workers: int | None) -> "Iterator[Answer]":
    from lepton_infra.sizing.many import jobs
    from lepton_infra.sizing.workers import cores, on_cores

    todo = jobs(found)
    if on:
        from lepton_infra.sizing.cluster import on_cluster, place_of

        return on_cluster(todo, ask, place_of(on), workers or cores())
    return on_cores(todo, ask, workers or cores())


def _good(answers: "Sequence[Answer]", skip_bad: bool) -> "list[Answer]":
    """Return the series that were forecast.

    Raises:
        BadInput: some could not be, and were not to be left out; or none could be.
    """
    from lepton_infra.cli import render

    faults = [fault for answer in answers for fault in answer.faults]
    good = [answer for answer in answers if answer.forecast]
    if faults and (not skip_bad or not good):
        raise BadInput(faults)
    for fault in faults:
        render.note(f"left out: {fault}")
    return good


def _show(good: "Sequence[Answer]", ask: "Ask") -> None:
    from lepton_infra.cli import render

    level = f"p{ask.quantile * 100:g}"
    columns = [render.Column("series"), *map(render.number, ("days", "p50", level, "peak")), render.Column("UTC")]
    columns += [render.number("at lead")] if ask.lead_minutes is not None else []
    columns += [render.number("nodes")] if ask.capacity else []
    columns += [render.Column("unit")]
    rows = [_row(answer.name, answer.forecast, ask) for answer in good[:_SHOWN] if answer.forecast]
    shown = f", the first {_SHOWN} of them" if len(good) > _SHOWN else ""
    render.table(f"{len(good):,} series over the next {ask.hours} hours{shown}", columns, rows)
    render.say(f"p50, {level}: means over the hours; peak: the highest {level}, and when. Nodes: the most that {level} needs.")
    if len(good) > _SHOWN:
        render.say("All of them: --out FILE.csv, or --json.")
    if any(answer.forecast and not answer.forecast.trusted for answer in good):
        render.say("* too few days to tell a pattern from chance: bounds are widened.")


def _row(name: str, one: "Forecast", ask: "Ask") -> list[object]:
    from lepton_infra.sizing.many import QUANTILES
    from lepton_infra.sizing.units import UNIT_NAMES

    place = QUANTILES.index(ask.quantile)
    upper = [step.demand[place] for step in one.hours]
    peak = one.hours[upper.index(max(upper))]
    mean = sum(step.demand[0] for step in one.hours) / len(upper)
    row: list[object] = [name, f"{one.days:.1f}{'' if one.trusted else ' *'}", _figure(mean), _figure(sum(upper) / len(upper))]
    row += [_figure(max(upper)), f"{peak.start:%a %H:%M}"]
    row += [_figure(one.lead.demand[place])] if one.lead else []
    row += [max(step.nodes or 0 for step in (*one.hours, *((one.lead,) if one.lead else ())))] if ask.capacity else []
    return [*row, UNIT_NAMES[one.unit]]


def _figure(value: float) -> str:
    return f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"  # noqa: PLR2004 (below it four digits say more)
