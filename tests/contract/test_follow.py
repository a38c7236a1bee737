"""The loop that is built is the loop that was planned: its alarms and policies, run over demand, hold what the plan's simulation does."""

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lepton_components import AutoscalingGroup, BadArgs
from lepton_components.aws.follow import MOST_STEPS
from lepton_components.testing import Graph
from lepton_infra.sizing.loop import Limits, Tracking, floor_and_loop, steps
from lepton_infra.sizing.plan import Plan
from lepton_infra.sizing.simulator import Policy, Setting, simulate

pytestmark = pytest.mark.parametrize("rig", ["aws"], indirect=True)

ALARM, POLICY = "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:autoscaling/policy:Policy"
LONGEST_EXPRESSION = 2048
MOST_QUERIES = 20
WORDS: dict[str, Any] = {"choose": lambda when, yes, no: yes if when else no, "floor": math.floor}
"""What CloudWatch's metric math has and Python calls otherwise."""


@lru_cache
def computed(expression: str) -> CodeType:
    return compile(re.sub(r"\bIF\(", "choose(", expression).replace("FLOOR(", "floor("), "metric math", "eval")


@dataclass(frozen=True)
class Pair:
    """An alarm and the policy that it invokes."""

    alarm: dict[str, Any]
    policy: dict[str, Any]

    def value(self, load: float, serving: int) -> float:
        """Work out the alarm's metric math where workers of `serving` nodes publish a load once a minute."""
        known: dict[str, float] = {}
        for query in self.alarm["metricQueries"]:
            if "metric" in query:
                minutes = query["metric"]["period"] / 60
                known[query["id"]] = {"Sum": load * 100, "SampleCount": serving}[query["metric"]["stat"]] * minutes
            else:
                known[query["id"]] = eval(computed(query["expression"]), WORDS, known)  # noqa: S307 (our own metric math)
        return known[self.answer]

    @property
    def answer(self) -> str:
        (name,) = [query["id"] for query in self.alarm["metricQueries"] if query["returnData"]]
        return name

    def on(self, load: float, serving: int) -> bool:
        return self.value(load, serving) >= self.alarm["threshold"]


def pairs(graph: Graph, name: str) -> list[Pair]:
    labels = [one.name for one in graph.of(ALARM)]
    assert sorted(labels) == sorted(one.name for one in graph.of(POLICY))
    return [Pair(graph.one(ALARM, label).inputs, graph.one(POLICY, label).inputs) for label in labels if label.startswith(f"{name}-load")]


def deployed(built: list[Pair], floors: list[int], most: int, window_minutes: int, lead: int, capacity: float) -> Policy:
    """Do what EC2 does with alarms and policies at the end of each window."""
    free = 0

    def decide(place: int, demand: float, serving: int, held: int) -> int:
        nonlocal free
        least = max(floors[min(place + 1, len(floors) - 1) : place + 2 + lead])
        wanted, load = held, demand / capacity
        for one in built:
            if not one.on(load, serving):
                continue
            if one.policy["policyType"] == "StepScaling":
                above = one.value(load, serving) - one.alarm["threshold"]
                (step,) = [
                    each["scalingAdjustment"]
                    for each in one.policy["stepAdjustments"]
                    if float(each["metricIntervalLowerBound"]) <= above < float(each.get("metricIntervalUpperBound", "inf"))
                ]
                # What is ordered stays ordered: EC2 takes nothing away while workers warm up.
                wanted = max(wanted, step)
            elif held <= serving and place >= free:
                free = place + math.ceil(one.policy["cooldown"] / 60 / window_minutes)
                gone = max(math.floor(held * -one.policy["scalingAdjustment"] / 100), one.policy["minAdjustmentMagnitude"])
                wanted = held - gone
        return min(max(wanted, least), most)

    return Policy(max(floors[: lead + 1]), decide)


def loop(tracking: Tracking, one: Setting, **changes: Any) -> dict[str, Any]:
    made = steps(one, tracking)
    rows = [
        {"nodes": nodes, "out_above": above, "in_below": below}
        for nodes, above, below in zip(made.sizes.tolist(), made.out_above.tolist(), made.in_below.tolist(), strict=True)
    ]
    return {"window_minutes": 10, "wait_minutes": 30, "release_percent": tracking.release_percent, "steps": rows} | changes


