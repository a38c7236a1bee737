"""Rules for AWS: a file per theme, whose cards are found by being there."""

from typing import Final

from lepton_infra.rules.card import Card
from lepton_infra.rules.packs import cards_in
from lepton_policies.aws import (
    bucket,
    cluster,
    disk,
    gpupool,
    identity,
    instance,
    openings,
    pool,
    tags,
)

RULES: Final[tuple[Card, ...]] = cards_in(
    bucket,
    disk,
    cluster,
    gpupool,
    identity,
    instance,
    openings,
    pool,
    tags,
)
"""Every rule for AWS."""
