"""Firewalls: what the world reaches, by rules of a network and by those of a firewall policy.

A policy may deny with one rule what a later one allows; each rule that allows is read by itself, as if none stood before it.
"""

import re
from collections.abc import Iterator
from typing import Final

from lepton_infra.rules.card import On, Severity, rule
from lepton_infra.rules.net import is_world
from lepton_infra.rules.values import ABSENT, UNKNOWN
from lepton_infra.rules.verdict import PASS, State, Verdict, all_of, any_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.shared import ports
from lepton_policies.shared.ports import Opening, world_reaches, world_reaches_everything

_FIREWALL: Final = "gcp:compute/firewall:Firewall"
_GLOBAL_RULE: Final = "gcp:compute/networkFirewallPolicyRule:NetworkFirewallPolicyRule"
_RULES: Final = "gcp:compute/networkFirewallPolicyWithRules:NetworkFirewallPolicyWithRules"
_ALL: Final = (
    _FIREWALL,
    _GLOBAL_RULE,
    "gcp:compute/regionNetworkFirewallPolicyRule:RegionNetworkFirewallPolicyRule",
    "gcp:compute/firewallPolicyRule:FirewallPolicyRule",
    _RULES,
    "gcp:compute/firewallPolicyWithRules:FirewallPolicyWithRules",
    "gcp:compute/regionNetworkFirewallPolicyWithRules:RegionNetworkFirewallPolicyWithRules",
)
_RANGE: Final = re.compile(r"\s*(\d{1,5})\s*-\s*(\d{1,5})\s*\Z")
_ONE: Final = re.compile(r"\s*\d{1,5}(\.0)?\s*\Z")
_INSIDE: Final = ("INTRA_VPC", "VPC_NETWORKS", "NON_INTERNET")
"""Where traffic that a policy's rule speaks of may come from, if not from the internet."""


_OTHER_SOURCES: Final = (
    "srcSecureTags", "srcAddressGroups", "srcFqdns", "srcRegionCodes", "srcThreatIntelligences", "srcNetworks",
)  # fmt: skip
"""By what else a policy's rule may say for whom it is."""


def _openings(resource: Resource) -> Iterator[Opening]:
    """Iterate over what a firewall rule, or each rule of a policy, lets in."""
    if resource.type_token == _FIREWALL:
        yield from _of_network(resource)
    elif resource.type_token.endswith("Rules"):
        for inner in resource.rules:
            yield from _of_policy(inner)
    else:
        yield from _of_policy(resource)


def _lets_in(block: View) -> Verdict:
    """Return whether a rule is in force and about what comes in; that it is needs no telling."""
    verdict = block.direction.or_default("INGRESS").is_one_of("INGRESS") & ~block.disabled.is_true()
    return PASS if verdict.state is State.PASS else verdict


def _of_network(firewall: Resource) -> Iterator[Opening]:
    """Iterate over what a network's rule lets in; one that names no source at all is for everyone."""
    named = firewall.sourceTags.is_set() | firewall.sourceServiceAccounts.is_set()
    from_anyone = firewall.sourceRanges.is_absent() & ~named
    for allowed in firewall.allows:
        for first, last in _spans(allowed.ports):
            yield Opening(allowed.protocol, first, last, (firewall.sourceRanges,), _lets_in(firewall))
            everyone = firewall.sourceRanges.or_default("0.0.0.0/0")
            yield Opening(allowed.protocol, first, last, (everyone,), _lets_in(firewall) & from_anyone)


def _of_policy(block: View) -> Iterator[Opening]:
    """Iterate over what a rule of a firewall policy lets in."""
    match = block.match
    scopes = [match.srcNetworkScope, *([match.srcNetworkContext] if isinstance(block, Resource) else [])]  # a rule inside knows the first
    from_inside = any_of(scope.is_one_of(*_INSIDE) for scope in scopes)
    verdict = _lets_in(block) & block.action.is_one_of("allow") & ~from_inside
    when = PASS if verdict.state is State.PASS else verdict
    named = any_of(match[name].is_set() for name in _OTHER_SOURCES)
    from_anyone = match.srcIpRanges.is_absent() & ~named
    for allowed in match.layer4Configs:
        for first, last in _spans(allowed.ports):
            yield Opening(allowed.ipProtocol, first, last, (match.srcIpRanges,), when)
            everyone = match.srcIpRanges.or_default("0.0.0.0/0")
            yield Opening(allowed.ipProtocol, first, last, (everyone,), when & from_anyone)


