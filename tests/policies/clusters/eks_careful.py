"""A training and serving cluster on EKS, as a platform engineer writes one who knows the guides."""

import json

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s
from workloads import workloads

TAGS = {"team": "ml-platform", "owner": "ml-platform@example.com", "environment": "prod", "cost-center": "4711"}
REGION = "us-east-2"
ZONES = ("us-east-2a", "us-east-2b")


def assumed_by(service: str, *actions: str) -> str:
    """Return the trust of a role that a service of AWS takes."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": ["sts:AssumeRole", *actions]}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


aws_here = aws.Provider("here", region=REGION, default_tags={"tags": TAGS})
pulumi.runtime.register_stack_transformation(
    lambda args: pulumi.ResourceTransformationResult(
        args.props,
        pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(provider=aws_here)) if args.type_.startswith("aws:") else args.opts,
    )
)

account = aws.get_caller_identity_output().account_id
key = aws.kms.Key(
    "key",
    description="data of the cluster",
    enable_key_rotation=True,
    deletion_window_in_days=30,
    policy=account.apply(
        lambda number: json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{number}:root"}, "Action": "kms:*", "Resource": "*"},
                ],
            }
        )
    ),
)

# The network: private nodes, one way out, S3 without NAT.
vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", enable_dns_hostnames=True)
aws.ec2.DefaultSecurityGroup("default", vpc_id=vpc.id, ingress=[], egress=[])
gateway = aws.ec2.InternetGateway("internet", vpc_id=vpc.id)
public = aws.ec2.Subnet("public", vpc_id=vpc.id, cidr_block="10.0.0.0/24", availability_zone=ZONES[0], map_public_ip_on_launch=False)
private = [
    aws.ec2.Subnet(f"private-{zone}", vpc_id=vpc.id, cidr_block=f"10.0.{16 * (index + 1)}.0/20", availability_zone=zone)
    for index, zone in enumerate(ZONES)
]
address = aws.ec2.Eip("nat", domain="vpc")
nat = aws.ec2.NatGateway("nat", subnet_id=public.id, allocation_id=address.id)
outward = aws.ec2.RouteTable("outward", vpc_id=vpc.id, routes=[{"cidr_block": "0.0.0.0/0", "gateway_id": gateway.id}])
through_nat = aws.ec2.RouteTable("through-nat", vpc_id=vpc.id, routes=[{"cidr_block": "0.0.0.0/0", "nat_gateway_id": nat.id}])
aws.ec2.RouteTableAssociation("public", subnet_id=public.id, route_table_id=outward.id)
for zone, subnet in zip(ZONES, private, strict=True):
    aws.ec2.RouteTableAssociation(f"private-{zone}", subnet_id=subnet.id, route_table_id=through_nat.id)
aws.ec2.VpcEndpoint("s3", vpc_id=vpc.id, service_name=f"com.amazonaws.{REGION}.s3", route_table_ids=[through_nat.id])
flow_group = aws.cloudwatch.LogGroup("flows", retention_in_days=365, kms_key_id=key.arn)
flow_role = aws.iam.Role("flows", assume_role_policy=assumed_by("vpc-flow-logs.amazonaws.com"))
aws.iam.RolePolicy(
    "flows",
    role=flow_role.id,
    policy=flow_group.arn.apply(
        lambda arn: json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": f"{arn}:*"}],
            }
        )
    ),
)
aws.ec2.FlowLog("flows", vpc_id=vpc.id, traffic_type="ALL", log_destination=flow_group.arn, iam_role_arn=flow_role.arn)

# The cluster.
cluster_role = aws.iam.Role("cluster", assume_role_policy=assumed_by("eks.amazonaws.com", "sts:TagSession"))
aws.iam.RolePolicyAttachment("cluster", role=cluster_role.name, policy_arn="arn:aws:iam::aws:policy/AmazonEKSClusterPolicy")
aws.cloudwatch.LogGroup("control-plane", name="/aws/eks/train/cluster", retention_in_days=365, kms_key_id=key.arn)
cluster = aws.eks.Cluster(
    "train",
    name="train",
    version="1.34",
    role_arn=cluster_role.arn,
    access_config={"authentication_mode": "API", "bootstrap_cluster_creator_admin_permissions": False},
    enabled_cluster_log_types=["api", "audit", "authenticator", "controllerManager", "scheduler"],
    encryption_config={"resources": ["secrets"], "provider": {"key_arn": key.arn}},
    upgrade_policy={"support_type": "STANDARD"},
    deletion_protection=True,
    vpc_config={"subnet_ids": [one.id for one in private], "endpoint_private_access": True, "endpoint_public_access": False},
)
node_role = aws.iam.Role("node", assume_role_policy=assumed_by("ec2.amazonaws.com"))
for policy in ("AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly", "AmazonSSMManagedInstanceCore"):
    aws.iam.RolePolicyAttachment(f"node-{policy}", role=node_role.name, policy_arn=f"arn:aws:iam::aws:policy/{policy}")
fabric = aws.ec2.SecurityGroup("fabric", vpc_id=vpc.id, description="between the GPUs of a job")
aws.vpc.SecurityGroupIngressRule(
    "fabric", security_group_id=fabric.id, referenced_security_group_id=fabric.id, ip_protocol="-1", description="NCCL over EFA"
)
aws.vpc.SecurityGroupEgressRule(
    "fabric", security_group_id=fabric.id, referenced_security_group_id=fabric.id, ip_protocol="-1", description="NCCL over EFA"
)
aws.vpc.SecurityGroupEgressRule(
    "fabric-https", security_group_id=fabric.id, cidr_ipv4="0.0.0.0/0", ip_protocol="tcp", from_port=443, to_port=443, description="APIs"
)
DISK = {"volume_type": "gp3", "encrypted": "true", "kms_key_id": key.arn, "delete_on_termination": "true"}
system_template = aws.ec2.LaunchTemplate(
    "system",
    metadata_options={"http_tokens": "required", "http_put_response_hop_limit": 1},
    monitoring={"enabled": True},
    block_device_mappings=[{"device_name": "/dev/xvda", "ebs": {**DISK, "volume_size": 100}}],
)
gpu_template = aws.ec2.LaunchTemplate(
    "gpu",
    metadata_options={"http_tokens": "required", "http_put_response_hop_limit": 1},
    monitoring={"enabled": True},
    block_device_mappings=[{"device_name": "/dev/xvda", "ebs": {**DISK, "volume_size": 500}}],
    network_interfaces=[
        {"device_index": 0 if card == 0 else 1, "network_card_index": card, "interface_type": "efa", "security_groups": [fabric.id]}
        for card in range(4)
    ],
    capacity_reservation_specification={"capacity_reservation_target": {"capacity_reservation_id": "cr-0123456789abcdef0"}},
)
aws.eks.NodeGroup(
    "system",
    cluster_name=cluster.name,
    node_role_arn=node_role.arn,
    subnet_ids=[one.id for one in private],
    instance_types=["m7i.xlarge"],
    ami_type="AL2023_x86_64_STANDARD",
    launch_template={"id": system_template.id, "version": system_template.latest_version},
    scaling_config={"min_size": 2, "desired_size": 2, "max_size": 4},
    node_repair_config={"enabled": True},
)
aws.eks.NodeGroup(
    "gpu",
    cluster_name=cluster.name,
    node_role_arn=node_role.arn,
    subnet_ids=[private[0].id],
    instance_types=["p4d.24xlarge"],
    ami_type="AL2023_x86_64_NVIDIA",
    launch_template={"id": gpu_template.id, "version": gpu_template.latest_version},
    scaling_config={"min_size": 0, "desired_size": 0, "max_size": 8},
    taints=[{"key": "nvidia.com/gpu", "value": "true", "effect": "NO_SCHEDULE"}],
    node_repair_config={"enabled": True},
)
for addon, version in (("vpc-cni", "v1.20.4-eksbuild.1"), ("eks-pod-identity-agent", "v1.3.10-eksbuild.1")):
    aws.eks.Addon(
        addon,
        cluster_name=cluster.name,
        addon_name=addon,
        addon_version=version,
        configuration_values=json.dumps({"enableNetworkPolicy": "true"}) if addon == "vpc-cni" else None,
    )

# Data: a bucket for weights and checkpoints, a registry, a fast file system.
logs = aws.s3.Bucket("logs")
models = aws.s3.Bucket("models", tags={"content": "model weights"})
for name, bucket in (("logs", logs), ("models", models)):
    aws.s3.BucketPublicAccessBlock(
        name, bucket=bucket.id, block_public_acls=True, block_public_policy=True, ignore_public_acls=True, restrict_public_buckets=True
    )
    aws.s3.BucketLifecycleConfiguration(
        name,
        bucket=bucket.id,
        rules=[
            {
                "id": "tidy",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "abort_incomplete_multipart_upload": {"days_after_initiation": 3},
                "noncurrent_version_expiration": {"noncurrent_days": 30},
            }
        ],
    )
    aws.s3.BucketPolicy(
        name,
        bucket=bucket.id,
        policy=bucket.arn.apply(
            lambda arn: json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Deny",
                            "Principal": "*",
                            "Action": "s3:*",
                            "Resource": [arn, f"{arn}/*"],
                            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                        }
                    ],
                }
            )
        ),
    )
aws.s3.BucketVersioning("models", bucket=models.id, versioning_configuration={"status": "Enabled"})
aws.s3.BucketServerSideEncryptionConfiguration(
    "models",
    bucket=models.id,
    rules=[
        {"apply_server_side_encryption_by_default": {"sse_algorithm": "aws:kms", "kms_master_key_id": key.arn}, "bucket_key_enabled": True}
    ],
)
aws.s3.BucketLogging("models", bucket=models.id, target_bucket=logs.id, target_prefix="models/")
aws.ecr.Repository(
    "serve",
    image_tag_mutability="IMMUTABLE",
    image_scanning_configuration={"scan_on_push": True},
    encryption_configurations=[{"encryption_type": "KMS", "kms_key": key.arn}],
)
aws.fsx.LustreFileSystem(
    "scratch",
    storage_capacity=4800,
    subnet_ids=private[0].id,
    deployment_type="PERSISTENT_2",
    per_unit_storage_throughput=250,
    data_compression_type="LZ4",
    kms_key_id=key.arn,
    automatic_backup_retention_days=7,
    security_group_ids=[fabric.id],
    root_squash_configuration={"root_squash": "65534:65534"},
)
trainer_role = aws.iam.Role("trainer", assume_role_policy=assumed_by("pods.eks.amazonaws.com", "sts:TagSession"))
aws.iam.RolePolicy(
    "trainer",
    role=trainer_role.id,
    policy=models.arn.apply(
        lambda arn: json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": f"{arn}/*"},
                    {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": arn},
                ],
            }
        )
    ),
)
aws.eks.PodIdentityAssociation(
    "trainer", cluster_name=cluster.name, namespace="training", service_account="trainer", role_arn=trainer_role.arn
)
aws.budgets.Budget(
    "gpus",
    budget_type="COST",
    limit_amount="250000",
    limit_unit="USD",
    time_unit="MONTHLY",
    notifications=[
        {
            "comparison_operator": "GREATER_THAN",
            "threshold": 80,
            "threshold_type": "PERCENTAGE",
            "notification_type": "FORECASTED",
            "subscriber_email_addresses": ["ml-platform@example.com"],
        }
    ],
)


workloads(k8s.Provider("cluster", context="train"), {"service.beta.kubernetes.io/aws-load-balancer-scheme": "internal"})
