"""Security groups: what the world reaches, however the rule is written and wherever it stands in its list."""

from collections.abc import Iterator
from typing import Final

from lepton_infra.rules.card import On, Severity, rule
from lepton_infra.rules.net import is_world
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, all_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.shared import ports
from lepton_policies.shared.ports import Opening, world_reaches, world_reaches_everything

_GROUP: Final = "aws:ec2/securityGroup:SecurityGroup"
_RULE: Final = "aws:ec2/securityGroupRule:SecurityGroupRule"
_INGRESS: Final = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_EGRESS: Final = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
_DEFAULT: Final = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
_PREFIX_LIST: Final = "aws:ec2/managedPrefixList:ManagedPrefixList"
_INWARD: Final = (_GROUP, _RULE, _INGRESS, _DEFAULT)

_FIX: Final = "List your own networks in `cidr_blocks` (`cidr_ipv4`), refer to a security group, or use Session Manager instead of a port."


def _inward(group: Resource) -> Iterator[Opening]:
    """Iterate over the rules of a group, or the one that a resource is, that let traffic in."""
    for block in group.ingress:
        yield Opening(block.protocol, block.fromPort, block.toPort, (block.cidrBlocks, block.ipv6CidrBlocks))
    if group.type_token == _RULE:
        cidrs = (group.cidrBlocks, group.ipv6CidrBlocks)
        yield Opening(group.protocol, group.fromPort, group.toPort, cidrs, when=group.type == "ingress")
    if group.type_token == _INGRESS:
        yield Opening(group.ipProtocol, group.fromPort, group.toPort, (group.cidrIpv4, group.cidrIpv6))


def _in(first: object, last: object, *cidrs: object, protocol: object = "tcp") -> dict[str, object]:
    return {"protocol": protocol, "fromPort": first, "toPort": last, "cidrBlocks": list(cidrs)}


def _group(*rules: object) -> dict[str, object]:
    return {"description": "serving", "ingress": list(rules)}


_OFFICE: Final = "203.0.113.0/24"
_WORLD: Final = "0.0.0.0/0"


