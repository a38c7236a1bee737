"""Policies on the past: the rules of the comparison, by hand and by property."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lepton_infra.sizing import policies
from lepton_infra.sizing.simulator import Policy, Setting, score, simulate

NAN = float("nan")


def setting(values: list[float], lead: int = 1, least: int = 1) -> Setting:
    return Setting(np.array(values), 10.0, lead, least, 1 / 6)


def served(one: Setting, policy: Policy) -> list[int]:
    return simulate(one, policy).serving.tolist()


def test_perfect_knowledge_is_never_short_and_never_dearer() -> None:
    values = np.random.default_rng(1).gamma(3, 20, 500).tolist()
    one = setting(values)
    perfect = score(one, simulate(one, policies.oracle(one)), one.last(300))
    assert perfect.violated == perfect.unserved == 0
    for policy in (policies.static(one, 200), policies.thresholds(one), policies.target_tracking(one)):
        other = score(one, simulate(one, policy), one.last(300))
        assert other.node_hours > perfect.node_hours or other.violated > 0


def test_static_is_the_peak_of_what_came_before() -> None:
    one = setting([15, 42, 3, 99])
    assert served(one, policies.static(one, 3)) == [5, 5, 5, 5]


def test_static_at_a_quantile_leaves_the_rest_out() -> None:
    one = setting([*range(10, 1010, 10), 9999.0])
    assert served(one, policies.static(one, 100, 0.99))[0] == 100
    assert served(one, policies.static(one, 100, 0.5))[0] == 51


def test_thresholds_scale_out_after_the_lead_time_and_in_at_once() -> None:
    # 10 a node. Window 0 at 100 % orders ceil(20 / 0.6 / 10) = 4 nodes, which serve from window 2 with a lead of one.
    one = setting([20, 20, 20, 20, 10, 10])
    assert served(one, policies.thresholds(one)) == [2, 2, 4, 4, 4, 2]


def test_thresholds_stay_in_their_dead_band() -> None:
    one = setting([30, 24, 21, 19, 20], lead=0)
    assert served(one, policies.thresholds(one)) == [3, 5, 5, 5, 4]


def test_target_tracking_waits_before_it_scales_in() -> None:
    one = setting([70, 70, 70, 7, 7, 7, 7, 7], lead=0)
    assert served(one, policies.target_tracking(one, target=0.7)) == [7, 10, 10, 10, 10, 10, 1, 1]


def test_a_forecast_decides_for_the_window_after_the_lead_time() -> None:
    one = setting([10, 10, 10, 10, 10])
    assert served(one, policies.forecast(one, np.array([NAN, 20.0, 30.0, 40.0, 50.0]))) == [1, 1, 1, 2, 3]


def test_a_node_that_a_later_window_needs_serves_the_quiet_one_before_it() -> None:
    one = setting([10, 10, 10, 10, 10, 10], lead=1)
    run = simulate(one, policies.forecast(one, np.array([30.0, 30.0, 10.0, 30.0, 10.0, 10.0])))
    # Wanted from window 2 on: 3, 3, 1, 3. The lull of window 4 is shorter than a boot, so its two nodes are kept, paid for, and serve.
    assert run.billed.tolist() == [3, 3, 3, 3, 3, 3]
    assert run.serving.tolist() == [3, 3, 3, 3, 3, 3]


def test_a_timetable_is_served_on_time_and_paid_for_no_earlier_than_it_boots() -> None:
    one = setting([10.0] * 8, lead=2)
    run = simulate(one, policies.timetable(one, np.array([1, 1, 1, 1, 4, 1, 1, 1])))
    assert run.serving.tolist() == [1, 1, 1, 1, 4, 1, 1, 1]
    assert run.billed.tolist() == [1, 1, 4, 4, 4, 1, 1, 1]


@given(st.lists(st.one_of(st.just(NAN), st.floats(0, 500)), min_size=12, max_size=60), st.integers(0, 3))
def test_no_policy_sees_the_future(values: list[float], lead: int) -> None:
    cut = 8
    if np.isnan(values[:cut]).all():
        return
    changed = [*values[:cut], *(value * 3 + 40 for value in values[cut:])]
    for policy in (policies.thresholds, policies.target_tracking):
        before, after = setting(values, lead), setting(changed, lead)
        assert served(before, policy(before))[: cut + 1] == served(after, policy(after))[: cut + 1]
    assert policies.static(setting(values, lead), cut).start == policies.static(setting(changed, lead), cut).start


@given(st.lists(st.floats(0, 500), min_size=12, max_size=60), st.integers(0, 3), st.integers(0, 4))
def test_never_fewer_nodes_than_allowed(values: list[float], lead: int, least: int) -> None:
    one = setting(values, lead, least)
    for policy in (policies.oracle(one), policies.static(one, 6), policies.thresholds(one), policies.target_tracking(one)):
        assert min(served(one, policy)) >= least
