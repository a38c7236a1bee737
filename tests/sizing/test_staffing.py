"""Whole replicas, whole nodes, and when to order them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lepton_infra.sizing.plan import Change
from lepton_infra.sizing.schedule import DAY, base, ordered, schedule
from lepton_infra.sizing.staffing import nodes_for, replicas_for, shape

levels = st.lists(st.integers(0, 30), min_size=24, max_size=24)
hour_of_day = st.integers(0, 23)
leads = st.integers(0, 24 * 60)


@pytest.mark.parametrize(
    ("gpus", "per_replica", "replicas"),
    [(8, 1, 8), (8, 2, 4), (8, 3, 2), (8, 8, 1), (1, 1, 1), (4, 3, 1)],
)
def test_replicas_are_packed_whole(gpus: float, per_replica: int, replicas: int) -> None:
    node = shape(gpus, per_replica, 12.6 * per_replica)
    assert node is not None
    assert node.replicas == replicas
    assert node.capacity == pytest.approx(replicas * per_replica * 12.6)


@pytest.mark.parametrize(("gpus", "per_replica"), [(1, 2), (8, 16), (0.5, 1), (1 / 6, 1)])
def test_a_replica_never_spans_nodes_nor_shares_a_gpu(gpus: float, per_replica: int) -> None:
    assert shape(gpus, per_replica, 12.6) is None


@given(st.floats(0, 1e5), st.sampled_from([1, 2, 4, 8]), st.integers(1, 8), st.floats(0.1, 100), st.integers(0, 5))
def test_the_fewest_nodes_that_serve(demand: float, gpus: int, per_replica: int, per_gpu: float, least: int) -> None:
    node = shape(gpus, per_replica, per_gpu * per_replica)
    if node is None:
        assert per_replica > gpus
        return
    replicas, more = replicas_for([demand, demand * 1.5], node)
    nodes = nodes_for(replicas, node, least)
    assert nodes * node.capacity >= demand * (1 - 1e-6)
    assert nodes == least or (nodes - 1) * node.capacity <= demand
    assert nodes_for(more, node, least) >= nodes


def test_a_quotient_that_is_whole_stays_whole() -> None:
    node = shape(1, 1, 12.6)
    assert node is not None
    assert replicas_for([12.6 * many for many in range(30)], node) == tuple(range(30))


def replay(changes: tuple[Change, ...], otherwise: int) -> list[int]:
    """Return the bound in each minute of a day after the changes have run for a day."""
    at = {int(hour) * 60 + int(minute): change.min_nodes for change in changes for minute, hour in [change.cron.split()[:2]]}
    bound, out = otherwise, []
    for minute in range(2 * DAY):
        bound = at.get(minute % DAY, bound)
        out.append(bound)
    return out[DAY:]


@given(levels, hour_of_day, leads)
def test_every_hour_has_its_nodes_a_lead_time_before_it_begins(nodes: list[int], first: int, lead: int) -> None:
    bounds = replay(schedule(nodes, first, lead), base(nodes, first, lead))
    for place, needed in enumerate(nodes):
        begins = (first + place) % 24 * 60
        for minute in range(-lead, 60, 7):
            assert bounds[(begins + minute) % DAY] >= needed


@given(levels, hour_of_day, leads)
def test_no_more_is_ordered_than_some_hour_under_way_needs(nodes: list[int], first: int, lead: int) -> None:
    assert replay(schedule(nodes, first, lead), base(nodes, first, lead)) == ordered(nodes, first, lead)


@given(levels, hour_of_day, leads)
def test_changes_are_few_and_in_order(nodes: list[int], first: int, lead: int) -> None:
    changes = schedule(nodes, first, lead)
    minutes = [int(change.cron.split()[1]) * 60 + int(change.cron.split()[0]) for change in changes]
    assert minutes == sorted(set(minutes))
    assert all(change.min_nodes != changes[place - 1].min_nodes for place, change in enumerate(changes))
    assert len(changes) <= 24


@given(levels, hour_of_day, leads)
def test_only_the_hour_of_the_day_counts(nodes: list[int], first: int, lead: int) -> None:
    turned = nodes[5:] + nodes[:5]
    assert schedule(turned, (first + 5) % 24, lead) == schedule(nodes, first, lead)


def test_a_rise_is_early_and_a_fall_is_not() -> None:
    nodes = [2] * 8 + [5] * 10 + [2] * 6
    assert schedule(nodes, 0, 15) == (
        Change(cron="45 7 * * *", min_nodes=5, scale="out"),
        Change(cron="0 18 * * *", min_nodes=2, scale="in"),
    )


def test_a_rise_at_midnight_is_ordered_the_day_before() -> None:
    nodes = [5] * 3 + [2] * 21
    assert schedule(nodes, 0, 10) == (
        Change(cron="0 3 * * *", min_nodes=2, scale="in"),
        Change(cron="50 23 * * *", min_nodes=5, scale="out"),
    )


def test_equal_hours_need_no_change() -> None:
    assert schedule([4] * 24, 7, 30) == ()
    assert base([4] * 24, 7, 30) == 4


def test_a_lead_time_of_a_day_keeps_the_most() -> None:
    nodes = [1] * 23 + [9]
    assert schedule(nodes, 0, 24 * 60) == ()
    assert base(nodes, 0, 24 * 60) == 9
