"""Reading what the user measured: results of vLLM's and GuideLLM's benchmarks, and what aiconfigurator printed.

Which of the three a file is shows in what it holds. The formats, read from their public sources: `vllm bench serve --save-result` writes
one flat object per run (with `--append-result` one per line), GuideLLM a report whose `benchmarks` each have `metrics` by status.
"""

import datetime as dt
import json
from math import isfinite
from pathlib import Path
from typing import Annotated, Final, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lepton_infra.errors import BadInput, Fault
from lepton_infra.throughput.model import Point, Shape, Source
from lepton_infra.throughput.printed import is_printed, read_printed

LARGEST_BYTES: Final = 128 * 2**20
"""A result file is no larger, even with the details of every request."""
LARGEST_BATCH: Final = 8192
"""Requests that a replica serves side by side at most."""
_ALLOWED: Final = "JSON of `vllm bench serve --save-result` or of GuideLLM, or what aiconfigurator printed"

_Number = Annotated[float, Field(gt=0, le=1e12, allow_inf_nan=False)]


class _Foreign(BaseModel):
    """Someone else's record: what is not asked for is passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class _VllmRun(_Foreign):
    model_id: str = ""
    backend: str = ""
    date: str = ""
    completed: _Number
    total_input_tokens: _Number
    total_output_tokens: _Number
    request_throughput: _Number
    mean_ttft_ms: _Number
    mean_tpot_ms: _Number


class _Summary(_Foreign):
    mean: _Number


class _Status(_Foreign):
    successful: _Summary


class _GuideMetrics(_Foreign):
    requests_per_second: _Status
    prompt_token_count: _Status
    output_token_count: _Status
    time_to_first_token_ms: _Status
    inter_token_latency_ms: _Status


class _GuideRun(_Foreign):
    metrics: _GuideMetrics
    start_time: float | None = None


class _GuideReport(_Foreign):
    benchmarks: Annotated[tuple[_GuideRun, ...], Field(min_length=1)]


def read_benchmark(path: Path, name: str, where: str) -> tuple[Point, ...]:
    """Read the points of a result file.

    Args:
        path: the file.
        name: its name as the user wrote it.
        where: where the user wrote it, for messages.

    Raises:
        BadInput: it cannot be read, is none of the three formats, or has a run whose figures cannot be true; with a fault for each.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise BadInput(
                Fault(where, f"is '{name}', which is larger than {LARGEST_BYTES // 2**20} MiB", _ALLOWED, "Save it without details")
            )
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise BadInput(Fault(where, f"is '{name}', which does not exist", _ALLOWED)) from None
    except UnicodeDecodeError:
        raise BadInput(Fault(where, f"is '{name}', which is not text in UTF-8", _ALLOWED)) from None
    except OSError as error:
        raise BadInput(Fault(where, f"is '{name}', which cannot be read ({error.strerror})", _ALLOWED)) from None
    if is_printed(text):
        return read_printed(text, name)
    return _points(_documents(text, name), name)


def _documents(text: str, name: str) -> list[object]:
    """Return the file's documents: one, a list of them, or one on each line."""
    try:
        whole: object = json.loads(text)
    except RecursionError:
        raise BadInput(Fault(name, "is nested too deeply", _ALLOWED)) from None
    except ValueError:
        return _lines(text, name)
    return cast("list[object]", whole) if isinstance(whole, list) else [whole]


def _lines(text: str, name: str) -> list[object]:
    documents: list[object] = []
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            documents += [json.loads(line)] if line.strip() else []
        except (ValueError, RecursionError):
            raise BadInput(Fault(f"{name}:{number}", "is not JSON", _ALLOWED)) from None
    return documents


def _points(documents: list[object], name: str) -> tuple[Point, ...]:
    points: list[Point] = []
    faults: list[Fault] = []
    for document in documents:
        try:
            points += _read(document, name)
        except ValidationError as error:
            faults += [
                Fault(f"{name}: {_path(one['loc'])}", _given(one["type"], one["input"]), "a number above 0") for one in error.errors()
            ]
        except ValueError as error:
            faults.append(Fault(name, *str(error).split("; ")))
    if not points and not faults:
        faults.append(Fault(name, "holds no run", _ALLOWED))
    if faults:
        raise BadInput(dict.fromkeys(faults))
    return tuple(points)


def _read(document: object, name: str) -> list[Point]:
    if not isinstance(document, dict):
        raise ValueError(f"holds {type(document).__name__}; {_ALLOWED}")  # noqa: TRY004 (a fault of the user's file, gathered with the others)
    keys = cast("dict[str, object]", document)
    if "benchmarks" in keys:
        return [_guide_point(run, name) for run in _GuideReport.model_validate(keys).benchmarks]
    if "mean_tpot_ms" not in keys and "mean_ttft_ms" not in keys:
        raise ValueError(f"is no result of a benchmark; {_ALLOWED}")
    return [_vllm_point(_VllmRun.model_validate(keys), name)]


def _vllm_point(run: _VllmRun, name: str) -> Point:
    shape = Shape(round(run.total_input_tokens / run.completed), max(round(run.total_output_tokens / run.completed), 1))
    origin = f"{name}, measured as {run.model_id!r}" if run.model_id else name
    engine = run.backend.removesuffix("-chat")
    return _measured(
        (run.request_throughput, run.mean_ttft_ms, run.mean_tpot_ms),
        shape,
        origin,
        engine if engine in {"vllm", "sglang", "trtllm"} else "",
        _day(run.date[:8]),
    )


def _guide_point(run: _GuideRun, name: str) -> Point:
    found = run.metrics
    shape = Shape(round(found.prompt_token_count.successful.mean), max(round(found.output_token_count.successful.mean), 1))
    speeds = (
        found.requests_per_second.successful.mean,
        found.time_to_first_token_ms.successful.mean,
        found.inter_token_latency_ms.successful.mean,
    )
    began = run.start_time
    known = began is not None and isfinite(began) and 1e9 < began < 1e10  # noqa: PLR2004 (seconds since 1970, from 2001 to 2286)
    day = dt.datetime.fromtimestamp(began, dt.UTC).date() if known and began is not None else None
    return _measured(speeds, shape, name, "", day)


def _measured(speeds: tuple[float, float, float], shape: Shape, origin: str, engine: str, day: dt.date | None) -> Point:
    """Make a point whose batch is the mean number of requests under way: rate times time, by Little's law."""
    rate, ttft, tpot = speeds
    seconds = (ttft + (shape.osl - 1) * tpot) / 1000
    if rate * seconds > LARGEST_BATCH:
        raise ValueError(f"has {rate * seconds:.3g} requests side by side; {LARGEST_BATCH:,} at most")
    return Point("", "", "", engine, 0, shape, rate * seconds, ttft, tpot, Source.BENCHMARK, origin, day)


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _path(loc: tuple[int | str, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).removeprefix(".")


def _given(problem: str, value: object) -> str:
    return "is missing" if problem == "missing" else f"is {str(value)[:40]!r}"
