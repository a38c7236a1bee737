"""Policies on the past: the rules of the comparison, by hand and by property."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lepton_infra.sizing import policies
from lepton_infra.sizing.policies import Setting

NAN = float("nan")


def setting(values: list[float], lead: int = 1, least: int = 1) -> Setting:
    return Setting(np.array(values), 10.0, lead, least, 1 / 6)


def test_nodes_are_billed_from_their_order() -> None:
    # One node, and a second that serves in the last two windows: with a lead of one it boots for one window before.
    score = policies.score(setting([5, 5, 15, 15]), np.array([1, 1, 2, 2]), 4)
    assert score.node_hours == pytest.approx((1 + 2 + 2 + 2) / 6)
    assert score.violated == 0


def test_a_window_is_violated_when_demand_exceeds_the_nodes() -> None:
    score = policies.score(setting([5, 10, 10.1, NAN, 30]), np.array([1, 1, 1, 0, 2]), 5)
    assert score.violated == 2 / 4


def test_perfect_knowledge_is_never_short_and_never_dearer() -> None:
    values = np.random.default_rng(1).gamma(3, 20, 500).tolist()
    one = setting(values)
    perfect = policies.score(one, policies.oracle(one), 300)
    assert perfect.violated == 0
    for serving in (policies.static(one, 300), policies.thresholds(one), policies.target_tracking(one)):
        other = policies.score(one, serving, 300)
        assert other.node_hours > perfect.node_hours or other.violated > 0


def test_static_is_the_peak_of_what_came_before() -> None:
    assert policies.static(setting([15, 42, 3, 99]), 1).tolist() == [5, 5, 5, 5]


def test_thresholds_scale_out_after_the_lead_time_and_in_at_once() -> None:
    # 10 a node. Window 0 at 100 % orders ceil(20 / 0.6 / 10) = 4 nodes, which serve from window 2 with a lead of one.
    serving = policies.thresholds(setting([20, 20, 20, 20, 10, 10]))
    assert serving.tolist() == [2, 2, 4, 4, 4, 2]


def test_thresholds_stay_in_their_dead_band() -> None:
    assert policies.thresholds(setting([30, 24, 21, 19, 20], lead=0)).tolist() == [3, 5, 5, 5, 4]


def test_target_tracking_waits_before_it_scales_in() -> None:
    serving = policies.target_tracking(setting([70, 70, 70, 7, 7, 7, 7, 7], lead=0), target=0.7)
    assert serving.tolist() == [7, 10, 10, 10, 10, 10, 1, 1]


def test_a_forecast_decides_for_the_window_after_the_lead_time() -> None:
    serving = policies.forecast(setting([10, 10, 10, 10, 10]), np.array([NAN, 20.0, 30.0, 40.0, 50.0]))
    assert serving.tolist() == [1, 1, 1, 2, 3]


@given(st.lists(st.one_of(st.just(NAN), st.floats(0, 500)), min_size=12, max_size=60), st.integers(0, 3))
def test_no_policy_sees_the_future(values: list[float], lead: int) -> None:
    cut = 8
    if np.isnan(values[:cut]).all():
        return
    changed = [*values[:cut], *(value * 3 + 40 for value in values[cut:])]
    for policy in (policies.thresholds, policies.target_tracking):
        assert policy(setting(values, lead))[: cut + 1].tolist() == policy(setting(changed, lead))[: cut + 1].tolist()
    last = len(values) - cut
    assert policies.static(setting(values, lead), last)[0] == policies.static(setting(changed, lead), last)[0]


@given(st.lists(st.floats(0, 500), min_size=12, max_size=60), st.integers(0, 3), st.integers(0, 4))
def test_never_fewer_nodes_than_allowed(values: list[float], lead: int, least: int) -> None:
    one = setting(values, lead, least)
    for serving in (policies.oracle(one), policies.static(one, 6), policies.thresholds(one), policies.target_tracking(one)):
        assert (serving >= least).all()
