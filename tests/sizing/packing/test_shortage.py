"""Who is cut where not all can be served, what cannot be kept at all, and what starts cost."""

from itertools import combinations
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lepton_infra.errors import BadInput
from lepton_infra.sizing.packing.conflict import smallest_conflict
from lepton_infra.sizing.packing.model import Case, Limits, Quota
from lepton_infra.sizing.packing.pack import attempt, conflict, pack
from lepton_infra.sizing.packing.prices import prices
from lepton_infra.sizing.packing.rivals import rivals
from lepton_infra.sizing.packing.solve import Effort
from lepton_infra.sizing.packing.starts import total_starts

EXACT = Effort(gap=0.0)


def services(market: SimpleNamespace, demand: dict[str, tuple[int, list[float]]], offers: tuple[Any, ...], **more: Any) -> tuple[Any, ...]:
    return tuple(
        market.need(name, hours, offers, lambda _: 10.0, priority=priority, lead_hours=0.0, **more)
        for name, (priority, hours) in demand.items()
    )


def test_the_lowest_priority_is_cut_first_and_only_where_it_is_short(market: SimpleNamespace) -> None:
    offers = (market.offer("one", 1.0),)
    needs = services(market, {"batch": (0, [30.0, 10.0]), "chat": (10, [40.0, 20.0]), "code": (5, [20.0, 10.0])}, offers)
    packed = pack(Case(offers, needs, Limits(max_nodes=7)), EXACT)

    # Seven nodes in the first hour: four for chat, two for code, one of three for batch; the second hour needs four.
    assert packed.hours[0].unserved == pytest.approx((2 / 3, 0.0, 0.0), abs=1e-6)
    assert packed.hours[1].unserved == (0.0, 0.0, 0.0)
    assert packed.unserved == pytest.approx((0.5, 0.0, 0.0), abs=1e-6)
    (price,) = prices(packed, EXACT)
    assert (price.limit, price.hours, price.served) == ("fleet.max_nodes", (0,), pytest.approx(0.5, abs=1e-6))


def test_a_budget_is_kept_by_cutting_the_lowest_priority(market: SimpleNamespace) -> None:
    offers = (market.offer("one", 1.0),)
    needs = services(market, {"batch": (0, [30.0, 10.0]), "chat": (10, [40.0, 20.0])}, offers)
    # Ten nodes over two hours are needed: four for batch and six for chat. Eight dollars buy eight.
    packed = pack(Case(offers, needs, Limits(usd_per_month=8.0 * 730 / 2)), EXACT)

    assert packed.usd + packed.start_usd <= 8.0 + 0.01
    assert packed.unserved[1] == 0.0
    assert packed.unserved[0] == pytest.approx(0.5, abs=0.01)
    (price,) = prices(packed, EXACT)
    assert (price.limit, price.served) == ("fleet.usd_per_month", pytest.approx(0.5, abs=0.01))
    greedy = next(one for one in rivals(packed) if one.name == "least-loaded-first")
    assert greedy.unserved[0] >= packed.unserved[0] - 1e-6


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 6), min_size=2, max_size=2), st.lists(st.integers(0, 6), min_size=2, max_size=2), st.integers(1, 9))
def test_a_larger_budget_never_serves_less(market: SimpleNamespace, chat: list[int], batch: list[int], budget: int) -> None:
    offers = (market.offer("one", 1.0), market.offer("two", 1.9))
    needs = tuple(
        market.need(
            name,
            [10.0 * each for each in hours],
            offers,
            lambda one: 10.0 if one.machine.name == "one" else 20.0,
            priority=place,
            lead_hours=0.0,
        )
        for place, (name, hours) in enumerate((("batch", batch), ("chat", chat)))
    )
    tight, loose = (pack(Case(offers, needs, Limits(usd_per_month=usd * 365.0))).unserved for usd in (budget, budget + 2))
    assert (loose[1], loose[0]) <= (tight[1] + 0.02, tight[0] + 0.02) or loose[1] < tight[1]


def test_what_cannot_be_kept_is_named_and_nothing_beside_it(market: SimpleNamespace) -> None:
    offers = (market.offer("one", 1.0), market.offer("two", 1.0, region="r2"))
    (need,) = services(market, {"chat": (0, [30.0])}, offers, min_nodes=4)
    limits = Limits(quotas=(Quota(5, region="r2"), Quota(2)), regions=("r*",), max_spot_share=0.5, max_nodes=9)

    with pytest.raises(BadInput) as caught:
        pack(Case(offers, (need,), limits))

    assert str(caught.value).startswith("fleet.quotas[1] and chat.min_nodes: cannot all be kept")


@pytest.mark.parametrize(
    ("limits", "names"),
    [
        (Limits(max_region_share=0.4, may_cut=False), ("fleet.max_region_share", "chat.demand")),
        (Limits(regions=("nowhere",), may_cut=False), ("fleet.regions", "chat.demand")),
        (Limits(usd_per_month=100.0, max_nodes=50, may_cut=False), ("fleet.usd_per_month", "chat.demand")),
        (Limits(min_nodes=3, max_nodes=2), ("fleet.min_nodes", "fleet.max_nodes")),
        (Limits(survive_zones=3, max_nodes=5, may_cut=False), ("fleet.survive_zones", "fleet.max_nodes", "chat.demand")),
    ],
)
def test_sets_that_conflict(market: SimpleNamespace, limits: Limits, names: tuple[str, ...]) -> None:
    offers = (market.offer("one", 1.0), market.offer("two", 1.0, region="r2"))
    case = Case(offers, services(market, {"chat": (0, [30.0])}, offers), limits)
    assert attempt(case, EXACT) is None
    assert set(conflict(case, EXACT)) == set(names)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sets(st.integers(0, 6), min_size=1, max_size=4), min_size=1, max_size=6))
def test_the_smallest_set_is_as_small_as_the_smallest_of_all_sets(conflicts: list[set[int]]) -> None:
    names = [str(each) for each in range(7)]

    def possible(held: frozenset[str]) -> bool:
        return not any({str(each) for each in one} <= held for one in conflicts)

    found = smallest_conflict(names, possible)
    brute = next(size for size in range(8) if any(not possible(frozenset(one)) for one in combinations(names, size)))
    assert not possible(frozenset(found))
    assert len(found) == brute


def test_a_node_is_kept_through_a_quiet_hour_where_starting_again_costs_more(market: SimpleNamespace) -> None:
    offers = (market.offer("one", 1.0), market.offer("two", 1.0, region="r2"))

    def nodes(lead: float) -> list[int]:
        need = market.need("chat", [20.0, 20.0, 10.0, 20.0], offers, lambda _: 10.0, lead_hours=lead)
        packed = pack(Case(offers, (need,)), EXACT)
        alone = sum(hour.cost for hour in packed.alone) + total_starts(packed.case, offers, packed.alone)
        assert packed.cost + packed.start_usd <= alone + 1e-9
        return [sum(hour.nodes.values()) for hour in packed.hours]

    assert nodes(0.25) == [2, 2, 1, 2]
    assert nodes(1.5) == [2, 2, 2, 2]
