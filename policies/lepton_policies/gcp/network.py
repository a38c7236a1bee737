"""Networks: none that Google laid by itself, none without a record, and no toll on the way to Google's own services."""

from typing import Final

from lepton_infra.rules.card import Severity, rule
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict
from lepton_infra.rules.view import Resource

_SUBNET: Final = "gcp:compute/subnetwork:Subnetwork"
_RANGE: Final = "10.0.0.0/20"
_PROXY_ONLY: Final = ("REGIONAL_MANAGED_PROXY", "GLOBAL_MANAGED_PROXY", "INTERNAL_HTTPS_LOAD_BALANCER", "PRIVATE_SERVICE_CONNECT")
"""Purposes of subnets that hold no machines: the API refuses flow logs and private access there."""


def _holds_no_machines(subnet: Resource) -> Verdict:
    return subnet.purpose.is_one_of(*_PROXY_ONLY)


@rule(
    "gcp-project-default-network",
    Severity.HIGH,
    "gcp:organizations/project:Project",
    why="The default network of a new project opens SSH and Remote Desktop to the world in every region.",
    fix="Set `auto_create_network=False`, and make a network of your own.",
    references=("checkov:CKV_GCP_27", "trivy:GCP-0010", "prowler:compute_network_default_in_use", "cis-gcp-5.0:3.1"),
    good=[{"projectId": "p", "autoCreateNetwork": False}, {"autoCreateNetwork": "false"}],
    bad=[{"projectId": "p"}, {"autoCreateNetwork": True}],
    unknown=[{"projectId": "p", "autoCreateNetwork": UNKNOWN}],
)
def project_has_no_default_network(project: Resource) -> Verdict:
    """A new project starts without the default network."""
    return project.autoCreateNetwork.is_false()


@rule(
    "gcp-network-auto-subnets",
    Severity.MEDIUM,
    "gcp:compute/network:Network",
    why="An auto-mode network has a subnet in every region, in ranges that are the same everywhere and so cannot be peered.",
    fix="Set `auto_create_subnetworks=False`, and make the subnets that you need.",
    references=("https://cloud.google.com/vpc/docs/vpc#auto-mode-considerations",),
    good=[{"autoCreateSubnetworks": False}],
    bad=[{}, {"autoCreateSubnetworks": True, "routingMode": "GLOBAL"}],
    unknown=[{"autoCreateSubnetworks": UNKNOWN}],
)
def subnets_are_meant(network: Resource) -> Verdict:
    """A network has the subnets that somebody laid out."""
    return network.autoCreateSubnetworks.is_false()


@rule(
    "gcp-subnet-flow-logs",
    Severity.MEDIUM,
    _SUBNET,
    why="Without flow logs nobody can say afterwards where the weights went.",
    fix='Set `log_config={"flow_sampling": 0.5}`.',
    references=(
        "checkov:CKV_GCP_26",
        "trivy:GCP-0029",
        "trivy:GCP-0076",
        "prowler:compute_subnet_flow_logs_enabled",
        "cis-gcp-5.0:3.10",
    ),
    good=[
        {"network": "net", "ipCidrRange": _RANGE, "logConfig": {"flowSampling": 0.5}},
        {"logConfig": {}},
        {"purpose": "REGIONAL_MANAGED_PROXY", "role": "ACTIVE"},
    ],
    bad=[
        {"network": "net", "ipCidrRange": _RANGE},
        {"purpose": "PRIVATE"},
        {"logConfig": {"flowSampling": 0}},
        {"logConfig": {"filterExpr": "false"}},
    ],
    unknown=[{"logConfig": UNKNOWN}, {"purpose": UNKNOWN}, {"logConfig": {"flowSampling": UNKNOWN}}],
)
def subnet_is_logged(subnet: Resource) -> Verdict:
    """A subnet with machines in it logs its flows; a sample of none, or a filter that keeps none, is no log."""
    log = subnet.logConfig
    keeps_some = (log.flowSampling.or_default(0.5) > 0) & ~log.filterExpr.is_one_of("false")
    return _holds_no_machines(subnet) | log.is_set() & keeps_some


@rule(
    "gcp-subnet-private-google",
    Severity.LOW,
    _SUBNET,
    why="Without it a machine needs a public address, or a NAT gateway that charges by the gigabyte, to read its own bucket.",
    fix="Set `private_ip_google_access=True`.",
    references=("checkov:CKV_GCP_74", "trivy:GCP-0075"),
    good=[{"network": "net", "ipCidrRange": _RANGE, "privateIpGoogleAccess": True}, {"purpose": "GLOBAL_MANAGED_PROXY"}],
    bad=[{"network": "net", "ipCidrRange": _RANGE}, {"privateIpGoogleAccess": False}],
    unknown=[{"privateIpGoogleAccess": UNKNOWN}],
)
def google_is_reached_privately(subnet: Resource) -> Verdict:
    """Machines without a public address reach Google's services."""
    return _holds_no_machines(subnet) | subnet.privateIpGoogleAccess.is_true()


@rule(
    "gcp-nat-logging",
    Severity.LOW,
    "gcp:compute/routerNat:RouterNat",
    why="What leaves through a NAT gateway has the gateway's address; only its log says which machine it was.",
    fix='Set `log_config={"enable": True, "filter": "ALL"}`, or "ERRORS_ONLY" where that is too much.',
    references=("https://cloud.google.com/nat/docs/monitoring",),
    good=[{"router": "r", "logConfig": {"enable": True, "filter": "ALL"}}],
    bad=[{"router": "r"}, {"logConfig": {"enable": False, "filter": "ALL"}}],
    unknown=[{"router": UNKNOWN, "logConfig": UNKNOWN}, {"logConfig": {"enable": UNKNOWN, "filter": "ALL"}}],
)
def nat_is_logged(nat: Resource) -> Verdict:
    """A NAT gateway keeps a log."""
    return nat.logConfig.enable.is_true()
