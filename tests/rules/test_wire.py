from typing import Any

import pytest
from google.protobuf.struct_pb2 import Struct
from hypothesis import given
from hypothesis import strategies as st
from pulumi.runtime import rpc

from lepton_infra.rules import wire
from lepton_infra.rules.values import ABSENT, UNKNOWN, Asset, Secret

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(alphabet=st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(alphabet="abc", max_size=5), inner, max_size=4),
    max_leaves=12,
)


def decoded(value: Any) -> object:
    struct = Struct()
    struct.update({"x": value})
    return wire.decode_struct(struct)["x"]


@given(value=plain)
def test_plain_values_come_through(value: Any) -> None:
    assert decoded(value) == value
    assert wire.decode_json(value) == value


@pytest.mark.parametrize("sentinel", sorted(wire.UNKNOWN_STRINGS))
def test_every_unknown_is_unknown_wherever_it_stands(sentinel: str) -> None:
    assert decoded(sentinel) is UNKNOWN
    assert decoded({"a": [1, sentinel]}) == {"a": [1.0, UNKNOWN]}
    assert wire.decode_json([sentinel]) == [UNKNOWN]


def test_our_magic_strings_are_pulumis() -> None:
    assert rpc.UNKNOWN in wire.UNKNOWN_STRINGS
    assert (rpc._special_sig_key, rpc._special_secret_sig, rpc._special_output_value_sig) == (wire.SIGNATURE, wire.SECRET, wire.OUTPUT)
    assert (rpc._special_asset_sig, rpc._special_archive_sig, rpc._special_resource_sig) == (wire.ASSET, wire.ARCHIVE, wire.REFERENCE)


@pytest.mark.parametrize(
    ("signed", "meant"),
    [
        ({wire.SIGNATURE: wire.SECRET, "value": "s"}, Secret("s")),
        ({wire.SIGNATURE: wire.SECRET, "value": {"a": rpc.UNKNOWN}}, Secret({"a": UNKNOWN})),
        ({wire.SIGNATURE: wire.SECRET, "value": "[secret]"}, Secret(UNKNOWN)),
        ({wire.SIGNATURE: wire.OUTPUT}, UNKNOWN),
        ({wire.SIGNATURE: wire.OUTPUT, "secret": True}, Secret(UNKNOWN)),
        ({wire.SIGNATURE: wire.OUTPUT, "value": [1.0], "secret": False, "dependencies": ["urn:x"]}, [1.0]),
        ({wire.SIGNATURE: wire.ASSET, "text": "x"}, Asset("asset")),
        ({wire.SIGNATURE: wire.ARCHIVE, "path": "x"}, Asset("archive")),
        ({wire.SIGNATURE: wire.REFERENCE, "urn": "urn:x", "id": "i-1"}, "i-1"),
        ({wire.SIGNATURE: wire.REFERENCE, "urn": "urn:x", "id": rpc.UNKNOWN}, UNKNOWN),
        ({wire.SIGNATURE: wire.REFERENCE, "urn": "urn:x", "id": ""}, UNKNOWN),
        ({wire.SIGNATURE: wire.REFERENCE, "urn": "urn:x"}, "urn:x"),
        ({wire.SIGNATURE: "no-such-mark", "a": 1.0}, {wire.SIGNATURE: "no-such-mark", "a": 1.0}),
    ],
)
def test_a_signed_object_is_what_it_stands_for(signed: dict[str, Any], meant: object) -> None:
    assert decoded(signed) == meant
    assert wire.decode_json(signed) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", ABSENT),
        (" \n", ABSENT),
        ("{", UNKNOWN),
        ("[" * 100_000, UNKNOWN),
        ('{"a": [1, null]}', {"a": [1, None]}),
        (f'{{"a": "arn:{rpc.UNKNOWN}:x"}}', {"a": UNKNOWN}),
    ],
)
def test_json_in_text(text: str, meant: object) -> None:
    assert wire.read_json(text) == meant
