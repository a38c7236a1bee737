"""What a property may be: shapes, fields, and the schema of a resource or a function."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text, a number, an integer, or a boolean."""

    kind: str
    """One of `string`, `number`, `integer`, `boolean`."""


@dataclass(frozen=True, slots=True)
class Anything:
    """Whatever JSON can say."""


@dataclass(frozen=True, slots=True)
class File:
    """An asset or an archive."""


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of one shape."""

    item: "Shape"
    """Shape of each item."""


@dataclass(frozen=True, slots=True)
class MapOf:
    """An object with free keys."""

    item: "Shape"
    """Shape of each value."""


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of several shapes."""

    options: tuple["Shape", ...]
    """The shapes that are allowed."""


@dataclass(frozen=True)
class ObjectOf:
    """An object with named fields; they are read when first asked for, since types may contain themselves."""

    name: str
    """Name of the type in the SDK."""
    read: "Callable[[], Fields]" = field(repr=False, compare=False)
    """Reads the fields."""

    @cached_property
    def fields(self) -> "Fields":
        """Return the fields by wire name."""
        return self.read()


Shape: TypeAlias = Scalar | Anything | File | ListOf | MapOf | AnyOf | ObjectOf
"""What a value may be."""


@dataclass(frozen=True, slots=True)
class Field:
    """A named property."""

    shape: Shape
    """What it may be."""
    required: bool
    """Whether it has to be given."""


Fields: TypeAlias = Mapping[str, Field]
"""Properties by wire name."""


@dataclass(frozen=True, slots=True)
class Schema:
    """What goes into a resource or a function, and what comes out."""

    token: str
    """Type or function token, for instance `aws:ec2/subnet:Subnet`."""
    inputs: Fields
    """Arguments by wire name."""
    outputs: Fields
    """Results by wire name; of a resource, its arguments are among them."""
