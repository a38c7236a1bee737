"""Reading the inputs of a resource: what is not known yet is said, never taken for nothing."""

from collections.abc import Mapping
from typing import Final, cast

from lepton_infra.cost.prices import NoPriceError, UndecidedError
from lepton_infra.graph import Resource, Secret, Unknown

_LARGEST: Final = 1e9
"""More nodes, GiB or IOPS than anybody sells; a number beyond it is a mistake, and no sum should hide it."""


def value(resource: Resource, path: str) -> object:
    """Return what stands at a path of names in the inputs, `scalingConfig.minSize`; None where nothing does.

    Raises:
        UndecidedError: it, or what holds it, is known only after the update.
    """
    return value_in(resource.inputs, path)


def value_in(found: object, path: str) -> object:
    """Return what stands at a path of names in a value; None where nothing does.

    Raises:
        UndecidedError: it, or what holds it, is known only after the update.
    """
    for name in path.split("."):
        found = mapping(_known(found, path)).get(name)
    return _known(found, path)


def number(found: object, what: str, default: float | None = None) -> float:
    """Return a number, which may be written as text.

    Raises:
        NoPriceError: nothing stands there and there is no default, or it is no number that counts something.
    """
    if found is None or found == "":
        if default is None:
            message = f"no {what} in it"
            raise NoPriceError(message)
        return default
    try:
        read = float(cast("str", found)) if isinstance(found, int | float | str) and not isinstance(found, bool) else -1.0
    except ValueError:
        read = -1.0
    if not 0 <= read <= _LARGEST:
        message = f"{what} is {str(found)[:40]!r}"
        raise NoPriceError(message)
    return read


def text(found: object, what: str) -> str:
    """Return a text.

    Raises:
        NoPriceError: there is none.
    """
    if not isinstance(found, str) or not found:
        message = f"no {what} in it"
        raise NoPriceError(message)
    return found


def flag(found: object, *, default: bool = False) -> bool:
    """Return whether something is switched on; Terraform's providers write `"true"` too."""
    return default if found is None else found in (True, "true")


def listed(found: object) -> list[object]:
    """Return the elements of a list; none where it is none."""
    return cast("list[object]", found) if isinstance(found, list) else []


def mapping(found: object) -> Mapping[str, object]:
    """Return an object; an empty one where it is none."""
    return cast("Mapping[str, object]", found) if isinstance(found, Mapping) else {}


def _known(found: object, path: str) -> object:
    if isinstance(found, Secret):
        found = found.value
    if isinstance(found, Unknown):
        message = f"{path} is known only after the update"
        raise UndecidedError(message)
    return found
