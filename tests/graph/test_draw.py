"""Pictures of graphs, read back by those who draw them: Mermaid's own parser, an XML parser, Graphviz's grammar."""

import re
import xml.etree.ElementTree as ET
from typing import Any

import mermaidx
import pytest

from lepton_infra.graph import Graph, parse_graph
from lepton_infra.graph.draw import as_dot, as_mermaid, as_svg, picture_of
from lepton_infra.graph.draw.layout import Place, lay_out
from lepton_infra.graph.draw.picture import Box

HOSTILE = 'a"];b-->c;"</text><script>x</script>\x1b[2J\u202e`|#quot;\\\n end %% subgraph'
VPC, SUBNET, POOL, KEY = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", "aws:eks/nodeGroup:NodeGroup", "aws:kms/key:Key"


def _urn(kind: str, name: str) -> str:
    return f"urn:pulumi:dev::shop::{kind}::{name}"


def _graph(*resources: dict[str, Any]) -> Graph:
    listed = [{"inputs": {}, "urn": _urn(one["type"], one["name"]), **one} for one in resources]
    return parse_graph({"project": "shop", "stack": "dev", "resources": listed}, "test")


def _component(name: str) -> dict[str, Any]:
    return {"type": "lepton:index:Part", "name": name, "custom": False}


def _inside(name: str) -> str:
    return _urn("lepton:index:Part", name)


SHOP = _graph(
    _component("network"),
    _component("cluster"),
    _component("keys"),
    {"type": VPC, "name": "vpc", "parent": _inside("network"), "dependencies": [_urn(KEY, "key")]},
    {"type": SUBNET, "name": "one", "parent": _inside("network"), "dependencies": [_urn(VPC, "vpc")]},
    {"type": SUBNET, "name": "two", "parent": _inside("network"), "dependencies": [_urn(VPC, "vpc")]},
    {"type": KEY, "name": "key", "parent": _inside("keys")},
    {
        "type": POOL,
        "name": "gpus",
        "parent": _inside("cluster"),
        "inputs": {"instanceTypes": ["p5.48xlarge"], "scalingConfig": {"minSize": 2, "desiredSize": 3, "maxSize": 9}},
        "dependencies": [_urn(SUBNET, "one"), _urn(KEY, "key")],
    },
    {"type": "aws:iam/role:Role", "name": "role", "parent": _inside("cluster")},
)


def _nodes(box: Box) -> list[tuple[str, str, str]]:
    return [*((box.title, node.title, node.detail) for node in box.nodes), *(one for inner in box.boxes for one in _nodes(inner))]


def test_resources_stand_in_their_component_and_network_with_machine_and_count() -> None:
    assert sorted(_nodes(picture_of(SHOP).top)) == [
        ("cluster", "1 more", "Role"),
        ("in vpc", "gpus", "2-9 x p5.48xlarge"),
        ("keys", "key", "Key"),
        ("vpc", "2 x Subnet", ""),
        ("vpc", "vpc", "Vpc"),
    ]


def test_arrows_lead_from_what_needs_to_what_is_needed_and_none_is_drawn_twice() -> None:
    picture = picture_of(SHOP)
    titles = {box.key: box.title for box in picture.top.boxes}

    # cluster -> keys is reached by way of the network.
    assert {(titles[source], titles[target]) for source, target in picture.arrows} == {("cluster", "network"), ("network", "keys")}


