"""Rules for Azure: a file per theme, whose cards are found by being there."""

from typing import Final

from lepton_infra.rules.card import Card
from lepton_infra.rules.packs import cards_in
from lepton_policies.azure import (
    account,
    accountcare,
    cluster,
    clustercare,
    containers,
    gateway,
    gpupool,
    identity,
    learning,
    models,
    network,
    nodes,
    openings,
    registry,
    scaleset,
    spending,
    vault,
)

RULES: Final[tuple[Card, ...]] = cards_in(
    account,
    accountcare,
    cluster,
    clustercare,
    containers,
    gateway,
    gpupool,
    identity,
    learning,
    models,
    network,
    nodes,
    openings,
    registry,
    scaleset,
    spending,
    vault,
)
"""Every rule for Azure."""
