"""Clusters: who reaches the API server, who is administrator, what is kept of it, and what its nodes and add-ons are let do."""

import re
from typing import Final

from lepton_infra.rules.card import On, Setting, Severity, rule
from lepton_infra.rules.net import is_world
from lepton_infra.rules.values import ABSENT, UNKNOWN
from lepton_infra.rules.verdict import State, Verdict, all_of, any_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.shared.keys import EXAMPLE_KEY, WHY_OWN_KEY
from lepton_policies.shared.production import is_production

_CLUSTER: Final = "aws:eks/cluster:Cluster"
_ADDON: Final = "aws:eks/addon:Addon"
_PROD: Final = {"environment": "prod"}
_OPEN: Final = "0.0.0.0/0"
"""What EKS opens the public endpoint to where nothing is said (EKS User Guide, "Cluster API server endpoint")."""


@rule(
    "aws-eks-endpoint-open",
    Severity.CRITICAL,
    _CLUSTER,
    why="An API server open to the world is probed within minutes; one leaked token or one unpatched flaw is then enough.",
    fix="Set `vpc_config.endpoint_public_access=False`, or list your own addresses in `vpc_config.public_access_cidrs`.",
    references=("checkov:CKV_AWS_38", "trivy:AWS-0041", "prowler:eks_cluster_not_publicly_accessible", "cis-eks-1.8:5.4.1"),
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


@rule(
    "aws-eks-endpoint-public",
    Severity.MEDIUM,
    _CLUSTER,
    why="Even a narrow list of addresses is one forgotten office, one shared VPN exit wide.",
    fix="Set `vpc_config.endpoint_public_access=False` and reach the API server through your network.",
    references=("checkov:CKV_AWS_39", "trivy:AWS-0040", "prowler:eks_cluster_not_publicly_accessible", "cis-eks-1.8:5.4.2"),
    good=[{"vpcConfig": {"endpointPublicAccess": False}}],
    bad=[{"vpcConfig": {}}, {"vpcConfig": {"endpointPublicAccess": True, "publicAccessCidrs": ["203.0.113.0/24"]}}],
    unknown=[{"vpcConfig": UNKNOWN}, {"vpcConfig": {"endpointPublicAccess": UNKNOWN}}],
)
def endpoint_is_not_public(cluster: Resource) -> Verdict:
    """The API server has no public endpoint."""
    return cluster.vpcConfig.endpointPublicAccess.or_default(value=True).is_false()


@rule(
    "aws-eks-endpoint-private",
    Severity.MEDIUM,
    _CLUSTER,
    why="Without a private endpoint the nodes themselves talk to the API server over the internet.",
    fix="Set `vpc_config.endpoint_private_access=True`.",
    references=("cis-eks-1.8:5.4.2",),
    good=[{"vpcConfig": {"endpointPrivateAccess": True}}],
    bad=[{"vpcConfig": {}}, {"vpcConfig": {"endpointPrivateAccess": False}}],
    unknown=[{"vpcConfig": UNKNOWN}],
)
def endpoint_is_private(cluster: Resource) -> Verdict:
    """The API server has an endpoint inside the network."""
    return cluster.vpcConfig.endpointPrivateAccess.is_true()


@rule(
    "aws-eks-secrets-cmk",
    Severity.MEDIUM,
    _CLUSTER,
    why=f"{WHY_OWN_KEY} Kubernetes keeps registry passwords and model tokens in its secrets.",
    fix='Set `encryption_config={"resources": ["secrets"], "provider": {"key_arn": ...}}`; it cannot be taken back.',
    references=("checkov:CKV_AWS_58", "trivy:AWS-0039", "prowler:eks_cluster_kms_cmk_encryption_in_secrets_enabled", "cis-eks-1.8:5.3.1"),
    good=[{"encryptionConfig": {"resources": ["secrets"], "provider": {"keyArn": EXAMPLE_KEY}}}],
    bad=[
        {},
        {"encryptionConfig": {"resources": [], "provider": {"keyArn": EXAMPLE_KEY}}},
        {"encryptionConfig": {"resources": ["secrets"]}},
    ],
    unknown=[{"encryptionConfig": UNKNOWN}, {"encryptionConfig": {"resources": ["secrets"], "provider": {"keyArn": UNKNOWN}}}],
)
def secrets_have_a_key(cluster: Resource) -> Verdict:
    """Kubernetes secrets are under a key of yours."""
    config = cluster.encryptionConfig
    return _lists(config.resources, "secrets") & config.provider.keyArn.is_set()


@rule(
    "aws-eks-logs",
    Severity.MEDIUM,
    _CLUSTER,
    why="Without these logs nobody can say who created a pod, who read a secret, and as whom they signed in.",
    fix='Set `enabled_cluster_log_types=["api", "audit", "authenticator"]`; the other two help with scheduling faults.',
    references=(
        "checkov:CKV_AWS_37",
        "trivy:AWS-0038",
        "prowler:eks_control_plane_logging_all_types_enabled",
        "cis-eks-1.8:2.1.1",
    ),
    good=[{"enabledClusterLogTypes": ["audit", "api", "authenticator"]}],
    bad=[{}, {"enabledClusterLogTypes": ["api", "audit"]}],
    unknown=[{"enabledClusterLogTypes": UNKNOWN}, {"enabledClusterLogTypes": ["api", "audit", UNKNOWN]}],
)
def control_plane_is_logged(cluster: Resource) -> Verdict:
    """The control plane logs calls, audit and sign-ins."""
    kinds = cluster.enabledClusterLogTypes
    return all_of(_lists(kinds, wanted) for wanted in ("api", "audit", "authenticator"))


def _lists(kinds: View, wanted: str) -> Verdict:
    found = any_of(kind.is_one_of(wanted) for kind in kinds)
    return kinds.fail_because(f"has no '{wanted}'") if found.state is State.FAIL else found


@rule(
    "aws-eks-version",
    Severity.MEDIUM,
    _CLUSTER,
    why="A version past its standard support costs six times as much an hour, and past extended support gets no fixes.",
    fix="Set `version` to one in standard support, one minor at a time.",
    references=("checkov:CKV_AWS_339", "prowler:eks_cluster_uses_a_supported_version"),
    settings={"oldest": Setting("1.34", "the oldest version in standard support, by the EKS release calendar for November 2026")},
    good=[{"version": "1.34"}, {}],
    bad=[{"version": "1.29"}, {"version": 1.28}],
    unknown=[{"version": UNKNOWN}],
)
def version_is_supported(cluster: Resource) -> Verdict:
    """The cluster's version of Kubernetes is in standard support; without one EKS takes its newest."""
    version = cluster.version
    if version.raw_value() is ABSENT or version.raw_value() is UNKNOWN:
        return version.is_absent()
    oldest = str(cluster.its_settings.oldest.raw_value())
    return (
        version.pass_because("") if _minor(str(version.raw_value())) >= _minor(oldest) else version.fail_because(f"is older than {oldest}")
    )


def _minor(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])


