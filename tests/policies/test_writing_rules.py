"""The page about writing rules tells the truth: its examples are rules, and its exemption can be read."""

import re
from pathlib import Path

import pytest
import yaml

from lepton_infra.config.exemptions import parse_exemptions
from lepton_infra.rules.card import Card, Kind
from lepton_infra.rules.examples import subjects_in
from lepton_infra.rules.runner import Runner
from lepton_policies import RULES
from tests.policies.paths import exists, paths_read, paths_used

PAGE = (Path(__file__).parents[2] / "docs" / "writing-rules.md").read_text(encoding="utf-8")
EXPECTED = {"good": "pass", "bad": "fail", "unknown": "undecided"}


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def cards() -> list[Card]:
    found: list[Card] = []
    for block in blocks("python"):
        names: dict[str, object] = {}
        exec(compile(block, "writing-rules.md", "exec"), names)  # noqa: S102 (the page's own examples)
        found += [value for value in names.values() if isinstance(value, Card)]
    return found


@pytest.mark.parametrize("card", cards(), ids=lambda card: card.id)
def test_the_rules_on_the_page_are_rules(card: Card) -> None:
    for kind, example in card.examples():
        subjects = subjects_in(example)
        found = [one for one in Runner([card]).evaluate_stack(subjects, tuple(Kind)) if one.urn == subjects[0].urn]
        assert (found[0].outcome.value if found else "pass") == EXPECTED[kind]
        assert all(exists(token, path) for token, path in paths_used(example))
    assert all(exists(token, path) for token, path in paths_read(card))


def test_the_page_shows_both_kinds() -> None:
    assert {card.kind for card in cards()} == set(Kind)


def test_the_exemption_on_the_page_can_be_read() -> None:
    (block,) = blocks("yaml")
    (exemption,) = parse_exemptions(yaml.safe_load(block)["config"]["lepton:exemptions"], "page")
    assert exemption.rule in {card.id for card in RULES}
    assert exemption.last_day is not None


def test_the_layout_on_the_page_is_that_of_the_pack() -> None:
    pack = Path(__file__).parents[2] / "policies" / "lepton_policies"
    assert {"shared", "aws"} <= {path.name for path in pack.iterdir()}
    assert "RULES" in (pack / "aws" / "__init__.py").read_text(encoding="utf-8")
