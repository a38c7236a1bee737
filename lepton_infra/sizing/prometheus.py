"""What Prometheus answers to a range query: one series per set of labels, each a tenant.

The format is that of `/api/v1/query_range` in the HTTP API of Prometheus (prometheus.io/docs/prometheus/latest/querying/api).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lepton_infra.config.faults import sentences
from lepton_infra.errors import BadInput, Fault
from lepton_infra.sizing.arrays import Floats
from lepton_infra.sizing.table import LARGEST, MOST_FAULTS, more_faults

Moment = Annotated[float, Field(ge=0, le=253_402_300_799, allow_inf_nan=False)]
"""Seconds since 1970, up to the year 9999."""


class _Answer(BaseModel):
    # Prometheus adds keys such as `warnings`, `stats` and `histograms`; only what is used is asked for.
    model_config = ConfigDict(frozen=True, extra="ignore")


class Line(_Answer):
    """One series of the answer."""

    metric: dict[str, str] = {}
    """Its labels."""
    values: tuple[tuple[Moment, float], ...]
    """Time and value; Prometheus leaves out what it does not know."""


class Matrix(_Answer):
    """What a range query finds."""

    resultType: Literal["matrix"]  # noqa: N815 (Prometheus' own name)
    """An instant query finds a `vector`, which has no history."""
    result: Annotated[tuple[Line, ...], Field(min_length=1)]
    """The series."""


class Answer(_Answer):
    """The whole answer."""

    status: Literal["success"]
    """Whether the query worked."""
    data: Matrix
    """What it found."""


def read_matrix(path: Path) -> tuple[Floats, Floats, list[str]]:
    """Read the answer to a range query.

    Returns:
        The times in seconds since 1970, shape `(n,)`; the values, NaN where a series has none, shape `(n, series)`; the series' names.

    Raises:
        BadInput: it is no such answer, with every fault, the first `MOST_FAULTS` of them.
    """
    lines = read_lines(path)
    points = [np.asarray(line.values, dtype=np.float64).reshape(-1, 2) for line in lines]
    times = np.unique(np.concatenate([each[:, 0] for each in points]))
    values = np.full((len(times), len(lines)), np.nan)
    for place, each in enumerate(points):
        values[np.searchsorted(times, each[:, 0]), place] = each[:, 1]
    # A query may begin between two seconds; all of its times then do, and the fraction tells nothing.
    return times - (times[0] % 1 if len(times) else 0), values, _names(lines)


def read_lines(path: Path) -> tuple[Line, ...]:
    """Read the series of the answer to a range query, with their labels, each in order of time and without a value that cannot be.

    Raises:
        BadInput: it is no such answer, with every fault, the first `MOST_FAULTS` of them.
    """
    try:
        answer = Answer.model_validate_json(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except ValidationError as error:
        first = error.errors(include_url=False)[0] if error.error_count() == 1 else None
        if first and first["type"] == "json_invalid":
            problem = first["msg"].removeprefix("Invalid JSON: ")
            raise BadInput(Fault(path.name, f"is not JSON ({problem})", "the answer to a range query of Prometheus")) from None
        faults = sentences(error, f"{path.name}: answer", Answer)
        raise BadInput([*faults[:MOST_FAULTS], *more_faults(path.name, len(faults) - MOST_FAULTS)]) from None
    lines = answer.data.result
    wrong = list(_wrong(lines, path.name))
    if wrong:
        raise BadInput([*wrong[:MOST_FAULTS], *more_faults(path.name, len(wrong) - MOST_FAULTS)])
    return lines


def _wrong(lines: tuple[Line, ...], name: str) -> Iterator[Fault]:
    for place, line in enumerate(lines):
        before = -1.0
        for at, (time, value) in enumerate(line.values):
            where = f"{name}: answer.data.result[{place}].values[{at}]"
            if time <= before:
                yield Fault(where, f"has the time {time:g}, not after the one before", "times in order, each once")
            if value < 0 or value > LARGEST:
                yield Fault(where, f"has the value {value:g}", f"a number from 0 to {LARGEST:g}, or NaN for a gap")
            before = time


def _names(lines: tuple[Line, ...]) -> list[str]:
    """Return the labels in which the series differ, or all where there is one."""
    keys = list(dict.fromkeys(key for line in lines for key in line.metric))
    telling = [key for key in keys if len({line.metric.get(key) for line in lines}) > 1] or keys
    return [", ".join(line.metric.get(key, "") for key in telling) or f"series {place}" for place, line in enumerate(lines, start=1)]
