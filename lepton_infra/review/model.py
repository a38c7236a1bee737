"""The record of a review, from which every document is written."""

from collections.abc import Sequence
from dataclasses import dataclass

from lepton_infra.config.exemptions import Exemption
from lepton_infra.cost import Cost
from lepton_infra.cost import Difference as CostDifference
from lepton_infra.graph.diff import Difference
from lepton_infra.graph.model import Graph, Position
from lepton_infra.review.losses import Losses
from lepton_infra.rules.card import Card
from lepton_infra.rules.exempt import Exempted
from lepton_infra.rules.finding import Finding
from lepton_infra.rules.runner import Judged


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two that are compared: what is wanted now, or the base."""

    name: str
    """A stack, branch, tag or commit, or the name of a file."""
    graph: Graph
    judged: Judged
    """The base too by the rules and exemptions of today, so that only what was built can differ."""
    cost: Cost


@dataclass(frozen=True, slots=True)
class Noted:
    """A finding with all that is known of it."""

    finding: Finding
    card: Card | None
    """Its rule."""
    place: Position
    """Where its resource is declared, from the top of the repository; the first line of Pulumi.yaml where nobody knows."""
    is_new: bool
    """Whether the base does not have it."""


@dataclass(frozen=True, slots=True)
class Review:
    """What a change means."""

    stack: str
    against: str
    """Name of the base."""
    graph: Graph
    difference: Difference
    broken: tuple[Noted, ...]
    """Rules that are broken and that nobody excused, worst first."""
    undecided: tuple[Noted, ...]
    """What cannot be told before the stack is up."""
    errors: tuple[Noted, ...]
    """Rules that raised."""
    exempted: tuple[tuple[Noted, Exempted], ...]
    """What somebody answers for."""
    fixed: tuple[Finding, ...]
    """Rules that the base breaks and this does not, worst first."""
    cards: Sequence[Card]
    """The rules that were asked."""
    cost: Cost
    base_cost: Cost
    spent: CostDifference
    """What the change costs, resource by resource."""
    losses: Losses
    """What it takes away."""
    idle: tuple[tuple[Exemption, str], ...]
    """Exemptions that excuse nothing, each with why: it ran out, or covers nothing."""

    @property
    def new(self) -> tuple[Noted, ...]:
        """Return what is broken here and not in the base."""
        return tuple(noted for noted in self.broken if noted.is_new)

    @property
    def old(self) -> tuple[Noted, ...]:
        """Return what is broken in the base too."""
        return tuple(noted for noted in self.broken if not noted.is_new)

    @property
    def blocking(self) -> tuple[Noted, ...]:
        """Return what is new and of a severity that stops a deployment."""
        return tuple(noted for noted in self.new if noted.finding.severity.blocks)

    @property
    def clean(self) -> bool:
        """Whether there is nothing to say: nothing changes and nothing is newly broken or fixed."""
        return not (self.difference or self.new or self.fixed or self.errors)