def _spans(listed: View) -> Iterator[tuple[View, View]]:
    """Iterate over first and last port of each entry ("22", 22, "8000-8100"); no list at all means every port."""
    if listed.is_absent().state is State.PASS:
        yield listed.read_as(ABSENT), listed.read_as(ABSENT)
    for entry in listed:
        value = entry.raw_value()
        found = _RANGE.match(value) if isinstance(value, str) else None
        if found:
            yield entry.read_as(int(found[1])), entry.read_as(int(found[2]))
        elif isinstance(value, str) and not _ONE.match(value):
            yield entry.read_as(UNKNOWN), entry.read_as(UNKNOWN)
        else:
            yield entry, entry


def _rule(ranges: object, *numbers: object, protocol: object = "tcp") -> dict[str, object]:
    """Return a network's rule, for examples."""
    allowed = {"protocol": protocol, "ports": list(numbers)} if numbers else {"protocol": protocol}
    return {"network": "net", "sourceRanges": ranges, "allows": [allowed]}


def _policy(ranges: object, *numbers: object, protocol: object = "tcp", action: str = "allow", scope: str = "") -> dict[str, object]:
    """Return a rule of a firewall policy, for examples."""
    layer = {"ipProtocol": protocol, "ports": list(numbers)} if numbers else {"ipProtocol": protocol}
    match = {"srcIpRanges": ranges, "layer4Configs": [layer], **({"srcNetworkScope": scope} if scope else {})}
    return {"action": action, "direction": "INGRESS", "priority": 1000, "match": match}


_WORLD: Final = ["0.0.0.0/0"]
_OFFICE: Final = ["203.0.113.0/24"]
_NONE: Final[list[object]] = []
_HALVES: Final = ["0.0.0.0/1", "128.0.0.0/1"]
_IAP: Final = ["35.235.240.0/20"]
"""Where Identity-Aware Proxy forwards TCP from (IAP, "Using IAP for TCP forwarding")."""


@rule(
    "gcp-fw-admin-open",
    Severity.CRITICAL,
    *_ALL,
    why="SSH and Remote Desktop that the world reaches are tried with stolen keys and passwords within minutes.",
    fix="Set `source_ranges` to 35.235.240.0/20 and connect through Identity-Aware Proxy, or to your own addresses.",
    references=(
        "checkov:CKV_GCP_2",
        "checkov:CKV_GCP_3",
        "trivy:GCP-0071",
        "trivy:GCP-0070",
        "prowler:compute_firewall_ssh_access_from_the_internet_allowed",
        "cis-gcp-5.0:3.6",
        "cis-gcp-5.0:3.7",
    ),
    good=[
        {
            "network": "net",
            "sourceServiceAccounts": ["bastion@p.iam.gserviceaccount.com"],
            "allows": [{"protocol": "tcp", "ports": ["22"]}],
        },
        {"network": "net", "disabled": True, "allows": [{"protocol": "tcp", "ports": ["22"]}]},
        On(_GLOBAL_RULE, {**_policy(_WORLD, "22"), "direction": "EGRESS"}),
        On(_GLOBAL_RULE, {"action": "deny", "match": {"layer4Configs": [{"ipProtocol": "tcp", "ports": ["22"]}]}}),
        _rule(_IAP, "22", "3389"),
        _rule(_WORLD, "443", "8443-8500"),
        _rule(_WORLD, protocol="icmp"),
        {**_rule(_WORLD, "22"), "direction": "EGRESS"},
        {**_rule(_WORLD, "22"), "disabled": True},
        {"network": "net", "sourceTags": ["bastion"], "allows": [{"protocol": "tcp", "ports": ["22"]}]},
        {"network": "net", "denies": [{"protocol": "all"}]},
        On(_GLOBAL_RULE, _policy(_WORLD, "22", action="deny")),
        On(_GLOBAL_RULE, _policy(_OFFICE, "22")),
        On(_GLOBAL_RULE, _policy(_WORLD, "22", scope="INTRA_VPC")),
        On(_GLOBAL_RULE, {"match": {"srcSecureTags": [{"name": "bastion"}], "layer4Configs": [{"ipProtocol": "tcp"}]}, "action": "allow"}),
    ],
    bad=[
        _rule(_WORLD, "80", "20-25"),
        _rule([*_OFFICE, *_HALVES], 22),
        _rule(["::/0"], "3389", protocol="6"),
        _rule(_WORLD),
        _rule([UNKNOWN, "0.0.0.0/0"], "22", protocol="TCP"),
        {"network": "net", "allows": [{"protocol": "icmp"}, {"protocol": "all"}]},
        {**_rule(_WORLD, "22"), "sourceTags": ["bastion"]},
        On(_GLOBAL_RULE, _policy(_HALVES, "3000-4000")),
        On(_RULES, {"rules": [_policy(_OFFICE, "22"), _policy(_WORLD, protocol="all")]}),
        On(_GLOBAL_RULE, {"action": "allow", "match": {"layer4Configs": [{"ipProtocol": "tcp", "ports": ["22"]}]}}),
        On(_GLOBAL_RULE, _policy(_NONE, "22", scope="INTERNET")),
        On(_ALL[-2], {"rules": [_policy(_OFFICE, "443"), _policy(_WORLD, "22")]}),
    ],
    unknown=[
        _rule(UNKNOWN, "22"),
        _rule(_WORLD, UNKNOWN),
        _rule(_WORLD, "22", protocol=UNKNOWN),
        _rule(_WORLD, "ssh"),
        {**_rule(_WORLD, "22"), "disabled": UNKNOWN},
        {"network": "net", "sourceTags": UNKNOWN, "allows": [{"protocol": "tcp", "ports": ["22"]}]},
        On(_RULES, {"rules": UNKNOWN}),
    ],
)
def admin_ports_are_closed(firewall: Resource) -> Verdict:
    """The world does not reach SSH or Remote Desktop."""
    return ~world_reaches(_openings(firewall), ports.ADMIN)


