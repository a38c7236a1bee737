"""Managed node groups: small nodes for the cluster's own workloads, and GPU nodes in the plan's bounds."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from lepton_components import names
from lepton_components.aws import documents, machine
from lepton_components.aws.schedule import schedule
from lepton_components.aws.site import Site
from lepton_components.contract import SYSTEM, ClusterSpec
from lepton_components.pool import PoolSpec

_SYSTEM_DISK_GIB = 50
_ACCELERATOR = "k8s.amazonaws.com/accelerator"
"""The label by which the cluster autoscaler knows which GPU a node would have (autoscaler, "cloudprovider/aws", GPU nodes)."""
_GPU = "nvidia.com/gpu"
SPOT_TAINT = "lepton/spot"
"""The taint of spot nodes; what may be interrupted tolerates it."""


@dataclass(frozen=True, slots=True)
class Nodes:
    """What one node group differs in from another."""

    label: str
    pool: str
    machine: str
    image: str
    disk_gib: int
    min_nodes: int
    max_nodes: int
    gpu: bool
    labels: Mapping[str, str]
    spot: bool = False
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


def node_role(site: Site) -> pulumi.Output[str]:
    """Make the role of all nodes: join the cluster, pull images, answer Session Manager; the fact waits for these rights."""
    role = aws.iam.Role(
        site.part(names.ROLE, "node"),
        description="Nodes of the Kubernetes cluster",
        assume_role_policy=documents.trust("ec2.amazonaws.com", account=site.account),
        tags=site.tags("node"),
        opts=site.child(),
    )
    below = site.under(role)
    managed = [
        aws.iam.RolePolicyAttachment(
            site.part(names.ROLE, "node", label), role=role.name, policy_arn=site.managed_policy(policy), opts=below
        )
        for label, policy in (("join", "AmazonEKSWorkerNodePolicy"), ("pull", "AmazonEC2ContainerRegistryPullOnly"))
    ]
    instances = site.arn("ec2", "instance/*")
    sessions = aws.iam.RolePolicy(
        site.part(names.ROLE, "node", "sessions"),
        role=role.name,
        policy=documents.document(documents.presence(instances), documents.sessions(instances)),
        opts=below,
    )
    return pulumi.Output.all(role.arn, sessions.id, *(one.id for one in managed)).apply(lambda made: made[0])


def system_pool(
    site: Site, spec: ClusterSpec, control: aws.eks.Cluster, role: pulumi.Output[str], after: Sequence[pulumi.Resource]
) -> aws.eks.NodeGroup:
    """Make the nodes for the cluster's own workloads."""
    wanted = spec.system_pool
    nodes = Nodes(
        label=SYSTEM,
        pool=SYSTEM,
        machine=wanted.machine,
        image=image(wanted.machine, gpu=False),
        disk_gib=_SYSTEM_DISK_GIB,
        min_nodes=wanted.min_nodes,
        max_nodes=wanted.max_nodes,
        gpu=False,
        labels={"lepton/pool": SYSTEM},
    )
    return _node_group(site, spec, nodes, control, role, after)


def gpu_pool(
    site: Site, spec: ClusterSpec, pool: PoolSpec, control: aws.eks.Cluster, role: pulumi.Output[str], after: Sequence[pulumi.Resource]
) -> aws.eks.NodeGroup:
    """Make GPU nodes, tell the autoscaler what a node would bring while there is none, and write the plan's hours on the group."""
    kind = accelerator(pool.gpu)
    nodes = Nodes(
        label=pool.name,
        pool=pool.served,
        machine=pool.machine,
        image=image(pool.machine, gpu=True),
        disk_gib=pool.disk_gib,
        min_nodes=pool.min_nodes,
        max_nodes=pool.max_nodes,
        gpu=True,
        labels={"lepton/pool": pool.name, f"{_GPU}.present": "true", _ACCELERATOR: kind},
        spot=pool.spot,
        tags=pool.planned_tags,
    )
    made = _node_group(site, spec, nodes, control, role, after)
    group = made.resources.apply(_autoscaling_group)
    for label, key, value in template_tags(pool.gpus, kind, spot=pool.spot):
        aws.autoscaling.Tag(
            site.part(names.PLAIN, pool.name, label),
            autoscaling_group_name=group,
            tag={"key": f"k8s.io/cluster-autoscaler/node-template/{key}", "value": value, "propagate_at_launch": False},
            opts=site.under(made),
        )
    schedule(site, pool, group, made)
    return made


def accelerator(gpu: str) -> str:
    """Return a kind of GPU as the value of a label, which holds no spaces: `RTX PRO 6000` is `nvidia-rtx-pro-6000`."""
    return f"nvidia-{re.sub(r'[^a-z0-9.]+', '-', gpu.lower()).strip('-.')}"


