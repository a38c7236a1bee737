"""EKS: a control plane that only the network can reach, its log, its administrators, and then add-ons and pools in the order they need."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from lepton_components import names
from lepton_components.aws import documents
from lepton_components.aws.addons import after_nodes, before_nodes
from lepton_components.aws.pools import gpu_pool, node_role, system_pool
from lepton_components.aws.site import Site
from lepton_components.contract import ClusterFacts, ClusterSpec

_LOGS = ("api", "audit", "authenticator", "controllerManager", "scheduler")
"""All that a control plane logs."""


def cluster(name: str, spec: ClusterSpec, parent: pulumi.Resource) -> ClusterFacts:
    """Make control plane, add-ons and pools.

    The network add-on, the proxy and the identity agent must be there before the first node, which is not ready without them; add-ons that
    run as ordinary pods wait for the system pool, or their creation would fail.
    """
    site = Site.of("cluster", name, spec.scope, parent)
    control = _control_plane(site, spec)
    _administrators(site, spec, control)
    early = before_nodes(site, spec, control)
    role = node_role(site)
    system = system_pool(site, spec, control, role, early)
    after_nodes(site, spec, control, system)
    pools = {pool.name: gpu_pool(site, spec, pool, control, role, early) for pool in spec.pools}
    return ClusterFacts(
        name=control.name,
        endpoint=control.endpoint,
        certificate_authority=control.certificate_authority.apply(_certificate),
        pools=pulumi.Output.all(**{pool: group.node_group_name for pool, group in pools.items()}),
    )


def _certificate(authority: aws.eks.outputs.ClusterCertificateAuthority) -> str:
    return authority.data or ""


def _control_plane(site: Site, spec: ClusterSpec) -> aws.eks.Cluster:
    label = names.fixed(names.CLUSTER, spec.scope)
    log = aws.cloudwatch.LogGroup(
        site.part(names.LOG_GROUP, "control-plane"),
        name=names.placed(names.LOG_GROUP, "/aws/eks", f"{label}/cluster"),
        retention_in_days=spec.log_days,
        kms_key_id=spec.logs_key,
        tags=site.tags("control-plane"),
        opts=site.child(),
    )
    role, grants = _role(site, spec)
    return aws.eks.Cluster(
        site.part(names.CLUSTER, "control-plane"),
        name=label,
        version=spec.kubernetes_version,
        role_arn=role.arn,
        vpc_config={
            "subnet_ids": spec.subnets,
            "endpoint_private_access": True,
            "endpoint_public_access": False,
        },
        kubernetes_network_config={"ip_family": "ipv4", "service_ipv4_cidr": str(spec.service_cidr)},
        access_config={"authentication_mode": "API", "bootstrap_cluster_creator_admin_permissions": False},
        encryption_config={"resources": ["secrets"], "provider": {"key_arn": spec.secrets_key}},
        enabled_cluster_log_types=list(_LOGS),
        bootstrap_self_managed_addons=False,
        upgrade_policy={"support_type": "STANDARD"},
        deletion_protection=spec.deletion_protection,
        tags=site.tags("control-plane"),
        opts=site.child(log, *grants, protect=spec.scope.careful),
    )


def _role(site: Site, spec: ClusterSpec) -> tuple[aws.iam.Role, Sequence[pulumi.Resource]]:
    """Make the control plane's role, and what must be granted to it before it is used."""
    role = aws.iam.Role(
        site.part(names.ROLE, "control-plane"),
        description="The Kubernetes control plane",
        assume_role_policy=documents.trust("eks.amazonaws.com", account=site.account, source=site.arn("eks", "cluster/*")),
        tags=site.tags("control-plane"),
        opts=site.child(),
    )
    below = site.under(role)
    managed = aws.iam.RolePolicyAttachment(
        site.part(names.ROLE, "control-plane"), role=role.name, policy_arn=site.managed_policy("AmazonEKSClusterPolicy"), opts=below
    )
    secrets = aws.iam.RolePolicy(
        site.part(names.ROLE, "secrets"), role=role.name, policy=spec.secrets_key.apply(documents.use_key), opts=below
    )
    return role, (managed, secrets)


def _administrators(site: Site, spec: ClusterSpec, control: aws.eks.Cluster) -> None:
    """Let the named roles administer the cluster; nobody else, the one who made it included."""
    for principal in sorted(set(spec.administrators)):
        label = site.part(names.PLAIN, "administrator", principal.partition(":iam::")[2] or principal)
        entry = aws.eks.AccessEntry(
            label,
            cluster_name=control.name,
            principal_arn=principal,
            type="STANDARD",
            tags=site.tags("administrator"),
            opts=site.under(control),
        )
        aws.eks.AccessPolicyAssociation(
            label,
            cluster_name=control.name,
            principal_arn=entry.principal_arn,
            policy_arn=f"arn:{site.partition}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
            access_scope={"type": "cluster"},
            opts=site.under(entry),
        )
