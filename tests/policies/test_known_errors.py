"""What a widely used scanner (Checkov 3.3.30) was measured to get wrong, and the relatives of each case: other ways to write one meaning.

Each case is Terraform's in the measurement and its Pulumi counterpart here; `test_known_relatives.py` has those of the other clouds.
"""

from typing import Any

import pytest

from lepton_infra.rules.runner import Runner
from lepton_infra.rules.subject import Subject
from lepton_infra.rules.values import UNKNOWN
from lepton_policies import RULES

GROUP = "aws:ec2/securityGroup:SecurityGroup"
GROUP_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
CLUSTER = "aws:eks/cluster:Cluster"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
WORLD = "0.0.0.0/0"

RUNNER = Runner(RULES)


def outcome(rule: str, token: str, inputs: dict[str, Any]) -> str:
    found = {finding.rule: finding.outcome.value for finding in RUNNER.evaluate(Subject(token, inputs))}
    return found.get(rule, "pass")


def ssh(**more: Any) -> dict[str, Any]:
    return {"ingress": [{"protocol": "tcp", "fromPort": 22, "toPort": 22, **more}]}


def one(**more: Any) -> dict[str, Any]:
    return {"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, **more}


@pytest.mark.parametrize(
    ("token", "inputs"),
    [
        pytest.param(INGRESS, one(cidrIpv6="::/0"), id="measured: IPv6 in a rule of its own"),
        pytest.param(GROUP, ssh(cidrBlocks=["0.0.0.0/1", "128.0.0.0/1"]), id="measured: two halves"),
        pytest.param(GROUP, ssh(cidrBlocks=["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/1"]), id="three parts"),
        pytest.param(GROUP, ssh(ipv6CidrBlocks=["::/0"]), id="IPv6 in a list"),
        pytest.param(GROUP, ssh(ipv6CidrBlocks=["::/1", "8000::/1"]), id="two halves of IPv6"),
        pytest.param(GROUP, ssh(ipv6CidrBlocks=["2000::/3"]), id="all that is given out of IPv6"),
        pytest.param(GROUP, ssh(ipv6CidrBlocks=["::ffff:0:0/96"]), id="IPv4 written as IPv6"),
        pytest.param(GROUP, ssh(ipv6CidrBlocks=["0::0/0"]), id="IPv6 with zeros spelled out"),
        pytest.param(GROUP, ssh(cidrBlocks=["8.8.8.8/0"]), id="host bits set"),
        pytest.param(GROUP, ssh(cidrBlocks=[" 0.0.0.0/0 "]), id="blanks around it"),
        pytest.param(GROUP, ssh(cidrBlocks=WORLD), id="text where a list is meant"),
        pytest.param(GROUP, ssh(cidrBlocks=[[WORLD]]), id="a list in a list"),
        pytest.param(GROUP, ssh(cidrBlocks=["10.0.0.0/8", WORLD]), id="second in its list"),
        pytest.param(
            GROUP, {"ingress": [{"protocol": "tcp", "fromPort": 443, "toPort": 443}, *ssh(cidrBlocks=[WORLD])["ingress"]]}, id="second rule"
        ),
        pytest.param(GROUP, ssh(cidrBlocks=[UNKNOWN, WORLD]), id="beside an unknown"),
        pytest.param(
            GROUP,
            {"ingress": [*ssh(cidrBlocks=["0.0.0.0/1"])["ingress"], *ssh(cidrBlocks=["128.0.0.0/1"])["ingress"]]},
            id="halves in two rules",
        ),
        pytest.param(GROUP, ssh(cidrBlocks=[WORLD], fromPort="22", toPort="22"), id="ports as text"),
        pytest.param(GROUP, ssh(cidrBlocks=[WORLD], fromPort=0, toPort=65535), id="a range of all"),
        pytest.param(GROUP, ssh(cidrBlocks=[WORLD], fromPort=20, toPort=25), id="a range around it"),
        pytest.param(GROUP, ssh(cidrBlocks=[WORLD], protocol="-1", fromPort=0, toPort=0), id="every protocol"),
        pytest.param(GROUP, ssh(cidrBlocks=[WORLD], protocol=-1, fromPort=0, toPort=0), id="every protocol, as a number"),
        pytest.param(GROUP, ssh(cidrBlocks=[WORLD], protocol="all"), id="every protocol, as a word"),
        pytest.param(GROUP, ssh(cidrBlocks=[WORLD], protocol="TCP"), id="a protocol in capitals"),
        pytest.param(GROUP, ssh(cidrBlocks=[WORLD], protocol="6"), id="a protocol by its number"),
        pytest.param(GROUP, {"ingress": [{"protocol": "tcp", "cidrBlocks": [WORLD]}]}, id="no ports: all of them"),
        pytest.param(GROUP, ssh(cidrBlocks=[WORLD], fromPort=-1, toPort=-1), id="port -1"),
        pytest.param(INGRESS, {"ipProtocol": "-1", "cidrIpv4": WORLD}, id="every protocol in a rule of its own"),
        pytest.param(
            GROUP_RULE,
            {"type": "ingress", "protocol": "tcp", "fromPort": 22, "toPort": 22, "ipv6CidrBlocks": ["::/0"]},
            id="older rule, IPv6",
        ),
        pytest.param("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", ssh(cidrBlocks=[WORLD]), id="the default group"),
    ],
)
def test_ssh_is_open(token: str, inputs: dict[str, Any]) -> None:
    assert outcome("aws-sg-admin-open", token, inputs) == "fail"


@pytest.mark.parametrize(
    ("token", "inputs"),
    [
        pytest.param(GROUP, ssh(cidrBlocks=["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]), id="all private networks"),
        pytest.param(GROUP, ssh(cidrBlocks=["203.0.113.0/25", "203.0.113.128/25"]), id="two halves of an office"),
        pytest.param(GROUP, ssh(prefixListIds=["pl-1"]), id="a prefix list"),
        pytest.param(GROUP, {"ingress": [{"protocol": "icmp", "fromPort": -1, "toPort": -1, "cidrBlocks": [WORLD]}]}, id="ping"),
        pytest.param(GROUP, {"egress": ssh(cidrBlocks=[WORLD])["ingress"]}, id="outward"),
        pytest.param(GROUP, {"ingress": []}, id="nothing"),
        pytest.param(INGRESS, one(referencedSecurityGroupId="sg-1"), id="a group"),
        pytest.param(GROUP_RULE, {"type": "egress", "protocol": "-1", "cidrBlocks": [WORLD]}, id="outward, older rule"),
    ],
)
def test_ssh_is_not_open(token: str, inputs: dict[str, Any]) -> None:
    assert outcome("aws-sg-admin-open", token, inputs) == "pass"


@pytest.mark.parametrize(
    ("vpc", "expected"),
    [
        pytest.param({"publicAccessCidrs": ["0.0.0.0/1", "128.0.0.0/1"]}, "fail", id="measured: two halves"),
        pytest.param({"publicAccessCidrs": [WORLD]}, "fail", id="the world"),
        pytest.param({}, "fail", id="what EKS does by itself"),
        pytest.param({"publicAccessCidrs": ["203.0.113.0/24", "0.0.0.0/0"]}, "fail", id="second in its list"),
        pytest.param({"publicAccessCidrs": [UNKNOWN, "::/0"]}, "fail", id="beside an unknown"),
        pytest.param({"publicAccessCidrs": ["203.0.113.0/24", UNKNOWN]}, "undecided", id="an unknown alone"),
        pytest.param({"publicAccessCidrs": ["203.0.113.0/24"]}, "pass", id="an office"),
        pytest.param({"endpointPublicAccess": "false", "publicAccessCidrs": [WORLD]}, "pass", id="switched off, as text"),
    ],
)
def test_an_api_server_is_open(vpc: dict[str, Any], expected: str) -> None:
    assert outcome("aws-eks-endpoint-open", CLUSTER, {"vpcConfig": vpc}) == expected


@pytest.mark.parametrize(
    ("rule", "inputs"),
    [
        pytest.param("aws-lt-public-ip", {"networkInterfaces": [{}, {"associatePublicIpAddress": True}]}, id="second interface"),
        pytest.param("aws-lt-public-ip", {"networkInterfaces": [{"associatePublicIpAddress": "true"}]}, id="as text"),
        pytest.param("aws-lt-ebs-encrypted", {"blockDeviceMappings": [{"ebs": {"encrypted": "true"}}, {"ebs": {}}]}, id="second disk"),
        pytest.param("aws-lt-imdsv2", {}, id="no word on metadata"),
        pytest.param("aws-lt-imdsv2", {"metadataOptions": {"httpPutResponseHopLimit": 1}}, id="a word on something else"),
    ],
)
def test_a_place_other_than_the_first_counts(rule: str, inputs: dict[str, Any]) -> None:
    assert outcome(rule, TEMPLATE, inputs) == "fail"


@pytest.mark.parametrize("gone", ["CKV_GCP_24", "CKV_AZURE_8", "CKV_AWS_19"])
def test_no_rule_is_about_a_world_that_is_gone(gone: str) -> None:
    assert [card.id for card in RULES if f"checkov:{gone}" in card.references] == []


def test_a_value_known_after_apply_is_not_called_absent() -> None:
    assert outcome("aws-ebs-encrypted", "aws:ebs/volume:Volume", {"encrypted": UNKNOWN}) == "undecided"
    assert outcome("aws-lt-imdsv2", TEMPLATE, {"metadataOptions": UNKNOWN}) == "undecided"
