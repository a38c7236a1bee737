"""What must hold of every bill: more never costs less, parts make the whole, order means nothing, unknown is not free."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lepton_infra.catalog import load_catalog
from lepton_infra.cost import Billed, Change, Cost, Range, Reason, bill, compare, monthly
from lepton_infra.cost.places import by_component
from lepton_infra.graph import Graph, Resource
from lepton_infra.graph.model import UNKNOWN
from tests.cost.graphs import billed, graph, resource, urn

MACHINES = ["p5.4xlarge", "g6.xlarge", "m7i.large"]
counts = st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40)).map(sorted)


def _group(name: str, sizes: list[int], machine: str) -> Resource:
    low, wanted, high = sizes
    scaling = {"minSize": low, "desiredSize": wanted, "maxSize": high}
    return resource("aws:eks/nodeGroup:NodeGroup", name, {"instanceTypes": [machine], "scalingConfig": scaling})


def _ends(found: Range) -> tuple[float, float, float]:
    return found.low, found.expected, found.high


@st.composite
def stacks(draw: st.DrawFn) -> list[Resource]:
    groups = draw(st.lists(st.tuples(counts, st.sampled_from(MACHINES)), max_size=4))
    disks = draw(st.lists(st.tuples(st.integers(1, 500), st.sampled_from(["gp3", "gp2", "io1", "odd"])), max_size=3))
    keys = draw(st.integers(0, 3))
    return [
        *(_group(f"group{number}", sizes, name) for number, (sizes, name) in enumerate(groups)),
        *(resource("aws:ebs/volume:Volume", f"disk{number}", {"size": size, "type": kind}) for number, (size, kind) in enumerate(disks)),
        *(resource("aws:kms/key:Key", f"key{number}", {}) for number in range(keys)),
    ]


@given(counts, st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)), st.sampled_from(MACHINES))
def test_more_nodes_are_never_cheaper(sizes: list[int], more: tuple[int, int, int], machine: str) -> None:
    steps = [more[0], more[0] + more[1], sum(more)]
    few, many = (billed(_group("pool", found, machine)) for found in (sizes, [a + b for a, b in zip(sizes, steps, strict=True)]))

    assert all(less <= greater + 1e-6 for less, greater in zip(_ends(few.total), _ends(many.total), strict=True))
    assert all(less <= greater + 1e-6 for less, greater in zip(_ends(few.kg_co2e), _ends(many.kg_co2e), strict=True))


@given(stacks())
def test_an_interval_is_in_order_and_parts_make_the_whole(resources: list[Resource]) -> None:
    cost = billed(*resources)
    whole = graph(*resources)

    assert cost.total.low <= cost.total.expected + 1e-6 <= cost.total.high + 2e-6
    for split in (cost.by_part(), cost.by_resource(), by_component(whole, cost)):
        sums = [sum(_ends(one)[end] for one in split.values()) for end in range(3)]
        assert sums == pytest.approx(list(_ends(cost.total)))


@given(stacks(), st.data())
def test_the_order_of_resources_means_nothing(resources: list[Resource], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(resources))

    assert billed(*shuffled) == billed(*resources)


@given(stacks(), st.data())
def test_an_unknown_is_not_priced_and_the_rest_costs_what_it_did(resources: list[Resource], data: st.DataObject) -> None:
    volumes = [one for one in resources if one.type == "aws:ebs/volume:Volume"]
    if not volumes:
        return
    hidden = data.draw(st.sampled_from(volumes))
    others = [one for one in resources if one is not hidden]
    blurred = replace(hidden, inputs={**hidden.inputs, "size": UNKNOWN, "type": "gp3"})

    cost = billed(*others, blurred)

    assert _ends(cost.total) == pytest.approx(_ends(billed(*others).total))
    assert hidden.urn in {found for one in cost.unpriced if one.reason is Reason.UNDECIDED for found in one.urns}


@given(stacks())
def test_one_resource_costs_alone_what_it_costs_on_the_bill(resources: list[Resource]) -> None:
    whole, catalog = graph(*resources), load_catalog()
    cost = bill(whole, catalog)
    open_ones = {found for one in cost.unpriced if one.reason is not Reason.BY_USE for found in one.urns}

    for one in resources:
        alone = monthly(one, whole, catalog)
        assert (alone is None) == (one.urn in open_ones)
        if alone is not None:
            assert _ends(alone) == pytest.approx(_ends(cost.by_resource()[one.urn]))


def _side(*resources: Resource) -> Billed:
    found = graph(*resources)
    return Billed(found, bill(found, load_catalog()))


@given(stacks(), stacks())
def test_a_difference_is_what_the_totals_differ_by(before: list[Resource], after: list[Resource]) -> None:
    found = compare(_side(*before), _side(*after))
    back = compare(_side(*after), _side(*before))

    sums = [sum(_ends(row.usd_per_month)[end] for row in found.rows) for end in range(3)]
    assert sums == pytest.approx(list(_ends(found.usd_per_month)), abs=1e-6)
    assert _ends(back.usd_per_month) == pytest.approx(tuple(-end for end in _ends(found.usd_per_month)))
    assert compare(_side(*after), _side(*after)).rows == ()


VOLUME = "aws:ebs/volume:Volume"
CHANGES: list[tuple[dict[str, Any] | None, dict[str, Any] | None, Change]] = [
    (None, {"size": 10}, Change.ADDED),
    ({"size": 10}, None, Change.REMOVED),
    ({"size": 10}, {"size": 20}, Change.CHANGED),
    ({"size": 10}, {"size": UNKNOWN}, Change.CHANGED),
]


@pytest.mark.parametrize(("before", "after", "change"), CHANGES)
def test_each_change_is_told_with_both_sides(before: dict[str, Any] | None, after: dict[str, Any] | None, change: Change) -> None:
    sides = [_side(*([resource(VOLUME, "disk", found)] if found else [])) for found in (before, after)]

    (row,) = compare(*sides).rows

    assert (row.change, row.name) == (change, "disk")
    assert [(side is None) for side in (row.before, row.after)] == [before is None, after is None]


def test_another_stacks_name_and_a_renamed_resource_are_no_change() -> None:
    old = Graph("lepton", "prod", (resource("pulumi:providers:aws", "default", {"region": "us-east-1"}, stack="prod"),))
    disk = resource(VOLUME, "before", {"size": 10}, stack="prod")
    earlier = replace(old, resources=(*old.resources, disk))
    renamed = replace(resource(VOLUME, "now", {"size": 10}), aliases=(urn(VOLUME, "before"),))

    found = compare(Billed(earlier, bill(earlier, load_catalog())), _side(renamed))

    assert found.rows == ()


def test_an_empty_graph_costs_nothing() -> None:
    assert bill(Graph("lepton", "dev", ()), load_catalog()) == Cost((), ())
