"""Network security groups: what the world may reach."""

import re
from collections.abc import Iterator
from typing import Final

from lepton_infra.rules.card import On, Severity, rule
from lepton_infra.rules.net import WORLD_WORDS, is_world
from lepton_infra.rules.values import ABSENT, UNKNOWN
from lepton_infra.rules.verdict import PASS, State, Verdict, all_of, any_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.azure.words import means
from lepton_policies.shared import ports
from lepton_policies.shared.ports import Opening, world_reaches, world_reaches_everything

_GROUP: Final = "azure-native:network:NetworkSecurityGroup"
_RULE: Final = "azure-native:network:SecurityRule"
_ADMIN_RULE: Final = "azure-native:network:AdminRule"
_BOTH: Final = (_GROUP, _RULE, _ADMIN_RULE)
"""Groups, rules of groups, and rules of a network manager, which pass by the groups where they say AlwaysAllow."""
_WORLD: Final = "0.0.0.0/0"
_OFFICE: Final = "203.0.113.0/24"
_TAG: Final = re.compile(r"\A\s*[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z0-9]+)?\s*\Z")
"""A service tag, such as `VirtualNetwork` or `Storage.WestEurope` (Azure, "Virtual network service tags")."""
_FROM_TO: Final = re.compile(r"\A\s*(\d+)\s*-\s*(\d+)\s*\Z")
_EVERYWHERE: Final = ("*", "Any", "Internet")
_FIX: Final = "List your own networks in `source_address_prefixes`, name the tag `VirtualNetwork`, or use Azure Bastion instead of a port."


def _inward(resource: Resource) -> Iterator[Opening]:
    """Iterate over the rules that let traffic in: those inside a group, less what it denies before, or the one that a resource is."""
    if resource.type_token.endswith(":AdminRule"):
        yield from _of_manager(resource)
        return
    if resource.type_token.endswith(":SecurityRule"):
        yield from _openings(resource, PASS)
        return
    rules = list(resource.securityRules)
    walls = [wall for wall in rules if means(wall.access, "Allow").state is not State.PASS]
    for one in rules:
        yield from _openings(one, ~any_of(_comes_before(wall, one) for wall in walls if wall is not one))


def _openings(one: View, still_open: Verdict) -> Iterator[Opening]:
    allows = means(one.access, "Allow") & means(one.direction, "Inbound") & still_open
    sources = tuple(_addresses(one))
    ranges = [*one.destinationPortRange, *one.destinationPortRanges]
    for first, last in map(_ends, ranges or [one.destinationPortRange]):
        # That it allows is worth no words: what it lets through is.
        yield Opening(_carried(one.protocol), first, last, sources, when=PASS if allows.state is State.PASS else allows)


def _of_manager(one: Resource) -> Iterator[Opening]:
    """Iterate over what a rule of a network manager lets in whatever the groups say; one that only allows leaves it to them."""
    allows = means(one.access, "AlwaysAllow") & means(one.direction, "Inbound")
    sources = tuple(prefix for source in one.sources for prefix in _prefixes(source.addressPrefix))
    for first, last in map(_ends, [*one.destinationPortRanges] or [one.destinationPortRanges.read_as("*")]):
        yield Opening(_carried(one.protocol), first, last, sources, when=PASS if allows.state is State.PASS else allows)


def _carried(protocol: View) -> View:
    """Return the protocol of a rule; `*`, or `Any`, carries UDP as well as TCP and, unlike elsewhere, still minds the ports."""
    return protocol.read_as("udp") if protocol.raw_value() in ("*", "Any") else protocol


def _addresses(one: View) -> Iterator[View]:
    """Iterate over the sources of a rule; a service tag other than the internet's is somebody's network, not the world's."""
    for source in (*one.sourceAddressPrefix, *one.sourceAddressPrefixes):
        yield from _prefixes(source)


def _prefixes(source: View) -> Iterator[View]:
    text = source.raw_value()
    if not isinstance(text, str) or not _TAG.match(text) or text.strip().lower() in WORLD_WORDS:
        yield source


