"""Spending: what costs money says whose it is, somebody hears when it is too much, and no toll is paid for nothing."""

import re
from collections.abc import Iterator
from typing import Final

from lepton_infra.rules.card import IT, On, Ref, Setting, Severity, rule, stack_rule
from lepton_infra.rules.stack import Stack
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import State, Verdict, any_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.gcp.instance import INSTANCE, MACHINES
from lepton_policies.gcp.machines import has_accelerators
from lepton_policies.gcp.nodes import CLUSTER, POOL, pools_of
from lepton_policies.shared.production import tag_maps

_SUBNET: Final = "gcp:compute/subnetwork:Subnetwork"
_BUDGET: Final = "gcp:billing/budget:Budget"
_BUCKET: Final = "gcp:storage/bucket:Bucket"
_ANYTHING: Final = re.compile(r"\S")
_LABELLED: Final = (
    _BUCKET,
    CLUSTER,
    POOL,
    *MACHINES,
    "gcp:compute/disk:Disk",
    "gcp:compute/regionDisk:RegionDisk",
    "gcp:filestore/instance:Instance",
    "gcp:lustre/instance:Instance",
    "gcp:parallelstore/instance:Instance",
    "gcp:tpu/v2Vm:V2Vm",
    "gcp:vertex/aiEndpoint:AiEndpoint",
    "gcp:workbench/instance:Instance",
    "gcp:cloudrunv2/service:Service",
    "gcp:cloudrunv2/job:Job",
    "gcp:sql/databaseInstance:DatabaseInstance",
    "gcp:redis/instance:Instance",
    "gcp:artifactregistry/repository:Repository",
    "gcp:bigquery/dataset:Dataset",
    "gcp:compute/address:Address",
    "gcp:compute/forwardingRule:ForwardingRule",
)
"""What a GPU platform pays for and takes labels; with labels Google's billing export says whose each dollar is."""
_DEFAULTS: Final = {"defaultLabels": '{"owner": "ml-platform"}'}
"""As a provider's inputs come over the wire: what is no text is JSON in text."""
_GPU_NODE: Final = {"machineType": "a3-highgpu-8g"}
_AMOUNT: Final = {"specifiedAmount": {"units": "1000"}}
_RANGE: Final = {"network": "net", "ipCidrRange": "10.0.0.0/20"}


@rule(
    "cost-gcp-owner-label",
    Severity.MEDIUM,
    *_LABELLED,
    why="What nobody owns, nobody switches off: without an owner a forgotten GPU machine bills until somebody audits the project.",
    fix="Add the label `owner`, best once for all in the provider's `default_labels`; of a node pool in `node_config.resource_labels`.",
    references=("checkov:CKV_GCP_21", "custodian:tagcompliance"),
    settings={"ownerLabel": Setting("owner", "the key of the label that names the owner, in any case")},
    good=[
        {"labels": {"owner": "ml-platform"}},
        On(_BUCKET, {}, provider=_DEFAULTS),
        On(_BUCKET, {"labels": UNKNOWN}, provider=_DEFAULTS),
        On(_BUCKET, {"labels": {"team": "x"}}, provider={"defaultLabels": {"owner": "ml-platform"}}),
        On(CLUSTER, {"resourceLabels": {"owner": "ml-platform"}}),
        On(POOL, {"nodeConfig": {"resourceLabels": {"owner": "ml-platform"}}}),
    ],
    bad=[
        {},
        {"labels": {"team": "inference", "owner": ""}},
        On(CLUSTER, {"resourceLabels": {"team": "inference"}}),
        On(POOL, {"cluster": "c", "nodeConfig": _GPU_NODE}),
        On(INSTANCE, {"labels": {"team": UNKNOWN}}, provider={"project": "p", "defaultLabels": '{"team": "x"}'}),
    ],
    unknown=[
        {"labels": UNKNOWN},
        {"labels": {"owner": UNKNOWN}},
        On(POOL, {"nodeConfig": UNKNOWN}),
        On(_BUCKET, {}, provider={"defaultLabels": UNKNOWN}),
    ],
)
def owner_is_labelled(resource: Resource) -> Verdict:
    """Whatever costs money has an owner."""
    wanted = str(resource.its_settings.ownerLabel.raw_value()).lower()
    return any_of(_names_owner(labels, wanted) for labels in tag_maps(resource))