@rule(
    "aws-eks-auth-mode",
    Severity.MEDIUM,
    _CLUSTER,
    why="With the aws-auth map anyone who may edit config maps can become administrator, and one typo locks everybody out.",
    fix='Set `access_config={"authentication_mode": "API"}` and give access by `aws.eks.AccessEntry`.',
    references=("cis-eks-1.8:4.1.7",),
    good=[{"accessConfig": {"authenticationMode": "API"}}, {"accessConfig": {"authenticationMode": "API_AND_CONFIG_MAP"}}],
    bad=[{"accessConfig": {"authenticationMode": "CONFIG_MAP"}}, {}],
    unknown=[{"accessConfig": UNKNOWN}],
)
def access_is_by_entry(cluster: Resource) -> Verdict:
    """Access to the cluster is given by AWS and not by a text inside it."""
    return ~cluster.accessConfig.authenticationMode.or_default("CONFIG_MAP").is_one_of("CONFIG_MAP")


@rule(
    "aws-eks-creator-admin",
    Severity.LOW,
    _CLUSTER,
    why="Whoever ran the first `pulumi up`, often a CI role, stays administrator for ever and stands in no list.",
    fix='Set `access_config={"bootstrap_cluster_creator_admin_permissions": False}` and name administrators by `aws.eks.AccessEntry`.',
    references=("https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html",),
    good=[{"accessConfig": {"bootstrapClusterCreatorAdminPermissions": False}, "tags": _PROD}, {}],
    bad=[{"tags": _PROD}, {"accessConfig": {"bootstrapClusterCreatorAdminPermissions": True}, "tags": _PROD}],
    unknown=[{"accessConfig": UNKNOWN, "tags": _PROD}, {"tags": UNKNOWN}],
)
def creator_is_not_admin(cluster: Resource) -> Verdict:
    """In production who made the cluster is not its administrator by that."""
    return is_production(cluster).implies(cluster.accessConfig.bootstrapClusterCreatorAdminPermissions.is_false())


