"""What a rule of a role allows."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, any_of
from lepton_infra.rules.view import Resource, View

ROLE: Final = "kubernetes:rbac.authorization.k8s.io/v1:Role"
CLUSTER_ROLE: Final = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"
BINDING: Final = "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding"
CLUSTER_BINDING: Final = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding"


class Right(NamedTuple):
    """Verbs on things of a group of the API."""

    verbs: tuple[str, ...]
    group: str
    resources: tuple[str, ...]


def rules_of(role: Resource) -> Iterator[View]:
    """Iterate over the rules of a role; an unknown list has one unknown rule."""
    yield from role.rules


def allows(role: Resource, right: Right) -> Verdict:
    """Return whether a role allows one of the verbs on one of the things, whatever their name.

    `*` means all, `*/scale` the subresource of all, and a rule that names single objects allows nothing on the others.
    """
    return any_of(_allows(rule, right) for rule in rules_of(role))


def _allows(rule: View, right: Right) -> Verdict:
    if rule.raw_value() is UNKNOWN:
        return rule.undecided_because()
    verbs = any_of(verb.is_one_of("*", *right.verbs) for verb in rule.verbs)
    groups = any_of(_is_group(group, right.group) for group in rule.apiGroups)
    things = any_of(thing.is_one_of(*_spellings(right.resources)) for thing in rule.resources)
    return verbs & groups & things & rule.resourceNames.is_absent()


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