@rule(
    "aws-sg-admin-open",
    Severity.CRITICAL,
    *_INWARD,
    why="SSH and Remote Desktop open to the world are tried with leaked keys and passwords from the first minute on.",
    fix=_FIX,
    references=(
        "checkov:CKV_AWS_24",
        "checkov:CKV_AWS_25",
        "trivy:AWS-0107",
        "prowler:ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_22",
        "cis-aws-7.0:6.3",
        "cis-aws-7.0:6.4",
    ),
    good=[
        _group(_in(22, 22, _OFFICE), _in(443, 443, _WORLD)),
        _group({"protocol": "tcp", "fromPort": 22, "toPort": 22, "securityGroups": [UNKNOWN], "prefixListIds": ["pl-1"]}),
        _group(_in(8, -1, _WORLD, protocol="icmp")),
        On(_RULE, {"type": "egress", "protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": [_WORLD]}),
        On(_INGRESS, {"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "cidrIpv4": "10.0.0.0/8"}),
    ],
    bad=[
        _group(_in(443, 443, _OFFICE), _in(22, 22, _OFFICE, _WORLD)),
        _group(_in(22, 22, "0.0.0.0/1", "128.0.0.0/1")),
        _group(_in(22, 22, "0.0.0.0/1"), _in(20, 30, "128.0.0.0/1")),
        _group(_in(0, 0, UNKNOWN, _WORLD, protocol="-1")),
        _group(_in(3000, 4000, _WORLD)),
        _group({"protocol": "tcp", "fromPort": 22, "toPort": 22, "ipv6CidrBlocks": ["::/0"]}),
        On(_RULE, {"type": "ingress", "protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": [_WORLD]}),
        On(_INGRESS, {"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "cidrIpv6": "::/0"}),
        On(_INGRESS, {"ipProtocol": "-1", "cidrIpv4": _WORLD}),
    ],
    unknown=[
        _group(_in(22, 22, UNKNOWN)),
        _group(_in(UNKNOWN, UNKNOWN, _WORLD)),
        {"ingress": UNKNOWN},
        On(_RULE, {"type": UNKNOWN, "protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": [_WORLD]}),
        On(_INGRESS, {"ipProtocol": UNKNOWN, "fromPort": 22, "toPort": 22, "cidrIpv4": _WORLD}),
    ],
)
def admin_ports_are_closed(group: Resource) -> Verdict:
    """The world reaches neither SSH nor Remote Desktop."""
    return ~world_reaches(_inward(group), ports.ADMIN)


@rule(
    "aws-sg-ai-ports-open",
    Severity.CRITICAL,
    *_INWARD,
    why="Ray, Jupyter, Triton, Ollama and their kind run whatever they are sent, without a password: an open port is a shell on a GPU.",
    fix="List your own networks, or put a load balancer with authentication in front.",
    references=(
        "prowler:ec2_securitygroup_allow_ingress_from_internet_to_high_risk_tcp_ports",
        "https://docs.ray.io/en/latest/ray-security/index.html",
    ),
    good=[
        _group(_in(8265, 8265, "10.0.0.0/8"), _in(443, 443, _WORLD)),
        On(_INGRESS, {"ipProtocol": "tcp", "fromPort": 8888, "toPort": 8888, "cidrIpv4": _OFFICE}),
    ],
    bad=[
        _group(_in(8265, 8265, _WORLD)),
        _group(_in(8000, 8100, "::/0", "10.0.0.0/8")),
        _group(_in(11434, 11434, "0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2")),
        On(_RULE, {"type": "ingress", "protocol": "6", "fromPort": 8888, "toPort": 8889, "cidrBlocks": [_WORLD]}),
        On(_INGRESS, {"ipProtocol": "tcp", "fromPort": 6006, "toPort": 6006, "cidrIpv4": _WORLD}),
    ],
    unknown=[_group(_in(8265, 8265, UNKNOWN)), On(_INGRESS, {"ipProtocol": "tcp", "fromPort": 8888, "toPort": 8888, "cidrIpv6": UNKNOWN})],
)
def ai_ports_are_closed(group: Resource) -> Verdict:
    """The world reaches no port of a model server, notebook or training dashboard."""
    return ~world_reaches(_inward(group), ports.AI)


@rule(
    "aws-sg-data-ports-open",
    Severity.HIGH,
    *_INWARD,
    why="File systems, caches and databases trust who reaches them; NFS and Lustre have no password at all.",
    fix="Let only the security group of the clients in: `security_groups=[...]` (`referenced_security_group_id`).",
    references=("cis-aws-7.0:6.1.2", "prowler:ec2_instance_port_cifs_exposed_to_internet"),
    good=[_group(_in(2049, 2049, "10.0.0.0/8")), _group({"protocol": "tcp", "fromPort": 988, "toPort": 988, "self": True})],
    bad=[
        _group(_in(2049, 2049, _WORLD)),
        _group(_in(1000, 1020, _WORLD)),
        On(_INGRESS, {"ipProtocol": "tcp", "fromPort": 5432, "toPort": 5432, "cidrIpv6": "2000::/3"}),
    ],
    unknown=[_group(_in(6379, 6379, UNKNOWN))],
)
def data_ports_are_closed(group: Resource) -> Verdict:
    """The world reaches no file system, cache or database."""
    return ~world_reaches(_inward(group), ports.DATA)


@rule(
    "aws-sg-all-open",
    Severity.CRITICAL,
    *_INWARD,
    why="A group that lets everything in from everywhere is no group: whatever is started behind it is on the internet.",
    fix="Name the ports that are meant, and whom they are for.",
    references=("checkov:CKV_AWS_277", "prowler:ec2_securitygroup_allow_ingress_from_internet_to_all_ports", "cis-aws-7.0:6.3"),
    good=[
        _group(_in(1, 1023, _WORLD)),
        _group(_in(1024, 65535, _WORLD)),
        _group(_in(443, 443, _WORLD)),
        _group(_in(0, 0, "10.0.0.0/8", protocol="-1")),
    ],
    bad=[
        _group(_in(0, 0, _WORLD, protocol="-1")),
        _group(_in(0, 65535, _WORLD)),
        _group(_in(1, 1023, _WORLD), _in(443, 443, _OFFICE), _in(1024, 65535, _WORLD)),
        _group(_in(1, 65535, "::/0", protocol="udp")),
        On(_INGRESS, {"ipProtocol": "-1", "cidrIpv4": _WORLD}),
    ],
    unknown=[_group(_in(0, 65535, UNKNOWN)), _group(_in(0, 0, _WORLD, protocol=UNKNOWN))],
)
def not_everything_is_open(group: Resource) -> Verdict:
    """A security group does not let everything in from everywhere."""
    return ~world_reaches_everything(_inward(group))


@rule(
    "aws-sg-http-open",
    Severity.LOW,
    *_INWARD,
    why="Prompts, answers and session cookies go over port 80 in the clear.",
    fix="Serve on 443 and redirect at the load balancer.",
    references=("checkov:CKV_AWS_260",),
    good=[_group(_in(443, 443, _WORLD)), _group(_in(80, 80, "10.0.0.0/8"))],
    bad=[_group(_in(80, 80, _WORLD)), On(_INGRESS, {"ipProtocol": "tcp", "fromPort": 80, "toPort": 443, "cidrIpv4": _WORLD})],
    unknown=[_group(_in(80, 80, UNKNOWN))],
)
def plain_http_is_closed(group: Resource) -> Verdict:
    """The world reaches no plain HTTP."""
    return ~world_reaches(_inward(group), ports.HTTP)


@rule(
    "aws-sg-egress-open",
    Severity.LOW,
    _GROUP,
    _EGRESS,
    _RULE,
    _DEFAULT,
    why="What a broken-into model server may send anywhere is everything it was given: weights, prompts, credentials.",
    fix="Allow what is needed: endpoints of your VPC by their group, S3 by its prefix list, your proxy.",
    references=("checkov:CKV_AWS_382", "trivy:AWS-0104"),
    good=[
        {"description": "d", "egress": [_in(1, 1023, _WORLD)]},
        {"description": "d", "egress": [_in(1024, 65535, _WORLD)]},
        {"description": "d", "egress": [_in(443, 443, "10.0.0.0/8")]},
        On(_EGRESS, {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "prefixListId": "pl-1"}),
        On(_RULE, {"type": "ingress", "protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": [_WORLD]}),
    ],
    bad=[
        {"description": "d", "egress": [_in(443, 443, "10.0.0.0/8"), _in(0, 0, _WORLD, protocol="-1")]},
        {"description": "d", "egress": [_in(0, 1023, _WORLD), _in(1024, 65535, _WORLD)]},
        On(_EGRESS, {"ipProtocol": "-1", "cidrIpv6": "::/0"}),
        On(_RULE, {"type": "egress", "protocol": "all", "fromPort": 0, "toPort": 65535, "cidrBlocks": [_WORLD]}),
    ],
    unknown=[{"egress": UNKNOWN}, On(_EGRESS, {"ipProtocol": "-1", "cidrIpv4": UNKNOWN})],
)
def egress_is_narrow(group: Resource) -> Verdict:
    """Not everything may be sent everywhere."""
    return ~world_reaches_everything(_outward(group))


def _outward(group: Resource) -> Iterator[Opening]:
    for block in group.egress:
        yield Opening(block.protocol, block.fromPort, block.toPort, (block.cidrBlocks, block.ipv6CidrBlocks))
    if group.type_token == _RULE:
        cidrs = (group.cidrBlocks, group.ipv6CidrBlocks)
        yield Opening(group.protocol, group.fromPort, group.toPort, cidrs, when=group.type == "egress")
    if group.type_token == _EGRESS:
        yield Opening(group.ipProtocol, group.fromPort, group.toPort, (group.cidrIpv4, group.cidrIpv6))


@rule(
    "aws-sg-default-open",
    Severity.MEDIUM,
    _DEFAULT,
    why="What names no group gets the default one; a rule in it is a rule for whatever somebody forgot.",
    fix="Set `ingress=[]` and `egress=[]`, and give every machine a group of its own.",
    references=("checkov:CKV2_AWS_12", "trivy:AWS-0173", "prowler:ec2_securitygroup_default_restrict_traffic", "cis-aws-7.0:6.5"),
    good=[{"ingress": [], "egress": []}, {}],
    bad=[{"ingress": [{"protocol": "-1", "fromPort": 0, "toPort": 0, "self": True}]}, {"egress": [_in(0, 0, _WORLD, protocol="-1")]}],
    unknown=[{"ingress": UNKNOWN}],
)
def default_group_is_empty(group: Resource) -> Verdict:
    """The default security group lets nothing through."""
    return group.ingress.is_absent() & group.egress.is_absent()


@rule(
    "aws-prefix-list-world",
    Severity.HIGH,
    _PREFIX_LIST,
    why="A group that refers to a prefix list shows an id; if the list is the world, so is the rule, and no reviewer sees it.",
    fix="Take entries as wide as 0.0.0.0/0 or its halves out of `entries`.",
    references=("https://docs.aws.amazon.com/vpc/latest/userguide/managed-prefix-lists.html",),
    good=[{"name": "offices", "addressFamily": "IPv4", "maxEntries": 5, "entries": [{"cidr": _OFFICE}, {"cidr": "10.0.0.0/8"}]}],
    bad=[
        {"name": "all", "entries": [{"cidr": "10.0.0.0/8"}, {"cidr": _WORLD}]},
        {"name": "halves", "entries": [{"cidr": "0.0.0.0/1"}, {"cidr": "128.0.0.0/1"}]},
        {"name": "six", "entries": [{"cidr": "::/0"}]},
    ],
    unknown=[{"name": "soon", "entries": [{"cidr": UNKNOWN}]}, {"entries": UNKNOWN}],
)
def prefix_list_is_narrow(prefixes: Resource) -> Verdict:
    """A prefix list is not the world."""
    return ~is_world(*(entry.cidr for entry in prefixes.entries))


@rule(
    "aws-sg-description",
    Severity.LOW,
    _GROUP,
    _INGRESS,
    _EGRESS,
    _RULE,
    why="In a year nobody knows whom an unnamed rule is for, and nobody dares to remove it.",
    fix="Write `description`: whom it is for. Changing a group's replaces it; a rule's does not.",
    references=("checkov:CKV_AWS_23", "trivy:AWS-0099", "trivy:AWS-0124"),
    good=[{"description": "Model servers", "ingress": [{"protocol": "tcp", "fromPort": 443, "toPort": 443, "description": "clients"}]}],
    bad=[
        {},
        {"description": "Managed by Pulumi"},
        {"description": "Model servers", "ingress": [_in(443, 443, "10.0.0.0/8")]},
        On(_INGRESS, {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": "10.0.0.0/8"}),
    ],
    unknown=[{"description": UNKNOWN}, On(_INGRESS, {"description": UNKNOWN})],
)
def rules_are_described(group: Resource) -> Verdict:
    """A security group, and each of its rules, says what it is for."""
    blocks = (*group.ingress, *group.egress)
    return _says_something(group.description) & all_of(_says_something(block.description) for block in blocks)


def _says_something(description: View) -> Verdict:
    return description.is_set() & ~description.is_one_of("Managed by Pulumi", "Managed by Terraform")
