"""Decoding of what the engine sends: protobuf structs with magic strings become plain values.

The magic strings are Pulumi's own, from `sdk/go/common/resource/plugin/rpc.go` (unknowns) and `sdk/go/common/resource/sig` (signatures) of
pulumi 3.259. Decoding happens once for each resource, however many rules look at it.
"""

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from lepton_infra.rules.values import ABSENT, UNKNOWN, Asset, Secret, as_list, as_map

if TYPE_CHECKING:
    from google.protobuf.struct_pb2 import Struct, Value

UNKNOWN_STRINGS: Final = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # bool
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # string, and whatever Python and JavaScript programs send
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)
"""An unknown value is sent as one of these strings, by the type that it will have."""

REDACTED: Final = "[secret]"
"""What `pulumi policy analyze --file` puts into a secret that it cannot decrypt (pulumi 3.259, `policy analyze --help`)."""

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
"""An object with this key is no object but a secret, an asset, a reference or an output."""
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 (the mark of one)
ASSET: Final = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE: Final = "0def7320c3a5731c473e5ecbe6d01bc7"
REFERENCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"


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
