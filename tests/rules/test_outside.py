"""What rules may ask for beyond resources: the stack file's words, and who prices."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from pulumi.runtime.proto import analyzer_pb2 as rpc

from lepton_infra.rules.analyzer import Analyzer
from lepton_infra.rules.announce import Pack
from lepton_infra.rules.card import On, Setting, Severity, stack_rule
from lepton_infra.rules.outside import Bill, Month, wanted_at
from lepton_infra.rules.page import page
from lepton_infra.rules.stack import Stack
from lepton_infra.rules.subject import Subject
from lepton_infra.rules.verdict import PASS, Verdict
from lepton_infra.rules.view import Resource

VOLUME = "aws:ebs/volume:Volume"
STACK = "lepton:stack"


@stack_rule(
    "test-dear",
    Severity.HIGH,
    VOLUME,
    why="w",
    fix="Make it cheap.",
    settings={"most": Setting(100, "the most dollars", "budget.usd_per_month")},
    good=[On(VOLUME, {}, settings={"most": 5})],
    bad=[On(VOLUME, {}, before={"it": On(VOLUME, {"size": 1})})],
    unknown=[{}],
)
def cheap(volume: Resource, stack: Stack) -> Verdict:
    """It is cheap."""
    bill = stack.bill()
    dear = bill is not None and bill.most > float(str(volume.its_settings.most.raw_value()))
    return volume.fail_because("is dear") if dear else PASS


def _fifty_each(subjects: Sequence[Subject]) -> Bill:
    return Bill({one.urn: Month(0, 25, 50) for one in subjects}, {})


def _judged(stack: str, policies: dict[str, Any] | None = None) -> list[str]:
    """Return what the engine hears of one volume of fifty dollars."""
    analyzer: Any = Analyzer(Pack("pack", "Pack", "1.0.0", "It guards.", (cheap,), _fifty_each))
    if policies is not None:
        configured = rpc.PolicyConfig(enforcementLevel=rpc.MANDATORY)
        configured.properties.update(policies)
        analyzer.Configure(rpc.ConfigureAnalyzerRequest(policyConfig={"test-dear": configured}), None)
    analyzer.ConfigureStack(rpc.AnalyzerStackConfigureRequest(stack="s", project="p", config={STACK: stack}), None)
    volume = rpc.AnalyzerResource(type=VOLUME, name="it", urn="urn:it", provider=rpc.AnalyzerProviderResource(type="pulumi:providers:aws"))
    analyzer.analyze(rpc.AnalyzeRequest(type=VOLUME, name="it", urn="urn:it"))
    return [one.message for one in analyzer.analyze_stack(rpc.AnalyzeStackRequest(resources=[volume])).diagnostics]


def test_the_pack_prices_with_what_it_was_given_and_the_stack_file_says_the_limit() -> None:
    tight = json.dumps({"budget": {"usd_per_month": 49}})

    assert _judged("{}") == []
    assert _judged(tight) == ["is dear. Make it cheap."]
    assert _judged("{}", {"most": 49}) == ["is dear. Make it cheap."]
    assert _judged(json.dumps({"budget": {"usd_per_month": 60}}), {"most": 49}) == [], "what the stack file says comes first"


@pytest.mark.parametrize("text", ["", "no JSON", "[" * 100_000, "[]", "3", '{"budget": 3}', '{"budget": {"usd_per_month": null}}'])
def test_a_stack_file_that_says_nothing_of_it_leaves_the_setting(text: str) -> None:
    assert _judged(text) == []
    assert _judged(text, {"most": 49}) == ["is dear. Make it cheap."]


def test_a_path_leads_to_what_stands_there() -> None:
    assert wanted_at({"a": {"b": 0}}, "a.b") == 0
    assert [wanted_at(wanted, "a.b") for wanted in ({}, {"a": None}, {"a": [1]}, {"a": {"b": None}})] == [None] * 4


def test_the_page_says_where_a_setting_stands_and_what_stood_before() -> None:
    told = page(cheap)

    assert "* `most` (100; `budget.usd_per_month` of the stack file comes first): the most dollars" in told
    assert f'{VOLUME} {{}} with {{"most": 5}}' in told
    assert f'  before, it: {VOLUME} {{"size": 1}}' in told