@pytest.fixture(scope="module", params=[(1.3, 1.5, 20, 90), (0.4, 3.0, 5, 25), (2.0, 1.0, 35, 400)], ids=str)
def built(rig: Any, request: pytest.FixtureRequest) -> tuple[list[Pair], Tracking]:
    margin, spare, percent, most = request.param
    tracking = Tracking(margin, spare, percent, Limits(3, most))
    said = loop(tracking, Setting(np.zeros(1), 10.0, 1, 1, 1 / 6))
    graph = rig.build(lambda: AutoscalingGroup("group", rig.group(pool=rig.pool(loop=said, max_nodes=most, lead_minutes=10))))
    return pairs(graph, "group"), tracking


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10_000), st.floats(5, 600))
def test_what_is_built_holds_what_the_plan_simulates(built: tuple[list[Pair], Tracking], seed: int, mean: float) -> None:
    made, tracking = built
    rng = np.random.default_rng(seed)
    values = mean * (1.2 + np.sin(np.arange(288) / 144 * 2 * np.pi)) * np.exp(rng.normal(0, 0.3, 288))
    one = Setting(values, 10.0, 1, 1, 1 / 6)
    floors = np.clip(one.nodes(np.repeat(values[::6], 6)) // 3, 1, tracking.limits.most)
    ours = simulate(one, floor_and_loop(one, floors, tracking))
    theirs = simulate(one, deployed(made, floors.tolist(), tracking.limits.most, 10, 1, 10.0))
    assert ours.billed.tolist() == theirs.billed.tolist()


def test_no_load_has_two_policies(built: tuple[list[Pair], Tracking]) -> None:
    """Two that set different sizes, each every minute, would tear the group to and fro."""
    for load in np.linspace(0, 60, 400).tolist():
        for serving in (1, 3, 9, 20, 25):
            assert sum(one.on(load, serving) for one in built[0]) <= 1


def test_the_clouds_limits_are_kept(built: tuple[list[Pair], Tracking]) -> None:
    for one in built[0]:
        assert len(one.alarm["metricQueries"]) <= MOST_QUERIES
        assert max(len(query.get("expression", "")) for query in one.alarm["metricQueries"]) <= LONGEST_EXPRESSION
        assert len(one.policy.get("stepAdjustments", [])) <= MOST_STEPS
        assert {query["metric"]["period"] for query in one.alarm["metricQueries"] if "metric" in query} == {600}
        for before, after in pairwise(one.policy.get("stepAdjustments", [])):
            assert before["metricIntervalUpperBound"] == after["metricIntervalLowerBound"]


def test_the_shipped_group_runs_by_the_plans_table(rig: Any) -> None:
    plan = Plan.model_validate_json(Path("stacks/plans/serve-aws.json").read_bytes()).pool("overflow")
    assert plan.loop is not None
    made = pairs(rig.stack(), "overflow")
    orders, (release,) = [one for one in made if "stepAdjustments" in one.policy], [one for one in made if "cooldown" in one.policy]
    sizes = [step["scalingAdjustment"] for one in orders for step in one.policy["stepAdjustments"]]
    assert sizes == [step.nodes for step in plan.loop.steps]
    for step, after in pairwise(plan.loop.steps):
        (here,) = [one for one in orders if one.on(step.out_above - 1e-5, step.nodes - 1)]
        (beyond,) = [one for one in orders if one.on(step.out_above + 1e-5, step.nodes)]
        assert (here.value(step.out_above - 1e-5, step.nodes - 1), beyond.value(step.out_above + 1e-5, step.nodes)) == (
            step.nodes,
            after.nodes,
        )
        assert not any(one.on(step.out_above - 1e-5, step.nodes) for one in orders)
        more = next(nodes for nodes in range(step.nodes, 1000) if nodes - max(nodes * plan.loop.release_percent // 100, 1) == step.nodes)
        assert release.on(step.in_below - 1e-5, more)
        assert not release.on(step.in_below + 1e-5, more)
    assert release.policy["cooldown"] == 60 * plan.loop.scale_in_wait_minutes
    assert {one.policy["estimatedInstanceWarmup"] for one in orders} == {60 * plan.lead_minutes}
    assert {one.alarm["treatMissingData"] for one in made} == {"notBreaching"}


def test_a_loop_of_one_size_orders_it_and_lets_nothing_go(rig: Any) -> None:
    said = loop(Tracking(1.0, 1.5, 20, Limits(3, 1)), Setting(np.zeros(1), 10.0, 1, 1, 1 / 6))
    made = pairs(rig.build(lambda: AutoscalingGroup("group", rig.group(pool=rig.pool(loop=said)))), "group")
    assert [one.on(load, serving) for one in made for load, serving in ((9.0, 0), (9.0, 1), (0.0, 1))] == [True, False, False] + [False] * 3


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"steps": []}, "loop.steps"),
        ({"release_percent": 0}, "loop.release_percent"),
        ({"wait_minutes": 0}, "loop.wait_minutes"),
        ({"steps": [{"nodes": 2, "out_above": 1.0, "in_below": 0.5}] * 2}, "has 2 nodes after 2; sizes and loads that rise"),
        ({"window": 5}, "loop.window"),
    ],
)
def test_a_bad_loop_is_refused_where_it_is(rig: Any, changes: dict[str, Any], said: str) -> None:
    given_loop = loop(Tracking(1.0, 1.5, 20, Limits(3, 9)), Setting(np.zeros(1), 10.0, 1, 1, 1 / 6), **changes)
    with pytest.raises(BadArgs, match=re.escape(said)):
        rig.build(lambda: AutoscalingGroup("group", rig.group(pool=rig.pool(loop=given_loop))))
