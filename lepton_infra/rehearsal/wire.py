"""Values as they travel between the engine and a provider.

Secrets are not among them: our handshake declines them, so the engine takes them off before it asks and puts them back on
what we answer, by property name, as it does for the real AWS provider. A secret is therefore a secret in the state.
"""

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias, cast

from google.protobuf import struct_pb2

from lepton_infra.config.marks import UNKNOWN_STRING, UNKNOWN_STRINGS

Value: TypeAlias = "bool | int | float | str | list[Value] | dict[str, Value] | None"
"""A property value: JSON, with unknowns as sentinel texts and assets as marked objects."""
Properties: TypeAlias = dict[str, Value]
"""Property values by wire name."""
UNKNOWN: Final = UNKNOWN_STRING
"""Stands for a value that is known only after the update."""


def is_unknown(value: Value) -> bool:
    """Say whether the value will be known only after the update."""
    return isinstance(value, str) and value in UNKNOWN_STRINGS


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
