"""A small stack on AWS, whose settings the tests change between runs."""

import json

import pulumi
import pulumi_aws as aws

config = pulumi.Config()
zones = aws.get_availability_zones(state="available")
identity = aws.get_caller_identity()
vpc = aws.ec2.Vpc("net", cidr_block=config.get("cidr") or "10.0.0.0/16", tags={"purpose": config.get("purpose") or "test"})
subnets = [
    aws.ec2.Subnet(f"net-{index}", vpc_id=vpc.id, cidr_block=f"10.0.{index}.0/24", availability_zone=zones.names[index])
    for index in range(3)
]
key = aws.kms.Key("key", enable_key_rotation=True)
aws.kms.Alias("key", target_key_id=key.key_id)
bucket = aws.s3.Bucket("data")
aws.s3.BucketServerSideEncryptionConfiguration(
    "data",
    bucket=bucket.bucket,
    rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "aws:kms", "kms_master_key_id": key.arn}}],
)
trust = aws.iam.get_policy_document(
    statements=[{"actions": ["sts:AssumeRole"], "principals": [{"type": "Service", "identifiers": ["ec2.amazonaws.com"]}]}]
)
role = aws.iam.Role("node", assume_role_policy=trust.json)
cluster = aws.eks.Cluster(
    "gpu",
    role_arn=role.arn,
    version="1.34",
    vpc_config={"subnet_ids": [one.id for one in subnets], config.get("typo") or "endpoint_private_access": True},
)
template = aws.ec2.LaunchTemplate(
    "gpu",
    instance_type=config.get("machine") or "g6e.xlarge",
    user_data=config.get_secret("user_data"),
    block_device_mappings=[{"device_name": "/dev/xvda", "ebs": {"volume_size": 100, "encrypted": "true", "kms_key_id": key.arn}}],
    metadata_options={"http_tokens": "required"},
)
nodes = aws.eks.NodeGroup(
    "gpu",
    cluster_name=cluster.name,
    node_role_arn=role.arn,
    subnet_ids=[one.id for one in subnets],
    launch_template={"id": template.id, "version": template.latest_version.apply(str)},
    scaling_config={"min_size": 0, "max_size": config.get_int("most") or 2, "desired_size": 0},
)
pulumi.export("issuer", cluster.identities[0].oidcs[0].issuer)
pulumi.export("account", identity.account_id)
pulumi.export("trust", json.loads(trust.json)["Statement"][0]["Principal"])
pulumi.export("zone", subnets[1].availability_zone)
pulumi.export("group", nodes.resources[0].autoscaling_groups[0].name)
pulumi.export("tags", vpc.tags_all)
pulumi.export("version", template.latest_version)
