"""References: whether a property of one resource means another resource of the same stack.

Before anything is built a reference is an unknown value, and what it will be is known all the same: the engine keeps, for every property,
from which resources its value comes. After it is built it is an id, a name or an ARN. Both are read here, and where neither tells, the
answer is UNDECIDED, never a guess:

```
the value comes from the target and from nothing else of its type            PASS
it comes from others of that type only                                        FAIL
it is text that is the target's id, name, ARN or self link                    PASS
it is text, and the target's id is known and another                          FAIL
everything else                                                               UNDECIDED
```
"""

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from lepton_infra.rules.subject import plain_type
from lepton_infra.rules.values import ABSENT, UNKNOWN, Secret
from lepton_infra.rules.verdict import Fact, State, Verdict

if TYPE_CHECKING:
    from lepton_infra.rules.view import Resource, View

_NAMING: Final = ("id", "arn", "name", "bucket")
"""Properties by which clouds name a thing, beside those that begin with the kind of it: `clusterName`, `keyId`."""
_LAST_WORD: Final = re.compile(r"[A-Z][a-z]+\Z")
"""Azure calls a storage account by its `accountName`."""
_OPAQUE: Final = re.compile(r"\A([a-z]{1,12}-[0-9a-f]{8,17}|/(?i:subscriptions)/.+)\Z")
"""An id that a cloud made up, which no name can be held against: `sg-0123456789abcdef0`, or Azure's with groups of one's own in it."""

_GOOGLE_HOST: Final = re.compile(r"\Ahttps://(www|compute|container)\.googleapis\.com/(?:compute/)?(v1|v1beta1|beta)/")
"""What stands before an id of Google Cloud where it is a self link."""


def refers(view: "View", target: "Resource") -> Verdict:
    """Return whether a property, or an element of it where it is a list, means the target; what is absent means nothing."""
    if view.raw_value() is ABSENT:
        return view.fail_because()
    source, name = view.read_root()
    elements = [source.answer_at(element) for element in view] if view.raw_value() is not UNKNOWN else [source.answer_at(view)]
    waiting = sum(value is UNKNOWN for value in elements)
    states = {_by_name(value, source, name, target) for value in elements if value is not UNKNOWN}
    if waiting:
        states.add(_by_origin(waiting, source, name, target))
    state = next((state for state in (State.PASS, State.UNDECIDED) if state in states), State.FAIL)
    return Verdict(state, (Fact(view),))


def _by_origin(waiting: int, source: "Resource", name: str, target: "Resource") -> State:
    """Judge so many unknown values by where they come from."""
    exact = source.its_subject.sources.get(name)
    urns = set(source.its_subject.dependencies if exact is None else exact)
    alike = {urn for urn in urns if _type_in(urn) == _type_in(target.its_subject.urn)}
    if not target.its_subject.urn or not alike:
        return State.UNDECIDED
    if target.its_subject.urn in alike:
        return State.PASS if len(alike) <= waiting else State.UNDECIDED
    return State.FAIL if exact is not None and alike == urns and waiting <= len(alike) else State.UNDECIDED


@lru_cache(maxsize=65536)
def _type_in(urn: str) -> str:
    """Return the type of the resource that a URN names: `urn:pulumi:<stack>::<project>::<parents>$<type>::<name>`."""
    parts = urn.split("::", 3)
    return plain_type(parts[2].rpartition("$")[2]) if len(parts) > 3 else ""  # noqa: PLR2004 (the parts of a URN)


def _by_name(value: object, source: "Resource", name: str, target: "Resource") -> State:
    """Judge by what a known value says."""
    if not isinstance(value, str):
        return State.FAIL if value is ABSENT else State.UNDECIDED
    text = _GOOGLE_HOST.sub("", value.strip())
    known = target.known_names()
    if text in known.values() or (
        text.startswith("arn:") and text.endswith(tuple(f"{mark}{one}" for one in known.values() for mark in ":/"))
    ):
        return State.PASS
    if value.strip() == source.its_subject.inputs.get(name) and source.its_subject.sources.get(name):
        return _by_origin(1, source, name, target)  # the whole property was made of answers: a URL, a domain name
    return State.FAIL if "id" in known or (known and not _OPAQUE.match(text)) else State.UNDECIDED


def names_of(target: "Resource") -> dict[str, str]:
    """Return by property what the target is called, as far as that is known."""
    kind = target.type_token.rpartition(":")[2]
    prefix = kind[:1].lower() + kind[1:]
    last_word = _LAST_WORD.search(kind)
    short = f"{last_word[0].lower()}Name" if last_word and target.type_token.startswith("azure-native:") else ""
    subject = target.its_subject
    found: dict[str, str] = {}
    for key in (*_NAMING, f"{prefix}Id", f"{prefix}Name", f"{prefix}Arn", short):
        for values in (subject.inputs, subject.outputs):
            value = values.get(key)
            value = value.value if isinstance(value, Secret) else value
            if isinstance(value, str) and value:
                found[key] = _GOOGLE_HOST.sub("", value)
    return found