def test_nothing_is_left_out() -> None:
    assert {resource.urn for resource in SHOP.built()} == picture_of(SHOP).top.urns


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"nodeConfig": {"machineType": "a3-highgpu-8g"}, "autoscaling": {"minNodeCount": 0, "maxNodeCount": 4}}, "0-4 x a3-highgpu-8g"),
        ({"vmSize": "Standard_ND96isr_H100_v5", "count": 2}, "2 x Standard_ND96isr_H100_v5"),
        ({"instanceType": "m7i.large"}, "1 x m7i.large"),
        ({"instanceTypes": ["a", "b", "c"], "minSize": "1", "maxSize": 2}, "1-2 x a or 2 more"),
        ({"instanceType": {"$unknown": True}, "desiredCapacity": 3}, "3 x machine unknown"),
        ({"minSize": {"$unknown": True}, "maxSize": float("inf"), "instanceType": "x"}, "1 x x"),
    ],
)
def test_machine_and_count_on_every_cloud(inputs: dict[str, Any], expected: str) -> None:
    assert _nodes(picture_of(_graph({"type": POOL, "name": "p", "inputs": inputs})).top) == [("", "p", expected)]


def test_a_schedule_widens_the_count_and_a_template_tells_the_machine() -> None:
    template = {"type": "aws:ec2/launchTemplate:LaunchTemplate", "name": "t", "inputs": {"instanceType": "p5.4xlarge"}}
    group = {
        "type": "aws:autoscaling/group:Group",
        "name": "g",
        "inputs": {"minSize": 3, "maxSize": 60},
        "dependencies": [_urn(template["type"], "t")],
    }
    night = {
        "type": "aws:autoscaling/schedule:Schedule",
        "name": "n",
        "inputs": {"minSize": 1, "maxSize": -1},
        "dependencies": [_urn(group["type"], "g")],
    }

    assert ("", "g", "1-60 x p5.4xlarge") in _nodes(picture_of(_graph(template, group, night)).top)


@pytest.mark.parametrize(
    "graph", [SHOP, _graph(_component(HOSTILE), {"type": KEY, "name": HOSTILE, "parent": _inside(HOSTILE)}), _graph(_component("x"))]
)
def test_mermaid_and_xml_are_understood_by_those_who_draw_them(graph: Graph) -> None:
    picture = picture_of(graph)

    assert "<script" not in mermaidx.render(as_mermaid(picture)).svg()
    root = ET.fromstring(as_svg(picture))  # noqa: S314 (our own)
    assert not [one for one in root.iter() if one.tag.endswith("script")]
    assert "\x1b" not in as_dot(picture) + as_mermaid(picture) + as_svg(picture)


def test_the_parser_of_mermaid_refuses_what_is_wrong() -> None:
    with pytest.raises(RuntimeError, match="Parse error"):
        mermaidx.render(as_mermaid(picture_of(SHOP)).replace("  end\n", "", 1)).svg()


def test_dot_quotes_whatever_stands_in_it() -> None:
    text = as_dot(picture_of(_graph(_component(HOSTILE), {"type": KEY, "name": HOSTILE, "parent": _inside(HOSTILE)})))

    bare = re.sub(r'"(?:[^"\\]|\\.)*"', "", text)
    assert '"' not in bare
    assert bare.count("{") == bare.count("}")
    assert "script" not in bare


def _overlap(one: Place, other: Place) -> bool:
    return one.x < other.x + other.width and other.x < one.x + one.width and one.y < other.y + other.height and other.y < one.y + one.height


def _check(places: tuple[Place, ...]) -> None:
    assert not [(a.part.title, b.part.title) for n, a in enumerate(places) for b in places[n + 1 :] if _overlap(a, b)]
    for place in places:
        for inner in place.inside:
            assert place.x <= inner.x
            assert inner.x + inner.width <= place.x + place.width
            assert place.y <= inner.y
            assert inner.y + inner.height <= place.y + place.height
        _check(place.inside)


def test_nothing_covers_anything_and_everything_is_inside_its_box() -> None:
    many = [
        {"type": POOL, "name": f"p{number}", "parent": _inside(f"c{number % 7}"), "dependencies": [_urn(POOL, f"p{number - 1}")]}
        for number in range(60)
    ]

    for graph in (SHOP, _graph(*(_component(f"c{number}") for number in range(7)), *many)):
        layout = lay_out(picture_of(graph))
        _check(layout.places)
        assert all(
            place.x >= 0 and place.x + place.width <= layout.width and place.y + place.height <= layout.height for place in layout.places
        )


