"""A review as one Markdown document for a pull request, short enough for a comment on GitHub."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lepton_infra.graph.draw import as_mermaid, picture_of
from lepton_infra.graph.model import Resource
from lepton_infra.review.model import Noted, Review
from lepton_infra.review.words import between, by_kind, code, counted, dollars, line, more, parts, sum_of, told, why_replaced
from lepton_infra.rules.finding import Finding

CLEAN: Final = "<!-- lepton-review: clean -->"
"""The hidden line by which whoever keeps the comment knows that it may be hidden."""
_LARGEST: Final = 60_000
"""Characters; GitHub takes 65,536 in a comment."""
_LARGEST_PICTURE: Final = 15_000
_SHOWN: Final = 30
"""Findings of one list."""
_SHOWN_CHANGES: Final = 60
_SHOWN_INPUTS: Final = 4


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the document."""

    text: str
    spare: int = 0
    """What goes first where the document is too long; 0 stays."""


def marker(stack: str) -> str:
    """Return the hidden line by which the comment about a stack is found again."""
    name = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in stack)[:100].replace("--", "-")
    return f"<!-- lepton-review:{name} -->"


def as_markdown(review: Review) -> str:
    """Return the document, the same for the same review, with the hidden line first."""
    found = [
        _Part("\n".join(_head(review))),
        _Part("\n".join(_lost(review))),
        _Part("\n".join(_broken(review))),
        _Part("\n".join(_money(review))),
        _Part("\n".join(_changes(review)), spare=2),
        _Part("\n".join(_excused(review)), spare=1),
        _Part("\n".join(_picture(review)), spare=3),
    ]
    left_out = False
    while sum(len(part.text) for part in found) > _LARGEST and (most := max(part.spare for part in found)):
        found = [part for part in found if part.spare != most]
        left_out = True
    texts = [part.text for part in found if part.text]
    if left_out:
        texts.append("_Left out for length: see the page of `lepton review --html`._")
    return "\n\n".join(texts) + "\n"


def _head(review: Review) -> Iterator[str]:
    yield marker(review.stack)
    if review.clean:
        yield CLEAN
    yield f"## {code(review.stack)} against {code(review.against)}"
    yield ""
    said = [sum_of(review.difference)]
    change = review.cost.total.expected - review.base_cost.total.expected
    said.append(f"{more(change)} a month" if round(change) else f"{dollars(review.cost.total.expected)} a month as before")
    said.append(f"{counted(len(review.new), 'newly broken rule')}" if review.new else "no newly broken rule")
    yield f"**{'; '.join(said)}.**"
    if review.blocking:
        yield ""
        yield f"Blocks: {counted(len(review.blocking), 'new finding')} of severity critical or high."


def _lost(review: Review) -> Iterator[str]:
    """Yield what stands now and will not stay: the lines that a reviewer must not miss."""
    replaced, deleted = review.difference.replaced, review.difference.deleted
    if not (replaced or deleted):
        return
    yield "### Replaced and deleted"
    yield ""
    own, led = [one for one in replaced if not one.led], [one for one in replaced if one.led]
    for changed in own[:_SHOWN]:
        yield f"- **replaced**: {_named(changed.resource)}, for {code(why_replaced(changed))}{_guarded(changed.before)}"
    for resource in deleted[:_SHOWN]:
        yield f"- **deleted**: {_named(resource)}{_guarded(resource)}"
    if (rest := max(len(own) - _SHOWN, 0) + max(len(deleted) - _SHOWN, 0)) > 0:
        yield f"- and {rest:,} more"
    if led:
        yield f"- **replaced with them**, as they are made from what is replaced: {code(by_kind(one.resource for one in led))}"
        yield from (f"  - {_named(one.resource)}{_guarded(one.before)}" for one in led if one.before.protect)


def _guarded(resource: Resource) -> str:
    return "; it is protected, so the engine will refuse" if resource.protect else ""


def _broken(review: Review) -> Iterator[str]:
    if review.new:
        yield "### Newly broken rules"
        yield ""
        yield from _findings(review.new)
    if review.errors:
        yield "### Rules that are broken themselves"
        yield ""
        yield from (
            f"- {code(noted.finding.rule)} on {code(noted.finding.name)}: {code(noted.finding.message)}" for noted in review.errors[:_SHOWN]
        )


