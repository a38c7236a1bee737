"""The tables that come with lepton-infra, read once."""

import csv
import datetime as dt
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from lepton_infra.throughput.model import Audited, GpuSpec, ModelSpec, Point, Shape, Source
from lepton_infra.throughput.names import family

DATA: Final = Path(__file__).parent / "data"
"""Where the tables lie, with SOURCES.md."""
_ORIGINS: Final = {
    Source.SILICON: "ai-dynamo/aiconfigurator 095f58a, measured with {engine} {version}",
    Source.ESTIMATE: "aiconfigurator 0.12.0, estimated for {engine} {version}",
}


@cache
def shipped_points() -> tuple[Point, ...]:
    """Return every shipped point, measured and estimated."""
    return (*_points("estimates.csv", Source.ESTIMATE), *_points("silicon.csv", Source.SILICON))


@cache
def audited() -> tuple[Audited, ...]:
    """Return MLPerf's figures."""
    return tuple(
        Audited(row["model"], row["scenario"], row["gpu"], int(row["entries"]), float(row["tokens_per_gpu"])) for row in _rows("mlperf.csv")
    )


@cache
def gpu_specs() -> dict[str, GpuSpec]:
    """Return the data sheets by kind of GPU."""
    specs = (
        GpuSpec(
            row["gpu"],
            float(row["memory_gb"]),
            float(row["gb_per_second"]),
            {name: float(row[f"{name}_tflops"]) for name in ("bf16", "fp8", "fp4") if row[f"{name}_tflops"]},
            row["source"],
        )
        for row in _rows("gpus.csv")
    )
    return {spec.gpu: spec for spec in specs}


@cache
def model_specs() -> dict[str, ModelSpec]:
    """Return the models' sizes by `family`."""
    rows = _rows("models.csv")
    return {
        family(row["model"]): ModelSpec(row["model"], float(row["parameters_b"]), float(row["active_b"]), row["source"]) for row in rows
    }


@cache
def digest() -> str:
    """Return the SHA-256 of all tables, so that a plan knows when they change."""
    parts = hashlib.sha256()
    for path in sorted(DATA.glob("*.csv")):
        parts.update(path.read_bytes())
    return parts.hexdigest()


def _points(name: str, source: Source) -> Iterator[Point]:
    for row in _rows(name):
        yield Point(
            row["model"],
            row["gpu"],
            row["precision"],
            row["engine"],
            int(row["gpus"]),
            Shape(int(row["isl"]), int(row["osl"])),
            float(row["batch"]),
            float(row["ttft_ms"]),
            float(row["tpot_ms"]),
            source,
            _ORIGINS[source].format(engine=row["engine"], version=row["version"]).rstrip(),
            dt.date.fromisoformat(row["date"]) if row["date"] else None,
        )


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
