"""The one place where names and tags are made: what a cloud allows, how a long name is cut, and whose a resource is."""

import hashlib
import re
from dataclasses import dataclass

from lepton_components.contract import Scope

POOL_TAG = "pool"
"""Tag of a machine that says which pool of the stack it serves; `lepton advise` reads it in bills."""
_RANDOM_END = 8
"""Characters that Pulumi appends to a logical name to make it unique: a dash and seven hexadecimal digits (pulumi, "Autonaming")."""
_HASH = 8
"""Hexadecimal digits that keep two names apart which would be cut to the same text."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a cloud allows in the name of one kind of resource."""

    longest: int
    """Most characters of the whole name."""
    letters: str = "A-Za-z0-9-"
    """Characters allowed, as the inside of a regular expression's brackets."""


# Limits from the reference of each service's create call (AWS API reference, read 2026-11).
BUCKET = Kind(63, "a-z0-9-")
BUDGET = Kind(100, "A-Za-z0-9._-")
CLUSTER = Kind(100, "A-Za-z0-9_-")
GROUP = Kind(255)
KEY_ALIAS = Kind(256, "A-Za-z0-9/_-")
LOG_GROUP = Kind(512, "A-Za-z0-9/_.#-")
NODE_POOL = Kind(63, "A-Za-z0-9_-")
PLAIN = Kind(255, "A-Za-z0-9._:/-")
ROLE = Kind(64, "A-Za-z0-9+=,.@_-")
SCHEDULE = Kind(255)
SECURITY_GROUP = Kind(255, "A-Za-z0-9 ._:/()#,@=+&;{}!$*-")
TEMPLATE = Kind(125, "A-Za-z0-9()./_-")
TOPIC = Kind(256, "A-Za-z0-9_-")


def part(kind: Kind, *parts: str) -> str:
    """Return the logical name of a component's part, short enough for the random end that Pulumi appends."""
    return _fitted(kind, kind.longest - _RANDOM_END, "-".join(parts))


def fixed(kind: Kind, scope: Scope, *parts: str) -> str:
    """Return a name that others have to know beforehand: it carries project and stack instead of a random end."""
    return _fitted(kind, kind.longest, "-".join((scope.project, scope.stack, *parts)))


def placed(kind: Kind, folder: str, name: str) -> str:
    """Return a name inside a folder, for instance a log group: `/aws/eks/<cluster>/...`."""
    return _fitted(kind, kind.longest, f"{folder}/{name}")


def tags(scope: Scope, component: str, name: str) -> dict[str, str]:
    """Return what every resource is tagged with: whose it is, where it belongs, and what to call it."""
    return {
        "Name": name,
        "component": component,
        "environment": scope.environment,
        "managed-by": "pulumi",
        "owner": scope.owner,
        "project": scope.project,
        "stack": scope.stack,
        "team": scope.team,
    }


def owner_tags(scope: Scope) -> dict[str, str]:
    """Return the tags that hold for everything in the stack, for a provider's defaults."""
    whole = tags(scope, "", "")
    return {key: value for key, value in whole.items() if key not in {"Name", "component"}}


def _fitted(kind: Kind, longest: int, text: str) -> str:
    """Return the text in the kind's characters and length; a hash of the whole tells cut names apart."""
    clean = re.sub(f"[^{kind.letters}]+", "-", text if "A-Z" in kind.letters else text.lower())
    if clean == text and len(clean) <= longest:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:_HASH]
    return f"{clean[: longest - _HASH - 1].strip('-')}-{digest}"
