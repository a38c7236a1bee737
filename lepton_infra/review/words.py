"""Words that several documents share, and texts that nobody can break out of: names come from programs, and programs from anyone."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from lepton_infra.cost import Range
from lepton_infra.graph.diff import Change, Changed, Difference, key_of
from lepton_infra.graph.draw.words import clean
from lepton_infra.graph.files import as_mapping
from lepton_infra.graph.model import Resource

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
    """Return what becomes of each input; of those that are not known yet, what they are made from, at the end."""
    lines = told_values(changed)
    said = {_root(change): _sources(changed, _root(change)) for change in changed.changes if _is_open(change, changed)}
    anew = [root for root, sources in said.items() if not sources]
    lines += [f"{root}: {sources}" for root, sources in said.items() if sources]
    return [*lines, *([f"{', '.join(anew)}: made anew from what is replaced"] if anew else [])]


def told_values(changed: Changed) -> list[str]:
    """Return what becomes of each input that says a value, before or now."""
    return [f"{change.path}: {changed_from(change)}" for change in changed.changes if not _is_open(change, changed)]


def _is_open(change: Change, changed: Changed) -> bool:
    """Tell whether nothing can be said of an input but what it is made from."""
    waits = any(as_mapping(one) == {"$unknown": True} for one in (change.old, change.new))
    return change.old == change.new or (waits and bool(_sources(changed, _root(change))))


def _root(change: Change) -> str:
    return re.split(r"[.\[]", change.path, maxsplit=1)[0]


def _sources(changed: Changed, root: str) -> str:
    """Return which resources an input is made from no longer, and from which it is now; empty where they are the same."""
    before, now = (dict.fromkeys(map(key_of, one.property_dependencies.get(root, ()))) for one in (changed.before, changed.resource))
    gone, come = (
        list(dict.fromkeys(key.rpartition("::")[2] for key in one if key not in other)) for one, other in ((before, now), (now, before))
    )
    said = [(f"no longer from {_some(gone)}" if gone else ""), (f"now from {_some(come)}" if come else "")]
    return ", ".join(text for text in said if text)


def _some(names: Sequence[str], most: int = 3) -> str:
    """Return the first of some names, and how many more there are."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def by_kind(resources: Iterable[Resource]) -> str:
    """Return how many there are of each kind, the most first: `14 x VpcEndpoint, 3 x Subnet`."""
    kinds = Counter(resource.kind for resource in resources)
    return ", ".join(f"{count:,} x {kind}" for kind, count in sorted(kinds.items(), key=lambda pair: (-pair[1], pair[0])))


def why_replaced(changed: Changed) -> tuple[str, str]:
    """Return which inputs force a replacement, and how sure that is; the latter is empty where it is certain."""
    said = _some([change.path for change in changed.changes if change.forces])
    if changed.guessed:
        return said, "perhaps; nobody wrote down what replaces this type"
    if changed.led:
        return said, f"follows {_some([urn.rpartition('::')[2] for urn in changed.follows])}"
    return said, "" if changed.certain else "perhaps; a value is not known yet"


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


def more_between(usd: Range) -> str:
    """Return the interval of a difference, at the fewest nodes and at the most: `-$10 to +$30`; empty where it is one amount."""
    return "" if round(usd.low) == round(usd.high) == round(usd.expected) else f"{more(usd.low)} to {more(usd.high)}"
