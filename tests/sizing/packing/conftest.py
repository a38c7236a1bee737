"""Small markets whose best fleet can be found by trying everything."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from types import SimpleNamespace
from typing import Any

import pytest

from lepton_infra.catalog import Cloud, Machine
from lepton_infra.sizing.packing.check import broken
from lepton_infra.sizing.packing.model import Case, Key, Market, Need, Offer
from lepton_infra.sizing.queue import Queue
from lepton_infra.sizing.staffing import NodeShape

DAY = dt.date(2026, 7, 20)


def offer(  # noqa: PLR0913 (an offer has as many facts)
    name: str, usd: float, *, region: str = "r1", cloud: str = "aws", spot: bool = False, zones: int = 3, grams: float | None = 100.0
) -> Offer:
    machine = Machine(
        cloud=Cloud(cloud), region=region, name=name, vcpus=8, memory_gib=64.0, gpu="H100", gpus=1.0, gpu_memory_gb=80.0, usd_per_hour=usd,
        on_demand=True, spot_usd_per_hour=usd, spot_mark=None, spot_date=None, interruption=None,
        price_date=DAY, source="a test", caveat="",
    )  # fmt: skip
    return Offer(machine, Market.SPOT if spot else Market.ON_DEMAND, usd, zones, grams)


def need(
    name: str,
    demand: Sequence[float],
    offers: Sequence[Offer],
    serves: Callable[[Offer], float],
    queue: Queue | None = None,
    **more: Any,
) -> Need:
    """Return a service of which a node serves so much; with a queue, so many replicas of it."""
    shapes = {
        one.machine.key: NodeShape(round(serves(one)), queue.slots / queue.seconds, queue) if queue else NodeShape(1, serves(one))
        for one in offers
        if serves(one) > 0
    }
    return Need(name, tuple(demand), shapes, **more)


def every(case: Case, most: int, hour: int = 0) -> Iterator[tuple[dict[tuple[Key, int], int], float]]:
    """Yield every fleet of up to so many nodes of each offer and service that serves all and breaks nothing, with its cost."""
    columns = [(one.key, service) for one in case.offers for service in range(len(case.needs))]
    prices = {one.key: one.usd_per_hour + (one.grams_per_hour or 0) * case.limits.usd_per_tonne_co2e / 1e6 for one in case.offers}
    for counts in product(range(most + 1), repeat=len(columns)):
        nodes = {column: count for column, count in zip(columns, counts, strict=True) if count}
        if not broken(case, case.offers, hour, nodes, [0.0] * len(case.needs)):
            yield nodes, sum(count * prices[key] for (key, _), count in nodes.items())


@pytest.fixture(scope="session")
def market() -> SimpleNamespace:
    """Return the tools above."""
    return SimpleNamespace(offer=offer, need=need, every=every)
