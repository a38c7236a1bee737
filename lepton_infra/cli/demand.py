"""`lepton demand`: what a series looks like before anything is planned from it."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lepton_infra.errors import BadInput, Fault

if TYPE_CHECKING:
    from lepton_infra.config import Demand
    from lepton_infra.sizing.describe import Description
    from lepton_infra.sizing.record import Record

_DAYS = 14
_HEIGHT = 6
_NARROWEST = 20
_TENANTS = 20


def demand(
    file: Annotated[Path, typer.Argument(help="CSV, Parquet, request trace or Prometheus range-query JSON.")],
    unit: Annotated[str, typer.Option(help="Unit where the file does not say it, such as rps, gpus or output_tps.")] = "",
    start: Annotated[str, typer.Option(help="Time of the first row where the file counts seconds from it.")] = "",
    columns: Annotated[list[str] | None, typer.Option("--columns", help="Column of demand; once for each that is summed.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    html: Annotated[Path | None, typer.Option(help="Write a page that needs no network to this file.")] = None,
) -> None:
    """Describe a demand series: span, cycles, gaps, peaks, days, bursts and tenants.

    Example: lepton demand stacks/demand/servegen_m_large_10min.csv --start 2026-01-05
    """
    from lepton_infra.cli import render
    from lepton_infra.sizing.describe import as_document, describe
    from lepton_infra.sizing.record import COMMAND_LINE
    from lepton_infra.sizing.source import read_record
    from lepton_infra.sizing.table import printable

    record = read_record(file, said(file, unit, start, columns or []), COMMAND_LINE)
    found = describe(record)
    if html:
        _write(html, file.name, found, record)
    if as_json:
        render.document({"format": "lepton.demand/1", "file": printable(file.name), **as_document(found)})
        return
    _show(file.name, found, record)


def said(file: Path, unit: str, start: str, columns: list[str]) -> "Demand":
    """Return what the options say of the file, as a stack file would."""
    from lepton_infra.config import Demand
    from lepton_infra.sizing.units import known_units, unit_of

    faults: list[Fault] = []
    known = unit_of(unit)
    if unit and not known:
        faults.append(Fault("--unit", f"is {unit!r}", known_units()))
    first: dt.datetime | None = None
    try:
        first = dt.datetime.fromisoformat(start) if start else None
    except ValueError:
        faults.append(Fault("--start", f"is {start!r}", "a time like 2026-01-05T00:00:00Z"))
    if faults:
        raise BadInput(faults)
    return Demand(file=file.name or "demand", unit=known, start=first, columns=tuple(columns))


def _write(path: Path, name: str, found: "Description", record: "Record") -> None:
    from lepton_infra.cli import render
    from lepton_infra.cli.demandpage import page
    from lepton_infra.config.files import write_aside

    try:
        write_aside(path, page(name, found, record.series.values.tolist()))
    except OSError as error:
        raise BadInput(
            Fault("--html", f"is '{path}', which cannot be written ({error.strerror})", "a file in a directory of yours")
        ) from None
    render.note(f"{path.name}: written")


def _show(name: str, found: "Description", record: "Record") -> None:
    from lepton_infra.cli import render
    from lepton_infra.cli.chart import KNOWN, PARTLY, bins, block_chart
    from lepton_infra.cli.demandwords import facts, figure
    from lepton_infra.sizing.table import printable
    from lepton_infra.sizing.units import UNIT_NAMES

    render.say(f"{printable(name)}: {found.form}, {UNIT_NAMES[found.unit]}")
    label = f"{figure(found.peak)} "
    drawn = bins(record.series.values.tolist(), max(render.width() - len(label), _NARROWEST))
    for place, line in enumerate(block_chart(drawn, _HEIGHT)):
        render.say(f"{label if not place else ' ' * len(label)}{line}")
    if found.gaps.steps:
        render.say(f"{' ' * len(label)}{KNOWN} recorded, {PARTLY} in part, blank: gap")
    for word, text in facts(found):
        render.say(f"  {word}: {text}")
    render.say("")
    _show_tables(found)


def _show_tables(found: "Description") -> None:
    from lepton_infra.cli import render
    from lepton_infra.cli.demandwords import figure

    top = max((day.mean or 0.0) for day in found.days) or 1.0
    rows = [
        (f"{day.date:%a %Y-%m-%d}", figure(day.mean), figure(day.peak), f"{day.recorded:.0%}", "█" * round((day.mean or 0) / top * 24))
        for day in found.days[-_DAYS:]
    ]
    columns = [render.Column("UTC"), *map(render.number, ("mean", "peak", "recorded")), render.Column("")]
    render.table(f"Day by day, the last {len(rows)} of {len(found.days)}" if len(found.days) > len(rows) else "Day by day", columns, rows)
    if found.tenants:
        tenants = sorted(found.tenants, key=lambda tenant: -tenant.mean)
        whole = sum(tenant.mean for tenant in tenants) or 1.0
        cells = [(one.name, figure(one.mean), f"{one.mean / whole:.1%}", figure(one.peak), one.gaps) for one in tenants[:_TENANTS]]
        title = f"Tenants, the largest {_TENANTS} of {len(tenants)}" if len(tenants) > _TENANTS else "Tenants"
        render.table(title, [render.Column("tenant"), *map(render.number, ("mean", "share", "peak", "gaps"))], cells)