def _ends(ports_of_rule: View) -> tuple[View, View]:
    """Return the ends of a range of ports: 22, "22", "20-25" or "*"."""
    text = ports_of_rule.raw_value()
    if not isinstance(text, str):
        return ports_of_rule, ports_of_rule
    found = _FROM_TO.match(text)
    if found:
        return ports_of_rule.read_as(found[1]), ports_of_rule.read_as(found[2])
    every = ports_of_rule.read_as(ABSENT if text.strip() == "*" else text)
    return every, every


def _comes_before(wall: View, one: View) -> Verdict:
    """Return whether a rule denies all that another one would let in, and is asked first."""
    said_first = wall.priority < one.priority
    sources = (*wall.sourceAddressPrefix, *wall.sourceAddressPrefixes)
    from_all = any_of(means(source, *_EVERYWHERE) for source in sources)
    to_all = any_of(means(place, "*") for place in wall.destinationAddressPrefix)
    every_port = any_of(means(found, "*", "0-65535") for found in (*wall.destinationPortRange, *wall.destinationPortRanges))
    every_sender = wall.sourcePortRange.is_absent() | means(wall.sourcePortRange, "*")
    protocol = one.protocol.raw_value()
    same_protocol = means(wall.protocol, "*", *([protocol] if isinstance(protocol, str) else []))
    return all_of(
        (
            means(wall.access, "Deny"),
            means(wall.direction, "Inbound"),
            said_first,
            from_all,
            to_all,
            every_port,
            every_sender,
            same_protocol,
        )
    )


def _let(
    port: object,
    source: object,
    *others: object,
    access: object = "Allow",
    direction: object = "Inbound",
    protocol: object = "Tcp",
    priority: object = 200,
) -> dict[str, object]:
    return {
        "access": access,
        "direction": direction,
        "protocol": protocol,
        "priority": priority,
        "sourcePortRange": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRange": port,
        **({"sourceAddressPrefixes": [source, *others]} if others else {"sourceAddressPrefix": source}),
    }


def _group(*rules: object) -> dict[str, object]:
    return {"resourceGroupName": "rg", "securityRules": list(rules)}


def _admin(port: str, *sources: object) -> dict[str, object]:
    """Return a rule of a network manager that passes by the groups, for examples."""
    return {
        "kind": "Custom",
        "access": "AlwaysAllow",
        "direction": "Inbound",
        "protocol": "Any",
        "sources": [{"addressPrefix": source, "addressPrefixType": "IPPrefix"} for source in sources],
        "destinationPortRanges": [port],
    }


_WALL: Final = _let("*", "*", access="Deny", priority=100, protocol="*")


