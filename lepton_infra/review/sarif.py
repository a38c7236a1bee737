"""Findings as SARIF 2.1.0, for code scanning (docs.oasis-open.org/sarif/sarif/v2.1.0).

What is broken is of kind `fail`. What is exempt too, with its justification, as `suppressions` are for. What cannot be told yet is of kind
`open`, which stands for "insufficient information to decide" (§3.27.9), and so of no level. Code scanning on GitHub looks at neither kind
nor suppressions and makes an alert of every result (microsoft/PSRule#955), so the workflow in docs/ci leaves both out before it uploads.
"""

import hashlib
import json
from typing import Final
from urllib.parse import quote

from lepton_infra import __version__
from lepton_infra.review.model import Noted, Review
from lepton_infra.review.words import line
from lepton_infra.rules.card import Card, Severity
from lepton_infra.rules.exempt import Exempted
from lepton_infra.rules.finding import Outcome

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Final = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "note"}
_SCORES: Final = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.5", Severity.LOW: "2.0"}
"""In the middle of GitHub's bands (critical above 9.0, high from 7.0, medium from 4.0); it takes text only."""
_MOST: Final = 25_000
"""Results of one run that GitHub takes."""


def as_sarif(review: Review) -> str:
    """Return the log, with a line break at the end.

    It has the first 25,000 results: what is broken, worst first, then what is exempt, then what cannot be told; how many are left out is a
    notification of the run, as are rules that raised.
    """
    found: list[tuple[Noted, Exempted | None]] = [
        *((noted, None) for noted in review.broken),
        *review.exempted,
        *((noted, None) for noted in review.undecided),
    ]
    rules = {card.id: number for number, card in enumerate(review.cards)}
    run = {
        "tool": {"driver": {"name": "lepton", "semanticVersion": __version__, "rules": [_rule(card) for card in review.cards]}},
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": _notifications(review, len(found), rules)}],
        "columnKind": "unicodeCodePoints",
        "automationDetails": {"id": f"lepton/{quote(review.stack)}/"},
        "results": [_result(noted, exempted, rules) for noted, exempted in found[:_MOST]],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _notifications(review: Review, count: int, rules: dict[str, int]) -> list[dict[str, object]]:
    """Return what a reader of the results has to know beside them."""
    told: list[dict[str, object]] = [
        {
            "level": "error",
            "message": {"text": line(f"{noted.finding.name}: {noted.finding.message}")},
            "associatedRule": {"id": noted.finding.rule} | ({"index": rules[noted.finding.rule]} if noted.finding.rule in rules else {}),
        }
        for noted in review.errors[:_MOST]
    ]
    if count > _MOST:
        told.append(
            {"level": "warning", "message": {"text": f"{count - _MOST:,} more results are left out: no more than {_MOST:,} are taken."}}
        )
    return told


def _rule(card: Card) -> dict[str, object]:
    return {
        "id": card.id,
        "shortDescription": {"text": card.title},
        "fullDescription": {"text": card.why},
        "help": {"text": card.fix, "markdown": f"{card.why}\n\n{card.fix}"},
        "defaultConfiguration": {"level": _LEVELS[card.severity]},
        "properties": {"security-severity": _SCORES[card.severity], "tags": ["security", card.cloud, *card.references][:20]},
    }


def _result(noted: Noted, exempted: Exempted | None, rules: dict[str, int]) -> dict[str, object]:
    finding, place = noted.finding, noted.place
    fix = f" {noted.card.fix}" if noted.card else ""
    known = finding.outcome is not Outcome.UNDECIDED
    result: dict[str, object] = {
        "ruleId": finding.rule,
        "kind": "fail" if known else "open",
        "level": _LEVELS[finding.severity] if known else "none",
        "message": {"text": f"{line(f'{finding.name}: {finding.message}')}.{fix}"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(place.file), "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": place.line},
                },
                "logicalLocations": [{"fullyQualifiedName": finding.urn, "name": finding.name, "kind": "resource"}],
            }
        ],
        "partialFingerprints": {"ruleAndUrn/v1": hashlib.sha256(f"{finding.rule}\n{finding.urn}".encode()).hexdigest()},
        "baselineState": "new" if noted.is_new else "unchanged",
    }
    if finding.rule in rules:
        result["ruleIndex"] = rules[finding.rule]
    if exempted:
        exemption = exempted.exemption
        why = f"{exemption.reason} ({exemption.owner}, until {exemption.expires})"
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": line(why)}]
    return result
