"""Decoding of what the engine sends: protobuf structs with magic strings become plain values.

The magic strings are those of `config/marks.py`. Decoding happens once for each resource, however many rules look at it.
"""

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from lepton_infra.config.marks import ARCHIVE, ASSET, OUTPUT, REFERENCE, SECRET, SIGNATURE, UNKNOWN_STRINGS
from lepton_infra.rules.values import ABSENT, UNKNOWN, Asset, Secret, as_list, as_map

if TYPE_CHECKING:
    from google.protobuf.struct_pb2 import Struct, Value

REDACTED: Final = "[secret]"
"""What `pulumi policy analyze --file` puts into a secret that it cannot decrypt (pulumi 3.259, `policy analyze --help`)."""


def decode_struct(struct: "Struct") -> dict[str, object]:
    """Return the properties in a protobuf struct as plain values, unknowns, secrets and assets."""
    return {key: _decode_value(value) for key, value in struct.fields.items()}


def _decode_value(value: "Value") -> object:
    """Return what a protobuf value means; numbers are floats on this wire."""
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        text = value.string_value
        return UNKNOWN if text in UNKNOWN_STRINGS else text
    if kind == "struct_value":
        return _unsign({key: _decode_value(inner) for key, inner in value.struct_value.fields.items()})
    if kind == "list_value":
        return [_decode_value(inner) for inner in value.list_value.values]
    if kind == "bool_value":
        return value.bool_value
    return value.number_value if kind == "number_value" else None


@lru_cache(maxsize=1024)
def read_json(text: str) -> object:
    """Return what JSON text means: ABSENT if it is blank, UNKNOWN if it is no JSON, with every text in it unknown that holds an unknown.

    The value is shared between callers: read it, never change it.
    """
    if not text.strip():
        return ABSENT
    try:
        parsed: object = json.loads(text)
    except (ValueError, RecursionError):
        return UNKNOWN
    return decode_json(parsed) if SIGNATURE in text or any(mark in text for mark in UNKNOWN_STRINGS) else parsed


def decode_json(value: object) -> object:
    """Return what a value read from JSON means: the magic strings stand in exported states, in previews and inside JSON text."""
    if isinstance(value, str):
        return UNKNOWN if any(mark in value for mark in UNKNOWN_STRINGS) else value
    items = as_list(value)
    if items is not None:
        return [decode_json(item) for item in items]
    inside = as_map(value)
    return value if inside is None else _unsign({key: decode_json(inner) for key, inner in inside.items()})


def _unsign(inside: dict[str, object]) -> object:
    """Return what a decoded object stands for, if it is signed."""
    signature = inside.get(SIGNATURE)
    if signature is None:
        return inside
    if signature == SECRET:
        value = inside.get("value")
        return Secret(UNKNOWN if value == REDACTED else value)
    if signature in (ASSET, ARCHIVE):
        return Asset("asset" if signature == ASSET else "archive")
    if signature == REFERENCE:
        return inside.get("id") or UNKNOWN if "id" in inside else inside.get("urn")
    if signature == OUTPUT:
        value = inside.get("value", UNKNOWN)
        return Secret(value) if inside.get("secret") is True else value
    return inside
