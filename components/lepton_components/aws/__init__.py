"""Amazon Web Services: the same nouns as its neighbours, in AWS's words."""

from collections.abc import Mapping

from lepton_components.aws.budget import budget
from lepton_components.aws.cluster import cluster
from lepton_components.aws.group import group
from lepton_components.aws.keys import keys
from lepton_components.aws.network import network
from lepton_components.aws.provider import provider
from lepton_components.aws.storage import storage
from lepton_components.contract import Capability

MISSING: Mapping[Capability, str] = {}
"""AWS has all that the contract knows of."""

__all__ = ["MISSING", "budget", "cluster", "group", "keys", "network", "provider", "storage"]
