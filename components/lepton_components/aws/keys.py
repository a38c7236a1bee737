"""KMS keys: one for each purpose, each with a policy that names who may use it through what."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from lepton_components import names
from lepton_components.aws import documents
from lepton_components.aws.site import Site
from lepton_components.contract import KeysFacts, KeysSpec

_PURPOSES = {
    "secrets": "Kubernetes secrets",
    "disks": "Disks of nodes and volumes of pods",
    "storage": "Data and model weights",
    "logs": "Logs of network and control plane",
    "messages": "Notices of the budget",
}
_DELETION_DAYS = 30
"""The longest that KMS waits before a deleted key is gone, and everything encrypted with it."""


def keys(name: str, spec: KeysSpec, parent: pulumi.Resource) -> KeysFacts:
    """Make a key and an alias for each purpose.

    The policy of the key for disks names the service-linked role of EC2 Auto Scaling, which AWS makes with an account's first autoscaling
    group. An account that never had one needs `aws iam create-service-linked-role --aws-service-name autoscaling.amazonaws.com` once.
    """
    site = Site.of("keys", name, spec.scope, parent)
    policies = key_policies(site)
    made = {purpose: _key(site, purpose, policies[purpose]) for purpose in _PURPOSES}
    return KeysFacts(**made)


def key_policies(site: Site) -> Mapping[str, str]:
    """Return the policy of each purpose's key."""
    root = site.arn("iam", "root", region="")
    region, account = site.scope.region, site.account
    scaling = site.arn("iam", "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling", region="")
    uses = {
        "secrets": documents.key_use_for_secrets(root, account),
        "disks": documents.key_use_via(root, account, f"ec2.{region}.amazonaws.com") + documents.key_use_by_role(scaling),
        "storage": documents.key_use_via(root, account, f"s3.{region}.amazonaws.com"),
        "logs": [documents.key_use_for_logs(f"logs.{region}.amazonaws.com", _log_groups(site))],
        "messages": [documents.key_use_for_budgets(site.account, site.arn("budgets", "*", region=""))],
    }
    return {purpose: documents.document(documents.key_administration(root), *statements) for purpose, statements in uses.items()}


def _log_groups(site: Site) -> list[str]:
    """Return the log groups of this stack, as network and cluster name them."""
    ours = names.fixed(names.LOG_GROUP, site.scope)
    cluster = names.fixed(names.CLUSTER, site.scope)
    return [site.arn("logs", f"log-group:/lepton/{ours}/*"), site.arn("logs", f"log-group:/aws/eks/{cluster}/*")]


def _key(site: Site, purpose: str, policy: str) -> pulumi.Output[str]:
    """Make one key; the fact waits for the alias, which comes last."""
    key = aws.kms.Key(
        site.part(names.PLAIN, purpose),
        description=f"{_PURPOSES[purpose]} of {site.scope.project}/{site.scope.stack}",
        enable_key_rotation=True,
        deletion_window_in_days=_DELETION_DAYS,
        policy=policy,
        tags=site.tags(purpose),
        opts=site.child(protect=site.scope.careful),
    )
    alias = aws.kms.Alias(
        site.part(names.KEY_ALIAS, purpose),
        name=names.placed(names.KEY_ALIAS, "alias", names.fixed(names.KEY_ALIAS, site.scope, purpose)),
        target_key_id=key.key_id,
        opts=site.under(key),
    )
    return pulumi.Output.all(key.arn, alias.id).apply(lambda made: made[0])
