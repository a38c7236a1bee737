"""Erlang's formulas against published figures, against the queue solved state by state, and against themselves."""

from math import exp, factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lepton_infra.sizing.erlang import LARGEST_LOAD, Promise, erlang_b, largest_loads, servers_for, square_root, waiting

shares = st.floats(1e-3, 0.5)
waits = st.floats(0, 3)
loads = st.floats(0.01, 600)
few = settings(deadline=None, max_examples=30)


def one(servers: int, load: float, wait: float = 0.0) -> float:
    return float(waiting(np.asarray([float(servers)]), np.asarray([load]), wait)[0])


def solved(servers: int, load: float) -> float:
    """Return P(wait) from the balance equations of M/M/c, state by state."""
    states = [load**count / factorial(count) for count in range(servers)]
    rest = load**servers / factorial(servers) * servers / (servers - load)
    return rest / (sum(states) + rest)


@pytest.mark.parametrize(("load", "servers"), [(5, 10), (10, 17), (20, 29), (50, 64), (100, 119), (500, 540)])
def test_the_published_table_at_five_percent(load: float, servers: int) -> None:
    assert servers_for(load, Promise(0.05)) == servers


@pytest.mark.parametrize("servers", range(1, 12))
def test_small_queues_agree_with_their_balance_equations(servers: int) -> None:
    for share in (0.05, 0.5, 0.9, 0.999):
        load = share * servers
        assert one(servers, load) == pytest.approx(solved(servers, load), rel=1e-12)
        assert one(servers, load, 0.7) == pytest.approx(solved(servers, load) * exp(-0.7 * (servers - load)), rel=1e-12)


def test_the_smallest_number_of_servers_by_trying_each() -> None:
    for load in (0.3, 1.0, 3.7, 8.0, 25.5):
        for promise in (Promise(0.05), Promise(0.3), Promise(0.01, 0.5)):
            tried = next(
                many for many in range(1, 200) if many > load and solved(many, load) * exp(-promise.wait * (many - load)) <= promise.share
            )
            assert servers_for(load, promise) == tried


def test_too_few_servers_let_everyone_wait() -> None:
    assert waiting(np.asarray([0.0, 3.0, 3.0]), np.asarray([1.0, 3.0, 7.0])).tolist() == [1.0, 1.0, 1.0]
    assert one(5, 0.0) == 0.0


def test_a_single_server_waits_as_often_as_it_is_busy() -> None:
    assert one(1, 0.37) == pytest.approx(0.37, rel=1e-14)
    assert float(erlang_b(np.asarray([1.0]), np.asarray([1.0]))[0]) == 0.5


@pytest.mark.parametrize("load", [5_000.0, 200_000.0])
def test_thousands_of_servers_follow_the_square_root_rule(load: float) -> None:
    promise = Promise(0.05)
    assert abs(servers_for(load, promise) - square_root(load, 0.05)) < 3
    assert one(10_000, 10.0) == 0.0


def test_a_load_beyond_all_fleets_is_refused() -> None:
    with pytest.raises(ValueError, match="at most"):
        servers_for(LARGEST_LOAD * 2, Promise(0.05))
    assert servers_for(0, Promise(0.05)) == 0


@few
@given(loads, shares, waits)
def test_the_answer_keeps_the_promise_and_one_fewer_does_not(load: float, share: float, wait: float) -> None:
    servers = servers_for(load, Promise(share, wait))
    assert one(servers, load, wait) <= share
    assert servers - 1 <= load or one(servers - 1, load, wait) > share


@few
@given(loads, shares, waits, st.floats(1, 3), st.floats(1, 2), st.floats(0, 1))
def test_more_load_never_needs_fewer_and_a_looser_promise_never_more(
    load: float, share: float, wait: float, more: float, looser: float, longer: float
) -> None:
    servers = servers_for(load, Promise(share, wait))
    assert servers_for(load * more, Promise(share, wait)) >= servers
    assert servers_for(load, Promise(min(share * looser, 0.9), wait + longer)) <= servers


@few
@given(st.lists(st.integers(1, 600), min_size=1, max_size=6), shares, waits)
def test_the_largest_load_is_the_edge_of_the_promise(many: list[int], share: float, wait: float) -> None:
    promise = Promise(share, wait)
    for servers, load in zip(many, largest_loads(np.asarray(many), promise).tolist(), strict=True):
        assert one(servers, load, wait) <= share
        assert servers_for(load, promise) <= servers
        assert one(servers, load * (1 + 1e-4) + 1e-9, wait) > share
