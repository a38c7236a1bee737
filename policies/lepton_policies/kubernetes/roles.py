"""What a rule of a role allows."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, any_of
from lepton_infra.rules.view import Resource, View

RBAC: Final = "rbac.authorization.k8s.io"
ROLE: Final = f"kubernetes:{RBAC}/v1:Role"
CLUSTER_ROLE: Final = f"kubernetes:{RBAC}/v1:ClusterRole"
BINDING: Final = f"kubernetes:{RBAC}/v1:RoleBinding"
CLUSTER_BINDING: Final = f"kubernetes:{RBAC}/v1:ClusterRoleBinding"
CLUSTER_ROLES: Final = (CLUSTER_ROLE, f"{CLUSTER_ROLE}Patch")
"""Roles of the whole cluster, and what a server-side patch adds to one."""
ROLES: Final = (*CLUSTER_ROLES, ROLE, f"{ROLE}Patch")
BINDINGS: Final = (CLUSTER_BINDING, BINDING, f"{CLUSTER_BINDING}Patch", f"{BINDING}Patch")
READS_PODS: Final[dict[str, object]] = {"rules": [{"verbs": ["get", "list"], "resources": ["pods"], "apiGroups": [""]}]}
"""A role that nobody minds, for examples."""


class Right(NamedTuple):
    """Verbs on things of a group of the API."""

    verbs: tuple[str, ...]
    group: str
    resources: tuple[str, ...]
    whatever_name: tuple[str, ...] = ()
    """Objects that are all that it takes: a rule that names one of them is as wide as one that names none."""


def rules_of(holder: Resource) -> Iterator[View]:
    """Iterate over the rules of a role; an unknown list has one unknown rule."""
    yield from holder.rules


def allows(holder: Resource, right: Right) -> Verdict:
    """Return whether a role allows one of the verbs on one of the things, whatever their name.

    `*` means all, `*/scale` the subresource of all, and a rule that names single objects allows nothing on the others, unless it names one
    that is all that it takes.
    """
    return any_of(_allows(rule, right) for rule in rules_of(holder))


def _allows(rule: View, right: Right) -> Verdict:
    if rule.raw_value() is UNKNOWN:
        return rule.undecided_because()
    verbs = any_of(verb.is_one_of("*", *right.verbs) for verb in rule.verbs)
    groups = any_of(_is_group(group, right.group) for group in rule.apiGroups)
    things = any_of(thing.is_one_of(*_spellings(right.resources)) for thing in rule.resources)
    named = any_of(name.is_one_of(*right.whatever_name) for name in rule.resourceNames)
    return verbs & groups & things & (rule.resourceNames.is_absent() | named)


def role(verbs: object, resources: object, groups: object, names: object = None) -> dict[str, object]:
    """Return a role that reads pods, and what else is said, for examples."""
    entry = {"verbs": verbs, "resources": resources, "apiGroups": groups, "resourceNames": names}
    return {"rules": [{"verbs": ["get"], "resources": ["pods"], "apiGroups": [""]}, {key: value for key, value in entry.items() if value}]}


def _is_group(group: View, wanted: str) -> Verdict:
    return group.is_one_of("*", wanted)


def _spellings(resources: tuple[str, ...]) -> tuple[str, ...]:
    """Return all that names one of the things: itself, everything, and the same subresource of everything."""
    below = {f"*/{name.partition('/')[2]}" for name in resources if "/" in name}
    return ("*", *resources, *sorted(below))


def names_everything(rule: View) -> Verdict:
    """Return whether a rule has a `*` where it should name verbs, things or groups."""
    if rule.raw_value() is UNKNOWN:
        return rule.undecided_because()
    stars = (*(verb == "*" for verb in rule.verbs), *(thing.is_one_of("*", "*/*") for thing in rule.resources))
    return any_of((*stars, *(group == "*" for group in rule.apiGroups)))
