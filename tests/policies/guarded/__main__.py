"""A small platform with six faults, each mended where the stack is careful."""

import pulumi
import pulumi_aws as aws

careful = pulumi.Config().require_bool("careful")
owner = {"owner": "ml-platform@example.com"}

bucket = aws.s3.Bucket("models", acl=None if careful else "public-read", tags=owner)

aws.ebs.Volume("scratch", availability_zone="us-east-1a", size=100, encrypted=careful, tags=owner if careful else {"team": "inference"})

assume = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "eks.amazonaws.com"}}],
}
role = aws.iam.Role("cluster", assume_role_policy=pulumi.Output.json_dumps(assume), tags=owner)

wanted = {"Action": ["s3:GetObject"], "Resource": bucket.arn} if careful else {"NotAction": ["organizations:*"], "Resource": "*"}
document = pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **wanted}]})
aws.iam.RolePolicy("cluster", role=role.name, policy=document)

cluster = aws.eks.Cluster(
    "inference",
    role_arn=role.arn,
    vpc_config={
        "subnet_ids": ["subnet-0a", "subnet-0b"],
        "endpoint_public_access": True,
        "public_access_cidrs": ["203.0.113.0/24"] if careful else ["0.0.0.0/1", "128.0.0.0/1"],
    },
    tags=owner,
)

aws.eks.NodeGroup(
    "gpus",
    cluster_name=cluster.name,
    node_role_arn=role.arn,
    subnet_ids=["subnet-0a", "subnet-0b"],
    instance_types=["p5.48xlarge"],
    scaling_config={"min_size": 0, "desired_size": 0, "max_size": 8 if careful else 10_000},
    tags=owner,
)