def _names_owner(labels: View, wanted: str) -> Verdict:
    """Return whether a map of labels has the wanted one, and something in it."""
    if labels.raw_value() is UNKNOWN:
        return labels.undecided_because()
    found = [value for key, value in labels.map_items() if key.strip().lower() == wanted]
    return any_of(value.text_matches(_ANYTHING) for value in found) if found else labels.fail_because(f"has no '{wanted}'")


@rule(
    "cost-gke-cost-allocation",
    Severity.LOW,
    CLUSTER,
    why="Without it a bill says what the cluster cost, and not which namespace, team or model did.",
    fix='Set `cost_management_config={"enabled": True}`.',
    references=("https://cloud.google.com/kubernetes-engine/docs/how-to/cost-allocations",),
    good=[{"costManagementConfig": {"enabled": True}}],
    bad=[{}, {"costManagementConfig": {"enabled": False}}],
    unknown=[{"costManagementConfig": UNKNOWN}],
)
def costs_are_allocated(cluster: Resource) -> Verdict:
    """A cluster tells its cost by namespace and label."""
    return cluster.costManagementConfig.enabled.is_true()


@stack_rule(
    "cost-gcp-budget-exists",
    Severity.MEDIUM,
    POOL,
    why="GPUs spend a month's money in a night, and without a budget the invoice is the first to say so.",
    fix="Add a `gcp.billing.Budget` with `threshold_rules`, or set `sharedBudget` of this rule where one covers the project from outside.",
    references=("https://cloud.google.com/billing/docs/how-to/budgets",),
    settings={"sharedBudget": Setting(default=False, about="whether a budget outside the stack covers its project")},
    good=[
        On(POOL, {"nodeConfig": _GPU_NODE}, around={"b": On(_BUDGET, {"amount": _AMOUNT, "thresholdRules": [{"thresholdPercent": 0.5}]})}),
        {"nodeConfig": {"machineType": "n4-standard-8"}},
    ],
    bad=[
        {"nodeConfig": _GPU_NODE},
        On(POOL, {"nodeConfig": _GPU_NODE}, around={"b": On(_BUDGET, {"amount": _AMOUNT})}),
    ],
    unknown=[
        {"nodeConfig": UNKNOWN},
        On(POOL, {"nodeConfig": _GPU_NODE}, around={"b": On(_BUDGET, {"amount": _AMOUNT, "thresholdRules": UNKNOWN})}),
    ],
)
def spending_is_watched(pool: Resource, stack: Stack) -> Verdict:
    """A stack with GPUs has a budget that calls out."""
    watched = pool.has_some("budget with thresholds in its stack", (budget.thresholdRules.is_set() for budget in stack.of(_BUDGET)))
    return watched | ~has_accelerators(pool.nodeConfig) | pool.its_settings.sharedBudget.is_true()


@rule(
    "cost-gcp-budget-notify",
    Severity.LOW,
    _BUDGET,
    why="A budget without thresholds, or whose mail goes to nobody, says nothing.",
    fix="Set `threshold_rules`, and `all_updates_rule` with channels or a topic where the billing administrators are not the ones to tell.",
    references=("https://cloud.google.com/billing/docs/how-to/budgets-notification-recipients",),
    good=[
        {"amount": _AMOUNT, "thresholdRules": [{"thresholdPercent": 0.5}, {"thresholdPercent": 1.0}]},
        {"thresholdRules": [{"thresholdPercent": 1}], "allUpdatesRule": {"disableDefaultIamRecipients": True, "pubsubTopic": "t"}},
    ],
    bad=[
        {"amount": _AMOUNT},
        {"thresholdRules": [{"thresholdPercent": 1}], "allUpdatesRule": {"disableDefaultIamRecipients": True}},
    ],
    unknown=[
        {"thresholdRules": UNKNOWN},
        {"thresholdRules": [{"thresholdPercent": 1}], "allUpdatesRule": {"disableDefaultIamRecipients": UNKNOWN}},
    ],
)
def budget_is_heard(budget: Resource) -> Verdict:
    """A budget has thresholds, and somebody to tell."""
    told = budget.allUpdatesRule
    somebody = told.monitoringNotificationChannels.is_set() | told.pubsubTopic.is_set() | told.enableProjectLevelRecipients.is_true()
    return budget.thresholdRules.is_set() & (~told.disableDefaultIamRecipients.is_true() | somebody)


