"""Graph against graph."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lepton_infra.graph import Graph, parse_graph
from lepton_infra.graph.diff import Change, Difference, Forcing, compare
from lepton_infra.graph.model import Secret

UNKNOWN = {"$unknown": True}
VPC, SUBNET, DISK = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", "aws:ebs/volume:Volume"
KNOWN = {
    VPC: Forcing(frozenset({"cidrBlock"})),
    SUBNET: Forcing(frozenset({"vpcId"}), frozenset({"zones"})),
    DISK: Forcing(frozenset({"options.zone"})),
}


def _graph(*resources: dict[str, Any], stack: str = "dev") -> Graph:
    return parse_graph({"project": "shop", "stack": stack, "resources": list(resources)}, "test")


def _of(kind: str, name: str, inputs: dict[str, Any], **more: object) -> dict[str, Any]:
    return {"type": kind, "name": name, "inputs": inputs, **more}


def _urn(kind: str, name: str) -> str:
    return f"urn:pulumi:dev::shop::{kind}::{name}"


def _compared(old: Graph, new: Graph) -> Difference:
    return compare(old, new, lambda token: KNOWN.get(token, Forcing(frozenset({"name"}), known=False)))


def _disks(old: object, new: object) -> Difference:
    return _compared(_graph(_of(DISK, "d", {"x": old})), _graph(_of(DISK, "d", {"x": new})))


def test_what_is_only_on_one_side_is_created_or_deleted() -> None:
    found = _compared(_graph(_of(DISK, "a", {}), _of(DISK, "b", {})), _graph(_of(DISK, "b", {}), _of(DISK, "c", {})))

    assert [one.name for one in found.created] == ["c"]
    assert [one.name for one in found.deleted] == ["a"]
    assert (found.changed, found.same) == ((), 1)


def test_a_graph_differs_in_nothing_from_itself() -> None:
    graph = _graph(_of(VPC, "v", {"cidrBlock": UNKNOWN, "tags": {"a": {"$secret": True}}, "f": {"$asset": "file"}}))

    assert not _compared(graph, graph)


def test_stacks_of_other_names_are_comparable() -> None:
    found = _compared(_graph(_of(DISK, "d", {"size": 1}), stack="dev"), _graph(_of(DISK, "d", {"size": 2}), stack="prod"))

    assert [one.resource.name for one in found.changed] == ["d"]


def test_a_renamed_resource_is_the_same_where_an_alias_says_so() -> None:
    old = _graph(_of(DISK, "old", {"size": 1}))

    assert not _compared(old, _graph(_of(DISK, "new", {"size": 1}, aliases=[_urn(DISK, "old")])))
    assert [one.name for one in _compared(old, _graph(_of(DISK, "new", {"size": 1}))).deleted] == ["old"]


@pytest.mark.parametrize(
    ("ignored", "left"),
    [
        ([], ['tags["a.b"]', "x[1].zone", "x[1].size"]),
        (["x"], ['tags["a.b"]']),
        (["x[1].zone"], ['tags["a.b"]', "x[1].size"]),
        (["x[*].zone"], ['tags["a.b"]', "x[1].size"]),
        (["x[0]", "xy", "tags.a"], ['tags["a.b"]', "x[1].zone", "x[1].size"]),
        (['tags["a.b"]'], ["x[1].zone", "x[1].size"]),
        (["*"], []),
    ],
)
def test_what_the_program_leaves_to_others_is_no_change(ignored: list[str], left: list[str]) -> None:
    old = {"x": [{"size": 1}, {"size": 1, "zone": "a"}], "tags": {"a.b": "1"}}
    new = {"x": [{"size": 1}, {"size": 2, "zone": "b"}], "tags": {"a.b": "2"}}

    found = _compared(_graph(_of(DISK, "d", old)), _graph(_of(DISK, "d", new, ignoreChanges=ignored)))

    assert sorted(change.path for one in found.changed for change in one.changes) == sorted(left)
    assert found.same == (0 if left else 1)


def test_an_alias_takes_nothing_from_a_resource_that_is_still_there() -> None:
    found = _compared(_graph(_of(DISK, "old", {})), _graph(_of(DISK, "old", {}), _of(DISK, "new", {}, aliases=[_urn(DISK, "old")])))

    assert [one.name for one in found.created] == ["new"]
    assert found.same == 1


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"size": 1}, {"size": 2}, [Change("size", 1, 2, certain=True, forces=False)]),
        ({"size": 1}, {}, [Change("size", 1, None, certain=True, forces=False)]),
        ({}, {"size": None}, []),
        ({"on": True}, {"on": 1}, [Change("on", old=True, new=1, certain=True, forces=False)]),
        ({"n": 1}, {"n": 1.0}, []),
        ({"a": {"b.c": 1}}, {"a": {"b.c": 2}}, [Change('a["b.c"]', 1, 2, certain=True, forces=False)]),
        ({"l": [1, 2]}, {"l": [1, 3, 4]}, [
            Change("l[1]", 2, 3, certain=True, forces=False),
            Change("l[2]", None, 4, certain=True, forces=False),
        ]),
        ({"l": [1]}, {"l": "x"}, [Change("l", [1], "x", certain=True, forces=False)]),
        ({"k": "x"}, {"k": UNKNOWN}, [Change("k", "x", UNKNOWN, certain=False, forces=False)]),
        ({"k": "x"}, {"k": {"$secret": True}}, [Change("k", "x", {"$secret": True}, certain=False, forces=False)]),
        ({"options": {"zone": "a"}}, {"options": {"zone": "b"}}, [Change("options.zone", "a", "b", certain=True, forces=True)]),
        ({"options": {"zone": "a"}}, {}, [Change("options", {"zone": "a"}, None, certain=True, forces=False)]),
    ],
)  # fmt: skip
def test_changes_by_path(old: dict[str, Any], new: dict[str, Any], expected: list[Change]) -> None:
    found = _compared(_graph(_of(DISK, "d", old)), _graph(_of(DISK, "d", new)))

    assert [change for one in found.changed for change in one.changes] == expected


def test_a_change_of_a_forcing_input_replaces_and_what_is_made_from_it_follows() -> None:
    def both(block: str) -> Graph:
        made_from = {"dependencies": [_urn(VPC, "v")], "propertyDependencies": {"vpcId": [_urn(VPC, "v")]}}
        return _graph(_of(VPC, "v", {"cidrBlock": block}), _of(SUBNET, "s", {"vpcId": UNKNOWN}, **made_from))

    found = _compared(both("10.0.0.0/16"), both("10.1.0.0/16"))

    first, second = found.replaced
    assert (first.resource.name, first.certain, first.led) == ("v", True, False)
    assert (second.resource.name, second.certain, second.led, second.follows) == ("s", False, True, (_urn(VPC, "v"),))
    assert found.updated == ()


def test_an_unknown_that_is_made_from_something_else_now_may_differ() -> None:
    def pointing(at: str) -> Graph:
        return _graph(
            _of(VPC, "v", {}), _of(VPC, "w", {}), _of(SUBNET, "s", {"vpcId": UNKNOWN}, propertyDependencies={"vpcId": [_urn(VPC, at)]})
        )

    assert not _compared(pointing("v"), pointing("v"))
    moved = _compared(pointing("v"), pointing("w")).changed[0]
    assert (moved.replaced, moved.certain) == (True, False)


def test_the_order_of_a_set_means_nothing() -> None:
    def zones(*names: str) -> Graph:
        return _graph(_of(SUBNET, "s", {"zones": list(names), "others": list(names)}))

    found = _compared(zones("a", "b"), zones("b", "a"))
    assert {change.path for change in found.changed[0].changes} == {"others[0]", "others[1]"}


def test_a_type_that_nobody_wrote_down_is_replaced_perhaps() -> None:
    found = _compared(_graph(_of("x:y:Z", "z", {"name": "a"})), _graph(_of("x:y:Z", "z", {"name": "b"})))

    assert [(one.replaced, one.guessed, one.certain) for one in found.changed] == [(True, True, False)]


def test_no_secret_is_in_a_change() -> None:
    old = _graph(_of(DISK, "d", {}))
    with_secret = [
        Graph("shop", "dev", (replace(old.resources[0], inputs={"password": Secret(word)}),)) for word in ("swordfish", "shibboleth")
    ]

    found = _compared(*with_secret)

    assert [change.certain for change in found.changed[0].changes] == [True]
    assert "shibboleth" not in repr(found)
    assert "swordfish" not in repr(found)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "b"]) | st.just(UNKNOWN),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b.c", '"']), inner, max_size=3),
    max_leaves=8,
)


@given(_JSON, _JSON)
def test_a_difference_is_seen_from_both_sides(one: object, other: object) -> None:
    forth, back = _disks(one, other), _disks(other, one)

    assert {(change.path, change.certain) for found in forth.changed for change in found.changes} == {
        (change.path, change.certain) for found in back.changed for change in found.changes
    }
    assert not _disks(one, one)


@given(_JSON)
def test_a_value_that_is_known_turned_unknown_is_never_a_certain_change(value: object) -> None:
    assert not any(change.certain for found in _disks(value, UNKNOWN).changed for change in found.changes)
