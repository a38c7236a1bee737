"""What changes, in HTML: first what goes and what goes with it, then everything."""

from collections.abc import Iterable, Iterator

from lepton_infra.config.words import counted
from lepton_infra.review.losses import Loss
from lepton_infra.review.model import Review
from lepton_infra.review.tags import SHOWN, named, rest, text
from lepton_infra.review.words import by_kind, sum_of, told


def losses(review: Review) -> Iterator[str]:
    """Yield the section; nothing where all stays."""
    found = review.losses
    if not found:
        return
    yield "<section><h2>Replaced and deleted</h2>"
    if found.grave:
        held = counted(len(found.holding), "resource")
        yield f'<p class="alarm"><b>{held} with data, workloads or encryption that no new one has</b></p>' if found.holding else ""
        yield from _rows(found.grave)
    yield from _fold(found.other, "besides, holding nothing", opened=not found.grave)
    yield from _fold(found.led, "are made from what is replaced, and are replaced with it", opened=False)
    yield "</section>"


def _fold(losses: tuple[Loss, ...], what: str, *, opened: bool) -> Iterator[str]:
    if losses:
        kinds = text(by_kind(loss.resource for loss in losses))
        yield f"<details{' open' if opened else ''}><summary>{len(losses):,} {what}: {kinds}</summary>"
        yield from _rows(losses)
        yield "</details>"


def _rows(losses: tuple[Loss, ...]) -> Iterator[str]:
    yield '<ul class="list">'
    yield from map(_loss, losses[:SHOWN])
    yield f"</ul>{rest(len(losses))}"


def _loss(loss: Loss) -> str:
    paths, sure = loss.why
    told_ = [f"for {paths}" if paths else "", sure, "protected: the engine will refuse" if loss.resource.protect else ""]
    told_ += [f"with {loss.holds}" if loss.holds else ""]
    told_ += [_twin(loss)]
    said = "; ".join(filter(None, told_))
    return f'<li><b class="tag high">{loss.word}</b> {named(loss.resource)}{f"<p>{text(said)}</p>" if said else ""}</li>'


def _twin(loss: Loss) -> str:
    if not loss.twin:
        return ""
    hint = f"{loss.twin.name} looks like it under another name: name the old one in aliases and it stays"
    return hint if loss.holds else f"perhaps renamed to {loss.twin.name}"


def changes(review: Review) -> Iterator[str]:
    """Yield the section, folded; nothing where nothing differs."""
    difference = review.difference
    if not difference:
        return
    yield f"<section><details><summary><h2>All changes</h2> {sum_of(difference)}; {difference.same:,} stay</summary>"
    yield '<ul class="list">'
    for changed in difference.changed[:SHOWN]:
        inputs = "".join(f"<p>{text(said)}</p>" for said in _few(told(changed)))
        yield f"<li>{named(changed.resource)}{inputs}</li>"
    yield f"</ul>{rest(len(difference.changed))}<ul class=list>"
    yield from (f'<li><b class="tag low">created</b> {named(resource)}</li>' for resource in difference.created[:SHOWN])
    yield f"</ul>{rest(len(difference.created))}</details></section>"


def _few(lines: list[str], most: int = 20) -> Iterable[str]:
    return [*lines[:most], *([f"and {len(lines) - most:,} more"] if len(lines) > most else [])]