@rule(
    "aws-eks-deletion-protection",
    Severity.MEDIUM,
    _CLUSTER,
    why="A cluster is gone by one wrong word in a preview that nobody read to its end, with every volume claim in it.",
    fix="Set `deletion_protection=True`, or `protect=True` among the resource's options.",
    references=("https://docs.aws.amazon.com/eks/latest/userguide/deletion-protection.html",),
    good=[{"deletionProtection": True, "tags": _PROD}, On(_CLUSTER, {"tags": _PROD}, protect=True), {}],
    bad=[{"tags": _PROD}, {"deletionProtection": False, "tags": {"Environment": "production"}}],
    unknown=[{"deletionProtection": UNKNOWN, "tags": _PROD}, {"tags": {"environment": UNKNOWN}}],
)
def cluster_is_protected(cluster: Resource) -> Verdict:
    """In production a cluster is protected from deletion."""
    kept = cluster.deletionProtection.is_true() | cluster.is_protected()
    return is_production(cluster).implies(kept)


@rule(
    "cost-eks-extended-support",
    Severity.LOW,
    _CLUSTER,
    why="By default a cluster slides into extended support, at 0.60 dollars an hour in place of 0.10, without anyone deciding it.",
    fix='Set `upgrade_policy={"support_type": "STANDARD"}`; AWS then upgrades at the end of standard support.',
    references=("https://docs.aws.amazon.com/eks/latest/userguide/view-support-status.html",),
    good=[{"upgradePolicy": {"supportType": "STANDARD"}}],
    bad=[{}, {"upgradePolicy": {"supportType": "EXTENDED"}}],
    unknown=[{"upgradePolicy": UNKNOWN}],
)
def support_is_standard(cluster: Resource) -> Verdict:
    """A cluster does not slide into extended support."""
    return cluster.upgradePolicy.supportType.is_one_of("STANDARD")


@rule(
    "aws-eks-ng-ssh-open",
    Severity.HIGH,
    "aws:eks/nodeGroup:NodeGroup",
    why="With a key and no source groups EKS opens port 22 of every node to the whole internet.",
    fix="Set `remote_access.source_security_group_ids`, or leave `remote_access` out and use Session Manager.",
    references=("checkov:CKV_AWS_100",),
    good=[{}, {"remoteAccess": {"ec2SshKey": "k", "sourceSecurityGroupIds": [UNKNOWN]}}, {"remoteAccess": {}}],
    bad=[{"remoteAccess": {"ec2SshKey": "k"}}, {"remoteAccess": {"ec2SshKey": "k", "sourceSecurityGroupIds": []}}],
    unknown=[{"remoteAccess": UNKNOWN}, {"remoteAccess": {"ec2SshKey": UNKNOWN}}],
)
def nodes_have_no_open_ssh(pool: Resource) -> Verdict:
    """SSH to the nodes of a group is for named security groups."""
    access = pool.remoteAccess
    return access.ec2SshKey.is_set().implies(access.sourceSecurityGroupIds.is_set())


@rule(
    "aws-eks-addon-version",
    Severity.LOW,
    _ADDON,
    why="Without a version the add-on is whatever AWS recommends on the day it is made, and no preview shows when that moves.",
    fix="Set `addon_version`, for instance by `aws.eks.get_addon_version`.",
    references=("https://docs.aws.amazon.com/eks/latest/userguide/managing-add-ons.html",),
    good=[{"addonName": "vpc-cni", "addonVersion": "v1.20.0-eksbuild.1"}],
    bad=[{"addonName": "vpc-cni"}],
    unknown=[{"addonName": "vpc-cni", "addonVersion": UNKNOWN}],
)
def addon_has_a_version(addon: Resource) -> Verdict:
    """An add-on says which version it is."""
    return addon.addonVersion.is_set()


@rule(
    "aws-eks-network-policy",
    Severity.LOW,
    _ADDON,
    why="Unless the network add-on enforces them, network policies are accepted and do nothing: every pod reaches every model server.",
    fix='Set `configuration_values` of vpc-cni to JSON with `"enableNetworkPolicy": "true"`.',
    references=("cis-eks-1.8:5.4.4",),
    good=[
        {"addonName": "vpc-cni", "configurationValues": '{"enableNetworkPolicy": "true"}'},
        {"addonName": "coredns"},
        {"addonName": "vpc-cni", "configurationValues": '{"env": {}, "enableNetworkPolicy": true}'},
    ],
    bad=[{"addonName": "vpc-cni"}, {"addonName": "vpc-cni", "configurationValues": '{"enableNetworkPolicy": "false"}'}],
    unknown=[{"addonName": "vpc-cni", "configurationValues": UNKNOWN}, {"addonName": UNKNOWN}],
)
def network_policies_are_enforced(addon: Resource) -> Verdict:
    """The network add-on enforces network policies."""
    values = addon.configurationValues.json_inside()
    return addon.addonName.is_one_of("vpc-cni").implies(values.enableNetworkPolicy.is_true())
