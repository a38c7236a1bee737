"""Between protobuf's structs and the plain values of JSON; unknowns and secrets stay as they are marked on the wire."""

import math
from typing import TypeAlias, cast

from google.protobuf import struct_pb2

Value: TypeAlias = "bool | float | str | list[Value] | dict[str, Value] | None"
"""A value as JSON has it."""

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Stands for what is known only after the update (pulumi: sdk/go/common/resource/plugin/rpc.go)."""
SIGNATURE = "4dabf18193072939515e22adb298388d"
"""Key of an object that is none: a secret, an asset, a reference, an output."""
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 (the mark of one)


def plain(struct: struct_pb2.Struct) -> dict[str, Value]:
    """Return a struct's properties; whole numbers become integers, and null is as good as not given, as engines have it."""
    return {name: plain_value for name, value in struct.fields.items() if (plain_value := _plain(value)) is not None}


def _plain(value: struct_pb2.Value) -> Value:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
    if kind == "struct_value":
        return plain(value.struct_value)
    if kind == "list_value":
        return [_plain(item) for item in value.list_value.values]
    if kind == "bool_value":
        return value.bool_value
    if kind == "number_value":
        number = value.number_value
        # JSON has no word for infinity.
        return int(number) if number.is_integer() else number if math.isfinite(number) else str(number)
    return None


def struct(values: object) -> struct_pb2.Struct:
    """Return a struct of plain values."""
    made = struct_pb2.Struct()
    made.update(cast("dict[str, Value]", values))  # type: ignore[arg-type] # the stub wants one kind of value
    return made


def without_outputs(value: Value) -> Value:
    """Turn outputs with their dependencies, as remote components get them, into what they stand for."""
    if isinstance(value, list):
        return [without_outputs(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get(SIGNATURE) != OUTPUT:
        return {name: without_outputs(item) for name, item in value.items()}
    inner = without_outputs(value.get("value", UNKNOWN))
    return {SIGNATURE: SECRET, "value": inner} if value.get("secret") is True else inner
