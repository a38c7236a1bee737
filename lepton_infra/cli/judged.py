"""The rules over a graph: graph and rules stand beside each other and know nothing of one another."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from lepton_infra.graph.model import Asset, Graph, Secret, Unknown
from lepton_infra.rules.card import Card
from lepton_infra.rules.runner import Finding, Outcome, Runner, Subject
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.values import Asset as RulesAsset
from lepton_infra.rules.values import Secret as RulesSecret


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rules say of a graph."""

    findings: tuple[Finding, ...]
    """Violations and what cannot be told, in the order of the graph."""
    errors: tuple[Finding, ...]
    """Rules that are broken: they raised."""
    checked: int
    """How many resources were looked at."""
    cards: Sequence[Card]
    """By which rules."""


def judge(graph: Graph, cards: Sequence[Card]) -> Judged:
    """Return what the rules say of every resource of a graph."""
    runner = Runner(cards)
    subjects = list(_subjects(graph))
    found = [finding for subject in subjects for finding in runner.evaluate(subject)]
    return Judged(
        findings=tuple(finding for finding in found if finding.outcome is not Outcome.ERROR),
        errors=tuple(finding for finding in found if finding.outcome is Outcome.ERROR),
        checked=len(subjects),
        cards=cards,
    )


def _subjects(graph: Graph) -> Iterator[Subject]:
    for resource in graph.built():
        provider = graph.by_urn.get(resource.provider)
        yield Subject(
            type=resource.type,
            inputs=_inputs(resource.inputs),
            name=resource.name,
            urn=resource.urn,
            provider=_inputs(provider.inputs) if provider else None,
        )


def _inputs(values: Mapping[str, object]) -> dict[str, object]:
    return {key: _value(value) for key, value in values.items()}


def _value(value: object) -> object:
    if isinstance(value, Mapping):
        return _inputs(cast("Mapping[str, object]", value))
    if isinstance(value, list):
        return [_value(item) for item in cast("list[object]", value)]
    if isinstance(value, Unknown):
        return UNKNOWN
    if isinstance(value, Secret):
        return RulesSecret(_value(value.value))
    return RulesAsset("archive" if value.archive else "asset") if isinstance(value, Asset) else value
