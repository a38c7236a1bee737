"""What a provider would compute inside what a program gave: fields that the SDK declares and the program left out are unknown.

What is missing at the top of a resource the SDK itself takes for unknown in a preview; inside objects it would take it for absent.
"""

import importlib
import typing
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cache
from typing import Any, cast

from pulumi import _types as sdk_types  # pyright: ignore[reportPrivateUsage] # the only place where the SDK says what its types hold
from pulumi.runtime.rpc import get_resource_module

from .values import SIGNATURE, UNKNOWN, Value


def completed(token: str, given: Mapping[str, Value]) -> dict[str, Value]:
    """Return a resource's properties as a preview knows them: what was given, and unknowns inside its objects."""
    if not any(isinstance(value, dict | list) for value in given.values()):
        return dict(given)
    kinds = _kinds(token)
    return {name: _complete(value, kinds.get(name)) for name, value in given.items()}


def _complete(value: Value, kind: Any) -> Value:  # noqa: ANN401 (an annotation may be any object)
    kind = _plain(kind)
    if not _fits(value, kind):
        return UNKNOWN
    if isinstance(value, list):
        inside = typing.get_args(kind)
        return [_complete(item, inside[0] if len(inside) == 1 else None) for item in value]
    if not isinstance(value, dict) or SIGNATURE in value or kind is None:
        return value
    if sdk_types.is_output_type(kind):
        fields = _fields(kind)
        return {**dict.fromkeys(fields, UNKNOWN), **{name: _complete(item, fields.get(name)) for name, item in value.items()}}
    inside = typing.get_args(kind)
    return {name: _complete(item, inside[-1] if inside else None) for name, item in value.items()}


def _plain(kind: Any) -> Any:  # noqa: ANN401 (as above)
    """Return what an annotation holds; None where that may be anything."""
    kind = sdk_types.unwrap_type(kind) if kind is not None else None
    return None if kind is Any else kind


def _fits(value: Value, kind: Any) -> bool:  # noqa: ANN401 (as above)
    """Say whether the SDK takes a value for an output of this kind.

    Some providers answer with another shape than they were given: Azure takes a list of identities and returns a mapping of them. What
    they will return is not known then, and the SDK would raise at the shape that was given.
    """
    if kind is None or (isinstance(value, dict) and SIGNATURE in value):
        return True
    if isinstance(value, list):
        return kind is list or typing.get_origin(kind) in {list, Sequence}
    if isinstance(value, dict):
        return kind is dict or sdk_types.is_output_type(kind) or typing.get_origin(kind) in {dict, Mapping}
    return not (isinstance(kind, type) and issubclass(kind, Enum)) or value in {member.value for member in kind}


@cache
def _fields(kind: type) -> Mapping[str, object]:
    return sdk_types.output_type_types(kind)


@cache
def _kinds(token: str) -> Mapping[str, object]:
    """Return the output types of a resource type by wire name; nothing where no imported SDK declares it."""
    package, _, rest = token.partition(":")
    module, _, name = rest.partition(":")
    try:
        facts = cast("dict[str, Any]", getattr(get_resource_module(package, module, ""), "mod_info", {}))
        home = importlib.import_module(facts["fqn"])
        return sdk_types.resource_types(getattr(home, facts["classes"][token].rpartition(".")[2] or name))
    except (KeyError, ImportError, AttributeError, NameError, AssertionError):
        return {}
