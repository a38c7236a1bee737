"""Who gets which addresses: a stable, append-only cut of a network into zone subnets.

The cut depends on the network and the zone's place in the list alone, never on how many zones there are: adding a zone never moves
another one's addresses, so no subnet is ever replaced because a neighbour came.
"""

from collections.abc import Sequence
from ipaddress import IPv4Network
from itertools import combinations

_ZONE_BITS = 3
"""Eight equal parts: six zones at most, two parts kept for what comes later."""
_LARGEST = 16
"""The shortest prefix that AWS accepts for a VPC (VPC user guide, "IP addressing")."""
_SMALLEST_USEFUL = 24
"""A GPU node's pods take addresses of its subnet: below 256 a zone runs dry at a handful of nodes."""


def zone_subnet(network: IPv4Network, zone: int) -> IPv4Network:
    """Return the private subnet of the zone with this place in the list, from 0."""
    return list(network.subnets(prefixlen_diff=_ZONE_BITS))[zone]


def check_size(network: IPv4Network) -> None:
    """Refuse a network that is public, larger than a cloud gives, or too small for its zones.

    Raises:
        ValueError: with a line for each fault.
    """
    faults: list[str] = []
    smallest = _SMALLEST_USEFUL - _ZONE_BITS
    if not _LARGEST <= network.prefixlen <= smallest:
        faults.append(f"is {network}; /{_LARGEST} to /{smallest}, which leaves every zone 256 addresses or more")
    if not network.is_private:
        faults.append(f"is {network}, which is public; a private range (RFC 1918)")
    if faults:
        raise ValueError("\n".join(faults))


def check_apart(reserved: Sequence[IPv4Network], network: IPv4Network | None) -> None:
    """Refuse reserved networks that overlap each other or the network, where that is known.

    Raises:
        ValueError: with a line for each pair.
    """
    faults = [f"has {one}, which overlaps cidr {network}; ranges apart" for one in reserved if network and one.overlaps(network)]
    faults += [f"has {one} and {two}, which overlap; ranges apart" for one, two in combinations(reserved, 2) if one.overlaps(two)]
    if faults:
        raise ValueError("\n".join(faults))
