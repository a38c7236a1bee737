from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lepton_infra.rules.net import WORLD_IPV4, is_world, public_addresses, reaches_port
from lepton_infra.rules.values import ABSENT, UNKNOWN
from lepton_infra.rules.view import View

networks = st.builds(lambda address, prefix: ip_network((address, prefix), strict=False), st.integers(0, 2**32 - 1), st.integers(0, 32))


def at(value: object) -> View:
    return View(value, "x", View(ABSENT))


@pytest.mark.parametrize(
    ("cidrs", "answer"),
    [
        ("0.0.0.0/0", "pass"),
        (["0.0.0.0/1", "128.0.0.0/1"], "pass"),
        (["::/0"], "pass"),
        (["2000::/3"], "pass"),
        (["::/1", "8000::/1"], "pass"),
        (["::ffff:0:0/96"], "pass"),
        (["0.0.0.0/0.0.0.0"], "pass"),
        ([" 1.2.3.4/0 "], "pass"),
        (["*"], "pass"),
        (["Internet"], "pass"),
        ([["203.0.113.0/24", "0.0.0.0/0"]], "pass"),
        ([UNKNOWN, "0.0.0.0/0", "garbage"], "pass"),
        (["4.0.0.0/8", "5.0.0.0/32"], "pass"),
        (["4.0.0.0/8"], "fail"),
        (["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "fe80::/10"], "fail"),
        (["203.0.113.7"], "fail"),
        (["2001:db8::/32"], "fail"),
        (["pl-0123", "sg-0123"], "fail"),
        ([], "fail"),
        (ABSENT, "fail"),
        (UNKNOWN, "undecided"),
        (["203.0.113.0/24", UNKNOWN], "undecided"),
        (["garbage"], "undecided"),
        ([7], "undecided"),
        ("", "undecided"),
    ],
)
def test_who_is_let_in(cidrs: object, answer: str) -> None:
    assert is_world(at(cidrs)).state.value == answer


def test_the_widest_is_named_first() -> None:
    assert is_world(at(["203.0.113.0/24", "0.0.0.0/0"])).message == "x[1] is '0.0.0.0/0' and x[0] is '203.0.113.0/24'"


@given(hole=networks.filter(lambda network: network.prefixlen >= 4))
def test_everything_but_a_hole_is_the_world(hole: Any) -> None:
    rest = [str(part) for part in ip_network("0.0.0.0/0").address_exclude(hole)]
    assert is_world(at(rest)).state.value == "pass"


@given(some=st.lists(networks, max_size=6), depth=st.integers(0, 5))
def test_addresses_are_counted_once_however_they_are_cut(some: list[Any], depth: int) -> None:
    cut = [part for network in some for part in network.subnets(new_prefix=min(32, network.prefixlen + depth))]
    assert public_addresses(cut) == public_addresses([*some, *cut]) == public_addresses(some)
    assert 0 <= public_addresses(some)[0] <= 2**32


@given(some=st.lists(networks, max_size=6), more=networks)
def test_more_networks_never_let_in_less(some: list[Any], more: Any) -> None:
    assert public_addresses([*some, more])[0] >= public_addresses(some)[0]
    assert (is_world(at(list(map(str, some)))).state.value == "pass") == (public_addresses(some)[0] > WORLD_IPV4)


@pytest.mark.parametrize(
    ("protocol", "first", "last", "answer"),
    [
        ("tcp", 22, 22, "pass"),
        ("TCP", 22.0, "22", "pass"),
        ("6", "20", 30.0, "pass"),
        ("tcp", 0, 65535, "pass"),
        ("tcp", None, None, "pass"),
        ("tcp", -1, -1, "pass"),
        ("tcp", 22, None, "pass"),
        ("-1", 0, 0, "pass"),
        (-1, 0, 0, "pass"),
        (-1.0, 443, 443, "pass"),
        ("all", None, None, "pass"),
        ("ALL", None, None, "pass"),
        (None, None, None, "pass"),
        ("-1", UNKNOWN, UNKNOWN, "pass"),
        ("tcp", 443, 443, "fail"),
        ("tcp", 443, None, "fail"),
        ("tcp", None, 443, "fail"),
        ("tcp", 23, 65535, "fail"),
        ("icmp", -1, -1, "fail"),
        ("icmp", None, None, "fail"),
        ("50", None, None, "fail"),
        ("icmp", UNKNOWN, 22, "fail"),
        (UNKNOWN, 22, 22, "undecided"),
        (UNKNOWN, 443, 443, "undecided"),
        ("tcp", UNKNOWN, 22, "undecided"),
        ("tcp", 22, UNKNOWN, "undecided"),
    ],
)
def test_which_ports_are_open(protocol: object, first: object, last: object, answer: str) -> None:
    rule = at({"protocol": protocol, "fromPort": first, "toPort": last})
    verdict = reaches_port(rule.protocol, rule.fromPort, rule.toPort, 22)
    assert verdict.state.value == answer
    assert verdict.message


@given(low=st.integers(0, 65535), width=st.integers(0, 65535), port=st.integers(0, 65535), how=st.sampled_from([int, float, str]))
def test_a_range_holds_what_lies_in_it(low: int, width: int, port: int, how: Any) -> None:
    high = min(65535, low + width)
    verdict = reaches_port(at("udp"), at(how(low)), at(how(high)), port)
    assert (verdict.state.value == "pass") == (low <= port <= high)
