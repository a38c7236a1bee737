"""What the rules say, in HTML: by severity, and what breaks one rule many times once with all its places in a fold."""

import re
from collections.abc import Iterator
from typing import Final

from lepton_infra.review.model import Noted
from lepton_infra.review.tags import SHOWN, rest, text
from lepton_infra.rules.card import Severity

_CODE: Final = re.compile("`([^`]+)`")
"""Arguments in the text of a rule."""
_FEW: Final = 3
"""So many findings of one rule are shown at once."""


def findings(title: str, listed: tuple[Noted, ...], *, opened: bool) -> Iterator[str]:
    """Yield the section of these findings; nothing where there are none."""
    if not listed:
        return
    yield f"<section><details{' open' if opened else ''}><summary><h2>{title} <i>{len(listed):,}</i></h2></summary>"
    for severity in Severity:
        group = [noted for noted in listed if noted.finding.severity is severity]
        if group:
            yield f'<h3><b class="tag {severity.value}">{severity.value}</b> {len(group):,}</h3><ul class="list">'
            for rule in dict.fromkeys(noted.finding.rule for noted in group):
                yield from _rule([noted for noted in group if noted.finding.rule == rule])
            yield "</ul>"
    yield "</details></section>"


def _rule(broken: list[Noted]) -> Iterator[str]:
    if len(broken) <= _FEW:
        yield from (f"<li>{_head(noted)}{_told(noted)}{_fix(noted)}{_place(noted)}</li>" for noted in broken)
        return
    first = broken[0]
    yield f"<li><code>{text(first.finding.rule)}</code> <b>{len(broken):,} resources</b>{_fix(first)}"
    yield '<details><summary>Which</summary><ul class="list">'
    yield from (f"<li>{_named(noted)}{_told(noted)}{_place(noted)}</li>" for noted in broken[:SHOWN])
    yield f"</ul>{rest(len(broken))}</details></li>"


def _head(noted: Noted) -> str:
    return f"<code>{text(noted.finding.rule)}</code> {_named(noted)}"


def _named(noted: Noted) -> str:
    return f"<b>{text(noted.finding.name)}</b> <small>{text(noted.finding.type)}</small>"


def _told(noted: Noted) -> str:
    return f"<p>{text(noted.finding.message)}</p>"


def _fix(noted: Noted) -> str:
    return f"<p>{_CODE.sub(_as_code, text(noted.card.fix))}</p>" if noted.card else ""


def _place(noted: Noted) -> str:
    return f"<small>{text(f'{noted.place.file}:{noted.place.line}')}</small>"


def _as_code(span: re.Match[str]) -> str:
    return f"<code>{span[1]}</code>"
