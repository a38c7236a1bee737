"""What the stack in `stacks/` builds, on every cloud."""

from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from lepton_components.testing import UNKNOWN, Graph

COST_TAGS = {"owner": "ml-platform@example.com", "team": "inference", "environment": "prod", "stack": "serve-aws"}


def test_the_stack_is_this_list(rig: Any, snapshot: SnapshotAssertion) -> None:
    lines = [line for line in rig.stack().lines() if "schedule:Schedule" not in line]

    assert "\n".join(lines) == snapshot


def test_a_preview_shows_the_same_list(rig: Any) -> None:
    assert rig.stack(preview=True).lines() == rig.stack().lines()


def test_the_stack_is_the_same_every_time(rig: Any) -> None:
    first, second = ({one.urn: one.inputs for one in rig.stack().resources} for _ in range(2))

    assert first == second


def test_what_cannot_be_brought_back_is_protected_and_nothing_else_is(rig: Any) -> None:
    protected = [one.name for one in rig.stack().resources if one.protect]

    assert sorted(protected) == [
        "cluster-control-plane",
        "keys-disks",
        "keys-logs",
        "keys-messages",
        "keys-secrets",
        "keys-storage",
        "storage-models",
    ]


def test_nothing_is_protected_outside_production(rig: Any) -> None:
    graph = rig.stack(change=lambda stack: stack.update(environment="dev"))

    assert [one.name for one in graph.resources if one.protect] == []


def test_every_resource_belongs_to_a_component_and_goes_through_the_one_provider(rig: Any) -> None:
    graph = rig.stack()

    roots = {one.type for one in graph.resources if one.parent.split("::")[2] == "pulumi:pulumi:Stack"}

    assert {kind.split(":")[0] for kind in roots} == {"lepton", "pulumi"}
    assert len(graph.of(f"pulumi:providers:{rig.cloud}")) == 1


def test_whatever_takes_tags_says_whose_it_is(rig: Any) -> None:
    graph = rig.stack()
    taggable = [one for one in graph.resources if one.custom and not one.type.startswith("pulumi:") and rig.takes_tags(one.type)]

    untagged = [one.urn for one in taggable if not (_tags(one.inputs.get(rig.tagged_by)).items() >= COST_TAGS.items())]

    assert len(taggable) > 50
    assert untagged == []


def test_more_zones_leave_the_subnets_that_are_there_as_they_are(rig: Any) -> None:
    few, many = (rig.stack(change=lambda stack, zones=zones: stack["network"].update(zones=zones)) for zones in (2, 4))

    before, after = (_inputs(graph, "subnet:Subnet") for graph in (few, many))

    assert len(before) == 2
    assert len(after) == 4
    assert {name: after[name] for name in before} == before


def test_nothing_is_built_from_a_plan_that_no_longer_fits(rig: Any) -> None:
    with pytest.raises(Exception, match=r"serve-aws\.json"):
        rig.stack(change=lambda stack: stack["pools"][0].update(violations=0.05))


def test_nothing_is_built_from_a_bad_stack_file(rig: Any) -> None:
    with pytest.raises(Exception, match=r"owner is missing(.|\n)*cidr is 10.20.0.0/15"):
        rig.stack(change=lambda stack: (stack.pop("owner"), stack["network"].update(cidr="10.20.0.0/15")))


def test_identifiers_of_what_is_not_there_yet_are_unknown_in_a_preview(rig: Any) -> None:
    subnets = _inputs(rig.stack(preview=True), "subnet:Subnet")

    assert {one["vpcId"] for one in subnets.values()} == {UNKNOWN}


def _inputs(graph: Graph, ending: str) -> dict[str, dict[str, Any]]:
    return {one.name: one.inputs for one in graph.resources if one.type.endswith(ending)}


def _tags(value: Any) -> dict[str, Any]:
    """Read tags written as a mapping, or as a list of keys and values."""
    return {one["key"]: one["value"] for one in value} if isinstance(value, list) else value or {}
