"""Policy documents as pure functions: who may do what, to which resource, under which condition.

A wildcard resource stands only in key policies and endpoint policies, where it means "this key" and "whatever this endpoint reaches",
and with actions that know no resource; each of the latter carries a condition instead.
"""

import json
from collections.abc import Sequence

Statement = dict[str, object]

VERSION = "2012-10-17"
"""The policy language's version (IAM user guide, "Version element"); not a date of ours."""

_KEY_USE = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
_KEY_ADMINISTRATION = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListKeyRotations",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)


def document(*statements: Statement) -> str:
    """Return a policy document, the same text for the same statements."""
    return json.dumps({"Version": VERSION, "Statement": list(statements)}, sort_keys=True)


def trust(service: str, *, account: str, source: str | None = None, actions: Sequence[str] = ("sts:AssumeRole",)) -> str:
    """Return who may assume a role: one service, for this account's resources, and for `source` alone where the service says it."""
    statement: Statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": list(actions)}
    if source is not None:
        statement["Condition"] = {"StringEquals": {"aws:SourceAccount": account}, "ArnLike": {"aws:SourceArn": source}}
    return document(statement)


def key_administration(root: str) -> Statement:
    """Let the account administer a key, through IAM, without using it (KMS developer guide, "Default key policy")."""
    return {"Sid": "Administration", "Effect": "Allow", "Principal": {"AWS": root}, "Action": list(_KEY_ADMINISTRATION), "Resource": "*"}


def key_use_via(root: str, account: str, service: str) -> list[Statement]:
    """Let those whom IAM allows it use a key, through one service only (KMS developer guide, "kms:ViaService")."""
    through = {"kms:CallerAccount": account, "kms:ViaService": service}
    use: Statement = {"Sid": "Use", "Effect": "Allow", "Principal": {"AWS": root}, "Action": list(_KEY_USE), "Resource": "*"}
    grant: Statement = {"Sid": "Grant", "Effect": "Allow", "Principal": {"AWS": root}, "Action": ["kms:CreateGrant"], "Resource": "*"}
    return [
        use | {"Condition": {"StringEquals": through}},
        grant | {"Condition": {"StringEquals": through, "Bool": {"kms:GrantIsForAWSResource": "true"}}},
    ]


def key_use_by_role(role: str) -> list[Statement]:
    """Let a service's own role use a key and pass it on to volumes (EC2 Auto Scaling user guide, "Required KMS key policy")."""
    use: Statement = {"Sid": "RoleUse", "Effect": "Allow", "Principal": {"AWS": role}, "Action": list(_KEY_USE), "Resource": "*"}
    grant: Statement = {"Sid": "RoleGrant", "Effect": "Allow", "Principal": {"AWS": role}, "Action": ["kms:CreateGrant"], "Resource": "*"}
    return [use, grant | {"Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}}}]


def key_use_for_secrets(root: str, account: str) -> list[Statement]:
    """Let those whom IAM allows it hand a key to EKS: the cluster's role encrypts with it, whoever makes the cluster grants it."""
    caller = {"StringEquals": {"kms:CallerAccount": account}}
    return [
        {
            "Sid": "Use",
            "Effect": "Allow",
            "Principal": {"AWS": root},
            "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:ListGrants"],
            "Resource": "*",
            "Condition": caller,
        },
        {
            "Sid": "Grant",
            "Effect": "Allow",
            "Principal": {"AWS": root},
            "Action": ["kms:CreateGrant"],
            "Resource": "*",
            "Condition": caller | {"Bool": {"kms:GrantIsForAWSResource": "true"}},
        },
    ]


def key_use_for_logs(service: str, groups: Sequence[str]) -> Statement:
    """Let CloudWatch Logs encrypt these log groups alone (CloudWatch Logs user guide, "Encrypt log data")."""
    return {
        "Sid": "Logs",
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": list(_KEY_USE),
        "Resource": "*",
        "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": list(groups)}},
    }


def _for_budgets(account: str, budgets: str) -> Statement:
    """Return who AWS Budgets is when it acts for this account (AWS Cost Management user guide, "Creating an Amazon SNS topic")."""
    return {
        "Sid": "Budgets",
        "Effect": "Allow",
        "Principal": {"Service": "budgets.amazonaws.com"},
        "Condition": {"StringEquals": {"aws:SourceAccount": account}, "ArnLike": {"aws:SourceArn": budgets}},
    }


def key_use_for_budgets(account: str, budgets: str) -> Statement:
    """Let this account's budgets publish on topics that are encrypted with a key (SNS developer guide, "Key management")."""
    return _for_budgets(account, budgets) | {"Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": "*"}


def budget_topic(topic: str, account: str, budgets: str) -> str:
    """Let this account's budgets publish on one topic, and nobody without TLS."""
    return document(
        _for_budgets(account, budgets) | {"Action": ["sns:Publish"], "Resource": topic},
        {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sns:Publish",
            "Resource": topic,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    )


def write_logs(group: str) -> str:
    """Let a role write streams of one log group."""
    return document(
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            "Resource": [group, f"{group}:*"],
        }
    )


def own_account(account: str) -> str:
    """Let an endpoint serve this account's identities only, so that nobody carries data out with another account's."""
    return document(
        {
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": "*",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:PrincipalAccount": account}},
        }
    )