@rule(
    "gcp-fw-all-open",
    Severity.CRITICAL,
    *_ALL,
    why="Such a firewall is none: the kubelet, the metrics, the database and whatever starts tomorrow face the internet.",
    fix="Name `protocol` and `ports` in `allows`, and your own addresses in `source_ranges`.",
    references=(
        "checkov:CKV2_GCP_12",
        "trivy:GCP-0027",
        "trivy:GCP-0072",
    ),
    good=[
        _rule(_WORLD, "1-1023"),
        _rule(_WORLD, "1024-65535"),
        _rule(_WORLD, "443"),
        _rule(["10.0.0.0/8"], protocol="all"),
        _rule(_WORLD, protocol="esp"),
        On(_GLOBAL_RULE, _policy(_OFFICE, protocol="all")),
    ],
    bad=[
        _rule(_WORLD, protocol="all"),
        _rule(_HALVES),
        _rule(["0.0.0.0/0", "::/0"], "0-65535", protocol="udp"),
        {"network": "net", "sourceRanges": _WORLD, "allows": [{"protocol": "tcp", "ports": _NONE}]},
        On(_RULES, {"rules": [_policy(_WORLD, "443"), _policy(["::/0"])]}),
    ],
    unknown=[_rule(UNKNOWN, protocol="all"), _rule(_WORLD, protocol=UNKNOWN), On(_GLOBAL_RULE, _policy(_WORLD, UNKNOWN))],
)
def something_is_closed(firewall: Resource) -> Verdict:
    """No firewall rule lets everything in from everywhere."""
    return ~world_reaches_everything(_openings(firewall))


@rule(
    "gcp-fw-ai-ports-open",
    Severity.CRITICAL,
    *_ALL,
    why="Ray, Jupyter, MLflow, vLLM, Triton and Ollama ask for no password: who reaches the port runs code or takes the model.",
    fix="Set `source_ranges` to your own networks, or put a load balancer with Identity-Aware Proxy in front.",
    references=("https://docs.ray.io/en/latest/ray-security/index.html",),
    good=[
        _rule(["10.0.0.0/8"], "8265", "8888"),
        _rule(_WORLD, "443", "80"),
        _rule(["130.211.0.0/22", "35.191.0.0/16"], "8000"),
        On(_GLOBAL_RULE, _policy(_OFFICE, "8265")),
    ],
    bad=[
        _rule(_WORLD, "443", "8265"),
        _rule(_WORLD, "8000-8002"),
        _rule(_HALVES, 11434),
        _rule(["::/0"], "1024-65535"),
        On(_GLOBAL_RULE, _policy(["10.0.0.0/8", "0.0.0.0/0"], "8888")),
        On(_RULES, {"rules": [_policy(_WORLD, "443"), _policy(_WORLD, "6006")]}),
    ],
    unknown=[_rule(UNKNOWN, "8888"), _rule(_WORLD, "443", UNKNOWN), On(_GLOBAL_RULE, _policy(UNKNOWN, "8888"))],
)
def model_ports_are_closed(firewall: Resource) -> Verdict:
    """The world does not reach notebooks, model servers and dashboards."""
    return ~world_reaches(_openings(firewall), ports.AI)


