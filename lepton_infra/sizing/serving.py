"""What a replica of a pool serves on each kind of GPU: as the stack file states it, or as benchmarks and tables have it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from lepton_infra.catalog import listed, plain
from lepton_infra.config import KnownThroughput, Pool, Throughput, TokenSlo, WaitSlo
from lepton_infra.errors import BadInput, Fault
from lepton_infra.sizing.erlang import Promise
from lepton_infra.sizing.queue import Queue
from lepton_infra.sizing.record import Record
from lepton_infra.throughput import Believed, Operating, Point, canonical, judge, read_benchmark

_QUEUED: Final = "requests_per_second"
MOST_REPLICAS: Final = 2_000
"""Replicas at the peak beyond which a promise is not staffed."""


@dataclass(frozen=True, slots=True)
class Serving:
    """A replica on one kind of GPU."""

    per_replica: float
    """Demand that it serves with nothing to spare."""
    queue: Queue | None
    """How it is staffed; None where no promise was made about waiting."""
    source: str
    """Where that comes from, in a few words."""
    reasons: tuple[str, ...] = ()
    """What the plan says about it, as sentences."""


def stated(pool: Pool, throughput: Throughput, measured: float = 1.0) -> dict[str, Serving]:
    """Return what the stack file states, by plain kind of GPU; `measured` is the peak to mean where the promise does not say it."""
    rates = {plain(kind): rate * pool.gpus_per_replica for kind, rate in throughput.per_gpu.items()}
    slo = pool.slo
    if not isinstance(slo, WaitSlo):
        return {kind: Serving(rate, None, throughput.source) for kind, rate in rates.items()}
    promise, slots, peak = Promise(slo.wait_probability), slo.slots_per_replica, slo.peak_to_mean or measured
    return {kind: Serving(rate, Queue(slots, slots / rate, promise, peak), throughput.source) for kind, rate in rates.items()}


def servings(pool: Pool, directory: Path, peak: float, where: str, measured: float = 1.0) -> tuple[dict[str, Serving], tuple[str, ...]]:
    """Return what a replica serves by plain kind of GPU, and a sentence for each kind that was refused.

    Args:
        pool: the pool.
        directory: where the stack file lies, for benchmarks beside it.
        peak: the most demand of the history, which decides between ways to run a replica.
        where: the pool's place in its file, for messages.
        measured: peak to mean inside a window, where the promise does not say it.

    Raises:
        BadInput: a benchmark cannot be read, or no kind of GPU is left.
    """
    wanted, slo = pool.throughput, pool.slo
    if isinstance(wanted, Throughput):
        return _within(stated(pool, wanted, measured), peak, where), ()
    if not isinstance(slo, TokenSlo):
        raise BadInput(Fault(f"{where}.slo", "is missing", "ttft_seconds, tpot_ms, input_tokens and output_tokens beside throughput.model"))
    slo = slo.model_copy(update={"peak_to_mean": slo.peak_to_mean or measured})
    own = _own(pool, wanted, directory, where)
    found: dict[str, Serving] = {}
    refused: list[tuple[str, str, str]] = []
    for kind in map(canonical, pool.gpu):
        here = [point for point in own if point.gpu == kind]
        judged = judge(wanted, slo, kind, pool.gpus_per_replica, here)
        if isinstance(judged, Believed):
            found[plain(kind)] = _serving(judged, slo, peak)
        else:
            refused.append((kind, judged.given, judged.remedy))
    if not found:
        raise BadInput(Fault(f"{where}.throughput.model", given, "", remedy) for _, given, remedy in refused)
    return _within(found, peak, where), tuple(f"{kind} is left out: throughput.model {given}. {remedy}." for kind, given, remedy in refused)


def measured_peak(record: Record | None) -> float:
    """Return how much busier than chance makes it a window's busiest moment is; 1 where single requests are not known."""
    return max(record.burst.beyond_chance, 1.0) if record and record.burst else 1.0


def unit_fault(pool: Pool, unit: str, where: str) -> list[Fault]:
    """Return the fault of a promise about requests beside demand that is not counted in requests."""
    if pool.slo is None or unit == _QUEUED:
        return []
    return [
        Fault(
            f"{where}.slo",
            f"promises something to requests, but the demand is in {unit}",
            _QUEUED,
            "Remove slo, or give demand in requests",
        )
    ]


def _within(found: dict[str, Serving], peak: float, where: str) -> dict[str, Serving]:
    """Refuse what no fleet serves, before tables of its size are made."""
    most = max((peak * one.queue.peak_to_mean / one.per_replica for one in found.values() if one.queue), default=0.0)
    if most > MOST_REPLICAS:
        given = f"needs {most:,.0f} replicas at the peak of demand"
        raise BadInput(Fault(f"{where}.slo", given, f"{MOST_REPLICAS:,} at most", "Check the unit of demand and the throughput"))
    return found


def _own(pool: Pool, wanted: KnownThroughput, directory: Path, where: str) -> list[Point]:
    """Read the user's results, each point with the kind of GPU that it is about."""
    kinds = [canonical(kind) for kind in pool.gpu]
    here = canonical(wanted.benchmark_gpu) if wanted.benchmark_gpu else kinds[0]
    points: list[Point] = []
    faults: list[Fault] = []
    if wanted.benchmark_gpu and here not in kinds:
        faults.append(Fault(f"{where}.throughput.benchmark_gpu", f"is {wanted.benchmark_gpu!r}", f"choose {listed(pool.gpu)}"))
    for name in wanted.benchmark:
        try:
            points += read_benchmark(directory / name, name, f"{where}.throughput.benchmark")
        except BadInput as error:
            faults += error.faults
    if any(not point.gpu for point in points) and not wanted.benchmark_gpu and len(kinds) > 1:
        faults.append(
            Fault(f"{where}.throughput.benchmark_gpu", "is missing, and the benchmarks do not say it", f"choose {listed(pool.gpu)}")
        )
    if faults:
        raise BadInput(faults)
    return [point if point.gpu else replace(point, gpu=here) for point in points]


def _serving(judged: Believed, slo: TokenSlo, peak: float) -> Serving:
    """Return the way to run a replica that needs the fewest of them at the peak; ties by the faster, then by fewer slots."""
    queues = {way: _queue(way, judged.share, slo) for way in judged.ways}
    fastest = max(judged.ways, key=lambda way: way.per_second)
    most = MOST_REPLICAS * fastest.per_second / (slo.peak_to_mean or 1.0)
    ways = judged.ways if peak < most else (fastest,)
    best = min(ways, key=lambda way: (queues[way].one(min(peak, most)), -way.per_second, way.slots))
    queue = queues[best]
    point = best.points[0]
    run = (
        f"A replica has {best.slots} slots at {best.tpot_ms:.3g} ms between tokens; a request of {slo.input_tokens}/{slo.output_tokens} "
        f"tokens holds one {queue.seconds:.3g} s, {best.ttft_seconds / judged.share:.3g} of the {slo.ttft_seconds:g} s to its first token."
    )
    return Serving(queue.slots / queue.seconds, queue, point.origin, (*judged.reasons, run))


def _queue(way: Operating, share: float, slo: TokenSlo) -> Queue:
    seconds = way.seconds / share
    wait = max(slo.ttft_seconds - way.ttft_seconds / share, 0.0) / seconds
    return Queue(way.slots, seconds, Promise(1 - slo.within, wait), slo.peak_to_mean or 1.0)