def own_buckets(account: str, partition: str, region: str) -> str:
    """Let the S3 endpoint reach this account's buckets, and read the two of AWS's that nodes cannot do without.

    Image layers come from ECR's own bucket by links that ECR signs (ECR user guide, "Interface VPC endpoints"), packages of Amazon Linux
    from its repositories' (Amazon Linux 2023 user guide, "Repositories"); neither request carries an identity of this account.
    """
    return document(
        {
            "Sid": "OwnBuckets",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": "s3:*",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:PrincipalAccount": account, "aws:ResourceAccount": account}},
        },
        {
            "Sid": "AwsImagesAndPackages",
            "Effect": "Allow",
            "Principal": "*",
            "Action": ["s3:GetObject"],
            "Resource": [
                f"arn:{partition}:s3:::prod-{region}-starport-layer-bucket/*",
                f"arn:{partition}:s3:::al2023-repos-{region}-de612dc2/*",
            ],
        },
    )


def sessions(instances: str) -> Statement:
    """Let an instance answer Session Manager, from the network that it was launched in only: stolen credentials are of no use elsewhere.

    The channels' actions know no resource (Service Authorization Reference, "ssmmessages"), hence the conditions (IAM user guide,
    "aws:EC2InstanceSourceVPC").
    """
    return {
        "Sid": "Sessions",
        "Effect": "Allow",
        "Action": [
            "ssmmessages:CreateControlChannel",
            "ssmmessages:CreateDataChannel",
            "ssmmessages:OpenControlChannel",
            "ssmmessages:OpenDataChannel",
        ],
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:EC2InstanceSourceVPC": "${aws:SourceVpc}"}, "ArnLike": {"ec2:SourceInstanceARN": instances}},
    }


def publish(instances: str, namespace: str) -> Statement:
    """Let an instance publish metrics of one namespace, from the network that it was launched in only.

    The action knows no resource (Service Authorization Reference, "cloudwatch"), hence the conditions.
    """
    return {
        "Sid": "Publish",
        "Effect": "Allow",
        "Action": ["cloudwatch:PutMetricData"],
        "Resource": "*",
        "Condition": {
            "StringEquals": {"aws:EC2InstanceSourceVPC": "${aws:SourceVpc}", "cloudwatch:namespace": namespace},
            "ArnLike": {"ec2:SourceInstanceARN": instances},
        },
    }


def presence(instances: str) -> Statement:
    """Let an instance tell Systems Manager that it is there."""
    return {"Sid": "Presence", "Effect": "Allow", "Action": ["ssm:UpdateInstanceInformation"], "Resource": instances}


def read_bucket(bucket: str, key: str, service: str) -> list[Statement]:
    """Let a role list one bucket, read its objects, and decrypt them through S3."""
    return [
        {"Sid": "List", "Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": bucket},
        {"Sid": "Read", "Effect": "Allow", "Action": ["s3:GetObject", "s3:GetObjectVersion"], "Resource": f"{bucket}/*"},
        {
            "Sid": "Decrypt",
            "Effect": "Allow",
            "Action": ["kms:Decrypt"],
            "Resource": key,
            "Condition": {"StringEquals": {"kms:ViaService": service}},
        },
    ]


def use_key(key: str) -> str:
    """Let the cluster's role encrypt Kubernetes secrets."""
    return document({"Effect": "Allow", "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:ListGrants"], "Resource": key})


def attach_encrypted_volumes(key: str) -> str:
    """Let the EBS driver make volumes with a key (EBS CSI driver, "example-iam-policy", the KMS part)."""
    return document(
        {
            "Effect": "Allow",
            "Action": ["kms:CreateGrant"],
            "Resource": key,
            "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
        },
        {"Effect": "Allow", "Action": list(_KEY_USE), "Resource": key},
    )


def _transport(bucket: str) -> list[Statement]:
    everything: Statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [bucket, f"{bucket}/*"]}
    return [
        {"Sid": "TlsOnly", "Condition": {"Bool": {"aws:SecureTransport": "false"}}} | everything,
        {"Sid": "Tls12", "Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}}} | everything,
    ]


def data_bucket(bucket: str, key: str) -> str:
    """Refuse whatever is not TLS 1.2 or newer, and whatever would be stored with another key.

    An upload that names no key gets the bucket's own. Negated operators hold for absent keys too, hence the `Null` beside each.
    """
    put: Statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"{bucket}/*"}
    algorithm, chosen = "s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id"
    return document(
        *_transport(bucket),
        {"Sid": "NoOtherAlgorithm", "Condition": {"StringNotEquals": {algorithm: "aws:kms"}, "Null": {algorithm: "false"}}} | put,
        {"Sid": "NoOtherKey", "Condition": {"StringNotEquals": {chosen: key}, "Null": {chosen: "false"}}} | put,
    )


def log_bucket(bucket: str, source: str, account: str) -> str:
    """Let S3 deliver the access log of one bucket (S3 user guide, "Permissions for log delivery"), and refuse whatever is not TLS."""
    return document(
        *_transport(bucket),
        {
            "Sid": "Delivery",
            "Effect": "Allow",
            "Principal": {"Service": "logging.s3.amazonaws.com"},
            "Action": ["s3:PutObject"],
            "Resource": f"{bucket}/*",
            "Condition": {"StringEquals": {"aws:SourceAccount": account}, "ArnLike": {"aws:SourceArn": source}},
        },
    )
