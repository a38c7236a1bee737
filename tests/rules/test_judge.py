"""Rules over a whole graph, with exemptions."""

import datetime as dt
from collections.abc import Mapping

import pytest

from lepton_infra.config.exemptions import Exemption
from lepton_infra.errors import BadInput
from lepton_infra.graph import Graph, Resource, Secret
from lepton_infra.rules import view
from lepton_infra.rules.card import Severity, rule, stack_rule
from lepton_infra.rules.runner import Judged, judge
from lepton_infra.rules.stack import Stack
from lepton_infra.rules.verdict import Verdict

VPC = "aws:ec2/vpc:Vpc"
LOG = "aws:ec2/flowLog:FlowLog"
VOLUME = "aws:ebs/volume:Volume"
TODAY = dt.date(2026, 11, 21)


@stack_rule("aws-vpc-flow-logs", Severity.MEDIUM, VPC, why="w", fix="f", good=[{}], bad=[{}], unknown=[{}])
def logged(vpc: view.Resource, stack: Stack) -> Verdict:
    """Every network has a flow log."""
    return vpc.has_some("flow log", (log.vpcId.refers_to(vpc) for log in stack.of(LOG)))


@rule("aws-ebs-encrypted", Severity.HIGH, VOLUME, why="w", fix="f", good=[{}], bad=[{}], unknown=[{}])
def encrypted(volume: view.Resource) -> Verdict:
    """A disk is encrypted."""
    return volume.encrypted.is_true()


@rule("aws-ebs-owner", Severity.LOW, VOLUME, why="w", fix="f", good=[{}], bad=[{}], unknown=[{}])
def owned(volume: view.Resource) -> Verdict:
    """A disk has an owner."""
    return volume.tags.owner.is_set() | volume.of_provider.defaultTags.tags.owner.is_set()


@rule("aws-ebs-broken", Severity.LOW, VOLUME, why="w", fix="f", good=[{}], bad=[{}], unknown=[{}])
def broken(volume: view.Resource) -> Verdict:
    """It raises."""
    raise RuntimeError(volume.type_token)


CARDS = (logged, encrypted, owned)


def node(token: str, name: str, inputs: Mapping[str, object], **more: object) -> Resource:
    urn = f"urn:pulumi:dev::p::{token}::{name}"
    facts: dict[str, object] = {"parent": None, "custom": True, "outputs": {}, "dependencies": (), "protect": False} | more
    return Resource(urn=urn, type=token, name=name, inputs=inputs, **facts)  # type: ignore[arg-type] (facts of several types)


def exemption(urn: str = "*", rule: str = "aws-ebs-encrypted", expires: str = "2026-11-21") -> Exemption:
    return Exemption(rule=rule, urn=urn, reason="r", owner="me", expires=expires)


def judged(*nodes: Resource, exemptions: tuple[Exemption, ...] = (), now: dt.date = TODAY) -> Judged:
    return judge(Graph("p", "dev", nodes), CARDS, exemptions, now)


def said(result: Judged) -> list[tuple[str, str, str]]:
    return [(finding.rule, finding.name, finding.outcome.value) for finding in result.findings]


def test_one_graph_holds_all_that_rules_ask_for() -> None:
    main = node(VPC, "main", {}, id="vpc-1")
    log = node(LOG, "log", {"vpcId": {"$unknown": True}}, property_dependencies={"vpcId": (main.urn,)})
    dark = node(VPC, "dark", {}, id="vpc-2")
    aws = node("pulumi:providers:aws", "aws", {"defaultTags": {"tags": {"owner": "x"}}})
    disks = [
        node(VOLUME, "plain", {"encrypted": False}, provider=aws.urn),
        node(VOLUME, "hidden", {"encrypted": Secret(), "tags": {"owner": {"$secret": True}}}),
        node("lepton:index:Storage", "component", {}, custom=False),
    ]
    result = judged(main, log, dark, aws, *disks)
    assert said(result) == [
        ("aws-vpc-flow-logs", "dark", "fail"),
        ("aws-ebs-encrypted", "plain", "fail"),
        ("aws-ebs-encrypted", "hidden", "undecided"),
        ("aws-ebs-owner", "hidden", "undecided"),
    ]
    assert (result.checked, result.rules) == (5, 3)
    assert result.findings[2].message == "encrypted is unknown"


def test_findings_are_set_apart_by_exemptions_in_force_alone() -> None:
    disks = [node(VOLUME, name, {"tags": {"owner": "x"}}) for name in ("a", "b", "c")]
    in_force, over, odd, idle = (
        exemption("*::a"),
        exemption("*::b", expires="2026-11-20"),
        exemption("*::c", expires="soon"),
        exemption("*::d"),
    )
    result = judged(*disks, exemptions=(in_force, over, odd, idle))
    assert [one.finding.name for one in result.exempted] == ["a"]
    assert result.exempted[0].exemption is in_force
    assert [finding.name for finding in result.findings] == ["b", "c"]
    assert result.expired == (over, odd)
    assert result.unused == (idle,)
    tomorrow = judged(*disks, exemptions=(in_force,), now=TODAY + dt.timedelta(1))
    assert (len(tomorrow.findings), tomorrow.expired) == (3, (in_force,))


def test_two_exemptions_of_one_finding_are_both_of_use() -> None:
    both = (exemption("*"), exemption("*::a"))
    assert judged(node(VOLUME, "a", {"tags": {"owner": "x"}}), exemptions=both).unused == ()


def test_an_exemption_from_no_rule_is_refused_with_the_nearest() -> None:
    with pytest.raises(BadInput) as caught:
        judged(exemptions=(exemption(), exemption(rule="aws-ebs-encryptd"), exemption(rule="zzz")))
    assert [str(fault) for fault in caught.value.faults] == [
        "lepton:exemptions[1].rule: is 'aws-ebs-encryptd'; one of aws-ebs-encrypted, aws-ebs-owner. Run `lepton rules` for the list.",
        "lepton:exemptions[2].rule: is 'zzz'; one of aws-ebs-encrypted, aws-ebs-owner, aws-vpc-flow-logs. Run `lepton rules` for the list.",
    ]


def test_a_broken_rule_is_an_error_and_nobody_is_exempt_from_it() -> None:
    disk = node(VOLUME, "a", {"encrypted": True, "tags": {"owner": "x"}})
    result = judge(Graph("p", "dev", (disk,)), (*CARDS, broken), [exemption(rule="aws-ebs-broken")], TODAY)
    assert [finding.rule for finding in result.errors] == ["aws-ebs-broken"]
    assert (result.findings, result.exempted) == ((), ())
    assert result.unused[0].rule == "aws-ebs-broken"
