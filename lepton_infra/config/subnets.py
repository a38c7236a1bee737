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


def check(network: IPv4Network, zones: int, reserved: Sequence[IPv4Network]) -> None:
    """Refuse a network that is too small for its zones, too large for a cloud, public, or in the way of another.

    Raises:
        ValueError: with a clause for each fault.
    """
    faults: list[str] = []
    smallest = _SMALLEST_USEFUL - _ZONE_BITS
    if not _LARGEST <= network.prefixlen <= smallest:
        faults.append(f"cidr {network} is a /{network.prefixlen}; /{_LARGEST} to /{smallest} for {zones} zones of 256 addresses or more")
    if not network.is_private:
        faults.append(f"cidr {network} is public; a private range (RFC 1918)")
    faults.extend(f"cidr {network} overlaps reserved {other}; a range of its own" for other in reserved if network.overlaps(other))
    faults.extend(f"reserved {one} and {two} overlap; ranges apart" for one, two in combinations(reserved, 2) if one.overlaps(two))
    if faults:
        raise ValueError("\n".join(faults))
