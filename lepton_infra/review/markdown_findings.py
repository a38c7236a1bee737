"""What the rules say, in Markdown: newly broken first, then what is fixed, old, exempt, excused by nothing or not known yet."""

from collections import Counter
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from lepton_infra.config.words import counted
from lepton_infra.review.model import Noted, Review
from lepton_infra.review.words import code, line
from lepton_infra.rules.finding import Finding


def broken(review: Review, shown: int, links: str) -> Iterator[str]:
    """Yield what is newly broken, and rules that raised."""
    if review.new:
        yield "### Newly broken rules"
        yield ""
        yield from _findings(review.new, shown, links)
    if review.errors:
        yield "### Rules that are broken themselves"
        yield ""
        yield from (
            f"- {code(noted.finding.rule)} on {code(noted.finding.name)}: {code(noted.finding.message)}" for noted in review.errors[:shown]
        )
        yield from _rest(review.errors, shown)


def _findings(listed: tuple[Noted, ...], shown: int, links: str) -> Iterator[str]:
    yield "| severity | rule | resource | where | what is so |"
    yield "|---|---|---|---|---|"
    for noted in listed[:shown]:
        finding = noted.finding
        fix = f" {line(noted.card.fix).replace('|', '&#124;')}" if noted.card else ""
        cells = (finding.severity.value, code(finding.rule), code(finding.name), _place(noted, links), f"{code(finding.message)}.{fix}")
        yield f"| {' | '.join(cells)} |"
    if len(listed) > shown:
        yield ""
        rules = Counter(noted.finding.rule for noted in listed[shown:]).most_common()
        named = ", ".join(f"{count:,} x {code(rule)}" for rule, count in rules[:shown]) + (", ..." if len(rules) > shown else "")
        yield f"and {len(listed) - shown:,} more: {named}"


def excused(review: Review, shown: int, links: str) -> Iterator[str]:
    """Yield what else the rules say: fixed, broken before, exempt, not known yet."""
    if review.fixed:
        yield (
            f"Fixed: {counted(len(review.fixed), 'broken rule')}: "
            + ", ".join(map(_short, review.fixed[:shown]))
            + (f" and {len(review.fixed) - shown:,} more." if len(review.fixed) > shown else ".")
        )
        yield ""
    if review.old:
        yield f"<details><summary>Broken before and still: {len(review.old):,}</summary>"
        yield ""
        yield from _findings(review.old, shown, links)
        yield ""
        yield "</details>"
        yield ""
    if review.exempted:
        yield f"<details><summary>Exempt: {len(review.exempted):,}</summary>"
        yield ""
        for noted, one in review.exempted[:shown]:
            held = f"{one.exemption.reason} ({one.exemption.owner}, until {one.exemption.expires})"
            yield f"- {_short(noted.finding)}: {code(held)}"
        yield from _rest(review.exempted, shown)
        yield ""
        yield "</details>"
        yield ""
    yield from _idle(review, shown)
    yield from _undecided(review, shown)


def _undecided(review: Review, shown: int) -> Iterator[str]:
    """Yield what waits for the cloud's answers, by rule: before a stack is up many rules wait for the same few values."""
    if not review.undecided:
        return
    by_rule = Counter(noted.finding.rule for noted in review.undecided)
    yield f"<details><summary>Cannot be told before the stack is up: {counted(len(review.undecided), 'answer')}</summary>"
    yield ""
    for rule, count in by_rule.most_common(shown):
        first = next(noted.finding for noted in review.undecided if noted.finding.rule == rule)
        rest = f" and {count - 1:,} more" if count > 1 else ""
        yield f"- {first.severity.value}: {_short(first)}{rest}: {code(first.message)}"
    if len(by_rule) > shown:
        yield f"- and {counted(len(by_rule) - shown, 'rule')} more"
    yield ""
    yield "</details>"


def _idle(review: Review, shown: int) -> Iterator[str]:
    if review.idle:
        yield f"Exemptions that excuse nothing: {len(review.idle):,}"
        yield ""
        for exemption, why in review.idle[:shown]:
            yield f"- from {code(exemption.rule)} for {code(exemption.urn)}: {code(why)} ({code(exemption.owner)})"
        yield from _rest(review.idle, shown)
        yield ""


def _rest(listed: Sequence[object], shown: int) -> Iterator[str]:
    if len(listed) > shown:
        yield f"- and {len(listed) - shown:,} more"


def _short(finding: Finding) -> str:
    return f"{code(finding.rule)} on {code(finding.name)}"


def _place(noted: Noted, links: str) -> str:
    """Return where a resource is declared, as a link where files have an address."""
    said = code(f"{noted.place.file}:{noted.place.line}")
    return f"[{said}]({links}/{quote(noted.place.file)}#L{noted.place.line})" if links else said
