"""A month's dollars: from the stack file or the plan, told to people and machines, over this stack's tag alone."""

import json
from math import ceil
from pathlib import Path
from typing import Any

import pytest

from lepton_components import Budget
from lepton_components.testing import UNKNOWN, Graph

PLAN = json.loads(Path("stacks/plans/serve-aws.json").read_bytes())
BUDGET = "aws:budgets/budget:Budget"


def _limit(graph: Graph) -> str:
    (made,) = graph.of(BUDGET)
    return made.inputs["limitAmount"]


def test_where_the_stack_file_names_no_dollars_they_are_the_plans(rig: Any) -> None:
    dear = sum(pool["usd_per_month"]["p90"] for pool in PLAN["pools"])

    assert float(_limit(rig.stack())) == ceil(dear) > sum(pool["usd_per_month"]["expected"] for pool in PLAN["pools"])


def test_dollars_of_the_stack_file_come_first(rig: Any) -> None:
    graph = rig.stack(change=lambda stack: stack["budget"].update(usd_per_month=120_000.5))

    assert _limit(graph) == "120000.50"


def test_without_a_budget_nothing_is_built_of_it(rig: Any) -> None:
    graph = rig.stack(change=lambda stack: stack.pop("budget"))

    assert [one.name for one in graph.resources if "budget" in one.name or "sns" in one.type] == []


def test_a_fleet_knows_no_spread_so_its_budget_needs_dollars(rig: Any) -> None:
    with pytest.raises(Exception, match=r"budget has no usd_per_month beside fleet"):
        rig.stack(change=lambda stack: stack.update(fleet={}))


@pytest.mark.parametrize("rig", ["aws"], indirect=True)
@pytest.mark.parametrize("preview", [False, True])
def test_people_and_machines_hear_of_each_share_spent_and_forecast(rig: Any, *, preview: bool) -> None:
    graph = rig.stack(preview=preview)
    (made,), (topic,), (policy,) = (graph.of(kind) for kind in (BUDGET, "aws:sns/topic:Topic", "aws:sns/topicPolicy:TopicPolicy"))

    notices = [(one["notificationType"], one["threshold"]) for one in made.inputs["notifications"]]
    assert notices == [("ACTUAL", 50), ("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)]
    assert {one["subscriberEmailAddresses"][0] for one in made.inputs["notifications"]} == {"ml-platform@example.com"}
    arn = UNKNOWN if preview else f"arn:aws:sns:us-east-1:123456789012:{topic.name}"
    assert [one["subscriberSnsTopicArns"] for one in made.inputs["notifications"]] == [[arn]] * 4
    assert made.inputs["costFilters"] == [{"name": "TagKeyValue", "values": ["user:stack$serve-aws"]}]
    assert made.inputs["costTypes"] == {"includeCredit": False, "includeRefund": False}
    assert policy.urn in made.after
    assert topic.inputs["kmsMasterKeyId"] == (UNKNOWN if preview else "arn:aws:kms:us-east-1:123456789012:keys-messages")


@pytest.mark.parametrize("rig", ["aws"], indirect=True)
def test_only_budgets_of_this_account_publish_and_use_the_key(rig: Any) -> None:
    graph = rig.stack()
    (policy,) = graph.of("aws:sns/topicPolicy:TopicPolicy")
    said = {one["Sid"]: one for one in json.loads(policy.inputs["policy"])["Statement"]}
    key = {one["Sid"]: one for one in json.loads(graph.one("aws:kms/key:Key", "keys-messages").inputs["policy"])["Statement"]}
    ours = {
        "StringEquals": {"aws:SourceAccount": "123456789012"},
        "ArnLike": {"aws:SourceArn": "arn:aws:budgets::123456789012:*"},
    }

    assert said["Budgets"]["Principal"] == key["Budgets"]["Principal"] == {"Service": "budgets.amazonaws.com"}
    assert said["Budgets"]["Condition"] == key["Budgets"]["Condition"] == ours
    assert said["Budgets"]["Resource"] == policy.inputs["arn"]
    assert said["TlsOnly"]["Effect"] == "Deny"
    assert set(said) == {"Budgets", "TlsOnly"}
    assert set(key) == {"Administration", "Budgets"}


@pytest.mark.parametrize("rig", ["aws"], indirect=True)
def test_shares_are_the_users(rig: Any) -> None:
    graph = rig.build(lambda: Budget("budget", rig.budget(actual_percent=[90.0], forecast_percent=[])))
    (made,) = graph.of(BUDGET)

    assert [(one["notificationType"], one["threshold"]) for one in made.inputs["notifications"]] == [("ACTUAL", 90)]
