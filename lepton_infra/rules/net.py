"""The algebra of addresses and ports: what a set of CIDRs and a range of ports let in.

Addresses are counted, never compared as text: `0.0.0.0/1` beside `128.0.0.0/1` is the world, and so is everything but one office. What
counts is the public part: a private network of any size lets nobody in from outside.
"""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

from lepton_infra.rules.values import ABSENT, UNKNOWN, number_in
from lepton_infra.rules.verdict import PASS, Fact, State, Verdict, any_of
from lepton_infra.rules.view import View

WORLD_IPV4: Final = 2**24
"""More public IPv4 addresses than a /8 are the world: no organisation but the whole internet is that wide."""
WORLD_IPV6: Final = 2**112
"""More public IPv6 addresses than a /16 are the world: registries give out nothing near that to anyone."""
WORLD_WORDS: Final = frozenset({"*", "any", "internet"})
"""What some clouds write instead of a CIDR."""

Span = tuple[int, int]
"""First and last address."""


def _spans(*networks: str) -> tuple[Span, ...]:
    """Return networks as spans of addresses."""
    parsed = map(ip_network, networks)
    return tuple((int(network.network_address), int(network.broadcast_address)) for network in parsed)


_PRIVATE_IPV4: Final = _spans(
    "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3"
)
"""Not the public's (RFC 1918, 6598, 1122, 3927), and multicast and reserved above."""
_GLOBAL_IPV6: Final = _spans("2000::/3")[0]
"""The only global unicast space that is given out (RFC 4291, IANA)."""
_MAPPED_IPV4: Final = _spans("::ffff:0:0/96")[0]
"""IPv4 addresses written as IPv6 ones (RFC 4291, 2.5.5.2)."""


@lru_cache(maxsize=4096)
def parse_cidr(text: str) -> IPv4Network | IPv6Network | None:
    """Return the network that a text means, host bits ignored, or None: "1.2.3.4/0" is everything, "1.2.3.4" is one address."""
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        return None


def public_addresses(networks: Iterable[IPv4Network | IPv6Network]) -> tuple[int, int]:
    """Return how many public IPv4 and IPv6 addresses the networks hold together, each counted once."""
    four: list[Span] = []
    six: list[Span] = []
    for network in networks:
        span = (int(network.network_address), int(network.broadcast_address))
        if network.version == 4:  # noqa: PLR2004 (the version of IP)
            four.append(span)
            continue
        six.append(span)
        mapped = _overlap(span, _MAPPED_IPV4)
        if mapped is not None:
            four.append((mapped[0] - _MAPPED_IPV4[0], mapped[1] - _MAPPED_IPV4[0]))
    merged = merge(four)
    private = sum(_shared(span, other) for span in merged for other in _PRIVATE_IPV4)
    return sum(last - first + 1 for first, last in merged) - private, sum(_shared(span, _GLOBAL_IPV6) for span in merge(six))


def merge(spans: Iterable[Span]) -> list[Span]:
    """Return the spans sorted and joined where they touch or overlap."""
    joined: list[Span] = []
    for first, last in sorted(spans):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined


def _overlap(one: Span, other: Span) -> Span | None:
    first, last = max(one[0], other[0]), min(one[1], other[1])
    return (first, last) if first <= last else None


def _shared(one: Span, other: Span) -> int:
    return max(0, min(one[1], other[1]) - max(one[0], other[0]) + 1)


def is_world(*cidrs: View) -> Verdict:
    """Return whether the CIDRs (lists, or single texts) let the world in together, by IPv4 or by IPv6.

    An element that is unknown, or that is no CIDR, leaves it undecided unless the others are the world already.
    """
    elements = [element for given in cidrs for cidr in given for element in cidr]  # lists of lists come from careless concatenation
    known = [(element, _networks(element.raw_value())) for element in elements]
    four, six = public_addresses(network for _, networks in known for network in networks or ())
    if four > WORLD_IPV4 or six > WORLD_IPV6:
        wide = sorted((element for element, networks in known if networks), key=_width, reverse=True)
        return Verdict(State.PASS, tuple(Fact(element) for element in wide))
    unclear = tuple(
        Fact(element) if element.raw_value() is UNKNOWN else Fact(element, "is no CIDR") for element, found in known if found is None
    )
    if unclear:
        return Verdict(State.UNDECIDED, unclear)
    return Verdict(State.FAIL, tuple(Fact(given) for given in cidrs))


def _networks(value: object) -> list[IPv4Network | IPv6Network] | None:
    """Return the networks that a value means, or None if that cannot be told; prefix lists and security groups are none of the world's."""
    if value is ABSENT:
        return []
    if not isinstance(value, str):
        return None
    if value.strip().lower() in WORLD_WORDS:
        return [IPv4Network("0.0.0.0/0"), IPv6Network("::/0")]
    network = parse_cidr(value)
    if network is None:
        return [] if value.startswith(("pl-", "sg-")) else None
    return [network]


def _width(element: View) -> float:
    """Return the share of its family's addresses that an element holds."""
    return max((network.num_addresses / 2**network.max_prefixlen for network in _networks(element.raw_value()) or ()), default=0.0)


_EVERY_PROTOCOL: Final = frozenset({"-1", "all", "any", "*"})
_WITH_PORTS: Final = frozenset({"tcp", "udp", "sctp", "dccp", "6", "17", "132", "33"})


def reaches_port(protocol: View, first: View, last: View, *wanted: int) -> Verdict:
    """Return whether a rule on a protocol and a range of ports carries any of the wanted ports.

    Every port is meant by protocol "-1", "all", "any" or "*", by port -1, and where both ends of the range are absent. Protocols without
    ports (icmp, esp) reach none. Numbers may be written as 22, 22.0 or "22".
    """
    carried = any_of((_is_every_protocol(protocol), _has_ports(protocol) & _in_range(first, last, wanted)))
    return Verdict(carried.state, carried.facts or (Fact(protocol),))


def _is_every_protocol(protocol: View) -> Verdict:
    return _lower(protocol.or_default("all")).is_one_of(*_EVERY_PROTOCOL)


def _has_ports(protocol: View) -> Verdict:
    verdict = _lower(protocol).is_one_of(*_WITH_PORTS)
    return PASS if verdict.state is State.PASS else verdict


def _lower(view: View) -> View:
    text = view.raw_value()
    return view.read_as(text.lower()) if isinstance(text, str) else view


def _in_range(first: View, last: View, wanted: tuple[int, ...]) -> Verdict:
    """Return whether first..last holds a wanted port; one end alone is a range of one port."""
    for end in (first, last):
        if end.raw_value() is UNKNOWN:
            return end.undecided_because()
    low, high = number_in(first.raw_value()), number_in(last.raw_value())
    low, high = (high if low is None else low), (low if high is None else high)
    if low is None or high is None or low < 0 or high < 0:
        return first.pass_because("means every port")
    held = any(low <= port <= high for port in wanted)
    return first.pass_because(f"to {high:g} is open" if low < high else f"opens {high:g}") if held else first.fail_because()
