"""Rules for Kubernetes: a file per theme, whose cards are found by being there."""

from typing import Final

from lepton_infra.rules.card import Card
from lepton_infra.rules.packs import cards_below

RULES: Final[tuple[Card, ...]] = cards_below(__name__)
"""Every rule for what runs in a cluster."""
