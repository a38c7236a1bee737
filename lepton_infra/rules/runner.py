"""Evaluation: cards over resources, by type, each card on its own feet.

A resource is decoded once; only the cards for its type look at it; a card that raises becomes an error of that card and of no other.
"""

import datetime as dt
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lepton_infra.config.exemptions import Exemption
from lepton_infra.errors import BadInput, Fault
from lepton_infra.graph.model import Graph
from lepton_infra.rules.card import Card, Kind
from lepton_infra.rules.exempt import Exempted, known_only, sort_out
from lepton_infra.rules.finding import Finding, Outcome
from lepton_infra.rules.outside import NOTHING_OUTSIDE, Outside, wanted_at
from lepton_infra.rules.stack import NOTHING_AROUND, Stack
from lepton_infra.rules.subject import Subject, plain_type, subjects_of
from lepton_infra.rules.verdict import State
from lepton_infra.rules.view import Resource, settings_view


class Runner:
    """A set of cards, ready to be evaluated.

    Args:
        cards: the rules.
        settings: by rule id, the settings that differ from the card's defaults.
        outside: what rules may ask for beyond the resources; where the stack file says what a setting is, that holds.

    Raises:
        BadInput: if two cards have one id.
    """

    def __init__(
        self, cards: Iterable[Card], settings: Mapping[str, Mapping[str, object]] | None = None, outside: Outside = NOTHING_OUTSIDE
    ) -> None:
        self.cards: tuple[Card, ...] = tuple(cards)
        self._outside = outside
        self._by_type: dict[Kind, dict[str, list[Card]]] = {kind: {} for kind in Kind}
        seen: set[str] = set()
        faults: list[Fault] = []
        for card in self.cards:
            if card.id in seen:
                faults.append(Fault(f"rule {card.id}", "is there twice", "one card for each id", "Rename one of the two"))
            seen.add(card.id)
            for token in dict.fromkeys(map(plain_type, card.types)):
                self._by_type[card.kind].setdefault(token, []).append(card)
        if faults:
            raise BadInput(faults)
        changed = settings or {}
        self._settings = {
            card.id: settings_view({**card.defaults(), **changed.get(card.id, {}), **_wanted(card, outside)}) for card in self.cards
        }

    def cards_for(self, type_token: str, kind: Kind = Kind.RESOURCE) -> list[Card]:
        """Return the cards of a kind that look at resources of a type."""
        return self._by_type[kind].get(plain_type(type_token), [])

    def evaluate(self, subject: Subject, *, without: frozenset[str] = frozenset()) -> list[Finding]:
        """Return what the resource rules find in a resource, in the order of the cards.

        Args:
            subject: the resource.
            without: ids of cards that are switched off.
        """
        cards = [card for card in self.cards_for(subject.type) if card.id not in without]
        return self._findings(Resource(subject), NOTHING_AROUND, cards) if cards else []

    def evaluate_stack(
        self, subjects: Iterable[Subject], kinds: Iterable[Kind] = (Kind.STACK,), *, without: frozenset[str] = frozenset()
    ) -> list[Finding]:
        """Return what the rules of these kinds find in a whole stack, resource by resource; a resource is read once for all of them.

        Args:
            subjects: all resources of the stack.
            kinds: the stack rules alone, or with the resource rules.
            without: ids of cards that are switched off.
        """
        resources = [Resource(subject) for subject in subjects]
        stack = Stack(resources, self._outside)
        return [
            finding
            for resource in resources
            for kind in kinds
            for finding in self._findings(
                resource, stack, [card for card in self.cards_for(resource.type_token, kind) if card.id not in without]
            )
        ]

    def _findings(self, resource: Resource, stack: Stack, cards: list[Card]) -> list[Finding]:
        findings = (self._judge(card, resource, stack) for card in cards)
        return [finding for finding in findings if finding is not None]

    def _judge(self, card: Card, resource: Resource, stack: Stack) -> Finding | None:
        resource.its_settings = self._settings[card.id]
        try:
            verdict = card.check(resource, stack)
            if verdict.state is State.PASS:
                return None
            outcome, path, message = Outcome(verdict.state.value), verdict.path, verdict.message
        except Exception as error:  # noqa: BLE001 (whatever one rule does wrong, the others are heard)
            outcome, path, message = Outcome.ERROR, "", _blame(error)
        subject = resource.its_subject
        return Finding(card.id, card.severity, outcome, subject.type, subject.name, subject.urn, path, message)


def _wanted(card: Card, outside: Outside) -> dict[str, object]:
    """Return the settings of a card that the stack file says."""
    places = {name: setting.wanted for name, setting in card.settings.items() if setting.wanted}
    said = {name: wanted_at(outside.wanted, place) for name, place in places.items()}
    return {name: value for name, value in said.items() if value is not None}


def _blame(error: Exception) -> str:
    """Return which exception was raised and where; its text is left out, for it may quote a secret."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"the rule is broken: {type(error).__name__} at {Path(last.filename).name}:{last.lineno}"


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rules say of a graph."""

    findings: tuple[Finding, ...]
    """Violations and what cannot be told, that nobody excused, in the order of the graph."""
    exempted: tuple[Exempted, ...]
    """What an exemption covers."""
    expired: tuple[Exemption, ...]
    """Exemptions that hold no longer; what they covered is among the findings."""
    unused: tuple[Exemption, ...]
    """Exemptions that hold and cover nothing."""
    errors: tuple[Finding, ...]
    """Rules that are broken: they raised."""
    checked: int
    """How many resources were looked at."""
    rules: int
    """By how many rules."""


def judge(  # noqa: PLR0913, PLR0917 (each a thing that the caller alone knows)
    graph: Graph,
    cards: Sequence[Card],
    exemptions: Sequence[Exemption],
    now: dt.date,
    settings: Mapping[str, Mapping[str, object]] | None = None,
    where: str = "lepton:exemptions",
    outside: Outside = NOTHING_OUTSIDE,
) -> Judged:
    """Return what the rules say of every resource of a graph.

    Args:
        graph: what would be built, or is; from any reader.
        cards: the rules.
        exemptions: what is excused.
        now: the day on which exemptions have to hold.
        settings: by rule id, the settings that differ from the card's defaults.
        where: what the exemptions were read from, for messages.
        outside: what rules may ask for beyond the resources.

    Raises:
        BadInput: two cards have one id, or an exemption is from a rule that is not among them; with every fault.
    """
    runner = Runner(cards, settings, outside)
    known_only(exemptions, cards, where)
    subjects = list(subjects_of(graph))
    found = runner.evaluate_stack(subjects, tuple(Kind))
    broken = tuple(finding for finding in found if finding.outcome is Outcome.ERROR)
    sorted_out = sort_out((finding for finding in found if finding.outcome is not Outcome.ERROR), exemptions, now)
    return Judged(
        sorted_out.findings, sorted_out.exempted, sorted_out.expired, sorted_out.unused, broken, checked=len(subjects), rules=len(cards)
    )
