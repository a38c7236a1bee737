"""Adding a zone moves nobody."""

from ipaddress import IPv4Network
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from lepton_infra.config.subnets import zone_subnet

networks = st.builds(
    lambda second, prefix: IPv4Network((f"10.{second}.0.0", prefix), strict=False), st.integers(0, 255), st.integers(16, 21)
)


@given(networks)
def test_zones_lie_inside_their_network_and_apart(network: IPv4Network) -> None:
    zones = [zone_subnet(network, zone) for zone in range(6)]

    assert all(zone.subnet_of(network) and zone.num_addresses >= 256 for zone in zones)
    assert not any(one.overlaps(two) for one, two in combinations(zones, 2))


def test_a_zone_keeps_its_addresses_for_ever() -> None:
    assert [str(zone_subnet(IPv4Network("10.20.0.0/16"), zone)) for zone in range(4)] == [
        "10.20.0.0/19",
        "10.20.32.0/19",
        "10.20.64.0/19",
        "10.20.96.0/19",
    ]
