"""Rules and `lepton cost` have the same numbers, and a price that nobody knows is a gap for both."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest

from lepton_infra.catalog import load_catalog
from lepton_infra.cost import Reason, bill
from lepton_infra.cost.bill import TARIFFS
from lepton_infra.cost.pricing import priced, pricing
from lepton_infra.graph import Graph, Resource, Secret
from lepton_infra.graph.model import UNKNOWN
from lepton_infra.rules.outside import Bill, Outside
from lepton_infra.rules.runner import Finding, Runner
from lepton_infra.rules.subject import Subject, plain_type, subjects_of
from lepton_policies import RULES

from .graphs import graph, resource

CARDS = {card.id: card for card in RULES}
TEMPLATE = resource(
    "aws:ec2/launchTemplate:LaunchTemplate",
    "gpu",
    {"instanceType": "p5.4xlarge", "blockDeviceMappings": [{"ebs": {"volumeType": "gp3", "volumeSize": 200}}]},
)
GROUP = resource("aws:autoscaling/group:Group", "workers", {"minSize": 2, "maxSize": 10, "launchTemplate": {"id": UNKNOWN}}, TEMPLATE)
SCHEDULE = resource("aws:autoscaling/schedule:Schedule", "day", {"recurrence": "0 6 * * *", "minSize": 8}, GROUP)
POOL = resource(
    "gcp:container/nodePool:NodePool",
    "pool",
    {"location": "us-central1-a", "nodeConfig": {"machineType": "a3-highgpu-8g", "diskSizeGb": 100}, "autoscaling": {"maxNodeCount": 4}},
)
AGENTS = resource(
    "azure-native:containerservice:AgentPool",
    "agents",
    {"vmSize": "Standard_ND96isr_H100_v5", "minCount": 0, "maxCount": 4, "count": 0, "enableAutoScaling": True, "osDiskSizeGB": 128},
)
NAT = resource("aws:ec2/natGateway:NatGateway", "nat", {"subnetId": UNKNOWN})
ODD = resource("aws:sagemaker/endpoint:Endpoint", "odd", {"endpointConfigName": "one"})
OPEN = resource("aws:ebs/volume:Volume", "open", {"size": UNKNOWN, "type": "gp3"})


def placed(*resources: Resource) -> Graph:
    """Return a graph in which each resource names its provider, as engines and programs do."""
    found = graph(*resources)
    providers = {one.type.rpartition(":")[2]: one.urn for one in found.resources if one.type.startswith("pulumi:")}
    return replace(
        found,
        resources=tuple(
            one if one.type.startswith("pulumi:") else replace(one, provider=providers[one.type.partition(":")[0]])
            for one in found.resources
        ),
    )


EVERYTHING = placed(TEMPLATE, GROUP, SCHEDULE, POOL, AGENTS, NAT, ODD, OPEN)


def _bill(of: Graph) -> Bill:
    return pricing(list(subjects_of(of)))


def test_a_rule_sees_the_numbers_of_the_bill() -> None:
    cost, seen = bill(EVERYTHING, load_catalog()), _bill(EVERYTHING)

    assert {urn: tuple(month) for urn, month in seen.months.items()} == {
        urn: (usd.low, usd.expected, usd.high) for urn, usd in cost.by_resource().items()
    }
    assert {urn.rpartition("::")[2] for urn in seen.months} == {"workers", "pool", "agents", "nat"}
    assert seen.most == pytest.approx(cost.total.high)
    assert seen.months == priced(EVERYTHING).months


def test_what_has_no_price_is_a_gap_and_what_is_billed_by_use_is_none() -> None:
    cost, seen = bill(EVERYTHING, load_catalog()), _bill(EVERYTHING)

    gaps = {(urn, gap.why) for urn, found in seen.gaps.items() for gap in found}
    assert gaps == {(urn, one.why) for one in cost.unpriced for urn in one.urns if one.reason is not Reason.BY_USE}
    assert {urn.rpartition("::")[2] for urn, _ in gaps} == {"odd", "open"}
    assert {bool(gap.asked) for gap in seen.gaps[ODD.urn]} == {True}
    assert {bool(gap.asked) for gap in seen.gaps[OPEN.urn]} == {False}


def test_the_order_of_keys_makes_no_other_gap() -> None:
    tags = {"a": "1", "b": "2"}
    one, other = (
        resource(ODD.type, "odd", dict(inputs))
        for inputs in ([("x", UNKNOWN), ("tags", tags)], [("tags", dict(reversed(tags.items()))), ("x", UNKNOWN)])
    )

    assert _bill(placed(one)) == _bill(placed(other))
    assert _bill(placed(one)) != _bill(placed(resource(ODD.type, "odd", {"x": UNKNOWN, "tags": {**tags, "b": "3"}})))


def test_no_gap_quotes_a_secret() -> None:
    hidden = resource("aws:ec2/instance:Instance", "vm", {"instanceType": Secret("p5.hunter2"), "rootBlockDevice": {"volumeSize": 8}})

    (gap, *_) = _bill(placed(hidden)).gaps[hidden.urn]
    assert "hunter2" not in str(_bill(placed(hidden)))
    assert gap.why == "a price that a secret decides"


@pytest.mark.parametrize("rule", ["cost-stack-max", "cost-stack-rise"])
def test_the_cards_look_at_all_that_has_a_price(rule: str) -> None:
    priced = {token for file in TARIFFS.values() for token in import_module(f"lepton_infra.cost.{file}").PRICERS}

    assert {plain_type(token) for token in CARDS[rule].types} == priced


def _judged(
    rule: str, of: Graph, settings: dict[str, Any], before: Bill | None = None, by: Callable[[Sequence[Subject]], Bill] | None = pricing
) -> list[Finding]:
    runner = Runner([CARDS[rule]], {rule: settings}, Outside(by, before))
    return runner.evaluate_stack(subjects_of(of))


def test_the_dearest_answers_for_its_stack_on_every_cloud() -> None:
    for pool in (GROUP, POOL, AGENTS):
        (found,) = _judged("cost-stack-max", placed(TEMPLATE, pool, NAT), {"maxMonthlyUsd": 30_000})
        assert (found.name, found.outcome.value) == (pool.name, "fail")
        assert f"above 30,000 $: {pool.name} " in found.message


def test_a_stack_without_its_prices_is_undecided_and_one_without_a_limit_is_not_asked() -> None:
    asked: list[int] = []

    def counted(subjects: Sequence[Subject]) -> Bill:
        asked.append(len(subjects))
        return pricing(subjects)

    assert {one.outcome.value for one in _judged("cost-stack-max", EVERYTHING, {"maxMonthlyUsd": 5}, by=None)} == {"undecided"}
    assert _judged("cost-stack-max", EVERYTHING, {}, by=counted) == _judged("cost-stack-rise", EVERYTHING, {}, by=counted) == []
    assert asked == []
    assert [one.outcome.value for one in _judged("cost-stack-max", EVERYTHING, {"maxMonthlyUsd": 5}, by=counted)] == ["fail"]
    assert asked == [8], "priced once for all resources"


@pytest.mark.parametrize("limit", ["lots", "", [], {"usd": 1}])
def test_a_limit_that_is_no_number_is_not_taken_for_none(limit: object) -> None:
    assert {one.outcome.value for one in _judged("cost-stack-max", placed(NAT), {"maxMonthlyUsd": limit})} == {"undecided"}


def test_the_stack_file_says_the_limit_and_comes_first() -> None:
    runner = Runner(
        [CARDS["cost-stack-max"]], {"cost-stack-max": {"maxMonthlyUsd": 1e9}}, Outside(pricing, wanted={"budget": {"usd_per_month": 20}})
    )

    (found,) = runner.evaluate_stack(subjects_of(placed(NAT)))
    assert found.message == "is the dearest of a stack that costs up to 33 $ a month, above 20 $: nat 33 $"


def test_a_rise_is_held_against_what_was() -> None:
    before = _bill(placed(NAT))

    (found,) = _judged("cost-stack-rise", EVERYTHING, {}, before)
    assert (found.outcome.value, found.name) == ("fail", "agents")
    assert "before; added: agents " in found.message
    assert _judged("cost-stack-rise", placed(NAT), {}, _bill(EVERYTHING))[0].outcome.value == "undecided"
    assert _judged("cost-stack-rise", placed(NAT), {}, _bill(graph())) == []
