"""What `lepton forecast` writes: a row for each step of each series as CSV or Parquet, or all as one document."""

import csv
import io
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, cast

from lepton_infra.config.files import write_aside
from lepton_infra.errors import BadInput, Fault
from lepton_infra.sizing.many import QUANTILES, Answer, Ask, Step

MOST_WORKERS: Final = 256
"""Processes that one machine is asked for at most."""
_LEVELS: Final = tuple(f"p{quantile * 100:g}" for quantile in QUANTILES)
_COLUMNS: Final = ("series", "unit", "ahead", "start", *_LEVELS, "nodes")


def check(out: Path) -> None:
    """Hold the file to what can be written, before anything is forecast.

    Raises:
        BadInput: its ending is another, it is a folder, or pyarrow is not installed.
    """
    ending = out.suffix.casefold()
    if ending not in {".csv", ".parquet"} or out.is_dir():
        raise BadInput(Fault("--out", f"is '{out}'", "a file ending in .csv or .parquet"))
    if ending == ".parquet" and find_spec("pyarrow") is None:
        remedy = "Install it with `uv add 'lepton-infra[parquet]'`"
        raise BadInput(Fault("--out", f"is '{out}', but pyarrow is not installed", "the extra `parquet`", remedy))


def write(out: Path, answers: Sequence[Answer]) -> None:
    """Write every step of every series, whole or not at all.

    Raises:
        BadInput: the place cannot be written to.
    """
    try:
        write_aside(out, _parquet(answers) if out.suffix.casefold() == ".parquet" else _csv(answers))
    except OSError as error:
        raise BadInput(
            Fault("--out", f"is '{out}', which cannot be written ({error.strerror})", "a file in a directory of yours")
        ) from None


def document(ask: Ask, answers: Sequence[Answer]) -> dict[str, object]:
    """Return everything as one document; what was left out is named with its faults."""
    return {
        "format": "lepton.forecast/1",
        "quantile": ask.quantile,
        "lead_minutes": ask.lead_minutes,
        "capacity": ask.capacity,
        "series": [_one(answer) for answer in answers if answer.forecast],
        "left_out": [{"series": answer.name, "faults": [str(fault) for fault in answer.faults]} for answer in answers if answer.faults],
    }


def _one(answer: Answer) -> dict[str, object]:
    one = answer.forecast
    if one is None:
        raise ValueError(answer.name)
    return {
        "name": answer.name,
        "unit": one.unit,
        "days": one.days,
        "trusted": one.trusted,
        "forecaster": one.forecaster,
        "lead_forecaster": one.lead_forecaster,
        "lead": _step(one.lead) if one.lead else None,
        "hours": [_step(step) for step in one.hours],
    }


def _step(step: Step) -> dict[str, object]:
    return {"start": step.start.isoformat(), **dict(zip(_LEVELS, step.demand, strict=True)), "nodes": step.nodes}


def _rows(answers: Sequence[Answer]) -> Iterator[tuple[object, ...]]:
    for answer in answers:
        one = answer.forecast
        if one is None:
            continue
        steps = [*([("lead", one.lead)] if one.lead else []), *(("hour", step) for step in one.hours)]
        yield from ((answer.name, one.unit, ahead, step.start.isoformat(), *step.demand, step.nodes) for ahead, step in steps)


def _csv(answers: Sequence[Answer]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows(_rows(answers))
    return text.getvalue()


def _parquet(answers: Sequence[Answer]) -> bytes:
    arrow, parquet = cast("Any", import_module("pyarrow")), cast("Any", import_module("pyarrow.parquet"))
    kinds = [arrow.string()] * 4 + [arrow.float64()] * len(_LEVELS) + [arrow.int64()]
    columns = list(zip(*_rows(answers), strict=True))
    table = arrow.table([arrow.array(column, type=kind) for column, kind in zip(columns, kinds, strict=True)], names=list(_COLUMNS))
    sink = arrow.BufferOutputStream()
    parquet.write_table(table, sink)
    return bytes(sink.getvalue())
