"""EKS add-ons, each with an identity of its own where it calls AWS, so that nodes need no rights for it."""

import json
from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from lepton_components import names
from lepton_components.aws import documents
from lepton_components.aws.site import Site
from lepton_components.contract import ClusterSpec

_AGENT = "eks-pod-identity-agent"
_NETWORK = {"enableNetworkPolicy": "true", "env": {"ENABLE_PREFIX_DELEGATION": "true", "WARM_PREFIX_TARGET": "1"}}
"""Enforce network policies, and give nodes addresses by the /28, without which a node runs out of pods before it runs out of GPUs."""


def before_nodes(site: Site, spec: ClusterSpec, control: aws.eks.Cluster) -> Sequence[aws.eks.Addon]:
    """Make the add-ons without which a node never becomes ready; all run on every node and need none to be created."""
    agent = _addon(site, spec, control, _AGENT)
    identity = _identity(site, control, "vpc-cni", site.managed_policy("AmazonEKS_CNI_Policy"))
    association = aws.eks.AddonPodIdentityAssociationArgs(role_arn=identity.arn, service_account="aws-node")
    cni = _addon(site, spec, control, "vpc-cni", agent, values=_NETWORK, identity=association)
    return agent, cni, _addon(site, spec, control, "kube-proxy")


def after_nodes(site: Site, spec: ClusterSpec, control: aws.eks.Cluster, pool: aws.eks.NodeGroup) -> None:
    """Make the add-ons that run as ordinary pods: names, disks, and the agent that reports a broken GPU for repair."""
    _addon(site, spec, control, "coredns", pool)
    _addon(site, spec, control, "eks-node-monitoring-agent", pool)
    driver = _identity(site, control, "aws-ebs-csi-driver", site.managed_policy("service-role/AmazonEBSCSIDriverPolicy"))
    volumes = aws.iam.RolePolicy(
        site.part(names.ROLE, "volumes"),
        role=driver.name,
        policy=spec.disks_key.apply(documents.attach_encrypted_volumes),
        opts=site.under(driver),
    )
    association = aws.eks.AddonPodIdentityAssociationArgs(role_arn=driver.arn, service_account="ebs-csi-controller-sa")
    _addon(site, spec, control, "aws-ebs-csi-driver", pool, volumes, identity=association)


def _addon(
    site: Site,
    spec: ClusterSpec,
    control: aws.eks.Cluster,
    addon: str,
    *after: pulumi.Resource,
    values: object = None,
    identity: aws.eks.AddonPodIdentityAssociationArgs | None = None,
) -> aws.eks.Addon:
    """Make an add-on in the version that AWS recommends for the cluster's, so that a preview shows when that moves."""
    version = aws.eks.get_addon_version(
        addon_name=addon, kubernetes_version=spec.kubernetes_version, opts=pulumi.InvokeOptions(parent=control)
    )
    return aws.eks.Addon(
        site.part(names.PLAIN, addon),
        cluster_name=control.name,
        addon_name=addon,
        addon_version=version.version,
        configuration_values=None if values is None else json.dumps(values, sort_keys=True),
        pod_identity_associations=None if identity is None else [identity],
        resolve_conflicts_on_create="OVERWRITE",
        resolve_conflicts_on_update="PRESERVE",
        tags=site.tags(addon),
        opts=site.under(control, *after),
    )


def _identity(site: Site, control: aws.eks.Cluster, addon: str, policy: str) -> aws.iam.Role:
    """Make a role that only this cluster's pods can take."""
    label = names.fixed(names.CLUSTER, site.scope)
    role = aws.iam.Role(
        site.part(names.ROLE, addon),
        description=f"The add-on {addon}",
        assume_role_policy=documents.trust(
            "pods.eks.amazonaws.com",
            account=site.account,
            source=site.arn("eks", f"cluster/{label}"),
            actions=("sts:AssumeRole", "sts:TagSession"),
        ),
        tags=site.tags(addon),
        opts=site.under(control),
    )
    aws.iam.RolePolicyAttachment(site.part(names.ROLE, addon), role=role.name, policy_arn=policy, opts=site.under(role))
    return role
