"""Jobs above one machine: the same function on Dask or Ray, handed out by fugue.

A series is forecast by `many.answer` wherever it is, so a cluster answers as this machine does, as long as it has the same libraries.
The files are read here: a cluster does not see this disk.
"""

import datetime as dt
import logging
import os
from base64 import b64decode, b64encode
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from socket import create_connection
from typing import TYPE_CHECKING, Any, Final, Literal, cast
from urllib.parse import urlsplit

import numpy as np
from pydantic import TypeAdapter

from lepton_infra.errors import BadInput, Fault, WorkerError
from lepton_infra.sizing.many import Answer, Ask, Job, answer, loaded
from lepton_infra.sizing.series import DemandSeries

if TYPE_CHECKING:
    from lepton_infra.config.model import Unit

_SECONDS: Final = 20
_PARTS_PER_CORE: Final = 4
_ANSWER: Final = TypeAdapter(Answer)
_NEEDED: Final = {"dask": ("distributed", "fugue_dask"), "ray": ("ray", "fugue_ray")}


@dataclass(frozen=True, slots=True)
class Place:
    """Where jobs are done."""

    engine: Literal["dask", "ray"]
    """What runs them."""
    address: str
    """Of a running cluster; nothing begins one on this machine."""


def place_of(text: str) -> Place:
    """Read `dask`, `ray`, or either with `:ADDRESS`.

    Raises:
        BadInput: it is neither, or its libraries are not installed.
    """
    engine, _, address = text.partition(":")
    if engine not in {"dask", "ray"}:
        raise BadInput(Fault("--on", f"is {text!r}", "dask, ray, or either with the address of a cluster, as dask:tcp://10.0.0.5:8786"))
    if any(find_spec(name) is None for name in _NEEDED[engine]):
        remedy = f"Install it with `uv add 'lepton-infra[{engine}]'`"
        raise BadInput(Fault("--on", f"is {text!r}, but {engine} and fugue are not installed", f"the extra `{engine}`", remedy))
    return Place("dask" if engine == "dask" else "ray", address)


def on_cluster(jobs: Iterable[Job | Answer], ask: Ask, place: Place, cores: int) -> Iterator[Answer]:
    """Do the jobs on a cluster and yield their answers, in the order of the jobs.

    Args:
        jobs: all are read before the first is done.
        ask: what is asked of each.
        place: the cluster.
        cores: of this machine, for a cluster that is begun here.

    Raises:
        WorkerError: the cluster does not answer, or broke while it worked.
    """
    ready = [loaded(job) if isinstance(job, Job) else job for job in jobs]
    rows = [_packed(at, job) for at, job in enumerate(ready) if isinstance(job, Job)]
    done: dict[int, Answer] = {}
    if rows:
        with _engine(place, cores) as (engine, size):
            try:
                done = _transformed(rows, ask, engine, min(_PARTS_PER_CORE * size, len(rows)))
            except Exception as error:
                # Whatever a cluster may throw, it is the cluster's: faults of a series are answers.
                raise WorkerError(f"{place.engine} did not finish ({_short(error)}); look at the logs of its workers") from error
    yield from (job if isinstance(job, Answer) else done[at] for at, job in enumerate(ready))


def _packed(at: int, job: Job) -> dict[str, object]:
    series = job.series
    if series is None:
        raise ValueError(job.name)
    start = series.start.isoformat()
    return {
        "at": at,
        "name": job.name,
        "start": start,
        "step_seconds": series.step_seconds,
        "unit": series.unit,
        # As text: Dask takes a column of bytes for one of words.
        "demand": b64encode(np.asarray(series.values, dtype="<f8").tobytes()).decode("ascii"),
    }


def _transformed(rows: Sequence[dict[str, object]], ask: Ask, engine: object, parts: int) -> dict[int, Answer]:
    pandas, fugue = cast("Any", import_module("pandas")), cast("Any", import_module("fugue"))
    said = fugue.transform(
        pandas.DataFrame(rows),
        forecast_rows,
        schema="at:long,answer:str",
        params={"ask": ask},
        partition={"num": parts, "algo": "coarse"},
        engine=engine,
        as_local=True,
    )
    return {int(at): _ANSWER.validate_json(text) for at, text in zip(said["at"], said["answer"], strict=True)}


def forecast_rows(rows: Iterable[dict[str, Any]], ask: Ask) -> Iterable[dict[str, Any]]:
    """Do the jobs of one partition; this is what fugue sends to the workers, and the types are what it reads."""
    for row in rows:
        values = np.frombuffer(b64decode(row["demand"]), dtype="<f8").astype(np.float64)
        series = DemandSeries(dt.datetime.fromisoformat(row["start"]), int(row["step_seconds"]), values, cast("Unit", row["unit"]))
        said = answer(Job(row["name"], None, None, series), ask)
        yield {"at": row["at"], "answer": _ANSWER.dump_json(said).decode()}


@contextmanager
def _engine(place: Place, cores: int) -> Generator[tuple[object, int]]:
    """Yield what fugue runs on and how many cores it has; a cluster that was begun here is ended after it."""
    opened = _dask(place.address, cores) if place.engine == "dask" else _ray(place.address, cores)
    with opened as engine:
        yield engine


@contextmanager
def _dask(address: str, cores: int) -> Generator[tuple[object, int]]:
    distributed = cast("Any", import_module("distributed"))
    import_module("fugue_dask")
    try:
        if address:
            client = distributed.Client(address, timeout=_SECONDS)
        else:
            client = distributed.Client(n_workers=cores, threads_per_worker=1, dashboard_address=None)
    except (OSError, ValueError, TimeoutError) as error:
        raise WorkerError(f"Dask at '{address or 'this machine'}' does not answer ({_short(error)})") from None
    with client:
        yield client, max(sum(client.ncores().values()), 1)


@contextmanager
def _ray(address: str, cores: int) -> Generator[tuple[object, int]]:
    # Under `uv run` Ray would start its workers by that command again, which is no worker; they have the environment of this process.
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    ray = cast("Any", import_module("ray"))
    import_module("fugue_ray")
    try:
        if address:
            _listening(address)
            ray.init(address=address, logging_level=logging.ERROR, log_to_driver=False)
        else:
            ray.init(address="local", num_cpus=cores, include_dashboard=False, logging_level=logging.ERROR, log_to_driver=False)
    except (OSError, ValueError, RuntimeError) as error:
        raise WorkerError(f"Ray at '{address or 'this machine'}' does not answer ({_short(error)})") from None
    try:
        _hush_ray()
        yield "ray", max(int(ray.cluster_resources().get("CPU", cores)), 1)
    finally:
        ray.shutdown()


def _listening(address: str) -> None:
    """Raise OSError or ValueError where nothing listens at an address: Ray itself would wait for minutes, and say nothing of use.

    `auto`, the cluster that this machine belongs to, is Ray's to find.
    """
    if address == "auto":
        return
    where = urlsplit(address if "://" in address else f"//{address}")
    if not where.hostname or where.port is None:
        raise ValueError("an address is HOST:PORT, ray://HOST:PORT or auto")
    create_connection((where.hostname, where.port), timeout=_SECONDS).close()


def _hush_ray() -> None:
    """Leave Ray's accounts of its own progress to the logs of its session: a verb's notes are its own."""
    data = cast("Any", import_module("ray.data"))
    data.DataContext.get_current().enable_progress_bars = False
    for handler in logging.getLogger("ray.data").handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setLevel(logging.ERROR)


def _short(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:200]
