"""Clusters: who reaches the API server."""

from typing import Final

from lepton_infra.rules.card import Severity, rule
from lepton_infra.rules.net import is_world
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict
from lepton_infra.rules.view import Resource

_OPEN: Final = "0.0.0.0/0"
"""What EKS opens the public endpoint to where nothing is said (EKS User Guide, "Cluster API server endpoint")."""


@rule(
    "aws-eks-endpoint-open",
    Severity.CRITICAL,
    "aws:eks/cluster:Cluster",
    why="An API server open to the world is probed within minutes; one leaked token or one unpatched flaw is then enough.",
    fix="Set `vpc_config.endpoint_public_access=False`, or list your own addresses in `vpc_config.public_access_cidrs`.",
    references=("checkov:CKV_AWS_38", "trivy:AWS-0041", "cis-eks-1.8:5.4.1"),
    good=[
        {"vpcConfig": {"endpointPublicAccess": False}},
        {"vpcConfig": {"endpointPublicAccess": False, "publicAccessCidrs": ["0.0.0.0/0"]}},
        {"vpcConfig": {"publicAccessCidrs": ["203.0.113.0/24", "2001:db8::/48"]}},
        {"vpcConfig": {"publicAccessCidrs": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]}},
    ],
    bad=[
        {"vpcConfig": {}},
        {"vpcConfig": {"endpointPublicAccess": True, "publicAccessCidrs": []}},
        {"vpcConfig": {"publicAccessCidrs": ["0.0.0.0/1", "128.0.0.0/1"]}},
        {"vpcConfig": {"publicAccessCidrs": ["203.0.113.0/24", "::/0"]}},
        {"vpcConfig": {"publicAccessCidrs": ["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/3"]}},
        {"vpcConfig": {"publicAccessCidrs": [UNKNOWN, "0.0.0.0/0"]}},
        {"vpcConfig": {"endpointPublicAccess": True, "publicAccessCidrs": ["1.2.3.4/0"]}},
    ],
    unknown=[
        {"vpcConfig": {"publicAccessCidrs": [UNKNOWN]}},
        {"vpcConfig": {"endpointPublicAccess": UNKNOWN}},
        {"vpcConfig": {"publicAccessCidrs": ["203.0.113.0/24", UNKNOWN]}},
        {"vpcConfig": UNKNOWN},
    ],
)
def endpoint_is_not_open(cluster: Resource) -> Verdict:
    """The API server is not open to the world."""
    vpc = cluster.vpcConfig
    return ~is_world(vpc.publicAccessCidrs.or_default(_OPEN)) | vpc.endpointPublicAccess.or_default(value=True).is_false()
