"""Places: in which namespace an object is, and whether that is production."""

import re
from collections.abc import Iterable
from typing import Final

from lepton_infra.rules.values import ABSENT, UNKNOWN
from lepton_infra.rules.verdict import Verdict, any_of
from lepton_infra.rules.view import Resource, View

NAMESPACE: Final = "kubernetes:core/v1:Namespace"
_ENVIRONMENT: Final = re.compile(r"\A(.*/)?(environment|env|stage)\Z", re.IGNORECASE)
_PRODUCTION: Final = re.compile(r"\A\s*(prod|production|live)\s*\Z", re.IGNORECASE)
_PRODUCTION_NAME: Final = re.compile(r"(\A|-)(prod|production|live)\Z", re.IGNORECASE)
"""Namespaces are called `prod` or `serving-prod`."""


def is_production(resource: Resource) -> Verdict:
    """Return whether an object says that it is production, by a label or by the name of its namespace."""
    labels = resource.metadata.labels
    said = [value.text_matches(_PRODUCTION) for key, value in labels.map_items() if _ENVIRONMENT.match(key)]
    hidden = [labels.undecided_because()] if labels.raw_value() is UNKNOWN else []
    return any_of((*said, *hidden, namespace_of(resource).text_matches(_PRODUCTION_NAME)))


def namespace_of(resource: Resource) -> View:
    """Return where it says its namespace: its own, or its provider's for all that say none."""
    own = resource.metadata.namespace
    return own if own.raw_value() is not ABSENT or resource.metadata.raw_value() is UNKNOWN else resource.of_provider.namespace


def is_in(resource: Resource, namespace: Resource) -> Verdict:
    """Return whether an object is in a namespace of the same stack.

    By name where both are known, else by where the name comes from. The provider names a namespace that has none: its name in the
    program, a hyphen and eight letters.
    """
    place, name = namespace_of(resource), namespace.metadata.name
    written, known = place.raw_value(), name.raw_value()
    if isinstance(written, str) and isinstance(known, str):
        return place == known
    if isinstance(written, str) and known is ABSENT and not written.startswith(f"{namespace.its_subject.name}-"):
        return place.refers_to(namespace) if _is_id(written, namespace) else place.fail_because()
    return place.refers_to(namespace)


def _is_id(text: str, namespace: Resource) -> bool:
    """Tell whether a text is what the cluster calls a namespace that has been built."""
    return text == namespace.its_subject.outputs.get("id")


def some_in(namespace: Resource, resources: Iterable[Resource]) -> Verdict:
    """Return whether one of the objects is in a namespace."""
    return any_of(is_in(one, namespace) for one in resources)
