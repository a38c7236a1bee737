"""EC2 Auto Scaling: GPU workers outside Kubernetes, which nobody can connect to and which may read one bucket."""

import pulumi
import pulumi_aws as aws

from lepton_components import names
from lepton_components.aws import documents, machine
from lepton_components.aws.follow import METRIC, NAMESPACE, follow
from lepton_components.aws.schedule import schedule
from lepton_components.aws.site import Site
from lepton_components.contract import GroupFacts, GroupSpec

_METRICS = (
    aws.autoscaling.Metric.GROUP_DESIRED_CAPACITY,
    aws.autoscaling.Metric.GROUP_IN_SERVICE_INSTANCES,
    aws.autoscaling.Metric.GROUP_MAX_SIZE,
    aws.autoscaling.Metric.GROUP_MIN_SIZE,
    aws.autoscaling.Metric.GROUP_PENDING_INSTANCES,
    aws.autoscaling.Metric.GROUP_TERMINATING_INSTANCES,
    aws.autoscaling.Metric.GROUP_TOTAL_INSTANCES,
)
"""What advice on the next plan is made from; free of charge."""
_LEAST_HEALTHY_PERCENT = 90
_MOST_HEALTHY_PERCENT = 110
"""Replace a worker by starting its successor first, a tenth of the group at a time."""


def group(name: str, spec: GroupSpec, parent: pulumi.Resource) -> GroupFacts:
    """Make identity, firewall, template, group, schedule and, where the plan has a loop, what follows load."""
    site = Site.of("group", name, spec.scope, parent)
    role = aws.iam.Role(
        site.part(names.ROLE, "worker"),
        description=f"Workers of the group {name}",
        assume_role_policy=documents.trust("ec2.amazonaws.com", account=site.account),
        tags=site.tags("worker"),
        opts=site.child(),
    )
    made = _group(site, spec, _template(site, spec, _profile(site, spec, role)))
    schedule(site, spec.pool, made.name, made)
    if spec.pool.loop is not None:
        follow(site, made, spec.pool.loop, spec.pool.lead_minutes)
    elif spec.pool.target_utilisation is not None:
        _track(site, made, spec.pool.target_utilisation, spec.pool.lead_minutes)
    return GroupFacts(name=made.name, identity=role.arn)


def _profile(site: Site, spec: GroupSpec, role: aws.iam.Role) -> pulumi.Output[str]:
    """Let workers read the bucket and answer Session Manager; the fact waits for these rights."""
    instances, via = site.arn("ec2", "instance/*"), f"s3.{spec.scope.region}.amazonaws.com"

    def rights(given: list[str]) -> str:
        bucket, key = given
        own = [documents.presence(instances), documents.sessions(instances), *documents.read_bucket(bucket, key, via)]
        tracked = [documents.publish(instances, NAMESPACE)] if spec.pool.follows else []
        return documents.document(*own, *tracked)

    policy = aws.iam.RolePolicy(
        site.part(names.ROLE, "worker"),
        role=role.name,
        policy=pulumi.Output.all(spec.storage, spec.storage_key).apply(rights),
        opts=site.under(role),
    )
    profile = aws.iam.InstanceProfile(site.part(names.ROLE, "worker"), role=role.name, tags=site.tags("worker"), opts=site.under(role))
    return pulumi.Output.all(profile.arn, policy.id).apply(lambda made: made[0])


def _firewall(site: Site, spec: GroupSpec) -> aws.ec2.SecurityGroup:
    """Admit nothing; let workers reach the network's endpoints and object storage by TLS."""
    firewall = aws.ec2.SecurityGroup(
        site.part(names.SECURITY_GROUP, "worker"),
        description=f"Workers of the group {site.name}: nothing in, TLS to AWS out",
        vpc_id=spec.network,
        tags=site.tags("worker"),
        opts=site.child(),
    )
    for label, cidr, prefix in (("endpoints", str(spec.cidr), None), ("storage", None, spec.storage_prefix)):
        aws.vpc.SecurityGroupEgressRule(
            site.part(names.PLAIN, "worker", label),
            security_group_id=firewall.id,
            description=f"TLS to {label}",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ipv4=cidr,
            prefix_list_id=prefix,
            tags=site.tags("worker", label),
            opts=site.under(firewall),
        )
    return firewall


def image_parameter(kind: str) -> str:
    """Return where AWS publishes the image with NVIDIA's driver and container toolkit (Deep Learning AMI guide, "Find the ID")."""
    return f"/aws/service/deeplearning/ami/{machine.architecture(kind)}/base-oss-nvidia-driver-gpu-amazon-linux-2023/latest/ami-id"


