"""Findings as GitHub annotations: workflow commands on the standard output of a step.

Escapes as in actions/toolkit, packages/core/src/command.ts. GitHub shows ten errors and ten warnings of a step, so the worst come first
and the last line says how many more the summary has.
"""

from collections.abc import Iterator
from typing import Final

from lepton_infra.review.model import Noted, Review
from lepton_infra.review.words import line

_SHOWN: Final = 10


def as_annotations(review: Review) -> str:
    """Return one line for each newly broken rule, up to ten that block and ten others; empty where there are none."""
    blocking = [noted for noted in review.new if noted.finding.severity.blocks]
    others = [noted for noted in review.new if not noted.finding.severity.blocks]
    return "".join(f"{text}\n" for text in (*_lines(blocking, "error"), *_lines(others, "warning")))


def _lines(listed: list[Noted], command: str) -> Iterator[str]:
    left = len(listed) - _SHOWN
    for number, noted in enumerate(listed[:_SHOWN], 1):
        finding, place = noted.finding, noted.place
        fix = f". {noted.card.fix}" if noted.card else ""
        told = line(f"{finding.name} ({finding.type}): {finding.message}{fix}")
        more = f" (and {left:,} more, all in the step summary)" if left > 0 and number == _SHOWN else ""
        yield f"::{command} file={_property(place.file)},line={place.line},title={_property(finding.rule)}::{_data(told + more)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(line(text)).replace(":", "%3A").replace(",", "%2C")
