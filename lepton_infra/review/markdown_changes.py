"""What changes, in Markdown: first what goes and what goes with it, then everything."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from lepton_infra.config.words import counted
from lepton_infra.graph.diff import Changed
from lepton_infra.graph.model import Resource
from lepton_infra.review.losses import Loss
from lepton_infra.review.model import Review
from lepton_infra.review.words import by_kind, code, sum_of, told

_FEW: Final = 6
"""So many that hold nothing are named each in a line of its own; more are counted by kind, and named in a fold."""
_SHOWN_CHANGES: Final = 60
_SHOWN_INPUTS: Final = 4
_SHOWN_NAMES: Final = 6


def named(resource: Resource) -> str:
    """Return a resource's name and type."""
    return f"{code(resource.name)} ({code(resource.type)})"


def losses(review: Review, shown: int) -> Iterator[str]:
    """Yield what stands now and will not stay: the lines that a reviewer must not miss."""
    found = review.losses
    if not found:
        return
    yield "### Replaced and deleted"
    yield ""
    if found.holding:
        yield "> [!CAUTION]"
        what = "with data, workloads or encryption that no new one has"
        yield f"> {counted(len(found.holding), 'resource')} {what}: {_holding(found.holding)}."
        yield ""
    yield from map(_loss, found.grave[:shown])
    if len(found.grave) > shown:
        yield f"- and {len(found.grave) - shown:,} more of these"
    if len(found.other) <= min(_FEW, shown):
        yield from map(_loss, found.other)
    else:
        yield from _counted(found.other)
    if found.led:
        kinds = by_kind(loss.resource for loss in found.led)
        yield f"- **replaced with them**, as they are made from what is replaced: {code(kinds)}"
    if len(found.other) > min(_FEW, shown):
        yield from _folded(found.other, shown)


def _holding(holding: tuple[Loss, ...]) -> str:
    names = ", ".join(f"{code(loss.resource.name)} {loss.fate}" for loss in holding[:_SHOWN_NAMES])
    return names + (f" and {len(holding) - _SHOWN_NAMES:,} more" if len(holding) > _SHOWN_NAMES else "")


def _loss(loss: Loss) -> str:
    paths, sure = loss.why
    said = f", for {code(paths)}{f' ({sure})' if sure else ''}" if paths else ""
    said += "; it is protected, so the engine will refuse" if loss.resource.protect else ""
    said += f"; with {loss.holds}" if loss.holds else ""
    if loss.twin and not loss.holds:
        said += f"; perhaps renamed to {code(loss.twin.name)}"
    elif loss.twin:
        said += f"; {code(loss.twin.name)} looks like it under another name: name the old one in `aliases` and it stays"
    return f"- **{loss.word}**: {named(loss.resource)}{said}"


def _counted(others: tuple[Loss, ...]) -> Iterator[str]:
    """Yield what goes and holds nothing, by kind."""
    for word, group in groupby(others, key=lambda loss: loss.word):
        listed = list(group)
        yield f"- **{word}** besides, holding nothing: {code(by_kind(loss.resource for loss in listed))}"


def _folded(others: tuple[Loss, ...], shown: int) -> Iterator[str]:
    yield ""
    yield f"<details><summary>These {len(others):,}</summary>"
    yield ""
    yield from map(_loss, others[:shown])
    if len(others) > shown:
        yield f"- and {len(others) - shown:,} more"
    yield ""
    yield "</details>"


def changes(review: Review) -> Iterator[str]:
    """Yield everything that differs, in a fold; what differs alike once."""
    difference = review.difference
    if not difference:
        return
    yield f"<details><summary>All changes: {sum_of(difference)}; {difference.same:,} stay as they are</summary>"
    yield ""
    changed, created = list(_alike(difference.changed)), list(_kinds(difference.created))
    for group in changed[:_SHOWN_CHANGES]:
        yield f"- {_together([one.resource for one in group])}{' (replaced)' if group[0].replaced else ''}"
        inputs = told(group[0])
        yield from (f"  - {code(text)}" for text in inputs[:_SHOWN_INPUTS])
        if len(inputs) > _SHOWN_INPUTS:
            yield f"  - and {len(inputs) - _SHOWN_INPUTS} more"
    yield from (f"- {_together(group)} (created)" for group in created[:_SHOWN_CHANGES])
    left = [
        *(one.resource for group in changed[_SHOWN_CHANGES:] for one in group),
        *(one for group in created[_SHOWN_CHANGES:] for one in group),
    ]
    if left:
        yield f"- and {len(left):,} more"
    yield ""
    yield "</details>"


def _alike(changed: Iterable[Changed]) -> Iterator[list[Changed]]:
    """Yield what changes, those of one type whose inputs change in the same words together, in the order of the first of them."""
    groups: dict[tuple[object, ...], list[Changed]] = {}
    for one in changed:
        groups.setdefault((one.resource.type, one.replaced, *told(one)), []).append(one)
    yield from groups.values()


def _kinds(created: Iterable[Resource]) -> Iterator[list[Resource]]:
    groups: dict[str, list[Resource]] = {}
    for one in created:
        groups.setdefault(one.type, []).append(one)
    yield from groups.values()


def _together(group: list[Resource]) -> str:
    if len(group) == 1:
        return named(group[0])
    names = ", ".join(code(one.name) for one in group[:_SHOWN_NAMES])
    rest = f" and {len(group) - _SHOWN_NAMES:,} more" if len(group) > _SHOWN_NAMES else ""
    return f"{len(group):,} x {code(group[0].type)}: {names}{rest}"
