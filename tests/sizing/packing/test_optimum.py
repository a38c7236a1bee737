"""The hour's fleet beside the best of all fleets, found by trying every one."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lepton_infra.sizing.erlang import Promise
from lepton_infra.sizing.packing.check import broken
from lepton_infra.sizing.packing.model import Case, Limits, Quota
from lepton_infra.sizing.packing.offers import in_order
from lepton_infra.sizing.packing.pack import attempt, pack
from lepton_infra.sizing.packing.solve import Effort
from lepton_infra.sizing.queue import Queue

EXACT = Effort(gap=0.0)
SHARE = st.sampled_from([None, None, 0.4, 0.5, 0.6, 0.75])
LIMITS = st.builds(
    Limits,
    max_spot_share=SHARE,
    max_region_share=SHARE,
    max_cloud_share=SHARE,
    max_zone_share=st.sampled_from([None, None, 0.3, 0.5]),
    survive_zones=st.sampled_from([0, 0, 1]),
    survive_spot_pool=st.booleans(),
    quotas=st.sampled_from([(), (Quota(2),), (Quota(1, region="r1"), Quota(3, market="spot")), (Quota(1, each=True),)]),
    max_nodes=st.sampled_from([None, None, 3]),
    min_nodes=st.sampled_from([0, 0, 2]),
    usd_per_tonne_co2e=st.sampled_from([0.0, 50.0]),
    may_cut=st.sampled_from([False]),
)
ROW = st.tuples(
    st.sampled_from(["r1", "r2", "r3"]),
    st.sampled_from(["aws", "gcp"]),
    st.booleans(),
    st.integers(1, 30),
    st.integers(1, 4),
    st.integers(2, 3),
)
OFFERS = st.lists(ROW, min_size=1, max_size=4, unique_by=lambda row: row[:3])
PAIRS = st.lists(ROW, min_size=1, max_size=2, unique_by=lambda row: row[:3])


def offers_of(market: SimpleNamespace, rows: list[tuple[Any, ...]]) -> tuple[Any, ...]:
    made = [
        market.offer(f"m{place}x{size}", float(usd), region=region, cloud=cloud, spot=spot, zones=zones)
        for place, (region, cloud, spot, usd, size, zones) in enumerate(rows)
    ]
    # Zones belong to a region: the first offer of one says how many it has.
    zones = {}
    for one in made:
        zones.setdefault(one.place, one.zones)
    return in_order(replace(one, zones=zones[one.place]) for one in made)


def size(one: Any) -> float:
    return float(one.machine.name.partition("x")[2])


@settings(max_examples=60, deadline=None)
@given(OFFERS, LIMITS, st.sampled_from([0.0, 0.7, 1.0, 2.0, 3.5, 6.0]), st.sampled_from([0, 0, 1, 2]))
def test_an_hour_costs_what_the_best_of_all_fleets_costs(
    market: SimpleNamespace, rows: list[tuple[Any, ...]], limits: Limits, demand: float, least: int
) -> None:
    offers = offers_of(market, rows)
    case = Case(offers, (market.need("chat", [demand], offers, size, min_nodes=least),), limits)
    best = min((cost for _, cost in market.every(case, 4)), default=None)

    if best is None:
        # Five nodes of one offer may still do what four cannot.
        found = attempt(case, EXACT)
        assert found is None or max(found.hours[0].nodes.values()) > 4
        return
    found = pack(case, EXACT)
    assert broken(case, offers, 0, found.hours[0].nodes, (0.0,)) == ()
    assert found.cost == pytest.approx(best, rel=1e-6) or found.cost < best
    assert found.cost >= best - 1e-6 or max(found.hours[0].nodes.values()) > 4
    assert found.bound == pytest.approx(found.cost, rel=1e-6)


@settings(max_examples=40, deadline=None)
@given(PAIRS, LIMITS, st.tuples(st.sampled_from([0.0, 1.0, 2.5]), st.sampled_from([0.5, 3.0])))
def test_two_services_that_share_limits(
    market: SimpleNamespace, rows: list[tuple[Any, ...]], limits: Limits, demand: tuple[float, float]
) -> None:
    offers = offers_of(market, rows)
    needs = tuple(market.need(name, [each], offers, size) for name, each in zip(("chat", "code"), demand, strict=True))
    case = Case(offers, needs, limits)
    best = min((cost for _, cost in market.every(case, 4)), default=None)
    found = attempt(case, EXACT)

    if best is None:
        assert found is None or max(found.hours[0].nodes.values()) > 4
        return
    assert found is not None
    assert broken(case, offers, 0, found.hours[0].nodes, (0.0, 0.0)) == ()
    assert found.cost <= best + 1e-6
    assert found.cost >= best - 1e-6 or max(found.hours[0].nodes.values()) > 4


@settings(max_examples=60, deadline=None)
@given(OFFERS, st.floats(0.1, 12), st.sampled_from([0.01, 0.05, 0.2]))
def test_a_promise_is_kept_by_replicas_of_the_kind_alone(
    market: SimpleNamespace, rows: list[tuple[Any, ...]], demand: float, wait: float
) -> None:
    queue = Queue(slots=2, seconds=1.0, promise=Promise(wait))
    offers = offers_of(market, rows)
    case = Case(offers, (market.need("chat", [demand], offers, size, queue=queue),))
    found = pack(case, EXACT)
    # One rate for all, so the mix serves exactly when its replicas do.
    replicas = sum(count * size(found.by_key[key]) for (key, _), count in found.hours[0].nodes.items())
    assert replicas >= queue.one(demand)


def test_demand_at_a_whole_number_of_nodes_buys_no_node_too_many_and_a_hair_above_it_one_more(market: SimpleNamespace) -> None:
    offers = (market.offer("one", 7.0),)

    def nodes(demand: float) -> int:
        return sum(pack(Case(offers, (market.need("chat", [demand], offers, lambda _: 12.6),))).hours[0].nodes.values())

    assert [nodes(12.6 * 2), nodes(12.6 * 2 * (1 + 1e-7)), nodes(12.6 * 1000)] == [2, 3, 1000]
