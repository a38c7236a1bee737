"""Rules for Kubernetes: a file per theme, whose cards are found by being there."""

from typing import Final

from lepton_infra.rules.card import Card
from lepton_infra.rules.packs import cards_in
from lepton_policies.kubernetes import (
    access,
    capacity,
    exposure,
    gpu,
    host,
    image,
    makers,
    namespace,
    privilege,
    secret,
    spending,
    tools,
)

RULES: Final[tuple[Card, ...]] = cards_in(
    access,
    capacity,
    exposure,
    gpu,
    host,
    image,
    makers,
    namespace,
    privilege,
    secret,
    spending,
    tools,
)
"""Every rule for what runs in a cluster."""