@stack_rule(
    "cost-private-google-access",
    Severity.MEDIUM,
    _SUBNET,
    why="Weights and data sets go from Cloud Storage to the GPUs through Cloud NAT then, which charges for every gigabyte.",
    fix="Set `private_ip_google_access=True`.",
    references=("checkov:CKV_GCP_74", "https://cloud.google.com/vpc/docs/private-google-access"),
    good=[
        On(
            _SUBNET,
            {**_RANGE, "privateIpGoogleAccess": True},
            around={"vm": On(INSTANCE, {**_GPU_NODE, "networkInterfaces": [{"subnetwork": IT}]})},
        ),
        On(_SUBNET, _RANGE, around={"vm": On(INSTANCE, {"machineType": "n4-standard-8", "networkInterfaces": [{"subnetwork": IT}]})}),
        On(_SUBNET, _RANGE, around={"c": On(CLUSTER, {"subnetwork": IT}), "cpus": On(POOL, {"cluster": Ref("c")})}),
    ],
    bad=[
        On(
            _SUBNET, _RANGE, around={"c": On(CLUSTER, {"subnetwork": IT}), "gpus": On(POOL, {"cluster": Ref("c"), "nodeConfig": _GPU_NODE})}
        ),
        On(
            _SUBNET,
            {**_RANGE, "privateIpGoogleAccess": False},
            around={
                "other": On(_SUBNET, _RANGE),
                "a": On(INSTANCE, {**_GPU_NODE, "networkInterfaces": [{"subnetwork": Ref("other")}]}),
                "b": On(INSTANCE, {**_GPU_NODE, "networkInterfaces": [{"subnetwork": IT}]}),
            },
        ),
    ],
    unknown=[
        On(
            _SUBNET,
            {**_RANGE, "privateIpGoogleAccess": UNKNOWN},
            around={"vm": On(INSTANCE, {**_GPU_NODE, "networkInterfaces": [{"subnetwork": IT}]})},
        ),
        On(_SUBNET, _RANGE, around={"vm": On(INSTANCE, {**_GPU_NODE, "networkInterfaces": [{"subnetwork": UNKNOWN}]})}),
    ],
)
def storage_is_reached_for_nothing(subnet: Resource, stack: Stack) -> Verdict:
    """GPUs in a subnet reach Cloud Storage without a NAT gateway."""
    private = subnet.privateIpGoogleAccess.is_true()
    if private.state is State.PASS:
        return private
    return private | ~subnet.has_some("GPUs in it", (*_clusters_in(subnet, stack), *_machines_in(subnet, stack)))


def _clusters_in(subnet: Resource, stack: Stack) -> Iterator[Verdict]:
    """Iterate over the clusters that may be in a subnet, each with whether it is and has GPUs."""
    for cluster in stack.of(CLUSTER):
        there = cluster.subnetwork.refers_to(subnet)
        if there.state is not State.FAIL:
            yield there & any_of(its & has_accelerators(pool.nodeConfig) for pool, its in pools_of(cluster, stack))


def _machines_in(subnet: Resource, stack: Stack) -> Iterator[Verdict]:
    """Iterate over the machines with GPUs, each with whether it is in a subnet."""
    for machine in stack.of(*MACHINES):
        equipped = has_accelerators(machine)
        if equipped.state is not State.FAIL:
            yield equipped & any_of(nic.subnetwork.refers_to(subnet) for nic in machine.networkInterfaces)
