"""Findings: what came of a rule on a resource, where it did not pass."""

from dataclasses import dataclass
from enum import Enum

from lepton_infra.graph.model import Position
from lepton_infra.rules.card import Severity


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

    def as_document(self, place: Position | None) -> dict[str, object]:
        """Return it for `--json`, with where its resource is declared, if that is known."""
        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "type": self.type,
            "name": self.name,
            "urn": self.urn,
            "verdict": self.outcome.value,
            "path": self.path,
            "message": self.message,
            "file": place.file if place else None,
            "line": place.line if place else None,
        }
