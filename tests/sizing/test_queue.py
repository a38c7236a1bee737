"""Replicas as slots of one queue, lead times as distributions, and how hot a fleet may run."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lepton_infra.config import LeadTime
from lepton_infra.sizing.erlang import Promise, servers_for
from lepton_infra.sizing.lead import quantile
from lepton_infra.sizing.queue import Queue
from lepton_infra.sizing.staffing import NodeShape, replicas_for, staffed

few = settings(deadline=None, max_examples=30)
demands = st.lists(st.floats(0, 60), min_size=1, max_size=8)
queues = st.builds(
    Queue, st.integers(1, 16), st.floats(0.05, 3), st.builds(Promise, st.floats(0.01, 0.4), st.floats(0, 1)), st.floats(1, 2)
)


@few
@given(queues, demands)
def test_replicas_are_the_servers_in_whole_replicas(queue: Queue, demand: list[float]) -> None:
    found = queue.replicas(np.asarray(demand))
    for each, replicas in zip(demand, found.tolist(), strict=True):
        assert abs(queue.one(each) - replicas) <= 1
        servers = servers_for(each * queue.peak_to_mean * queue.seconds * (1 - 1e-6), queue.promise)
        assert servers <= replicas * queue.slots
        assert each < 1e-9 or replicas >= 1


@few
@given(queues, demands)
def test_more_demand_never_needs_fewer_replicas(queue: Queue, demand: list[float]) -> None:
    found = queue.replicas(np.sort(np.asarray(demand)))
    assert (np.diff(found) >= 0).all()
    assert (queue.replicas(np.sort(np.asarray(demand)) * 1.5) >= found).all()


@few
@given(queues, demands, st.floats(1, 2))
def test_a_busier_moment_inside_the_window_is_more_demand(queue: Queue, demand: list[float], factor: float) -> None:
    busier = Queue(queue.slots, queue.seconds, queue.promise, queue.peak_to_mean * factor)
    assert (busier.replicas(np.asarray(demand)) >= queue.replicas(np.asarray(demand))).all()


def test_the_utilisation_follows_from_the_size_of_the_fleet() -> None:
    queue = Queue(1, 1.0, Promise(0.05))
    shares = [queue.utilisation(replicas) for replicas in (10, 17, 29, 64, 119, 540)]
    assert shares == sorted(shares)
    assert [round(share, 1) for share in (shares[0], shares[-1])] == [0.5, 0.9]
    assert queue.utilisation(0) == 0
    assert Queue(1, 1.0, Promise(0.05), 2.0).utilisation(64) == pytest.approx(queue.utilisation(64) / 2)


def test_nodes_hold_whole_replicas() -> None:
    node = NodeShape(8, 1.0, Queue(1, 1.0, Promise(0.05)))
    count = staffed(node)
    assert count is not None
    assert replicas_for([0, 5, 10, 100], node) == (0, 10, 17, 119)
    assert count(np.asarray([0.0, 5.0, 10.0, 100.0])).tolist() == [0, 2, 3, 15]
    assert staffed(NodeShape(8, 1.0)) is None


def lead(share: float, **steps: tuple[float, float]) -> LeadTime:
    return LeadTime.model_validate({"quantile": share} | {name: {"median": mid, "p95": high} for name, (mid, high) in steps.items()})


def test_one_step_has_the_quantiles_that_were_given() -> None:
    assert quantile(lead(0.95, node=(3, 7))) == pytest.approx(7)
    assert quantile(lead(0.5, node=(3, 7))) == pytest.approx(3)
    assert quantile(lead(0.99, node=(3, 3), image=(2, 2))) == pytest.approx(5)


def test_the_sum_of_steps_is_close_to_what_is_drawn() -> None:
    steps = {"node": (3.0, 6.0), "image": (2.0, 4.0), "weights": (4.0, 9.0)}
    random = np.random.default_rng(7)
    drawn = sum(mid * np.exp(np.log(high / mid) / 1.6448536 * random.standard_normal(200_000)) for mid, high in steps.values())
    for share in (0.5, 0.9, 0.95, 0.99):
        assert quantile(lead(share, **steps)) == pytest.approx(float(np.quantile(drawn, share)), rel=0.03)


@few
@given(st.floats(0.5, 100), st.floats(1, 5), st.floats(0.5, 0.99), st.floats(0, 0.009))
def test_a_higher_quantile_or_another_step_never_shortens_it(median: float, spread: float, share: float, more: float) -> None:
    short = lead(share, node=(median, median * spread))
    assert quantile(lead(share + more, node=(median, median * spread))) >= quantile(short) * (1 - 1e-12)
    assert quantile(lead(share, node=(median, median * spread), image=(1, 1))) > quantile(short)