def _template(site: Site, spec: GroupSpec, profile: pulumi.Output[str]) -> aws.ec2.LaunchTemplate:
    pool = spec.pool
    found = aws.ssm.get_parameter(name=image_parameter(pool.machine), opts=pulumi.InvokeOptions(parent=site.parent))
    return aws.ec2.LaunchTemplate(
        site.part(names.TEMPLATE, "worker"),
        description=f"Workers of the group {site.name}",
        update_default_version=True,
        image_id=found.value,
        instance_type=pool.machine,
        iam_instance_profile={"arn": profile},
        metadata_options=machine.metadata(),
        block_device_mappings=[machine.disk(pool.disk_gib, spec.disks_key, fast=True)],
        network_interfaces=[machine.interface(_firewall(site, spec).id)],
        monitoring={"enabled": True},
        tag_specifications=machine.tagged(site.machine_tags(pool.served, "worker")),
        tags=site.tags("worker"),
        opts=site.child(),
    )


def _group(site: Site, spec: GroupSpec, template: aws.ec2.LaunchTemplate) -> aws.autoscaling.Group:
    """Make the group; where there is a schedule, floor and size are its, and an `up` never fights it.

    `up` does not wait for workers: in a stock-out it would fail although the group keeps trying.
    """
    pool, tags = spec.pool, site.machine_tags(spec.pool.served, "worker")
    patience = pool.lead_minutes * 60
    return aws.autoscaling.Group(
        site.part(names.GROUP, "workers"),
        min_size=pool.min_nodes,
        desired_capacity=pool.min_nodes,
        max_size=pool.max_nodes,
        vpc_zone_identifiers=spec.subnets,
        launch_template=None if pool.spot else {"id": template.id, "version": template.latest_version.apply(str)},
        mixed_instances_policy=_all_spot(template) if pool.spot else None,
        health_check_type="EC2",
        health_check_grace_period=patience,
        default_instance_warmup=patience,
        instance_maintenance_policy={"min_healthy_percentage": _LEAST_HEALTHY_PERCENT, "max_healthy_percentage": _MOST_HEALTHY_PERCENT},
        instance_refresh={
            "strategy": "Rolling",
            "preferences": {
                "min_healthy_percentage": _LEAST_HEALTHY_PERCENT,
                "max_healthy_percentage": _MOST_HEALTHY_PERCENT,
                "auto_rollback": True,
                "skip_matching": True,
            },
        },
        termination_policies=["OldestLaunchTemplate", "OldestInstance"],
        enabled_metrics=list(_METRICS),
        metrics_granularity="1Minute",
        capacity_rebalance=pool.spot,
        wait_for_capacity_timeout="0",
        tags=[{"key": key, "value": value, "propagate_at_launch": True} for key, value in tags.items()],
        opts=site.child(ignore=("desiredCapacity", "minSize") if pool.schedule else ("desiredCapacity",)),
    )


def _all_spot(template: aws.ec2.LaunchTemplate) -> aws.autoscaling.GroupMixedInstancesPolicyArgsDict:
    """Buy every worker as spot, where EC2 expects to take it back least; it is replaced as soon as EC2 warns (capacity rebalancing).

    EC2 Auto Scaling user guide, "Allocation strategies": price-capacity-optimized looks at capacity first, then at price.
    """
    return {
        "launch_template": {
            "launch_template_specification": {"launch_template_id": template.id, "version": template.latest_version.apply(str)},
        },
        "instances_distribution": {
            "on_demand_base_capacity": 0,
            "on_demand_percentage_above_base_capacity": 0,
            "spot_allocation_strategy": "price-capacity-optimized",
        },
    }


def _track(site: Site, made: aws.autoscaling.Group, target: float, lead_minutes: int) -> None:
    """Follow load above the floors where no table says how: hold the mean of what workers publish at the target.

    EC2 knows nothing of requests, so workers say how busy they are: each publishes `METRIC` in `NAMESPACE` every minute, which their role
    allows. Until one does, the policy has no data and changes nothing, and the floors alone serve (EC2 Auto Scaling user guide, "Target
    tracking scaling policies"). How long EC2 waits before it scales in is its own rule.
    """
    aws.autoscaling.Policy(
        site.part(names.SCHEDULE, "load"),
        autoscaling_group_name=made.name,
        policy_type="TargetTrackingScaling",
        estimated_instance_warmup=lead_minutes * 60,
        target_tracking_configuration={
            "target_value": round(target * 100, 2),
            "customized_metric_specification": {
                "namespace": NAMESPACE,
                "metric_name": METRIC,
                "statistic": "Average",
                "unit": "Percent",
                "metric_dimensions": [{"name": "AutoScalingGroupName", "value": made.name}],
            },
        },
        opts=site.under(made),
    )
