"""What a provider would compute inside what a program gave: fields that the SDK declares and the program left out are unknown.

What is missing at the top of a resource the SDK itself takes for unknown in a preview; inside objects it would take it for absent.
"""

import importlib
import typing
from collections.abc import Mapping
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
    kind = sdk_types.unwrap_type(kind) if kind is not None else None
    if isinstance(value, list):
        inside = typing.get_args(kind)
        return [_complete(item, inside[0] if len(inside) == 1 else None) for item in value]
    if not isinstance(value, dict) or SIGNATURE in value or not isinstance(kind, type) or not sdk_types.is_output_type(kind):
        return value
    fields = _fields(kind)
    return {**dict.fromkeys(fields, UNKNOWN), **{name: _complete(item, fields.get(name)) for name, item in value.items()}}


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
