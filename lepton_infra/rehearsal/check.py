"""Holds values against fields: every fault at once, each at its own path."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from lepton_infra.catalog.words import nearest, plain
from lepton_infra.config.marks import SIGNATURE
from lepton_infra.rehearsal.schema import AnyOf, Anything, Fields, File, ListOf, MapOf, ObjectOf, Scalar, Shape
from lepton_infra.rehearsal.wire import Value, is_unknown

_SHOWN: Final = 60
"""Characters of a wrong value that a message repeats."""
_LIKE: Final = 0.5
"""Names less like each other than this share of letters are no help."""

_SCALARS: Final = {"string": "a string", "boolean": "true or false", "integer": "a whole number", "number": "a number"}
_SAID: Final[Mapping[type, str]] = {ListOf: "a list", File: "an asset or archive"}


@dataclass(frozen=True, slots=True)
class Failure:
    """What is wrong with one property."""

    path: str
    """Where: `vpcConfig.subnetIds[0]`."""
    reason: str
    """What stands there and what may stand there."""


def check(fields: Fields, values: Mapping[str, Value], where: str = "") -> Iterator[Failure]:
    """Find missing required fields, unknown fields and values of the wrong kind.

    Unknown values and assets pass: they will be, or are, of the right kind.
    """
    for name, value in values.items():
        path = f"{where}.{name}" if where else name
        if value is None or name.startswith("__"):
            continue
        if name not in fields:
            yield Failure(path, _stranger(name, fields))
        else:
            yield from _wrong(fields[name].shape, value, path)
    for name, field in fields.items():
        if field.required and values.get(name) is None:
            yield Failure(f"{where}.{name}" if where else name, "is missing; it is required. Give it a value.")


def _stranger(name: str, fields: Fields) -> str:
    alike = nearest(name, fields, limit=1)
    if alike and _alike(name, alike[0]):
        return f"is not known; the nearest argument is '{alike[0]}'. Correct the name."
    return f"is not known; the arguments are {', '.join(sorted(fields)) or 'none'}. Remove it."


def _alike(one: str, other: str) -> bool:
    shared = len(set(plain(one)) & set(plain(other)))
    return shared >= _LIKE * max(len(set(plain(one))), len(set(plain(other))))


def _wrong(shape: Shape, value: Value, path: str) -> Iterator[Failure]:
    if is_unknown(value) or isinstance(shape, Anything):
        return
    if isinstance(value, dict) and SIGNATURE in value:
        if not isinstance(shape, File):
            yield Failure(path, f"is an asset or archive; {_said(shape)} is wanted. Give the content itself.")
    elif isinstance(shape, AnyOf):
        yield from min((list(_wrong(option, value, path)) for option in shape.options), key=len)
    elif isinstance(shape, Scalar) and _fits(shape.kind, value):
        return
    else:
        yield from _inside(shape, value, path)


def _inside(shape: Shape, value: Value, path: str) -> Iterator[Failure]:
    match shape, value:
        case ListOf(), list():
            for index, item in enumerate(value):
                yield from _wrong(shape.item, item, f"{path}[{index}]")
        case MapOf(), dict():
            for key, item in value.items():
                if item is not None:
                    yield from _wrong(shape.item, item, f"{path}.{key}")
        case ObjectOf(), dict():
            yield from check(shape.fields, value, path)
        case _:
            yield Failure(path, f"is {_shown(value)}; {_said(shape)} is wanted. Change the value.")


def _fits(kind: str, value: Value) -> bool:
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "string":
        return isinstance(value, str)
    return isinstance(value, int if kind == "integer" else int | float) and not isinstance(value, bool)


def _said(shape: Shape) -> str:
    if isinstance(shape, AnyOf):
        return " or ".join(map(_said, shape.options))
    return _SCALARS[shape.kind] if isinstance(shape, Scalar) else _SAID.get(type(shape), "an object")


def _shown(value: Value) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            return f"the string {value[:_SHOWN]!r}{'…' if len(value) > _SHOWN else ''}"
        case list():
            return f"a list of {len(value)}"
        case dict():
            return f"an object with {', '.join(sorted(value)[:5]) or 'nothing in it'}"
        case _:
            return f"the number {value}"
