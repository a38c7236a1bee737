"""Facts that rules rest on are held against the installed SDK and the catalogue."""

from importlib.metadata import version

import pytest

from lepton_infra.catalog import load_catalog
from lepton_infra.rules.card import Card
from lepton_policies import RULES
from lepton_policies.aws.machines import MOST_ACCELERATORS, accelerators
from lepton_policies.aws.taggable import installed_sdk, scan
from lepton_policies.aws.tags import TAGGABLE
from lepton_policies.kubernetes.pods import CUSTOM, OVERLAYS
from tests.policies.paths import exists, inputs_of, paths_read, paths_used

MANY = 50
"""A rule of more types reads no more than their tags, which the list of them is about."""


def test_the_list_of_taggable_types_is_that_of_the_installed_sdk() -> None:
    sdk = installed_sdk()
    assert sdk is not None
    known = scan(sdk)
    assert len(known) > 800
    assert list(TAGGABLE) == known, f"run `python -m lepton_policies.aws.taggable`: pulumi-aws is {version('pulumi-aws')} now"


@pytest.mark.parametrize("card", [card for card in RULES if len(card.types) < MANY], ids=lambda card: card.id)
def test_every_type_and_every_path_of_a_rule_exists_in_the_sdk(card: Card) -> None:
    for token in card.types:
        assert token in (CUSTOM | OVERLAYS) or inputs_of(token), token
    for _, example in card.examples():
        for token, path in paths_used(example):
            assert exists(token, path), f"an example sets {path} of {token}"
    for token, path in paths_read(card):
        known = {token, *(card.types if token in card.types else ())}  # a card of several types reads what any of them has
        assert any(exists(one, path) for one in known), f"it reads {path} of {token}"


def test_the_catalogue_names_no_machine_with_more_accelerators_than_the_worst_case() -> None:
    machines = [machine for machine in load_catalog().machines if machine.cloud.value == "aws"]
    assert max(machine.gpus for machine in machines) <= MOST_ACCELERATORS
    for machine in machines:
        assert (accelerators(machine.name) > 0) == (machine.gpus > 0), machine.name


@pytest.mark.parametrize(
    ("name", "count"), [("p5.48xlarge", 8), ("P5.48XLARGE ", 8), ("p99.48xlarge", 16), ("m7i.large", 0), ("m99.large", 0), ("", 0)]
)
def test_accelerators_of_a_machine(name: str, count: int) -> None:
    assert accelerators(name) == count
