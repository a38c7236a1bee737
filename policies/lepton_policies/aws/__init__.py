"""Rules for AWS: a file per theme, whose cards are found by being there."""

from typing import Final

from lepton_infra.rules.card import Card
from lepton_infra.rules.packs import cards_in
from lepton_policies.aws import (
    access,
    bedrock,
    bucket,
    bucketcare,
    capacity,
    cluster,
    database,
    disk,
    filesystem,
    frontdoor,
    gpuplace,
    gpupool,
    identity,
    instance,
    key,
    messages,
    network,
    openings,
    placement,
    pool,
    records,
    registry,
    sagemaker,
    spending,
    tags,
)

RULES: Final[tuple[Card, ...]] = cards_in(
    access,
    bedrock,
    bucket,
    bucketcare,
    capacity,
    database,
    disk,
    cluster,
    filesystem,
    frontdoor,
    gpuplace,
    gpupool,
    identity,
    instance,
    key,
    messages,
    network,
    openings,
    placement,
    pool,
    records,
    registry,
    sagemaker,
    spending,
    tags,
)
"""Every rule for AWS."""