def _findings(listed: tuple[Noted, ...]) -> Iterator[str]:
    yield "| severity | rule | resource | where | what is so |"
    yield "|---|---|---|---|---|"
    for noted in listed[:_SHOWN]:
        finding = noted.finding
        fix = f" {line(noted.card.fix).replace('|', '&#124;')}" if noted.card else ""
        place = f"{noted.place.file}:{noted.place.line}"
        yield f"| {finding.severity.value} | {code(finding.rule)} | {code(finding.name)} | {code(place)} | {code(finding.message)}.{fix} |"
    if len(listed) > _SHOWN:
        yield ""
        yield f"and {len(listed) - _SHOWN:,} more"


def _money(review: Review) -> Iterator[str]:
    if not (review.cost.items or review.base_cost.items or review.cost.unpriced):
        return
    yield "### Cost per month"
    yield ""
    yield "| part | before | now | difference | now, fewest to most nodes |"
    yield "|---|---:|---:|---:|---:|"
    for name, before, now in parts(review):
        change = now.expected - before.expected
        yield f"| {name} | {dollars(before.expected)} | {dollars(now.expected)} | {more(change)} | {between(now)} |"
    by_reason: dict[str, int] = {}
    for one in review.cost.unpriced:
        by_reason[one.why] = by_reason.get(one.why, 0) + one.count
    if by_reason:
        yield ""
        yield "<details><summary>" + f"Not priced, and not in the sum: {counted(sum(by_reason.values()), 'resource')}" + "</summary>"
        yield ""
        yield from (f"- {one.count} x {code(one.type)}: {code(one.why)}" for one in review.cost.unpriced[:_SHOWN])
        if len(review.cost.unpriced) > _SHOWN:
            yield f"- and {len(review.cost.unpriced) - _SHOWN} types more"
        yield ""
        yield "</details>"


def _changes(review: Review) -> Iterator[str]:
    difference = review.difference
    if not difference:
        return
    yield f"<details><summary>All changes: {sum_of(difference)}; {difference.same:,} stay as they are</summary>"
    yield ""
    for changed in difference.changed[:_SHOWN_CHANGES]:
        yield f"- {_named(changed.resource)}{' (replaced)' if changed.replaced else ''}"
        inputs = told(changed)
        yield from (f"  - {code(text)}" for text in inputs[:_SHOWN_INPUTS])
        if len(inputs) > _SHOWN_INPUTS:
            yield f"  - and {len(inputs) - _SHOWN_INPUTS} more"
    yield from (f"- {_named(resource)} (created)" for resource in difference.created[:_SHOWN_CHANGES])
    if (rest := max(len(difference.changed) - _SHOWN_CHANGES, 0) + max(len(difference.created) - _SHOWN_CHANGES, 0)) > 0:
        yield f"- and {rest:,} more"
    yield ""
    yield "</details>"


def _excused(review: Review) -> Iterator[str]:
    """Yield what else the rules say: fixed, broken before, exempt, not known yet."""
    if review.fixed:
        yield f"Fixed: {counted(len(review.fixed), 'broken rule')}: " + ", ".join(map(_short, review.fixed[:_SHOWN])) + "."
        yield ""
    if review.old:
        yield f"<details><summary>Broken before and still: {len(review.old):,}</summary>"
        yield ""
        yield from _findings(review.old)
        yield ""
        yield "</details>"
        yield ""
    if review.exempted:
        yield f"<details><summary>Exempt: {len(review.exempted):,}</summary>"
        yield ""
        for noted, one in review.exempted[:_SHOWN]:
            held = f"{one.exemption.reason} ({one.exemption.owner}, until {one.exemption.expires})"
            yield f"- {_short(noted.finding)}: {code(held)}"
        yield ""
        yield "</details>"
        yield ""
    if review.undecided:
        yield f"{counted(len(review.undecided), 'answer')} cannot be told before the stack is up."


def _short(finding: Finding) -> str:
    return f"{code(finding.rule)} on {code(finding.name)}"


def _named(resource: Resource) -> str:
    return f"{code(resource.name)} ({code(resource.type)})"


def _picture(review: Review) -> Iterator[str]:
    drawn = as_mermaid(picture_of(review.graph))
    if len(drawn) <= _LARGEST_PICTURE and review.graph.built():
        yield "<details><summary>Architecture</summary>"
        yield ""
        yield "```mermaid"
        yield drawn.rstrip("\n")
        yield "```"
        yield ""
        yield "</details>"
