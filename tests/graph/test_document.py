"""Graph JSON: what is written is read again, and what is no graph is refused in sentences."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lepton_infra.errors import BadInput
from lepton_infra.graph import Asset, Graph, Position, Resource, Secret, as_document, parse_graph, read_graph
from lepton_infra.graph.model import UNKNOWN

KEYS = st.text("abcXYZ_.-", min_size=1, max_size=4)
LEAVES = st.one_of(
    st.booleans(),
    st.integers(-(2**40), 2**40),
    st.text(max_size=5),
    st.just(UNKNOWN),
    st.just(Secret()),
    st.builds(Asset, st.booleans()),
)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8)
RESOURCES = st.builds(
    Resource,
    urn=st.uuids().map(str),
    type=st.just("aws:s3/bucket:Bucket"),
    name=KEYS,
    parent=st.none() | KEYS,
    custom=st.booleans(),
    inputs=st.dictionaries(KEYS, VALUES, max_size=4),
    outputs=st.dictionaries(KEYS, VALUES, max_size=2),
    dependencies=st.lists(KEYS, max_size=3).map(tuple),
    protect=st.booleans(),
    property_dependencies=st.dictionaries(KEYS, st.lists(KEYS, max_size=2).map(tuple), max_size=2),
    provider=st.none() | KEYS,
    id=st.text(max_size=3),
    aliases=st.lists(KEYS, max_size=2).map(tuple),
    ignore_changes=st.lists(KEYS, max_size=2).map(tuple),
    external=st.booleans(),
    position=st.none() | st.builds(Position, KEYS, st.integers(1, 99)),
)


@given(st.lists(RESOURCES, min_size=1, max_size=4))
def test_what_is_written_is_read_again(resources: list[Resource]) -> None:
    graph = Graph("lepton", "dev", tuple(resources))

    assert parse_graph(json.loads(json.dumps(as_document(graph))), "graph.json") == graph


def test_type_and_inputs_are_enough() -> None:
    graph = parse_graph({"resources": [{"type": "aws:s3/bucket:Bucket", "inputs": {"bucket": {"$unknown": True}}}]}, "graph.json")

    (bucket,) = graph.built()
    assert (bucket.inputs, bucket.parent, bucket.protect) == ({"bucket": UNKNOWN}, None, False)


def test_two_without_a_name_are_two() -> None:
    graph = parse_graph({"resources": [{"type": "a:b:C", "inputs": {}}] * 2}, "graph.json")

    assert len(graph.by_urn) == 2


ONE: dict[str, Any] = {"type": "a:b:C", "inputs": {}}
BAD: dict[str, tuple[object, str]] = {
    "nothing": ({}, "graph.json: has no resources; a graph as"),
    "no resources": ({"resources": []}, "graph.json: has no resources"),
    "a list": ([], "graph.json: has no resources"),
    "no list": ({"resources": {}}, "graph.json: has resources that are no list"),
    "another format": ({"format": "lepton.graph/9", "resources": [ONE]}, "graph.json: format is 'lepton.graph/9'; lepton.graph/1."),
    "a number": ({"resources": [7]}, "graph.json: resources[0] is the number 7; an object with type and inputs."),
    "no type": ({"resources": [{"inputs": {}}]}, "graph.json: resources[0] has no type; text."),
    "an empty type": ({"resources": [{"type": "", "inputs": {}}]}, "graph.json: resources[0].type is an empty text; text."),
    "no inputs": ({"resources": [{"type": "a:b:C"}]}, "graph.json: resources[0] has no inputs; an object."),
    "inputs of another kind": ({"resources": [{**ONE, "inputs": []}]}, "graph.json: resources[0].inputs is a list; an object."),
    "a parent of another kind": ({"resources": [{**ONE, "parent": 1}]}, "graph.json: resources[0].parent is the number 1; text or null."),
    "dependencies of another kind": (
        {"resources": [{**ONE, "dependencies": [1]}]},
        "graph.json: resources[0].dependencies holds something else than text; a list of URNs.",
    ),
    "a position without a line": (
        {"resources": [{**ONE, "position": {"file": "x"}}]},
        "graph.json: resources[0].position has no file and line",
    ),
    "one URN twice": (
        {"resources": [{**ONE, "urn": "u"}, {**ONE, "urn": "u"}]},
        "graph.json: resources[1].urn is that of resources[0]; a URN of its own.",
    ),
}


@pytest.mark.parametrize(("document", "sentence"), BAD.values(), ids=BAD)
def test_what_is_no_graph_is_refused(document: object, sentence: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_graph(document, "graph.json")

    assert str(caught.value).startswith(sentence)


def test_all_faults_are_told_up_to_a_measure() -> None:
    with pytest.raises(BadInput) as caught:
        parse_graph({"resources": [7] * 1000}, "graph.json")

    assert len(caught.value.faults) == 21
    assert str(caught.value.faults[-1]).startswith("graph.json: has 980 faults more")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "graph.json:1: is not JSON"),
        (b"{\n x", "graph.json:2: is not JSON"),
        (b"\xff\xfe\x00", "graph.json: cannot be read"),
        (b"[" * 10_000 + b"]" * 10_000, "graph.json: is nested too deeply"),
        (b'{"resources":[{"type":"a:b:C","inputs":{"x":' + b"[" * 900 + b"]" * 900 + b"}}]}", "graph.json: is nested too deeply"),
    ],
    ids=["empty", "not JSON", "not text", "too deep for JSON", "too deep for us"],
)
def test_a_file_that_cannot_be_read_is_told_in_a_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "graph.json"
    path.write_bytes(content)

    with pytest.raises(BadInput) as caught:
        read_graph(path)

    assert str(caught.value).startswith(sentence)


def test_a_directory_and_a_missing_file_are_told_likewise(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.json"):
        with pytest.raises(BadInput, match="cannot be read"):
            read_graph(path)


def test_a_file_beyond_measure_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "graph.json"
    with path.open("wb") as file:
        file.truncate(600 * 1024**2)

    with pytest.raises(BadInput, match="larger than 512 MiB"):
        read_graph(path)
