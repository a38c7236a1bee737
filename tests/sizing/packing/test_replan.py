"""What to hold next: the loss really taken away, beside every fleet of small cases, and beside the integer program on a real market."""

import random
from dataclasses import replace
from itertools import product
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lepton_infra.catalog import Catalog, Machine, load_catalog
from lepton_infra.sizing.packing.model import Case, Limits, Market, Need
from lepton_infra.sizing.packing.offers import offers_of
from lepton_infra.sizing.packing.pack import pack
from lepton_infra.sizing.packing.replan import Ask, Stock, replan
from lepton_infra.sizing.packing.solve import Effort
from lepton_infra.sizing.staffing import shape

RPS = {"H100": 12.6, "H200": 14.4, "A100-80GB": 4.4, "RTXPRO6000": 5.5}
STOCKS = st.lists(
    st.builds(
        Stock,
        st.sampled_from([1.0, 2.5, 8.0, 20.0]),
        st.floats(0.5, 30),
        st.booleans(),
        st.integers(0, 4),
        st.sampled_from([0, 1, 3, 50, 1 << 40]),
    ),
    min_size=1,
    max_size=6,
)
ASKS = st.builds(Ask, st.floats(0.1, 200), st.sampled_from([0.0, 0.5, 5.0, 90.0]), st.sampled_from([0.0, 0.5, 0.9, 1.0]))


def served(stocks: list[Stock], nodes: tuple[int, ...]) -> tuple[float, float]:
    """Return what nodes serve, and what they serve when the largest pool of spot is taken away."""
    parts = [one.serves * count for one, count in zip(stocks, nodes, strict=True)]
    return sum(parts), sum(parts) - max((part for part, one in zip(parts, stocks, strict=True) if one.spot), default=0.0)


def usd(stocks: list[Stock], nodes: tuple[int, ...], ask: Ask) -> float:
    """Return what nodes cost over their stay, and those that have to be started until they serve."""
    return sum(
        one.usd_per_hour * (count * ask.stay_hours + max(count - min(one.held, one.most), 0) * ask.start_hours)
        for one, count in zip(stocks, nodes, strict=True)
    )


@settings(max_examples=300, deadline=None)
@given(STOCKS, ASKS)
def test_it_serves_what_is_wanted_and_after_the_largest_loss_what_is_to_survive(stocks: list[Stock], ask: Ask) -> None:
    nodes = replan(stocks, ask)
    if nodes is None:
        # With something on demand without end, there is always an answer.
        assert not any(one.most > 50 and not one.spot for one in stocks)
        return

    whole, left = served(stocks, nodes)
    assert whole >= ask.wanted * (1 - 1e-6)
    assert left >= ask.surviving * (1 - 1e-6)
    assert all(0 <= count <= one.most for one, count in zip(stocks, nodes, strict=True))
    firm = sum(one.serves * count for one, count in zip(stocks, nodes, strict=True) if not one.spot)
    assert firm >= (1 - ask.spot_share) * max(ask.wanted, ask.surviving) * (1 - 1e-6)


def test_beside_every_fleet_of_small_cases() -> None:
    rng, over = random.Random(3), list[float]()  # noqa: S311 (cases, not secrets)
    for _ in range(150):
        sizes = rng.choices([1.0, 2.0, 3.0, 5.0], k=4)
        stocks = [Stock(size, size * rng.uniform(1, 3), place > 0, rng.randint(0, 2), 5) for place, size in enumerate(sizes)]
        wanted = rng.uniform(2, 14)
        ask = Ask(wanted, wanted * rng.choice([0.0, 0.4, 0.8]))
        every = product(*(range(6) for _ in stocks))
        fit = [
            usd(stocks, one, ask) for one in every if served(stocks, one) >= (ask.wanted, 0.0) and served(stocks, one)[1] >= ask.surviving
        ]
        nodes = replan(stocks, ask)
        assert (nodes is None) == (not fit)
        if nodes:
            over.append(usd(stocks, nodes, ask) / min(fit) - 1)

    assert min(over) >= -1e-9
    assert fmean(over) < 0.02
    assert max(over) < 0.25


def test_beside_the_integer_program_on_a_real_market() -> None:
    shapes = {one.key: held for one in _sold(load_catalog()) if (held := shape(one.gpus, 1, RPS[one.gpu or ""]))}
    offers = [one for one in offers_of(_sold(load_catalog())) if one.machine.key in shapes and "us-" in one.machine.region]
    over = list[float]()
    for wanted, surviving in ((90.0, 60.0), (250.0, 170.0), (600.0, 580.0)):
        need = Need("chat", (wanted,), shapes, surviving=(surviving,))
        packed = pack(Case(tuple(offers), (need,), Limits(survive_spot_pool=True)), Effort(gap=0.01))
        stocks = [Stock(shapes[one.machine.key].capacity, one.usd_per_hour, one.market is Market.SPOT) for one in offers]
        nodes = replan(stocks, Ask(wanted, surviving, start_hours=0.0))
        assert nodes
        assert served(stocks, nodes)[1] >= surviving * (1 - 1e-6)
        over.append(sum(one.usd_per_hour * count for one, count in zip(stocks, nodes, strict=True)) / packed.cost - 1)

    assert min(over) > -0.02
    assert max(over) < 0.05


def test_what_stands_is_kept_unless_another_is_cheaper_by_more_than_its_start() -> None:
    standing, cheaper = Stock(1.0, 10.0, held=5), Stock(1.0, 9.0)

    assert replan([standing, cheaper], Ask(5.0, start_hours=0.25)) == (5, 0)
    assert replan([standing, cheaper], Ask(5.0, start_hours=0.05)) == (0, 5)
    assert replan([standing, cheaper], Ask(7.0, start_hours=0.25)) == (5, 2)


def test_after_a_loss_the_others_are_bought_and_not_the_pool_that_is_sold_out() -> None:
    pools = [Stock(8.0, 10.0 + place, spot=True, held=2) for place in range(4)]
    ask = Ask(40.0, 30.0)
    before = replan(pools, ask)
    after = replan([replace(pools[0], held=0, most=0), *pools[1:]], ask)

    assert before
    assert before[0] > 0
    assert after
    assert after[0] == 0
    assert served(pools, after)[1] >= 30.0


@pytest.mark.parametrize("surviving", [0.0, 20.0, 30.0])
def test_a_margin_larger_than_a_pool_pays_for_its_loss(surviving: float) -> None:
    """Margin and surplus are not added up: where six pools serve 40 and 30 is to survive, the margin does it."""
    pools = [Stock(1.0, 1.0, spot=True) for _ in range(6)]

    nodes = replan(pools, Ask(40.0, surviving))

    assert nodes
    assert sum(nodes) == 40


def test_nothing_sold_and_nothing_wanted() -> None:
    assert replan([], Ask(1.0)) is None
    assert replan([Stock(1.0, 1.0, most=0)], Ask(1.0)) is None
    assert replan([Stock(1.0, 1.0)], Ask(0.0)) == (0,)


def _sold(catalog: Catalog) -> list[Machine]:
    return [one for one in catalog.machines if one.gpu in RPS]
