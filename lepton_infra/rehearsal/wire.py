"""Values as they travel between the engine and a provider.

Secrets are not among them: our handshake declines them, so the engine takes them off before it asks and puts them back on
what we answer, by property name, as it does for the real AWS provider. A secret is therefore a secret in the state.
"""

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias, cast

from google.protobuf import struct_pb2

Value: TypeAlias = "bool | int | float | str | list[Value] | dict[str, Value] | None"
"""A property value: JSON, with unknowns as sentinel texts and assets as marked objects."""
Properties: TypeAlias = dict[str, Value]
"""Property values by wire name."""

UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Stands for a value that is known only after the update (pulumi: sdk/go/common/resource/plugin/rpc.go)."""
SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
"""Key of an object that is no plain object: an asset, an archive, a secret."""
_UNKNOWNS: Final = frozenset(
    {
        UNKNOWN,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # a boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # a number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # a list
        "030794c1-ac77-496b-92df-f27374a8bd58",  # an asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # an archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # an object
    }
)


def is_unknown(value: Value) -> bool:
    """Say whether the value will be known only after the update."""
    return isinstance(value, str) and value in _UNKNOWNS


def has_unknown(value: Value) -> bool:
    """Say whether the value or anything inside it is unknown."""
    if isinstance(value, dict):
        return any(map(has_unknown, value.values()))
    return any(map(has_unknown, value)) if isinstance(value, list) else is_unknown(value)


def from_struct(struct: struct_pb2.Struct) -> Properties:
    """Read a message into plain values; whole numbers become integers."""
    return {name: _from_value(value) for name, value in struct.fields.items()}


def _from_value(value: struct_pb2.Value) -> Value:
    match value.WhichOneof("kind"):
        case "string_value":
            return value.string_value
        case "number_value":
            return int(value.number_value) if value.number_value.is_integer() else value.number_value
        case "bool_value":
            return value.bool_value
        case "struct_value":
            return from_struct(value.struct_value)
        case "list_value":
            return [_from_value(item) for item in value.list_value.values]
        case _:
            return None


def to_struct(values: Mapping[str, Value]) -> struct_pb2.Struct:
    """Write plain values into a message; absent values (None) are left out."""
    struct = struct_pb2.Struct()
    struct.update(cast("dict[str, object]", without_none(dict(values))))  # type: ignore[arg-type] # the stub wants one kind of value
    return struct


def without_none(value: Value) -> Value:
    """Drop absent properties of objects, at any depth: null and not given are one on this wire."""
    if isinstance(value, dict):
        return {name: without_none(item) for name, item in value.items() if item is not None}
    return [without_none(item) for item in value] if isinstance(value, list) else value


def texts(values: Iterable[Value]) -> list[str]:
    """Return the values that are texts."""
    return [value for value in values if isinstance(value, str)]


def table(value: Value) -> Properties:
    """Return the value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def rows(value: Value) -> list[Value]:
    """Return the value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def text(value: Value) -> str:
    """Return the value if it is a text, else an empty one."""
    return value if isinstance(value, str) else ""
