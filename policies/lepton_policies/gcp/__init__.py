"""Rules for Google Cloud: a file per theme, whose cards are found by being there."""

from typing import Final

from lepton_infra.rules.card import Card
from lepton_infra.rules.packs import cards_in
from lepton_policies.gcp import (
    access,
    ai,
    balancer,
    bucket,
    cluster,
    clustercare,
    database,
    firewall,
    gpuchoice,
    gpupool,
    instance,
    instancecare,
    key,
    network,
    pool,
    spend,
)

RULES: Final[tuple[Card, ...]] = cards_in(
    ai,
    access,
    balancer,
    bucket,
    cluster,
    clustercare,
    pool,
    gpupool,
    gpuchoice,
    firewall,
    network,
    instance,
    instancecare,
    key,
    database,
    spend,
)
"""Every rule for Google Cloud."""
