"""Words that several documents share, and texts that nobody can break out of: names come from programs, and programs from anyone."""

import json
import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from lepton_infra.cost import Part, Range
from lepton_infra.graph.diff import Change, Changed, Difference
from lepton_infra.graph.draw.words import clean
from lepton_infra.graph.files import as_mapping
from lepton_infra.graph.model import Resource
from lepton_infra.review.model import Review

LONGEST: Final = 400
"""Characters of one text; more than this is nothing to read in a list."""
_LONGEST_VALUE: Final = 60
_TICKS: Final = re.compile("`+")
_MARKS: Final = {"$unknown": "not known yet", "$secret": "a secret", "$asset": "a file"}


def line(text: str) -> str:
    """Return a text on one line, without what steers a terminal."""
    return clean(text, LONGEST)


def code(text: str) -> str:
    """Return a text as a code span of Markdown, where nothing is markup, a link or a mention.

    The fence is longer than any run of backticks inside (spec.commonmark.org, "Code spans"); a bar is escaped, as tables want it.
    """
    said = line(text).replace("|", "\\|") or " "
    fence = "`" * (max(map(len, _TICKS.findall(said)), default=0) + 1)
    pad = " " if said[0] == "`" or said[-1] == "`" else ""
    return f"{fence}{pad}{said}{pad}{fence}"


def counted(count: int, noun: str) -> str:
    """Return a number of things in words: `1 rule`, `1,002 resources`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def value(given: object) -> str:
    """Return a value of an input as a person reads it, shortened; marks are said in words."""
    if given is None:
        return "absent"
    if (mark := _MARKS.get(next(iter(as_mapping(given)), ""), "")) and len(as_mapping(given)) == 1:
        return mark
    return clean(given if isinstance(given, str) and given else json.dumps(given, ensure_ascii=False, sort_keys=True), _LONGEST_VALUE)


def changed_from(change: Change) -> str:
    """Return what becomes of an input: `2 -> 3`."""
    return f"{value(change.old)} -> {value(change.new)}"


def told(changed: Changed) -> list[str]:
    """Return what becomes of each input, those that are unknown before and after in one phrase at the end."""
    waiting = [change for change in changed.changes if change.old == change.new]
    lines = [f"{change.path}: {changed_from(change)}" for change in changed.changes if change not in waiting]
    roots = list(dict.fromkeys(re.split(r"[.\[]", change.path, maxsplit=1)[0] for change in waiting))
    return [*lines, *([f"{', '.join(roots)}: made anew from what is replaced"] if roots else [])]


def by_kind(resources: Iterable[Resource]) -> str:
    """Return how many there are of each kind, the most first: `14 x VpcEndpoint, 3 x Subnet`."""
    kinds = Counter(resource.kind for resource in resources)
    return ", ".join(f"{count:,} x {kind}" for kind, count in sorted(kinds.items(), key=lambda pair: (-pair[1], pair[0])))


def why_replaced(changed: Changed) -> str:
    """Return which inputs force a replacement, and how sure that is."""
    paths = [change.path for change in changed.changes if change.forces]
    said = ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")  # noqa: PLR2004 (as many as a line holds)
    if changed.guessed:
        return f"{said}: perhaps; nobody wrote down what replaces this type"
    if changed.follows:
        return f"{said}: follows {', '.join(urn.rpartition('::')[2] for urn in changed.follows[:3])}"
    return said if changed.certain else f"{said}: perhaps, a value is not known yet"


def sum_of(difference: Difference) -> str:
    """Return how much changes, in words."""
    counts = [
        (len(difference.created), "created"),
        (len(difference.updated), "changed in place"),
        (len(difference.replaced), "replaced"),
        (len(difference.deleted), "deleted"),
    ]
    return ", ".join(f"{count:,} {word}" for count, word in counts if count) or "nothing changes"


def dollars(usd: float) -> str:
    """Return an amount: `$1,234`, `-$12`."""
    return f"{'-' if round(usd) < 0 else ''}${abs(round(usd)):,}"


def more(usd: float) -> str:
    """Return a difference of amounts: `+$12`, `-$12`, `$0`."""
    return f"+{dollars(usd)}" if round(usd) > 0 else dollars(usd)


def between(usd: Range) -> str:
    """Return the interval of an amount: `$10 to $30`; empty where it is one amount."""
    return "" if round(usd.low) == round(usd.high) else f"{dollars(usd.low)} to {dollars(usd.high)}"


def parts(review: Review) -> list[tuple[str, Range, Range]]:
    """Return the parts of the bill, each with what it costs in the base and now, and last all together."""
    nothing = Range.always(0.0)
    before, now = review.base_cost.by_part(), review.cost.by_part()
    names = [part for part in Part if part in before or part in now]
    return [
        *((part.value, before.get(part, nothing), now.get(part, nothing)) for part in names),
        ("together", review.base_cost.total, review.cost.total),
    ]
