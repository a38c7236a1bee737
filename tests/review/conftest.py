"""A review with something of everything in it."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from lepton_infra.catalog import load_catalog
from lepton_infra.config.exemptions import Exemption
from lepton_infra.cost import bill
from lepton_infra.graph import Graph, parse_graph
from lepton_infra.graph.diff import Forcing
from lepton_infra.review import Review, Side, make_review
from lepton_infra.rules.runner import judge
from lepton_policies import RULES

DISK = "aws:ebs/volume:Volume"
TAGS = {"owner": "me", "team": "t", "environment": "dev"}
CARDS = tuple(card for card in RULES if card.id in {"aws-ebs-encrypted", "cost-owner-tag"})
"""A high and a medium one; the pack grows, what is written about these stays."""
TODAY = dt.date(2026, 11, 21)
Make = Callable[..., Review]


def disk(name: str, *, encrypted: object = True, **more: Any) -> dict[str, Any]:
    return {
        "type": DISK,
        "name": name,
        "urn": f"urn:pulumi:dev::shop::{DISK}::{name}",
        "inputs": {
            "encrypted": encrypted,
            "type": "gp3",
            "size": 100,
            "region": "us-east-1",
            "availabilityZone": "us-east-1a",
            "tags": TAGS,
            **more.pop("inputs", {}),
        },
        **more,
    }


def graph(*resources: dict[str, Any]) -> Graph:
    return parse_graph({"project": "shop", "stack": "dev", "resources": [*resources, disk("always")]}, "test")


def _forcing(token: str) -> Forcing:
    return Forcing(frozenset({"availabilityZone", "encrypted"}), known=token == DISK)


@pytest.fixture
def review() -> Make:
    """Return what makes a review of two lists of resources."""

    def make(now: list[dict[str, Any]], before: list[dict[str, Any]], exemptions: tuple[Exemption, ...] = (), folder: str = "") -> Review:
        catalog = load_catalog()
        sides = [
            Side(name, one, judge(one, CARDS, exemptions, TODAY), bill(one, catalog))
            for name, one in (("dev", graph(*now)), ("main", graph(*before)))
        ]
        return make_review(*sides, CARDS, _forcing, folder=folder)

    return make


@pytest.fixture
def full(review: Make) -> Review:
    """Return a review in which something is created, replaced, deleted, broken, fixed, exempt, waiting and dearer."""
    placed = {"position": {"file": "stacks/a file.py", "line": 7}}
    exemption = Exemption(rule="aws-ebs-encrypted", urn="*::excused", reason="it is | empty", owner="me@example.com", expires="2027-01-01")
    return review(
        [
            disk("broken", encrypted=False, **placed),
            disk("still", encrypted=False),
            disk("mended"),
            disk("excused", encrypted=False),
            disk("waiting", encrypted={"$unknown": True}),
            disk("moved", inputs={"availabilityZone": "us-east-1b"}, protect=True),
            disk("bigger", inputs={"size": 900}),
        ],
        [
            disk("still", encrypted=False),
            disk("mended", encrypted=False),
            disk("excused", encrypted=False),
            disk("waiting", encrypted={"$unknown": True}),
            disk("moved", protect=True),
            disk("bigger"),
            disk("gone", protect=True),
        ],
        (exemption,),
        "infra/",
    )
