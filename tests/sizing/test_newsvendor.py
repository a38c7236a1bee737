"""How much to promise: the closed forms against every promise there is."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lepton_infra.sizing.newsvendor import Term, best_promise, best_spend, hourly_cost, saving, spend_cost, stacked

needs = st.lists(st.integers(0, 9), min_size=1, max_size=12).map(lambda each: np.asarray(each, dtype=np.float64))
ratios = st.integers(1, 19).map(lambda each: each / 20)


def mean_cost(need: np.ndarray, *promised: tuple[float, float]) -> float:
    return float(hourly_cost(need, promised).mean())


def test_a_promise_by_hand() -> None:
    need = np.asarray([1.0, 2, 3, 4])
    # At half price a node pays while it is needed in more than half of the hours: the third is needed in two of four, which is a tie.
    assert best_promise(need, 0.5) == 2
    assert best_promise(need, 0.49) == 3
    assert best_promise(need, 0.0) == 4
    assert best_promise(need, 1.0) == 0
    assert mean_cost(need, (2, 0.5)) == 1 + (0 + 0 + 1 + 2) / 4


@given(needs, ratios)
def test_the_quantile_costs_no_more_than_any_promise(need: np.ndarray, ratio: float) -> None:
    best = best_promise(need, ratio)
    costs = {level: mean_cost(need, (level, ratio)) for level in range(11)}
    least = min(costs.values())
    assert costs[int(best)] == pytest.approx(least)
    assert all(cost > least + 1e-12 for level, cost in costs.items() if level < best)


@given(needs, ratios, ratios)
def test_a_cheaper_promise_is_never_smaller(need: np.ndarray, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert best_promise(need, low) >= best_promise(need, high)


@given(needs, ratios)
def test_more_need_never_makes_it_smaller(need: np.ndarray, ratio: float) -> None:
    assert best_promise(need + 1, ratio) == best_promise(need, ratio) + 1 or not best_promise(need, ratio)
    assert best_promise(need * 2, ratio) == best_promise(need, ratio) * 2


@given(needs, st.lists(st.tuples(ratios, st.integers(0, 4)), min_size=1, max_size=3))
def test_prices_that_add_up(need: np.ndarray, offered: list[tuple[float, int]]) -> None:
    terms = [Term(ratio, most) for ratio, most in offered]
    found = stacked(need, terms)
    every = itertools.product(*(range(most + 1) for _, most in offered))
    least = min(mean_cost(need, *((amount, term.ratio) for amount, term in zip(each, terms, strict=True))) for each in every)
    assert mean_cost(need, *((amount, term.ratio) for amount, term in zip(found, terms, strict=True))) == pytest.approx(least)
    assert all(amount <= term.most for amount, term in zip(found, terms, strict=True))


def test_the_cheapest_covers_the_base() -> None:
    need = np.asarray([4.0] * 6 + [8.0] * 4)
    assert stacked(need, [Term(0.7), Term(0.3, most=5)]) == [0, 5]
    assert stacked(need, [Term(0.39), Term(0.3, most=5)]) == [3, 5]
    assert stacked(need, [Term(0.39), Term(0.3, most=2)]) == [6, 2]


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=6),
    st.tuples(ratios, ratios),
    st.tuples(st.integers(1, 5), st.integers(1, 5)),
)
def test_a_sum_for_several_machines(rows: list[tuple[int, int]], cheap: tuple[float, float], dear: tuple[int, int]) -> None:
    need, on_demand = np.asarray(rows, dtype=np.float64), np.asarray(dear, dtype=np.float64)
    promised = on_demand * np.asarray(cheap)
    found = best_spend(need, on_demand, promised)
    edges = {0.0}
    for order in ((0, 1), (1, 0)):
        for row in need:
            edges |= {float(edge) for edge in np.cumsum(row[list(order)] * promised[list(order)])}
    cost = float(spend_cost(need, on_demand, promised, found).mean())
    assert cost == pytest.approx(min(float(spend_cost(need, on_demand, promised, edge).mean()) for edge in edges))
    for other in np.linspace(0, float((need @ promised).max()) + 1, 23):
        assert cost <= float(spend_cost(need, on_demand, promised, float(other)).mean()) + 1e-9


@given(needs, ratios)
def test_a_sum_for_one_machine_is_its_quantile(need: np.ndarray, ratio: float) -> None:
    spend = best_spend(need[:, None], np.asarray([3.0]), np.asarray([3 * ratio]))
    assert spend == pytest.approx(best_promise(need, ratio) * 3 * ratio)


def test_a_saving_and_its_interval() -> None:
    days = np.repeat(np.arange(10), 24)
    steady = saving(np.full(240, 10.0), np.full(240, 6.0), days)
    assert (steady.expected, steady.p10, steady.p90) == pytest.approx((0.4, 0.4, 0.4))
    swinging = np.repeat([2.0, 18.0] * 5, 24)
    unsure = saving(swinging, 6 + np.maximum(swinging - 10, 0), days)
    assert unsure.p10 < unsure.expected < unsure.p90
    assert unsure.expected == pytest.approx(0.0)
    assert saving(swinging, 6 + np.maximum(swinging - 10, 0), days) == unsure
    assert saving(np.zeros(24), np.zeros(24), days[:24]).expected == 0
