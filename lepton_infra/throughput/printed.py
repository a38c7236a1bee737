"""Reading what `aiconfigurator cli recommend` printed.

Only the table of aggregated serving is read: where prefill and decode run on different GPUs, a replica has no batch of its own.
The output does not say how long the prompts were; such points have `isl` 0.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from lepton_infra.errors import BadInput, Fault
from lepton_infra.throughput.model import Point, Shape, Source
from lepton_infra.throughput.names import kind

_MARK: Final = "[aiconfigurator]"
_TITLE: Final = re.compile(r"Finding minimum GPUs for (\S+) on (\S+) \(backend=(\w+)\)")
_QUANT: Final = re.compile(r"quant_algo=(\w+)")
_VERSION: Final = re.compile(r"AIConfigurator version: ([\w.]+)")
_PRECISIONS: Final = {"None": "bf16", "fp8": "fp8", "fp8_block": "fp8", "nvfp4": "fp4", "int4_wo": "int4"}


def is_printed(text: str) -> bool:
    """Say whether the text is output of aiconfigurator."""
    return _MARK in text[:4096]


def read_printed(text: str, name: str, source: Source = Source.PRINTED) -> tuple[Point, ...]:
    """Return a point for each aggregated configuration in the output; its model, GPU, precision and engine stand in the text.

    Raises:
        BadInput: the run has no table of aggregated configurations, or the output is cut off.
    """
    title = _TITLE.search(text)
    rows = list(_rows(text.partition("\nagg Top Configurations")[2].partition("\ndisagg Top")[0]))
    if not title or not rows:
        given = "has no table of aggregated configurations" if title else "does not say which model it is about"
        raise BadInput(Fault(name, given, "the whole output of a successful `aiconfigurator cli recommend`"))
    quant, version = _QUANT.search(text), _VERSION.search(text)
    precision = _PRECISIONS.get(quant[1], "") if quant else ""
    origin = f"{name}, aiconfigurator {version[1]}" if version else name
    try:
        return tuple(_point(row, (title[1], kind(title[2]), precision, title[3]), source, origin) for row in rows)
    except (KeyError, ValueError, ZeroDivisionError):
        raise BadInput(
            Fault(name, "has a table of aggregated configurations that cannot be read", "the output as it was printed")
        ) from None


def _rows(table: str) -> Iterator[Mapping[str, str]]:
    header: list[str] = []
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if cells and header:
            yield dict(zip(header, cells, strict=False))
        header = header or cells


def _point(row: Mapping[str, str], about: tuple[str, str, str, str], source: Source, origin: str) -> Point:
    ttft, latency = float(row["TTFT"]), float(row["request_latency"])
    osl = round(1 + (latency - ttft) * float(row["tokens/s/user"]) / 1000)
    gpus = int(row["gpus/worker"].split()[0])
    model, gpu, precision, engine = about
    tpot = (latency - ttft) / (osl - 1)
    return Point(model, gpu, precision, engine, gpus, Shape(0, osl), float(row["bs"]), ttft, tpot, source, origin, None)
