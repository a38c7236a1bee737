"""Staffing checked request by request: the replicas of the busiest hour, on requests whose lengths vary little, as assumed, and much."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from lepton_infra.catalog import plain
from lepton_infra.config import Pool, StackFile, TokenSlo
from lepton_infra.sizing.eventsim import Engine, Served, poisson, serve
from lepton_infra.sizing.plan import Plan, PoolPlan
from lepton_infra.sizing.queue import Queue
from lepton_infra.sizing.record import Record
from lepton_infra.sizing.serving import measured_peak, servings
from lepton_infra.sizing.source import read_record

SPREADS: Final = (0.7, 1.0, 2.0)
"""Standard deviation of lengths over their mean: as in Azure's trace of conversations of 2023, as queueing assumes, and heavy-tailed."""
_REQUESTS: Final = 40_000
_TURNS: Final = 20
"""Times that every slot is used at least, so that the idle beginning, which is left out, is short."""
_MOST_REQUESTS: Final = 200_000
_BEGINNING: Final = 0.25
_SEED: Final = 1


@dataclass(frozen=True, slots=True)
class Checked:
    """How the replicas of a pool's busiest hour did on requests of one spread of lengths."""

    pool: str
    """Name of the pool."""
    replicas: int
    """Staffed for the 95 % quantile of its busiest hour."""
    spread: float
    """Standard deviation of lengths over their mean."""
    promised: float
    """Most of the requests that may wait longer than promised."""
    late: float
    """Share that did."""
    waited: float
    """Share that waited at all."""
    ttft_p95: float | None
    """95 % quantile of seconds to the first token; None where only waiting was promised."""
    tpot_ms_p95: float | None
    """95 % quantile of milliseconds between tokens; None where only waiting was promised."""


def check_staffing(stack_file: StackFile, plan: Plan) -> list[Checked]:
    """Run the busiest hour of each pool that promises something; pools without a promise, or too large to run so, are left out.

    Lengths are lognormal, arrivals random at the hour's demand times the peak to mean that it is staffed for.

    Raises:
        BadInput: a demand file or a benchmark cannot be read.
    """
    found: list[Checked] = []
    for place, pool in enumerate(stack_file.stack.pools):
        if pool.slo is None:
            continue
        here = f"{stack_file.where}.pools[{place}]"
        record = read_record(stack_file.project.stacks / pool.demand.file, pool.demand, f"{here}.demand")
        found += _checked(pool, plan.pool(pool.name), _queue(stack_file, pool, plan.pool(pool.name), record, here))
    return found


def _queue(stack_file: StackFile, pool: Pool, planned: PoolPlan, record: Record, here: str) -> Queue | None:
    peak = float(np.nanmax(record.series.values)) * pool.demand.share
    served, _ = servings(pool, stack_file.project.stacks, peak, here, measured_peak(record))
    return served[plain(planned.offer.gpu)].queue


def _checked(pool: Pool, planned: PoolPlan, queue: Queue | None) -> list[Checked]:
    demand = max(hour.demand_p95 for hour in planned.hours)
    if queue is None or demand <= 0:
        return []
    replicas = queue.one(demand)
    count = max(_REQUESTS, _TURNS * replicas * queue.slots)
    if count > _MOST_REQUESTS:
        return []
    patience = queue.promise.wait * queue.seconds
    first, tokens = _first(pool, patience, queue)
    engine = Engine(queue.slots, first, (queue.seconds - first) / tokens)
    rows: list[Checked] = []
    for spread in SPREADS:
        done = _settled(serve(poisson(demand * queue.peak_to_mean, count, tokens, spread, _SEED), engine, replicas))
        known = isinstance(pool.slo, TokenSlo)
        rows.append(
            Checked(
                pool=pool.name,
                replicas=replicas,
                spread=spread,
                promised=round(queue.promise.share, 6),
                late=round(done.late(patience), 5),
                waited=round(done.late(0.0), 5),
                ttft_p95=round(float(np.quantile(done.ttft, 0.95)), 4) if known else None,
                tpot_ms_p95=round(float(np.quantile(done.tpot, 0.95)) * 1000, 3) if known else None,
            )
        )
    return rows


def _first(pool: Pool, patience: float, queue: Queue) -> tuple[float, float]:
    """Return the seconds that a slot is held before the first token, and the mean number of tokens after it."""
    if not isinstance(pool.slo, TokenSlo):
        return 0.0, 100.0
    return min(pool.slo.ttft_seconds - patience, queue.seconds / 2), float(max(pool.slo.output_tokens - 1, 1))


def _settled(done: Served) -> Served:
    """Leave out the beginning, when all replicas were idle."""
    first = round(len(done.waited) * _BEGINNING)
    return Served(done.waited[first:], done.ttft[first:], done.tpot[first:])
