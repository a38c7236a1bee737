"""Rules for AWS: a file per theme, whose cards are found by being there."""

from typing import Final

from lepton_infra.rules.card import Card
from lepton_infra.rules.packs import cards_in
from lepton_policies.aws import (
    access,
    batch,
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
    pool,
    records,
    registry,
    sagemaker,
    spending,
    tags,
    users,
)

RULES: Final[tuple[Card, ...]] = cards_in(
    access,
    batch,
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
    pool,
    records,
    registry,
    sagemaker,
    spending,
    tags,
    users,
)
"""Every rule for AWS."""
