"""A review as one Markdown document for a pull request, short enough for a comment on GitHub."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lepton_infra.config.words import counted
from lepton_infra.graph.draw import as_mermaid, picture_of
from lepton_infra.review.markdown_changes import changes, losses
from lepton_infra.review.markdown_findings import broken, excused
from lepton_infra.review.markdown_money import money
from lepton_infra.review.model import Review
from lepton_infra.review.spent import spent_in_words
from lepton_infra.review.words import code, sum_of

CLEAN: Final = "<!-- lepton-review: clean -->"
"""The hidden line by which whoever keeps the comment knows that it may be hidden."""
_LARGEST: Final = 60_000
"""Characters; GitHub takes 65,536 in a comment."""
_LARGEST_PICTURE: Final = 15_000
_ROOM: Final = 400
"""Of those, what the sentence about what is left out may take."""
_SHOWN: Final = (30, 12, 4, 1)
"""Lines of one list; the next number counts where the document is too long with this one."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the document."""

    text: str
    title: str = ""
    """What is said to be left out where the document is too long; a part without stays."""


def marker(stack: str) -> str:
    """Return the hidden line by which the comment about a stack is found again: no two stacks have the same."""
    name = re.sub(r"[^A-Za-z0-9_.]+", "-", stack)[:100]
    known = name if name == stack and name else f"{name}-{hashlib.sha256(stack.encode()).hexdigest()[:8]}"
    return f"<!-- lepton-review:{known} -->"


def as_markdown(review: Review, links: str = "") -> str:
    """Return the document, the same for the same review, with the hidden line first.

    It fits into a comment: what can be spared goes first and is named, then lists become shorter and say how much more there is.

    Args:
        review: what is told.
        links: address under which the repository's files are shown, for instance `https://github.com/o/r/blob/<commit>`; empty for none.
    """
    text = ""
    for shown in _SHOWN:
        text = _document(review, shown, links)
        if len(text) <= _LARGEST:
            break
    return text


def _document(review: Review, shown: int, links: str) -> str:
    """Return the document with so many lines of each list, and without what can be spared where it is too long."""
    found = [
        _Part("\n".join(_head(review))),
        _Part("\n".join(losses(review, shown))),
        _Part("\n".join(broken(review, shown, links))),
        _Part("\n".join(money(review, shown))),
        _Part("\n".join(changes(review)), "all changes"),
        _Part("\n".join(excused(review, shown, links)), "what was broken before, is exempt or cannot be told yet"),
        _Part("\n".join(_picture(review)), "the architecture"),
    ]
    left_out: list[str] = []
    for title in ("the architecture", "all changes", "what was broken before, is exempt or cannot be told yet"):
        if sum(len(part.text) for part in found) > _LARGEST - _ROOM:
            left_out += [part.title for part in found if part.title == title and part.text]
            found = [part for part in found if part.title != title]
    texts = [part.text for part in found if part.text]
    if left_out:
        texts.append(f"_Left out for length: {'; '.join(left_out)}. The page of `lepton review --html` has it._")
    return "\n\n".join(texts) + "\n"


def _head(review: Review) -> Iterator[str]:
    yield marker(review.stack)
    if review.clean:
        yield CLEAN
    yield f"## {code(review.stack)} against {code(review.against)}"
    yield ""
    said = [sum_of(review.difference), spent_in_words(review)]
    said.append(f"{counted(len(review.new), 'newly broken rule')}" if review.new else "no newly broken rule")
    yield f"**{'; '.join(said)}.**"
    if review.blocking:
        yield ""
        yield f"Blocks: {counted(len(review.blocking), 'new finding')} of severity critical or high."


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
