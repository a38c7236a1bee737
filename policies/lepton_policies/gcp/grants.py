"""Grants: what the resources of Google Cloud's IAM give to whom, whichever of the three forms they have.

A `...IAMMember` gives one role to one member, a `...IAMBinding` one role to several, an `...IAMPolicy` is a whole policy as JSON.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, any_of
from lepton_infra.rules.view import Resource, View

_EVERYONE: Final = re.compile(r"\A\s*(allUsers|allAuthenticatedUsers)\s*\Z", re.IGNORECASE)
"""Everyone on the internet, and everyone with any Google account: strangers both (IAM, "Principal identifiers")."""
DEFAULT_ACCOUNT: Final = re.compile(r"(-compute@developer|@appspot)\.gserviceaccount\.com\s*\Z", re.IGNORECASE)
"""The accounts that a project is born with (IAM, "Types of service accounts")."""


class Grant(NamedTuple):
    """A role, and who gets it."""

    role: View
    members: tuple[View, ...]


def forms(*stems: str) -> tuple[str, ...]:
    """Return the tokens of the three forms of each stem: `gcp:kms/keyRingIAM` stands for keyRingIAMMember, ...Binding and ...Policy.

    >>> forms("gcp:kms/keyRingIAM")[0]
    'gcp:kms/keyRingIAMMember:KeyRingIAMMember'
    """
    tokens: list[str] = []
    for stem in stems:
        module, _, name = stem.partition("/")
        tokens += [f"{module}/{name}{form}:{name[:1].upper()}{name[1:]}{form}" for form in ("Member", "Binding", "Policy")]
    return tuple(tokens)


def grants_in(resource: Resource) -> Iterator[Grant]:
    """Iterate over what a resource of IAM grants."""
    if resource.type_token.endswith("Policy"):
        for binding in resource.policyData.json_inside().bindings:
            yield Grant(binding.role, tuple(binding.members))
    elif resource.type_token.endswith("Binding"):
        yield Grant(resource.role, tuple(resource.members))
    else:
        yield Grant(resource.role, (resource.member,))


def is_everyone(member: View) -> Verdict:
    """Return whether a member of a role is everyone."""
    return member.text_matches(_EVERYONE)


def is_granted(resource: Resource, role: "re.Pattern[str]", member: "re.Pattern[str] | None" = None) -> Verdict:
    """Return whether a resource grants a role that matches, to a member that matches, or to anyone at all."""
    return any_of(
        grant.role.text_matches(role) & any_of(_is_somebody(one) if member is None else one.text_matches(member) for one in grant.members)
        for grant in grants_in(resource)
    )


def _is_somebody(member: View) -> Verdict:
    """Return whether a member is anyone at all: one whose name is not known yet is, a whole list that is not known may be empty."""
    if member.raw_value() is UNKNOWN and member.read_keys()[-1] != "members":
        return member.pass_because("is somebody")
    return member.is_set()


def is_public(resource: Resource) -> Verdict:
    """Return whether a resource grants any role to everyone."""
    return any_of(is_everyone(member) for grant in grants_in(resource) for member in grant.members)