def test_components_in_a_circle_are_drawn_all_the_same() -> None:
    one = {**_component("one"), "parent": _inside("two")}
    two = {**_component("two"), "parent": _inside("one")}
    leaf = {"type": KEY, "name": "k", "parent": _inside("one"), "dependencies": [_urn(KEY, "k")]}

    assert picture_of(_graph(one, two, leaf)).top.urns == {_urn(KEY, "k")}


def _teams(count: int, inside: int) -> list[dict[str, Any]]:
    kinds = (SUBNET, POOL, KEY, "aws:ec2/instance:Instance", "aws:s3/bucket:Bucket", "aws:iam/role:Role")
    found = [_component(f"t{team}") for team in range(count)]
    for team in range(count):
        vpc = {"type": VPC, "name": f"v{team}", "parent": _inside(f"t{team}")}
        needs = [_urn(VPC, f"v{team}"), _urn(VPC, f"v{(team + 1) % count}")]
        found += [
            vpc,
            *({"type": kinds[n % 6], "name": f"{team}-{n}", "parent": _inside(f"t{team}"), "dependencies": needs} for n in range(inside)),
        ]
    return found


@pytest.mark.parametrize(
    "resources",
    [
        _teams(20, 48),
        _teams(1_000, 1),
        [{"type": POOL, "name": str(number)} for number in range(5_000)],
        [{"type": f"x:y/z{number}:Bucket", "name": "a"} for number in range(2_000)],
        [{"type": VPC, "name": str(number)} for number in range(2_000)],
    ],
    ids=["20 teams of 50", "1,000 teams", "5,000 pools", "2,000 types", "2,000 networks"],
)
def test_a_large_graph_is_a_picture_that_a_person_can_follow_and_nothing_is_left_out_of_it(resources: list[dict[str, Any]]) -> None:
    graph = _graph(*resources)
    picture = picture_of(graph)

    assert picture.top.urns == {one.urn for one in graph.built()}
    assert picture.top.parts <= 150
    assert len(as_mermaid(picture)) < 15_000
    layout = lay_out(picture)
    assert layout.width < 1_100
    assert layout.height < 5_000


def test_arrows_that_mermaid_would_refuse_are_counted() -> None:
    keys = [{"type": KEY, "name": f"k{number}"} for number in range(25)]
    needs = [_urn(KEY, f"k{number}") for number in range(25)]
    kinds = [f"aws:a/m{number}:Instance" for number in range(25)]
    components = [_component(f"c{number}") for number in range(25)]
    inner = [{**key, "parent": _inside(f"c{number}")} for number, key in enumerate(keys)]
    picture = picture_of(_graph(*components, *inner, *({"type": kind, "name": "m", "dependencies": needs} for kind in kinds)))

    assert (len(picture.arrows), picture.left_out) == (120, 505)
    assert "505 arrows more left out" in as_mermaid(picture)
    assert "505 arrows more left out" in as_dot(picture)
    assert "<desc>50 resources in 25 components; 505 arrows more left out</desc>" in as_svg(picture)


def test_pools_that_are_counted_say_their_machine() -> None:
    def pool(number: int, machine: str) -> dict[str, Any]:
        return {"type": POOL, "name": f"p{number}", "inputs": {"instanceTypes": [machine], "minSize": 1, "maxSize": 4}}

    alike = picture_of(_graph(*(pool(number, "p5.48xlarge") for number in range(30)))).top
    mixed = picture_of(_graph(*(pool(number, f"m{number % 3}.large") for number in range(30)))).top

    assert _nodes(alike) == [("", "30 x NodeGroup", "each 1-4 x p5.48xlarge")]
    assert _nodes(mixed) == [("", "30 x NodeGroup", "m0.large, m1.large, ...")]


def test_the_same_graph_is_drawn_by_the_same_bytes() -> None:
    assert [as_svg(picture_of(SHOP)) for _ in range(2)] == [as_svg(picture_of(SHOP))] * 2
