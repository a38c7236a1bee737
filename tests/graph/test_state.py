"""Reading exported state: relations kept, secrets never."""

import json
from pathlib import Path

import pytest

from lepton_infra.errors import BadInput
from lepton_infra.graph import Secret, read_state

SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "AAAB"}
BUCKET, STACK, KEY = (
    "urn:pulumi:dev::lepton::lepton:index:Storage$aws:s3/bucket:Bucket::data",
    "urn:pulumi:dev::lepton::pulumi:pulumi:Stack::lepton-dev",
    "urn:pulumi:dev::lepton::aws:kms/key:Key::storage",
)
STATE = {
    "version": 3,
    "deployment": {
        "resources": [
            {"urn": STACK, "type": "pulumi:pulumi:Stack", "custom": False},
            {"urn": KEY, "type": "aws:kms/key:Key", "custom": True, "inputs": {"policy": SECRET}, "protect": True},
            {
                "urn": BUCKET,
                "type": "aws:s3/bucket:Bucket",
                "custom": True,
                "parent": STACK,
                "dependencies": [KEY],
                "inputs": {"tags": {"a": [1, SECRET]}},
            },
        ],
    },
}


def _written(path: Path, text: str) -> Path:
    state = path / "state.json"
    state.write_text(text)
    return state


def test_resources_keep_their_relations(tmp_path: Path) -> None:
    graph = read_state(_written(tmp_path, json.dumps(STATE)))

    assert (graph.project, graph.stack) == ("lepton", "dev")
    assert [resource.name for resource in graph.built()] == ["storage", "data"]
    bucket = graph.by_urn[BUCKET]
    assert (bucket.parent, bucket.kind) == (STACK, "Bucket")
    assert [key.name for key in graph.needs(bucket, "aws:kms/key:Key")] == ["storage"]
    assert graph.by_urn[KEY].protect


def test_a_secret_is_read_as_a_mark_alone(tmp_path: Path) -> None:
    graph = read_state(_written(tmp_path, json.dumps(STATE)))

    assert graph.by_urn[KEY].inputs == {"policy": Secret()}
    assert graph.by_urn[BUCKET].inputs == {"tags": {"a": [1, Secret()]}}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "state.json:1: is not JSON"),
        ("[]", "state.json: has no deployment.resources"),
        ('{"deployment": {}}', "state.json: has no deployment.resources"),
        ('{"deployment": {"resources": {}}}', "state.json: has no deployment.resources"),
    ],
)
def test_what_is_no_state_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        read_state(_written(tmp_path, text))


def test_a_stack_that_was_never_up_is_an_empty_graph(tmp_path: Path) -> None:
    assert read_state(_written(tmp_path, '{"deployment": {"resources": []}}')).resources == ()