@rule(
    "gcp-fw-data-ports-open",
    Severity.HIGH,
    *_ALL,
    why="File systems, caches and vector stores behind a model are made for friendly networks: most let anyone read who reaches them.",
    fix="Set `source_ranges` to the subnets that use them.",
    references=("https://cloud.google.com/firewall/docs/firewalls",),
    good=[_rule(["10.0.0.0/8"], "2049", "6379"), _rule(_WORLD, "443")],
    bad=[_rule(_WORLD, "2049"), _rule(_HALVES, "6000-7000"), On(_GLOBAL_RULE, _policy(["::/0"], "5432"))],
    unknown=[_rule(UNKNOWN, "6379"), _rule(_WORLD, UNKNOWN)],
)
def data_ports_are_closed(firewall: Resource) -> Verdict:
    """The world does not reach file systems, databases and caches."""
    return ~world_reaches(_openings(firewall), ports.DATA)


@rule(
    "gcp-fw-http-open",
    Severity.LOW,
    *_ALL,
    why="Prompts and answers over plain HTTP are read by everyone on the way.",
    fix="Open 443 alone, and let the load balancer redirect.",
    references=("checkov:CKV_GCP_106",),
    good=[_rule(_WORLD, "443"), _rule(_OFFICE, "80")],
    bad=[_rule(_WORLD, "443", "80"), _rule(["::/0"], "1-1024"), On(_RULES, {"rules": [_policy(_HALVES, 80)]})],
    unknown=[_rule(UNKNOWN, "80")],
)
def plain_http_is_closed(firewall: Resource) -> Verdict:
    """The world does not reach plain HTTP."""
    return ~world_reaches(_openings(firewall), ports.HTTP)


@rule(
    "gcp-fw-logging",
    Severity.LOW,
    *_ALL,
    why="Without a log nobody can say who came through the rule, or whether anyone still needs it.",
    fix='Set `log_config={"metadata": "INCLUDE_ALL_METADATA"}` on a network\'s rule, `enable_logging=True` on a rule of a policy.',
    references=("https://cloud.google.com/firewall/docs/firewall-rules-logging",),
    good=[
        On(_RULES, {"rules": [{**_policy(_OFFICE, "22"), "disabled": True}]}),
        {**_rule(_OFFICE, "22"), "logConfig": {"metadata": "EXCLUDE_ALL_METADATA"}},
        {**_rule(_OFFICE, "22"), "enableLogging": True},
        {**_rule(_OFFICE, "22"), "disabled": True},
        On(_GLOBAL_RULE, {**_policy(_OFFICE, "22"), "enableLogging": True}),
        On(_RULES, {"rules": [{**_policy(_OFFICE, "22"), "enableLogging": True}]}),
    ],
    bad=[
        _rule(_OFFICE, "22"),
        On(_GLOBAL_RULE, _policy(_OFFICE, "22")),
        On(_RULES, {"rules": [{**_policy(_OFFICE, "22"), "enableLogging": True}, _policy(_OFFICE, "443")]}),
    ],
    unknown=[{**_rule(_OFFICE, "22"), "logConfig": UNKNOWN}, On(_GLOBAL_RULE, {**_policy(_OFFICE, "22"), "enableLogging": UNKNOWN})],
)
def rule_is_logged(firewall: Resource) -> Verdict:
    """A firewall rule that is in force keeps a log."""
    if firewall.type_token.endswith("Rules"):
        return all_of(inner.enableLogging.is_true() | inner.disabled.is_true() for inner in firewall.rules)
    logged = firewall.enableLogging.is_true() | firewall.disabled.is_true()
    return firewall.logConfig.is_set() | logged if firewall.type_token == _FIREWALL else logged


_ADDRESSES: Final = "gcp:networksecurity/addressGroup:AddressGroup"


@rule(
    "gcp-address-group-world",
    Severity.HIGH,
    _ADDRESSES,
    why="A firewall policy that refers to an address group shows a name; if the group is the world, the rule is too, unseen.",
    fix="Take ranges as wide as 0.0.0.0/0 or its halves out of `items`.",
    references=("https://cloud.google.com/firewall/docs/about-address-groups",),
    good=[{"type": "IPV4", "items": ["203.0.113.0/24", "10.0.0.0/8"]}, {"type": "IPV4"}],
    bad=[{"items": ["10.0.0.0/8", "0.0.0.0/0"]}, {"items": _HALVES}, {"type": "IPV6", "items": ["::/0"]}],
    unknown=[{"items": UNKNOWN}, {"items": ["203.0.113.0/24", UNKNOWN]}],
)
def address_group_is_narrow(group: Resource) -> Verdict:
    """An address group is not the world."""
    return ~is_world(group["items"])
