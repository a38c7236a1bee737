"""Reading what `pulumi preview --json` prints: the digest, and the stream of events."""

import json
from pathlib import Path
from typing import Any

import pytest

from lepton_infra.errors import BadInput
from lepton_infra.graph import Position, Secret, parse_preview, read_preview
from lepton_infra.graph.model import UNKNOWN

STACK = "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev"
BUCKET = "urn:pulumi:dev::shop::aws:s3/bucket:Bucket::data"
PROVIDER = "urn:pulumi:dev::shop::pulumi:providers:aws::default"
SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "[secret]"}
PLACE = "project:///stacks/__main__.py#12"
NEW: dict[str, Any] = {
    "urn": BUCKET,
    "type": "aws:s3/bucket:Bucket",
    "custom": True,
    "parent": STACK,
    "inputs": {"policy": SECRET, "masked": ["[secret]"], "bucket": "04da6b54-80e4-46f7-96ec-b56ff0331ba9", "tags": {"a": "b"}},
    "provider": "urn:pulumi:dev::shop::pulumi:providers:aws::default::04da6b54-80e4-46f7-96ec-b56ff0331ba9",
    "dependencies": [STACK],
    "propertyDependencies": {"bucket": [STACK], "tags": []},
    "stackTrace": [{}, {"sourcePosition": "project:///.venv/lib/x.py#3"}, {"sourcePosition": PLACE}],
}
DIGEST = {
    "config": {"aws:region": "eu-west-1", "shop:n": "1"},
    "steps": [
        {"op": "create", "urn": STACK, "newState": {"urn": STACK, "type": "pulumi:pulumi:Stack", "custom": False}},
        {"op": "create-replacement", "urn": BUCKET, "newState": {**NEW, "inputs": {}}},
        {"op": "replace", "urn": BUCKET, "newState": NEW},
        {"op": "delete", "urn": "urn:pulumi:dev::shop::a:b:C::gone", "oldState": {"urn": "urn:pulumi:dev::shop::a:b:C::gone"}},
    ],
}


def test_what_will_stand_is_the_graph() -> None:
    graph = parse_preview(DIGEST, "preview.json")

    assert (graph.project, graph.stack) == ("shop", "dev")
    assert [resource.urn for resource in graph.resources if resource.urn != PROVIDER] == [STACK, BUCKET]
    bucket = graph.by_urn[BUCKET]
    assert bucket.inputs == {"policy": Secret(), "masked": [Secret()], "bucket": UNKNOWN, "tags": {"a": "b"}}
    assert bucket.provider == PROVIDER
    assert bucket.property_dependencies == {"bucket": (STACK,)}
    assert bucket.position == Position("stacks/__main__.py", 12)


def test_a_default_provider_is_there_with_the_stacks_settings() -> None:
    provider = parse_preview(DIGEST, "preview.json").by_urn[PROVIDER]

    assert (provider.type, provider.name, provider.inputs) == ("pulumi:providers:aws", "default", {"region": "eu-west-1"})


def test_a_stream_of_events_is_read_too(tmp_path: Path) -> None:
    events = [{"sequence": 1, "preludeEvent": {}}, {"sequence": 2, "resourcePreEvent": {"metadata": {"op": "create", "new": NEW}}}]
    path = tmp_path / "preview.json"
    path.write_text("".join(json.dumps(event) + "\n" for event in events))

    assert read_preview(path).by_urn[BUCKET].inputs["tags"] == {"a": "b"}


@pytest.mark.parametrize("document", [{}, [], {"steps": {}}, {"steps": [{"op": "delete"}]}, [{"preludeEvent": {}}], 7])
def test_what_is_no_preview_is_refused(document: object) -> None:
    with pytest.raises(BadInput, match=r"preview\.json: has no steps with a resource; what `pulumi preview --json` prints\."):
        parse_preview(document, "preview.json")


@pytest.mark.parametrize("text", ["", "{", '{"a": 1}\n{', "[" * 5000])
def test_what_is_no_json_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "preview.json"
    path.write_text(text)

    with pytest.raises(BadInput, match=r"is not JSON|is nested too deeply"):
        read_preview(path)
