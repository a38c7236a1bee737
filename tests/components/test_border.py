"""The border takes anything and answers with a spec or with sentences, never with a traceback."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lepton_components import BadArgs, border
from lepton_components.contract import ClusterSpec, NetworkSpec

SCOPE = {"cloud": "aws", "region": "us-east-1", "owner": "ml@example.com", "team": "inference", "environment": "prod"}
NETWORK: dict[str, Any] = {"scope": SCOPE, "cidr": "10.20.0.0/16", "zones": 3, "flow_log_days": 30, "logs_key": "key"}
CLUSTER: dict[str, Any] = {
    "scope": SCOPE,
    "system_pool": {"machine": "m7i.large", "min_nodes": 2, "max_nodes": 4},
    "pools": [],
    "network": "network",
    "subnets": ["one", "two"],
    "secrets_key": "key",
    "disks_key": "key",
    "logs_key": "key",
}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just("x" * 10_000),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


def read(spec: Any, args: dict[str, Any], where: str) -> Any:
    """Read inside an event loop, as in a running program: outputs need one."""

    async def reading() -> Any:
        return border.read(spec, args, where)

    return asyncio.run(reading())


@pytest.fixture(scope="module", autouse=True)
def _inside_a_program() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pulumi, "get_project", lambda: "lepton")
        patch.setattr(pulumi, "get_stack", lambda: "test")
        yield


# The standard library takes `False` for an address and warns of it; the range is refused all the same.
@pytest.mark.filterwarnings("ignore::DeprecationWarning:ipaddress")
@given(st.sampled_from(sorted(NETWORK)), ANYTHING)
def test_whatever_stands_in_a_network_is_taken_or_told(field: str, value: Any) -> None:
    _taken_or_told(NetworkSpec, NETWORK | {field: value})


@pytest.mark.filterwarnings("ignore::DeprecationWarning:ipaddress")
@given(st.sampled_from(sorted(CLUSTER)), ANYTHING)
def test_whatever_stands_in_a_cluster_is_taken_or_told(field: str, value: Any) -> None:
    _taken_or_told(ClusterSpec, CLUSTER | {field: value})


@given(st.dictionaries(st.text(max_size=10), ANYTHING, min_size=1, max_size=3))
def test_keys_that_nobody_knows_are_told_each(more: dict[str, Any]) -> None:
    unknown = more.keys() - NetworkSpec.model_fields.keys()

    if unknown:
        with pytest.raises(BadArgs) as refused:
            read(NetworkSpec, more | NETWORK, "net")
        assert {fault.where for fault in refused.value.faults} == {f"net.{key}" for key in unknown}


@pytest.mark.parametrize("subnets", [[], [1], "one", None, [["one"]]])
def test_subnets_are_a_list_of_identifiers(subnets: Any) -> None:
    with pytest.raises(BadArgs, match=r"cluster\.subnets: is .*; a list of identifiers, or the output of another component"):
        read(ClusterSpec, CLUSTER | {"subnets": subnets}, "cluster")


def test_numbers_may_come_as_the_wire_carries_them() -> None:
    """Between a program in another language and us every number is a float."""
    spec = read(NetworkSpec, NETWORK | {"zones": 3.0, "flow_log_days": 30.0}, "net")

    assert (spec.zones, spec.flow_log_days) == (3, 30)


def _taken_or_told(spec: Any, args: dict[str, Any]) -> None:
    told: list[str] = []
    try:
        read(spec, args, "thing")
    except BadArgs as error:
        told = [str(fault) for fault in error.faults]

    assert all(sentence.startswith("thing") for sentence in told)
    assert max((len(sentence) for sentence in told), default=0) < 2_000
