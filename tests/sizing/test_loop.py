"""Floors and the loop above them."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lepton_infra.sizing.erlang import Promise
from lepton_infra.sizing.loop import (
    CAUTIOUS,
    MOST_SIZES,
    Limits,
    Tracking,
    calm_minutes,
    calm_windows,
    floor_and_loop,
    gone,
    sizes,
    steps,
)
from lepton_infra.sizing.queue import Queue
from lepton_infra.sizing.simulator import Setting, Span, score, simulate
from lepton_infra.sizing.staffing import NodeShape, staffed
from lepton_infra.sizing.tuning import MARGINS, RELEASES, SPARES, Choice, tried, tuned

LIMITS = Limits(3, 100)
ROOT = Tracking(1.0, 2.0, 20, LIMITS)
"""A load of l asks for l and its root more: four for 2.25, nine for 6.3; twice the root must be left when nodes go."""


def setting(values: list[float], lead: int = 1) -> Setting:
    return Setting(np.array(values), 10.0, lead, 1, 1 / 6)


def served(one: Setting, floors: list[int], tracking: Tracking = ROOT) -> list[int]:
    return simulate(one, floor_and_loop(one, np.array(floors), tracking)).serving.tolist()


def test_floors_serve_in_their_windows_whatever_the_lead() -> None:
    floors = [1, 1, 1, 1, 5, 5, 1, 1]
    for lead in (0, 1, 3):
        assert served(setting([1.0] * 8, lead), floors, Tracking(0.1, 1.0, 100, Limits(1, 100)))[4:6] == [5, 5]


def test_the_loop_adds_at_once_and_lets_a_share_go_at_a_time() -> None:
    # Sixty of ten each are a load of six, which asks for ceil(6 + sqrt 6) = 9 nodes, there after the lead time of one window. Of those at
    # most a fifth goes, one node, every third window, while what is left is 0.5 + 2 sqrt 0.5, so 2 nodes, or more.
    assert served(setting([5.0, 60.0, 60.0, *[5.0] * 12]), [1] * 15)[:15] == [1, 1, 2, 9, 8, 8, 8, 7, 7, 7, 6, 6, 6, 5, 5]
    assert served(setting([5.0] * 40), [9, *[1] * 39])[-1] == 2


def test_nodes_stay_while_less_than_the_wider_margin_would_be_left() -> None:
    # Seven nodes: a load of 4 asks for 6, one less than there are, but to go they must leave 4 + 2 sqrt 4 = 8.
    assert served(setting([40.0] * 8), [7, *[1] * 7]) == [7] * 8
    # A load of 2.5 leaves 2.5 + 2 sqrt 2.5 = 5.7, so 6: one node may go, no second.
    assert served(setting([25.0] * 12), [7, *[1] * 11])[-1] == 6
    # A load of 4.7 asks for 4.7 + sqrt 4.7 = 6.9, a load of 5 for 7.2.
    assert served(setting([47.0] * 4), [7, 1, 1, 1])[-1] == 7
    assert served(setting([50.0] * 4), [7, 1, 1, 1])[-1] == 8


def test_nothing_goes_while_something_is_on_its_way() -> None:
    # A rise and a fall: what was ordered in window 1 comes in window 4, and only then may anything go.
    assert served(setting([5.0, 60.0, *[5.0] * 6], 2), [1] * 8)[4:7] == [9, 8, 8]


def test_never_more_than_the_most() -> None:
    assert max(served(setting([500.0] * 9), [1] * 9, Tracking(1.0, 2.0, 20, Limits(1, 7)))) == 7
    assert max(served(setting([1.0] * 9), [9] * 9, Tracking(1.0, 2.0, 20, Limits(1, 7)))) == 7


def test_a_gap_changes_nothing_but_the_floor() -> None:
    nan = float("nan")
    assert served(setting([22.0, nan, nan, nan, nan], 0), [4, 1, 1, 6, 1]) == [4, 4, 4, 6, 6]


def test_waiting_before_scaling_in_follows_the_lead_time() -> None:
    assert [calm_minutes(lead) for lead in (0, 3, 5, 15)] == [10, 10, 10, 30]
    assert calm_windows(15, 1 / 6) == 3
    assert calm_windows(15, 1.0) == 1
    # CloudWatch and a day's schedule both end after a day.
    assert calm_minutes(24 * 60) == 24 * 60


def test_a_share_is_rounded_down_but_one_node_goes_at_least() -> None:
    assert [gone(nodes, 20) for nodes in (1, 4, 9, 10, 14)] == [1, 1, 1, 2, 2]


@given(st.integers(0, 40), st.integers(1, 5000))
def test_sizes_rise_from_the_least_to_the_most(least: int, most: int) -> None:
    made = sizes(min(least, most), most).tolist()
    assert (made[0], made[-1]) == (max(min(least, most), 1), most)
    assert all(before < after for before, after in pairwise(made))
    assert len(made) == min(most - made[0] + 1, MOST_SIZES)


@pytest.mark.parametrize("promise", [None, 0.05])
def test_a_full_fleet_is_seen_and_a_larger_one_runs_hotter(promise: float | None) -> None:
    queue = None if promise is None else Queue(8, 1.0, Promise(promise))
    one = Setting(np.zeros(1), 8.0, 1, 1, 1 / 6, staffed(NodeShape(1, 8.0, queue)))
    for margin, spare in product((MARGINS[0], 1.0, MARGINS[-1]), SPARES):
        made = steps(one, Tracking(margin, spare, 20, LIMITS))
        heat = made.out_above / made.sizes
        assert np.all(heat < 1)
        assert np.all(np.diff(heat) > 0)
        assert np.all(made.in_below <= made.out_above)
        for size, above in zip(made.sizes.tolist(), made.out_above.tolist(), strict=True):
            assert one.nodes(np.asarray([above * 8.0]))[0] <= size


def waves(seed: int) -> Setting:
    rng = np.random.default_rng(seed)
    return setting((200 * (1.2 + np.sin(np.arange(8 * 144) / 144 * 2 * np.pi)) * np.exp(rng.normal(0, 0.1, 8 * 144))).tolist(), 2)


def floors_of(one: Setting) -> np.ndarray:
    wave = one.nodes(200 * (1.2 + np.sin(np.arange(8 * 144) / 144 * 2 * np.pi)))
    return np.stack([np.maximum(wave * part // 10, 1) for part in (0, 6, 10, 14)], axis=1)


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 1000), st.sampled_from([0.005, 0.02, 0.1]))
def test_what_is_found_keeps_to_its_aim_and_no_other_of_its_kind_is_cheaper(seed: int, aim: float) -> None:
    one, span = waves(seed), Span(288, 8 * 144)
    floors = floors_of(one)
    (found,) = tuned(one, floors, aim, [span], LIMITS)
    assert found.done.violated <= aim
    for level, margin in product(range(4), MARGINS[::13]):
        way = Tracking(margin, found.tracking.spare, found.tracking.release_percent, LIMITS)
        done = score(one, simulate(one, floor_and_loop(one, floors[:, level], way)), span)
        assert done.violated > aim or done.node_hours >= found.done.node_hours
    for margin, spare, release in product(MARGINS[::13], SPARES, RELEASES):
        done = score(one, simulate(one, floor_and_loop(one, floors[:, 0], Tracking(margin, spare, release, LIMITS))), span)
        assert done.violated > aim or done.node_hours >= found.done.node_hours


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 1000), st.integers(0, 4), st.sampled_from([12, 40, 250]), st.sampled_from([None, 0.1]))
def test_loops_side_by_side_do_what_each_does_alone(seed: int, lead: int, most: int, promised: float | None) -> None:
    rng = np.random.default_rng(seed)
    values = rng.gamma(2, 80, 400)
    values[rng.random(400) < 0.05] = np.nan
    queue = Queue(4, 1.0, Promise(promised)) if promised else None
    one = Setting(values, 8.0, lead, int(rng.integers(0, 4)), 1 / 6, staffed(NodeShape(2, 4.0, queue)))
    floors = np.sort(rng.integers(0, 30, (400, 3)), axis=1)
    limits, spans = Limits(int(rng.integers(1, 5)), most), [Span(0, 150), Span(100, 400), Span(250, 300)]
    draws = [(int(rng.integers(3)), float(rng.choice(MARGINS)), float(rng.choice(SPARES)), int(rng.choice(RELEASES))) for _ in range(5)]
    done = tried(one, floors, [Choice(*draw) for draw in draws], spans, limits)
    for place, (level, *way) in enumerate(draws):
        run = simulate(one, floor_and_loop(one, floors[:, level], Tracking(*way, limits)))
        for span, each in zip(spans, done, strict=True):
            alone = score(one, run, span)
            assert each.billed[place] / 6 == pytest.approx(alone.node_hours)
            assert each.short[place] / each.windows == pytest.approx(alone.violated)


def test_what_is_found_does_not_know_what_comes_after_its_span() -> None:
    one, span = waves(3), Span(288, 6 * 144)
    changed = Setting(np.concatenate([one.values[: span.end], one.values[span.end :] * 3]), 10.0, 2, 1, 1 / 6)
    whole = Span(288, 8 * 144)
    first, second = (tuned(each, floors_of(one), 0.01, [span, whole], LIMITS) for each in (one, changed))
    assert first[0] == second[0]
    assert first[1] != second[1]
    assert tuned(one, floors_of(one), 0.01, [span], LIMITS) == [first[0]]


def test_it_may_decide_anew_from_a_window_on() -> None:
    one = waves(4)
    floors, (early, late) = np.ones(len(one.values), dtype=np.int64), (Tracking(margin, 1.5, 20, LIMITS) for margin in (0.3, 3.0))
    whole, other, mixed = (
        simulate(one, floor_and_loop(one, floors, first, later)).billed
        for first, later in ((early, ()), (late, ()), (early, [(576, late)]))
    )
    assert mixed[:577].tolist() == whole[:577].tolist()
    assert mixed[700:].tolist() == other[700:].tolist()


def test_where_nothing_keeps_to_the_aim_the_least_short_is_taken() -> None:
    one, span, limits = waves(1), Span(288, 8 * 144), Limits(3, 12)
    (found,) = tuned(one, np.ones((len(one.values), 1), dtype=np.int64), 0.001, [span], limits)
    assert found.done.violated > 0.001
    coolest = floor_and_loop(one, np.ones(len(one.values), dtype=np.int64), Tracking(MARGINS[-1], SPARES[-1], RELEASES[0], limits))
    assert found.done.violated <= score(one, simulate(one, coolest), span).violated
    with pytest.raises(ValueError, match="no floors"):
        tuned(one, np.ones((len(one.values), 0), dtype=np.int64), 0.001, [span], LIMITS)


def test_a_guess_leaves_room_for_a_lone_node_to_fail() -> None:
    made = steps(setting([0.0]), Tracking(*CAUTIOUS, LIMITS))
    assert [made.enough(load) for load in (1.0, 4.0, 16.0)] == [3, 8, 24]