def image(kind: str, *, gpu: bool) -> str:
    """Return the family of images for a machine: Amazon Linux 2023, with NVIDIA's driver where there is a GPU."""
    architecture = machine.architecture(kind)
    if gpu:
        return f"AL2023_{architecture}_NVIDIA" if architecture == "x86_64" else "AL2023_ARM_64_NVIDIA"
    return "AL2023_x86_64_STANDARD" if architecture == "x86_64" else "AL2023_ARM_64_STANDARD"


def template_tags(gpus: int, accelerator: str, *, spot: bool = False) -> Sequence[tuple[str, str, str]]:
    """Return name, key and value of what the autoscaler must know to start a pool from no node."""
    return (
        ("scale-gpus", f"resources/{_GPU}", str(gpus)),
        ("scale-label", f"label/{_ACCELERATOR}", accelerator),
        ("scale-taint", f"taint/{_GPU}", "true:NoSchedule"),
        *((("scale-spot", f"taint/{SPOT_TAINT}", "true:NoSchedule"),) if spot else ()),
    )


def _autoscaling_group(resources: Sequence[aws.eks.outputs.NodeGroupResource]) -> str:
    """Return the name of the group that EKS made for the nodes."""
    return next(group.name or "" for one in resources for group in one.autoscaling_groups or [])


def _template(site: Site, spec: ClusterSpec, nodes: Nodes, control: aws.eks.Cluster) -> aws.ec2.LaunchTemplate:
    """Make the template; it names no machine, role or image, for EKS adds those (EKS user guide, "Launch template support")."""
    security_group = control.vpc_config.apply(lambda config: config.cluster_security_group_id or "")
    return aws.ec2.LaunchTemplate(
        site.part(names.TEMPLATE, nodes.label),
        description=f"Nodes of the pool {nodes.label}",
        update_default_version=True,
        metadata_options=machine.metadata(),
        block_device_mappings=[machine.disk(nodes.disk_gib, spec.disks_key, fast=nodes.gpu)],
        network_interfaces=[machine.interface(security_group)],
        monitoring={"enabled": True},
        user_data=machine.bootstrap() if nodes.gpu else None,
        tag_specifications=machine.tagged(site.machine_tags(nodes.pool, nodes.label)),
        tags=site.tags(nodes.label),
        opts=site.under(control),
    )


def _taints(nodes: Nodes) -> list[aws.eks.NodeGroupTaintArgsDict]:
    """Return what keeps pods away: from GPU nodes those that ask for no GPU, from spot nodes those that do not say they may be interrupted.

    EKS itself labels the nodes of a group with `eks.amazonaws.com/capacityType`; it does not taint them.
    """
    gpu: list[aws.eks.NodeGroupTaintArgsDict] = [{"key": _GPU, "value": "true", "effect": "NO_SCHEDULE"}] if nodes.gpu else []
    spot: list[aws.eks.NodeGroupTaintArgsDict] = [{"key": SPOT_TAINT, "value": "true", "effect": "NO_SCHEDULE"}] if nodes.spot else []
    return [*gpu, *spot]


def _node_group(
    site: Site, spec: ClusterSpec, nodes: Nodes, control: aws.eks.Cluster, role: pulumi.Output[str], after: Sequence[pulumi.Resource]
) -> aws.eks.NodeGroup:
    """Make the group; its present size belongs to autoscaler and schedule, and an update takes no machine more than there are.

    A GPU machine for a surge is the one that cannot be had, hence the update strategy MINIMAL: a node goes before its successor comes.
    EKS cannot move a group to other subnets and would replace it, all its machines at once. A zone that is added to the network is
    therefore for pools made later: this one stays in the zones that it was made in.
    """
    template = _template(site, spec, nodes, control)
    return aws.eks.NodeGroup(
        site.part(names.NODE_POOL, nodes.label),
        cluster_name=control.name,
        version=spec.kubernetes_version,
        node_role_arn=role,
        subnet_ids=spec.subnets,
        ami_type=nodes.image,
        capacity_type="SPOT" if nodes.spot else "ON_DEMAND",
        instance_types=[nodes.machine],
        launch_template={"id": template.id, "version": template.latest_version.apply(str)},
        scaling_config={"min_size": nodes.min_nodes, "desired_size": nodes.min_nodes, "max_size": nodes.max_nodes},
        update_config={"max_unavailable": 1, "update_strategy": "MINIMAL" if nodes.gpu else "DEFAULT"},
        node_repair_config={"enabled": True},
        labels=dict(nodes.labels),
        taints=_taints(nodes) or None,
        tags={**site.tags(nodes.label), **nodes.tags},
        opts=site.under(control, *after, ignore=["scalingConfig.desiredSize", "subnetIds"]),
    )
