"""Evaluation: cards over resources, by type, each card on its own feet.

A resource is decoded once; only the cards for its type look at it; a card that raises becomes an error of that card and of no other.
"""

import re
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Final

from lepton_infra.errors import BadInput, Fault
from lepton_infra.rules.card import Card, Severity
from lepton_infra.rules.values import ABSENT
from lepton_infra.rules.verdict import State
from lepton_infra.rules.view import Resource

_API_VERSION: Final = re.compile(r"/v\d{8}(preview|privatepreview)?(?=:)")
_S3_V2: Final = re.compile(r"\A(aws:s3/bucket\w*)V2:(\w+)V2\Z")


class Outcome(Enum):
    """What came of one card on one resource, where it did not pass."""

    FAIL = "fail"
    UNDECIDED = "undecided"
    ERROR = "error"
    """The card itself is broken: it raised."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One card that does not pass on one resource."""

    rule: str
    severity: Severity
    outcome: Outcome
    type: str
    name: str
    urn: str
    path: str
    """The property that decided, by wire name; empty where it is the resource as a whole."""
    message: str
    """What was found there, as a phrase; no secret is in it."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One resource, as the rules need it."""

    type: str
    inputs: Mapping[str, object]
    """By wire name, decoded (see `wire.py`)."""
    name: str = ""
    urn: str = ""
    provider: Mapping[str, object] | None = None
    """The inputs of its provider, decoded, where known."""


class Runner:
    """A set of cards, ready to be evaluated.

    Args:
        cards: the rules.
        settings: by rule id, the settings that differ from the card's defaults.

    Raises:
        BadInput: if two cards have one id.
    """

    def __init__(self, cards: Iterable[Card], settings: Mapping[str, Mapping[str, object]] | None = None) -> None:
        self.cards: tuple[Card, ...] = tuple(cards)
        self._by_type: dict[str, list[Card]] = {}
        seen: set[str] = set()
        faults: list[Fault] = []
        for card in self.cards:
            if card.id in seen:
                faults.append(Fault(f"rule {card.id}", "is there twice", "one card for each id", "Rename one of the two"))
            seen.add(card.id)
            for token in dict.fromkeys(map(plain_type, card.types)):
                self._by_type.setdefault(token, []).append(card)
        if faults:
            raise BadInput(faults)
        changed = settings or {}
        self._settings = {card.id: {**card.defaults(), **changed.get(card.id, {})} for card in self.cards}

    def cards_for(self, type_token: str) -> list[Card]:
        """Return the cards that look at resources of a type."""
        return self._by_type.get(plain_type(type_token), [])

    def evaluate(self, subject: Subject, *, without: frozenset[str] = frozenset()) -> list[Finding]:
        """Return what does not pass on a resource, in the order of the cards.

        Args:
            subject: the resource.
            without: ids of cards that are switched off.
        """
        findings = (self._judge(card, subject) for card in self.cards_for(subject.type) if card.id not in without)
        return [finding for finding in findings if finding is not None]

    def _judge(self, card: Card, subject: Subject) -> Finding | None:
        provider = ABSENT if subject.provider is None else subject.provider
        try:
            verdict = card.check(Resource(subject.type, subject.inputs, provider, self._settings[card.id]))
            if verdict.state is State.PASS:
                return None
            outcome, path, message = Outcome(verdict.state.value), verdict.path, verdict.message
        except Exception as error:  # noqa: BLE001 (whatever one rule does wrong, the others are heard)
            outcome, path, message = Outcome.ERROR, "", _blame(error)
        return Finding(card.id, card.severity, outcome, subject.type, subject.name, subject.urn, path, message)


def _blame(error: Exception) -> str:
    """Return which exception was raised and where; its text is left out, for it may quote a secret."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"the rule is broken: {type(error).__name__} at {Path(last.filename).name}:{last.lineno}"


@lru_cache(maxsize=4096)
def plain_type(token: str) -> str:
    """Return a type token without what does not change its meaning: azure-native's API version, the V2 of aws's S3 types.

    >>> plain_type("azure-native:containerservice/v20250101:ManagedCluster")
    'azure-native:containerservice:ManagedCluster'
    >>> plain_type("aws:s3/bucketV2:BucketV2")
    'aws:s3/bucket:Bucket'
    """
    return _S3_V2.sub(r"\1:\2", _API_VERSION.sub("", token))
