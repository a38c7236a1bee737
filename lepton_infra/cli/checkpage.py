"""Findings: as a person reads them, worst first and by file; as one document; and as an exit code."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lepton_infra.cli import render
from lepton_infra.config.words import counted, printable
from lepton_infra.errors import BadInput, Fault
from lepton_infra.rules.card import Card, Severity
from lepton_infra.rules.finding import Finding, Outcome

if TYPE_CHECKING:
    import datetime as dt

    from lepton_infra.graph.model import Graph, Position
    from lepton_infra.rules.runner import Judged

_ORDER = {severity: number for number, severity in enumerate(Severity)}
_SHOWN_UNDECIDED = 20
"""Before a stack is up many rules wait for the same few values; the document has them all."""


def severity_of(word: str) -> Severity:
    """Return the severity that a word names.

    Raises:
        BadInput: none.
    """
    try:
        return Severity(word)
    except ValueError:
        raise BadInput(Fault("--severity", f"is '{word}'", "critical, high, medium or low")) from None


def exit_code(judged: "Judged", least: Severity, *, strict: bool) -> int:
    """Return 1 where a rule is broken that counts, 3 where one that counts cannot tell under `strict`, else 0.

    A rule that raised has told nothing.
    """
    counting = [finding for finding in (*judged.findings, *judged.errors) if _ORDER[finding.severity] <= _ORDER[least]]
    if any(finding.outcome is Outcome.FAIL for finding in counting):
        return 1
    return 3 if strict and counting else 0


def as_document(judged: "Judged", graph: "Graph") -> dict[str, object]:
    """Return the findings for `--json`, worst first."""
    return {
        "findings": [finding.as_document(_place(finding, graph)) for finding in _worst_first(judged, graph)],
        "checked": judged.checked,
        "rules": judged.rules,
    }


def show(judged: "Judged", graph: "Graph", cards: Sequence[Card]) -> None:
    """Print the findings: broken rules by severity and file, then what cannot be told yet, then the sum."""
    fixes = {card.id: card.fix for card in cards}
    findings = _worst_first(judged, graph)
    broken = [finding for finding in findings if finding.outcome is Outcome.FAIL]
    waiting = [finding for finding in findings if finding.outcome is Outcome.UNDECIDED]
    for severity in Severity:
        group = [finding for finding in broken if finding.severity is severity]
        if group:
            render.say(f"{severity.value}: {len(group)}")
            for line in _lines(group, graph, fixes):
                render.say(line)
            render.say("")
    if waiting:
        render.say(f"cannot tell before the stack is up: {len(waiting)}")
        for finding in waiting[:_SHOWN_UNDECIDED]:
            render.say(printable(f"  {finding.rule}  {finding.name}: {finding.message}"))
        if len(waiting) > _SHOWN_UNDECIDED:
            render.say(f"  and {len(waiting) - _SHOWN_UNDECIDED} more, all in --json")
        render.say("")
    said = f"{len(broken)} broken" if broken else "nothing broken"
    said += f", {len(judged.exempted)} exempt" if judged.exempted else ""
    render.say(f"{said}: {counted(judged.checked, 'resource')} checked by {counted(judged.rules, 'rule')}")


def notes(judged: "Judged", today: "dt.date") -> Iterator[str]:
    """Yield what is to be said beside the findings: exemptions that excuse nothing, and rules that raised."""
    for exemption in judged.expired:
        yield printable(f"exemption from {exemption.rule} for {exemption.urn} {exemption.why_not(today)}: {exemption.owner}")
    for exemption in judged.unused:
        yield printable(f"exemption from {exemption.rule} for {exemption.urn} covers nothing: {exemption.owner}")
    for error in judged.errors:
        yield printable(f"{error.rule} on {error.name}: {error.message}")


def _lines(findings: list[Finding], graph: "Graph", fixes: dict[str, str]) -> Iterator[str]:
    file = None
    for finding in findings:
        place = _place(finding, graph)
        where = place.file if place else "no place in a file"
        if where != file:
            file = where
            yield printable(f"  {file}")
        line = f"{place.line}: " if place else ""
        yield printable(f"    {line}{finding.rule}  {finding.name} ({finding.type})")
        yield printable(f"        {finding.message}. {fixes.get(finding.rule, '')}")


def _worst_first(judged: "Judged", graph: "Graph") -> list[Finding]:
    def key(finding: Finding) -> tuple[int, str, int, str, str]:
        place = _place(finding, graph)
        return _ORDER[finding.severity], place.file if place else "", place.line if place else 0, finding.rule, finding.urn

    return sorted(judged.findings, key=key)


def _place(finding: Finding, graph: "Graph") -> "Position | None":
    resource = graph.by_urn.get(finding.urn)
    return resource.position if resource else None
