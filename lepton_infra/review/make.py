"""From graphs, verdicts and bills to a review."""

from collections.abc import Iterable, Sequence
from typing import Final

from lepton_infra.cost import Billed
from lepton_infra.cost import compare as compare_bills
from lepton_infra.graph.diff import ForcingOf, compare, key_of
from lepton_infra.graph.model import Graph, Position
from lepton_infra.review.losses import losses_of
from lepton_infra.review.model import Noted, Review, Side
from lepton_infra.rules.card import Card, Severity
from lepton_infra.rules.finding import Finding, Outcome

_ORDER: Final = {severity: number for number, severity in enumerate(Severity)}
_NOWHERE: Final = Position("Pulumi.yaml", 1)
"""Every project has it, and code scanning takes no finding without a place."""


def make_review(now: Side, base: Side, cards: Sequence[Card], forcing: ForcingOf, *, folder: str = "") -> Review:
    """Return what a change means.

    Args:
        now: what is wanted.
        base: what it is held against.
        cards: the rules that judged both.
        forcing: what forces a replacement, by type token.
        folder: the project's place in its repository, with slashes; empty where it is the repository.
    """
    judged = now.judged
    writer = _Writer(now.graph, {card.id: card for card in cards}, _broken(base.judged.findings), folder)
    exempted = [(writer.noted(one.finding), one) for one in judged.exempted]
    here = {_key(finding) for finding in (*judged.findings, *judged.errors, *(one.finding for one in judged.exempted))}
    fixed = [one for one in base.judged.findings if one.outcome is Outcome.FAIL and _key(one) not in here]
    difference = compare(base.graph, now.graph, forcing)
    return Review(
        stack=now.name,
        against=base.name,
        graph=now.graph,
        difference=difference,
        broken=writer.sorted(finding for finding in judged.findings if finding.outcome is Outcome.FAIL),
        undecided=writer.sorted(finding for finding in judged.findings if finding.outcome is Outcome.UNDECIDED),
        errors=writer.sorted(judged.errors),
        exempted=tuple(sorted(exempted, key=lambda pair: _rank(pair[0]))),
        fixed=tuple(sorted(fixed, key=lambda one: (_ORDER[one.severity], one.rule, one.urn))),
        cards=cards,
        cost=now.cost,
        base_cost=base.cost,
        spent=compare_bills(Billed(base.graph, base.cost), Billed(now.graph, now.cost)),
        losses=losses_of(difference),
        idle=(
            *((one, one.why_not(judged.day)) for one in judged.expired),
            *((one, "covers nothing") for one in judged.unused),
        ),
    )


class _Writer:
    """Adds to findings what is known of them."""

    def __init__(self, graph: Graph, cards: dict[str, Card], before: set[tuple[str, str]], folder: str) -> None:
        self._graph = graph
        self._cards = cards
        self._before = before
        self._folder = folder.strip("/")

    def noted(self, finding: Finding) -> Noted:
        """Return a finding with its rule, its place and whether it is new."""
        resource = self._graph.by_urn.get(finding.urn)
        place = (resource.position if resource else None) or _NOWHERE
        file = "/".join(part for part in (self._folder, place.file.lstrip("/")) if part)
        return Noted(finding, self._cards.get(finding.rule), Position(file, max(place.line, 1)), _key(finding) not in self._before)

    def sorted(self, findings: Iterable[Finding]) -> tuple[Noted, ...]:
        """Return findings worst first, then by place."""
        return tuple(sorted(map(self.noted, findings), key=_rank))


def _rank(noted: Noted) -> tuple[int, str, int, str, str]:
    return _ORDER[noted.finding.severity], noted.place.file, noted.place.line, noted.finding.rule, noted.finding.urn


def _broken(findings: Iterable[Finding]) -> set[tuple[str, str]]:
    return {_key(finding) for finding in findings if finding.outcome is Outcome.FAIL}


def _key(finding: Finding) -> tuple[str, str]:
    return finding.rule, key_of(finding.urn)
