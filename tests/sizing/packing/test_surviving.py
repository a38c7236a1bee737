"""Less than the whole need kept after a loss: against every fleet of small markets, and by taking the loss away."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lepton_infra.sizing.erlang import Promise
from lepton_infra.sizing.packing.check import broken
from lepton_infra.sizing.packing.model import Case, Limits, Need, Offer
from lepton_infra.sizing.packing.offers import in_order
from lepton_infra.sizing.packing.pack import Packed, attempt, pack
from lepton_infra.sizing.packing.solve import Effort
from lepton_infra.sizing.queue import Queue

EXACT = Effort(gap=0.0)
LOSSES = st.sampled_from([Limits(survive_spot_pool=True), Limits(survive_zones=1), Limits(survive_zones=1, survive_spot_pool=True)])
ROWS = st.lists(
    st.tuples(st.sampled_from(["r1", "r2"]), st.booleans(), st.integers(1, 30), st.integers(1, 4)),
    min_size=1,
    max_size=4,
    unique_by=lambda row: row[:2],
)


def size(one: Offer) -> float:
    return float(one.machine.name.partition("x")[2])


def offers_of(market: SimpleNamespace, rows: list[tuple[str, bool, int, int]]) -> tuple[Offer, ...]:
    return in_order(
        market.offer(f"m{at}x{node}", float(usd), region=region, spot=spot) for at, (region, spot, usd, node) in enumerate(rows)
    )


def left_of(packed: Packed, need: Need, hour: int) -> float:
    """Return what is served when the largest spot pool is taken away."""
    pools = [
        (packed.by_key[key], count * need.shapes[packed.by_key[key].machine.key].capacity)
        for (key, _), count in packed.hours[hour].nodes.items()
    ]
    return sum(part for _, part in pools) - max((part for offer, part in pools if offer.spot), default=0.0)


@settings(max_examples=60, deadline=None)
@given(ROWS, LOSSES, st.sampled_from([1.0, 2.0, 3.5, 6.0]), st.sampled_from([0.0, 0.3, 0.6, 0.95]))
def test_an_hour_costs_what_the_best_of_all_fleets_costs(
    market: SimpleNamespace, rows: list[tuple[str, bool, int, int]], limits: Limits, demand: float, share: float
) -> None:
    offers = offers_of(market, rows)
    need = market.need("chat", [demand], offers, size, surviving=(share * demand,))
    case = Case(offers, (need,), replace(limits, may_cut=False))
    best = min((cost for _, cost in market.every(case, 4)), default=None)
    found = attempt(case, EXACT)

    if best is None:
        assert found is None or max(found.hours[0].nodes.values()) > 4
        return
    assert found is not None
    assert broken(case, offers, 0, found.hours[0].nodes, (0.0,)) == ()
    assert found.cost <= best + 1e-6
    assert found.cost >= best - 1e-6 or max(found.hours[0].nodes.values()) > 4
    if limits.survive_spot_pool:
        assert left_of(found, need, 0) >= share * demand - 1e-6


def test_the_less_is_kept_the_cheaper_and_all_of_it_is_the_limit_as_it_was(market: SimpleNamespace) -> None:
    offers = in_order([market.offer("base", 20.0), *(market.offer(f"s{at}", 6.0 + at, region=f"r{at}", spot=True) for at in range(3))])
    plain = market.need("chat", [40.0, 60.0], offers, lambda _: 4.0)

    def packed(need: Need) -> Packed:
        return pack(Case(offers, (need,), Limits(survive_spot_pool=True)), EXACT)

    costs = [packed(replace(plain, surviving=(share * 40, share * 60))).cost for share in (0.2, 0.6, 0.9, 1.0)]
    assert costs == sorted(costs)
    assert costs[0] < costs[-1]
    assert packed(plain).hours == packed(replace(plain, surviving=plain.demand)).hours
    assert left_of(packed(replace(plain, surviving=(30.0, 50.0))), plain, 1) >= 50.0


def test_hours_of_one_demand_that_keep_different_shares_are_packed_apart(market: SimpleNamespace) -> None:
    offers = in_order([market.offer("base", 20.0), *(market.offer(f"s{at}", 6.0, region=f"r{at}", spot=True) for at in range(3))])
    need = market.need("chat", [40.0, 40.0], offers, lambda _: 4.0, surviving=(10.0, 40.0), lead_hours=0.0)
    packed = pack(Case(offers, (need,), Limits(survive_spot_pool=True)), EXACT)

    assert packed.hours[0].cost < packed.hours[1].cost
    assert left_of(packed, need, 1) >= 40.0


@pytest.mark.parametrize("wait", [0.01, 0.2])
def test_a_promise_about_waiting_is_kept_at_what_survives(market: SimpleNamespace, wait: float) -> None:
    queue = Queue(slots=2, seconds=1.0, promise=Promise(wait))
    offers = in_order([market.offer("base", 20.0), *(market.offer(f"s{at}", 6.0, region=f"r{at}", spot=True) for at in range(4))])
    need = market.need("chat", [30.0], offers, lambda _: 2.0, queue=queue, surviving=(18.0,))
    packed = pack(Case(offers, (need,), Limits(survive_spot_pool=True)), EXACT)
    replicas = {key: 2 * count for (key, _), count in packed.hours[0].nodes.items()}

    assert sum(replicas.values()) >= queue.one(30.0)
    lost = max(count for key, count in replicas.items() if packed.by_key[key].spot)
    assert sum(replicas.values()) - lost >= queue.one(18.0)
