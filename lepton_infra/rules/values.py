"""What a property of a resource can be: a plain value, or one of the things that JSON has no word for.

A decoded resource is made of dict, list, str, float, int and bool, and of the four below. They are told apart by identity or class, never
by a magic string: those end in `wire.py`.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Final, cast


class Mark(Enum):
    """Two values that are none."""

    ABSENT = "absent"
    """Nothing stands there, or null does: the provider's default applies."""
    UNKNOWN = "unknown"
    """Something will stand there, or not: it is known when `pulumi up` has made what it comes from."""


ABSENT: Final = Mark.ABSENT
UNKNOWN: Final = Mark.UNKNOWN


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that a rule may weigh and nobody may print."""

    value: object = field(repr=False)


@dataclass(frozen=True, slots=True)
class Asset:
    """A file or an archive of files: it is there, and what is in it is not looked at."""

    kind: str
    """`asset` or `archive`."""


def number_in(value: object) -> float | None:
    """Return the number that a value means (22, 22.0, "22"), or None: a bool is none, neither is "NaN"."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return None if number != number else number  # noqa: PLR0124 (NaN is the one number that differs from itself)


def flag_in(value: object) -> bool | None:
    """Return the flag that a value means (true, "true", "False"), or None."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.strip().lower()) if isinstance(value, str) else None


def same(one: object, other: object) -> bool:
    """Tell whether two values mean the same on the wire: `"true"` is true and `22.0` is `"22"`; text is compared as it stands."""
    if isinstance(one, bool) or isinstance(other, bool):
        flag = flag_in(one)
        return flag is not None and flag == flag_in(other)
    if isinstance(one, int | float) or isinstance(other, int | float):
        number = number_in(one)
        return number is not None and number == number_in(other)
    return one == other


def as_map(value: object) -> dict[str, object] | None:
    """Return the value if it is an object, else None."""
    return cast("dict[str, object]", value) if isinstance(value, dict) else None


def as_list(value: object) -> list[object] | None:
    """Return the value if it is a list, else None."""
    return cast("list[object]", value) if isinstance(value, list) else None
