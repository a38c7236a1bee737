"""Data sources answered without a pretend cloud standing: what an account is asked before anything is in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import cast

from lepton_infra.rehearsal.configuration import place
from lepton_infra.rehearsal.facts import Facts, load_facts
from lepton_infra.rehearsal.wire import Properties


@dataclass(frozen=True, slots=True)
class _EmptyWorld:
    """An account in which nothing was built yet."""

    place: Properties

    def find(self, kind: str, identity: str) -> Properties | None:
        """Return nothing: nothing is there."""
        del kind, identity

    def every(self, kind: str) -> list[Properties]:
        """Return nothing likewise."""
        del kind
        return []


def pretend_answer(token: str, arguments: Mapping[str, object], settings: Mapping[str, object]) -> Mapping[str, object] | None:
    """Return what a pretend cloud answers to a data source; None where it has no answer.

    Args:
        token: the data source, for instance `aws:index/getCallerIdentity:getCallerIdentity`.
        arguments: the question, by wire name.
        settings: of the provider that is asked.

    Raises:
        LookupError: the question finds nothing, with a sentence.
    """
    facts = _facts(token.partition(":")[0])
    source = facts.sources.get(token)
    if source is None:
        return None
    given = cast("Properties", dict(arguments))
    return {**given, **source(given, _EmptyWorld(place(facts, cast("Properties", dict(settings)))))}


@cache
def _facts(package: str) -> Facts:
    return load_facts(package)