@rule(
    "az-nsg-admin-open",
    Severity.CRITICAL,
    *_BOTH,
    why="SSH and Remote Desktop open to the world are tried with leaked keys and passwords from the first minute on.",
    fix=_FIX,
    references=(
        "checkov:CKV_AZURE_9",
        "checkov:CKV_AZURE_10",
        "trivy:AZU-0048",
        "trivy:AZU-0050",
        "prowler:network_ssh_internet_access_restricted",
        "cis-azure-6.0:7.1",
        "cis-azure-6.0:7.2",
    ),
    good=[
        On(_ADMIN_RULE, {**_admin("22", "*"), "direction": "Outbound"}),
        _group(_let("22", _OFFICE), _let("443", "Internet")),
        _group(_let("443", "*", protocol="*")),
        _group(_let("22", "VirtualNetwork"), _let("3389", "AzureBastion")),
        _group(_let("22", "*", access="Deny"), _let("22", "*", direction="Outbound")),
        _group(_WALL, _let("22", "*")),
        _group(_let("22", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")),
        _group({**_let("22", "*"), "sourceAddressPrefix": None, "sourceApplicationSecurityGroups": [{"id": UNKNOWN}]}),
        _group(),
        On(_RULE, _let("22", _OFFICE)),
        On(_RULE, _let("*", "*", protocol="Icmp")),
        On(_ADMIN_RULE, {**_admin("22", "*"), "access": "Allow"}),
        On(_ADMIN_RULE, _admin("443", "*")),
    ],
    bad=[
        _group({**_WALL, "sourcePortRange": "1024"}, _let("22", "*")),
        _group(_let("443", _OFFICE), _let("22", "*")),
        _group(_let("20-30", "internet", access="allow", direction="inbound", protocol="tcp")),
        _group(
            {**_let("x", _OFFICE, "0.0.0.0/1", "128.0.0.0/1"), "destinationPortRange": None, "destinationPortRanges": ["80", "3000-4000"]}
        ),
        _group(_let("22", "0.0.0.0/1"), _let("22", "128.0.0.0/1")),
        _group(_let("*", "::/0", protocol="*")),
        _group(_let(22, UNKNOWN, _WORLD)),
        _group(_let("22", "Any"), {**_WALL, "priority": 300}),
        _group({**_WALL, "destinationAddressPrefix": "10.0.0.4"}, _let("22", "*")),
        On(_RULE, _let("3389", "*")),
        On(_ADMIN_RULE, _admin("22", "Internet")),
        On(_ADMIN_RULE, {**_admin("22", _OFFICE, "0.0.0.0/1", "128.0.0.0/1"), "destinationPortRanges": None}),
        On(_RULE, {**_let("x", _WORLD), "destinationPortRange": "", "destinationPortRanges": ["22"]}),
    ],
    unknown=[
        _group(_let("22", UNKNOWN)),
        _group(_let(UNKNOWN, "*")),
        _group(_let("22", "*", access=UNKNOWN)),
        _group({**_WALL, "priority": UNKNOWN}, _let("22", "*")),
        {"securityRules": UNKNOWN},
        On(_RULE, _let("22", "*", direction=UNKNOWN)),
        On(_RULE, _let("22", "*", protocol=UNKNOWN)),
    ],
)
def admin_ports_are_closed(group: Resource) -> Verdict:
    """The world reaches neither SSH nor Remote Desktop."""
    return ~world_reaches(_inward(group), ports.ADMIN)


@rule(
    "az-nsg-ai-ports-open",
    Severity.CRITICAL,
    *_BOTH,
    why="Ray, Jupyter, Triton, Ollama and their kind run whatever they are sent, without a password: an open port is a shell on a GPU.",
    fix="List your own networks, or put an Application Gateway with authentication in front.",
    references=("trivy:AZU-0074", "https://docs.ray.io/en/latest/ray-security/index.html"),
    good=[_group(_let("8265", "10.0.0.0/8"), _let("443", "*")), On(_RULE, _let("8888", "VirtualNetwork"))],
    bad=[
        _group(_let("443", "*"), _let("8265", "*")),
        _group(_let("8000-8100", "10.0.0.0/8", "::/0")),
        _group(_let("11434", "0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2")),
        On(_RULE, _let("8888-8889", "Internet", protocol="*")),
    ],
    unknown=[_group(_let("8265", UNKNOWN)), On(_RULE, _let(UNKNOWN, "*"))],
)
def ai_ports_are_closed(group: Resource) -> Verdict:
    """The world reaches no port of a model server, notebook or training dashboard."""
    return ~world_reaches(_inward(group), ports.AI)


@rule(
    "az-nsg-data-ports-open",
    Severity.HIGH,
    *_BOTH,
    why="File systems, caches and databases trust who reaches them; NFS and Lustre have no password at all.",
    fix="Let only the application security group of the clients in: `source_application_security_groups=[...]`.",
    references=("https://learn.microsoft.com/azure/azure-managed-lustre/amlfs-prerequisites",),
    good=[_group(_let("2049", "VirtualNetwork")), On(_RULE, _let("988", "10.1.0.0/16"))],
    bad=[_group(_let("2049", "*")), _group(_let("1000-1020", "Internet")), On(_RULE, _let("5432", "2000::/3"))],
    unknown=[_group(_let("6379", UNKNOWN)), On(_RULE, _let("6379", UNKNOWN))],
)
def data_ports_are_closed(group: Resource) -> Verdict:
    """The world reaches no file system, cache or database."""
    return ~world_reaches(_inward(group), ports.DATA)


@rule(
    "az-nsg-all-open",
    Severity.CRITICAL,
    *_BOTH,
    why="A group that lets everything in from everywhere is no group: whatever is started behind it is on the internet.",
    fix="Name the ports that are meant, and whom they are for.",
    references=("trivy:AZU-0047",),
    good=[
        _group(_let("1-1023", "*")),
        _group(_let("1024-65535", "*")),
        _group(_let("443", "*")),
        _group(_let("*", "10.0.0.0/8")),
        _group(_WALL),
        On(_RULE, _let("*", "AzureLoadBalancer")),
    ],
    bad=[
        _group(_let("443", _OFFICE), _let("*", "*")),
        _group(_let("0-65535", "Internet", protocol="Udp")),
        _group(_let("0-1023", "*"), _let("1024-65535", "Internet")),
        _group(_let("*", "0.0.0.0/1", "128.0.0.0/1", protocol="*")),
        On(_RULE, _let("1-65535", "::/0")),
    ],
    unknown=[_group(_let("*", UNKNOWN)), On(_RULE, _let("*", "*", protocol=UNKNOWN))],
)
def not_everything_is_open(group: Resource) -> Verdict:
    """A security group does not let everything in from everywhere."""
    return ~world_reaches_everything(_inward(group))


@rule(
    "az-nsg-udp-open",
    Severity.MEDIUM,
    *_BOTH,
    why="Services on UDP answer whoever writes a sender's address on the packet: they become somebody else's amplifier.",
    fix='Set `protocol="Tcp"` where UDP is not meant, or list the networks that need it.',
    references=("checkov:CKV_AZURE_77", "prowler:network_udp_internet_access_restricted", "cis-azure-6.0:7.3"),
    good=[
        _group(_let("53", "*", protocol="Udp", access="Deny")),
        On(_RULE, _let("53", "*", protocol="Udp", direction="Outbound")),
        _group(_let("443", "*")),
        _group(_let("53", "10.0.0.0/8", protocol="Udp")),
        On(_RULE, _let("123", _OFFICE, protocol="Udp")),
    ],
    bad=[
        _group(_let("443", "*"), _let("53", "*", protocol="Udp")),
        _group(_let("443", "*", protocol="*")),
        _group(_let("1000-2000", "0.0.0.0/1", "128.0.0.0/1", protocol="UDP")),
        On(_RULE, _let("123", "Internet", protocol="udp")),
    ],
    unknown=[_group(_let("53", "*", protocol=UNKNOWN)), On(_RULE, _let("53", UNKNOWN, protocol="Udp"))],
)
def udp_is_closed(group: Resource) -> Verdict:
    """The world reaches nothing by UDP."""
    return ~any_of(one.when & _carries_udp(one.protocol) & is_world(*one.cidrs) for one in _inward(group))


def _carries_udp(protocol: View) -> Verdict:
    verdict = means(protocol, "Udp")
    return protocol.pass_because("carries UDP") if verdict.state is State.PASS else verdict


@rule(
    "az-nsg-http-open",
    Severity.LOW,
    *_BOTH,
    why="Prompts, answers and session cookies go over port 80 in the clear.",
    fix="Serve on 443 and redirect at the gateway.",
    references=("checkov:CKV_AZURE_160", "prowler:network_http_internet_access_restricted", "cis-azure-6.0:7.4"),
    good=[_group(_let("443", "*")), _group(_let("80", "VirtualNetwork"))],
    bad=[_group(_let("80", "*")), _group(_let("443", "*"), _let("79-81", "Internet")), On(_RULE, _let("80", _WORLD))],
    unknown=[_group(_let("80", UNKNOWN)), On(_RULE, _let("80", "*", access=UNKNOWN))],
)
def plain_http_is_closed(group: Resource) -> Verdict:
    """The world reaches no plain HTTP."""
    return ~world_reaches(_inward(group), ports.HTTP)
