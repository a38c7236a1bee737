"""What counts as new, fixed, blocking and clean."""

from typing import TYPE_CHECKING, Any

import pytest

from lepton_infra.graph.model import Position
from lepton_infra.review import Review

if TYPE_CHECKING:
    from collections.abc import Callable

OPEN: dict[str, Any] = {
    "type": "aws:ebs/volume:Volume",
    "name": "d",
    "inputs": {"encrypted": False, "tags": {"owner": "m", "team": "t", "environment": "dev"}},
}
SHUT = {**OPEN, "inputs": {**OPEN["inputs"], "encrypted": True}}
UNSURE = {**OPEN, "inputs": {**OPEN["inputs"], "encrypted": {"$unknown": True}}}


def _said(review: Review) -> tuple[list[str], list[str], list[str]]:
    new, old = ([noted.finding.rule for noted in group] for group in (review.new, review.old))
    return new, old, [one.rule for one in review.fixed]


@pytest.mark.parametrize(
    ("before", "now", "new", "old", "fixed"),
    [
        ([], [OPEN], ["aws-ebs-encrypted"], [], []),
        ([OPEN], [OPEN], [], ["aws-ebs-encrypted"], []),
        ([OPEN], [SHUT], [], [], ["aws-ebs-encrypted"]),
        ([OPEN], [], [], [], ["aws-ebs-encrypted"]),
        ([UNSURE], [OPEN], ["aws-ebs-encrypted"], [], []),
        ([OPEN], [UNSURE], [], [], []),
    ],
)
def test_what_is_new_old_and_fixed(
    review: "Callable[..., Review]", before: list[Any], now: list[Any], new: list[str], old: list[str], fixed: list[str]
) -> None:
    assert _said(review(now, before)) == (new, old, fixed)


def test_only_critical_and_high_block(review: "Callable[..., Review]") -> None:
    untagged = {**SHUT, "inputs": {"encrypted": True}}

    assert [noted.finding.rule for noted in review([OPEN], []).blocking] == ["aws-ebs-encrypted"]
    assert review([untagged], []).new
    assert not review([untagged], []).blocking


def test_nothing_to_say_is_clean_and_a_change_is_not(review: "Callable[..., Review]") -> None:
    assert review([OPEN], [OPEN]).clean
    assert not review([SHUT], []).clean


def test_places_are_those_of_the_repository(full: Review) -> None:
    places = {noted.finding.name: noted.place for noted in full.broken}

    assert places == {"broken": Position("infra/stacks/a file.py", 7), "still": Position("infra/Pulumi.yaml", 1)}


def test_an_exemption_is_no_repair(full: Review) -> None:
    assert [one.finding.name for _, one in full.exempted] == ["excused"]
    assert [one.name for one in full.fixed] == ["mended"]
