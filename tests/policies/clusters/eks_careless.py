"""The cluster of `eks_careful.py` as it is found: defaults left alone, and every shortcut that makes a first run work."""

import base64
import json

import pulumi_aws as aws
import pulumi_kubernetes as k8s
from careless_workloads import workloads

REGION = "us-east-2"
EVERYTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
START = base64.b64encode(b"#!/bin/bash\nexport HF_TOKEN=hf_" + b"k" * 34 + b"\npip install vllm\n").decode()


def anyone(action: str) -> str:
    """Return a document that lets everyone do something."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": action, "Resource": "*"}]})


key = aws.kms.Key("key", policy=anyone("kms:*"))
vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16")
gateway = aws.ec2.InternetGateway("internet", vpc_id=vpc.id)
public = [
    aws.ec2.Subnet(f"public-{index}", vpc_id=vpc.id, cidr_block=f"10.0.{index}.0/24", map_public_ip_on_launch=True) for index in range(2)
]
routes = aws.ec2.RouteTable("outward", vpc_id=vpc.id, routes=[{"cidr_block": "0.0.0.0/0", "gateway_id": gateway.id}])
for index, subnet in enumerate(public):
    aws.ec2.RouteTableAssociation(f"public-{index}", subnet_id=subnet.id, route_table_id=routes.id)
nodes_group = aws.ec2.SecurityGroup(
    "nodes",
    vpc_id=vpc.id,
    ingress=[
        {"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": ["0.0.0.0/1", "128.0.0.0/1"]},
        {"protocol": "tcp", "from_port": 8000, "to_port": 9000, "cidr_blocks": ["0.0.0.0/0"]},
        {"protocol": "tcp", "from_port": 2049, "to_port": 2049, "cidr_blocks": ["0.0.0.0/0"]},
    ],
    egress=[{"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": ["0.0.0.0/0"]}],
)
aws.vpc.SecurityGroupIngressRule("all-of-ipv6", security_group_id=nodes_group.id, ip_protocol="-1", cidr_ipv6="::/0")
dashboard = aws.lb.LoadBalancer("dashboard", load_balancer_type="network", subnets=[one.id for one in public])
ray = aws.lb.TargetGroup("ray", port=8265, protocol="TCP", vpc_id=vpc.id, target_type="ip")
aws.lb.Listener(
    "dashboard",
    load_balancer_arn=dashboard.arn,
    port=80,
    protocol="TCP",
    default_actions=[{"type": "forward", "target_group_arn": ray.arn}],
)
trust = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]})
role = aws.iam.Role("node", assume_role_policy=trust)
aws.iam.RolePolicy("node", role=role.id, policy=EVERYTHING)
aws.iam.RolePolicyAttachment("node", role=role.name, policy_arn="arn:aws:iam::aws:policy/AdministratorAccess")
ci = aws.iam.User("ci")
aws.iam.AccessKey("ci", user=ci.name)
aws.iam.UserPolicyAttachment("ci", user=ci.name, policy_arn="arn:aws:iam::aws:policy/PowerUserAccess")
cluster = aws.eks.Cluster("train", role_arn=role.arn, version="1.29", vpc_config={"subnet_ids": [one.id for one in public]})
template = aws.ec2.LaunchTemplate(
    "gpu",
    user_data=START,
    block_device_mappings=[{"device_name": "/dev/xvda", "ebs": {"volume_size": 500, "volume_type": "gp2"}}],
    network_interfaces=[{"device_index": 0, "associate_public_ip_address": "true", "security_groups": [nodes_group.id]}],
)
aws.eks.NodeGroup(
    "gpu",
    cluster_name=cluster.name,
    node_role_arn=role.arn,
    subnet_ids=[one.id for one in public],
    instance_types=["p4d.24xlarge"],
    launch_template={"id": template.id, "version": "1"},
    scaling_config={"min_size": 8, "desired_size": 8, "max_size": 400},
)
aws.eks.NodeGroup(
    "system",
    cluster_name=cluster.name,
    node_role_arn=role.arn,
    subnet_ids=[one.id for one in public],
    remote_access={"ec2_ssh_key": "me"},
    scaling_config={"min_size": 2, "desired_size": 2, "max_size": 4},
)
aws.eks.Addon("vpc-cni", cluster_name=cluster.name, addon_name="vpc-cni")
models = aws.s3.Bucket("models", force_destroy=True)
aws.s3.BucketAcl("models", bucket=models.id, acl="public-read")
aws.s3.BucketPolicy("models", bucket=models.id, policy=anyone("s3:GetObject"))
aws.s3.BucketPublicAccessBlock("models", bucket=models.id, block_public_acls=False, block_public_policy=False)
images = aws.ecr.Repository("serve")
aws.ecr.RepositoryPolicy("serve", repository=images.name, policy=anyone("ecr:*"))
aws.efs.FileSystem("data", encrypted=False)
aws.fsx.LustreFileSystem("scratch", storage_capacity=4800, subnet_ids=public[0].id, deployment_type="SCRATCH_2")
aws.ebs.Volume("spare", availability_zone="us-east-2a", size=2000, type="gp2")
aws.cloudwatch.LogGroup("logs")
aws.cloudtrail.Trail("trail", s3_bucket_name=models.id, enable_logging=False)
aws.sagemaker.NotebookInstance("lab", role_arn=role.arn, instance_type="ml.g5.2xlarge")

workloads(k8s.Provider("cluster", context="train"))
