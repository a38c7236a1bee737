"""Verdicts as JUnit XML: a suite for the stack, a case for each rule on each resource that it looks at."""

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import quoteattr

from lepton_infra.review.model import Noted, Review
from lepton_infra.review.words import line
from lepton_infra.rules.subject import plain_type

if TYPE_CHECKING:
    from lepton_infra.rules.card import Card

_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>'


def as_junit(review: Review) -> str:
    """Return the report: what is broken has failed, what is exempt or cannot be told yet is skipped, a rule that raised is an error."""
    told = {(noted.finding.rule, noted.finding.urn): _said(noted) for noted in (*review.broken, *review.undecided, *review.errors)}
    for noted, one in review.exempted:
        exemption = one.exemption
        told[noted.finding.rule, noted.finding.urn] = _skipped(
            f"exempt until {exemption.expires}: {exemption.reason} ({exemption.owner}); {noted.finding.message}"
        )
    cases = list(_cases(review, told))
    failures = len(review.broken)
    skipped = len(review.undecided) + len(review.exempted)
    counts = f'tests="{len(cases)}" failures="{failures}" errors="{len(review.errors)}" skipped="{skipped}"'
    suite = f"<testsuite name={_attribute(review.stack)} {counts}>"
    return "\n".join([_HEAD, f'<testsuites name="lepton review" {counts}>', suite, *cases, "</testsuite>", "</testsuites>"]) + "\n"


def _cases(review: Review, told: dict[tuple[str, str], str]) -> Iterator[str]:
    by_type: defaultdict[str, list[Card]] = defaultdict(list)
    for card in review.cards:
        for token in dict.fromkeys(map(plain_type, card.types)):
            by_type[token].append(card)
    for resource in review.graph.resources:
        for card in by_type.get(plain_type(resource.type), ()):
            place = (
                f" file={_attribute(resource.position.file)} line={_attribute(str(resource.position.line))}" if resource.position else ""
            )
            case = f"<testcase classname={_attribute(card.id)} name={_attribute(resource.urn)}{place}"
            inner = told.get((card.id, resource.urn), "")
            yield f"{case}>{inner}</testcase>" if inner else f"{case}/>"


def _said(noted: Noted) -> str:
    finding = noted.finding
    if finding.outcome.value == "undecided":
        return _skipped(f"cannot tell before the stack is up: {finding.message}")
    word = "failure" if finding.outcome.value == "fail" else "error"
    fix = f". {noted.card.fix}" if noted.card and word == "failure" else ""
    return f"<{word} type={_attribute(finding.severity.value)} message={_attribute(finding.message + fix)}/>"


def _skipped(why: str) -> str:
    return f"<skipped message={_attribute(why)}/>"


def _attribute(text: str) -> str:
    return quoteattr(line(text))
