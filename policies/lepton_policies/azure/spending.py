"""Spending: whose it is, who hears of it, and what costs without being used."""

import re
from typing import Final

from lepton_infra.rules.card import IT, On, Setting, Severity, rule, stack_rule
from lepton_infra.rules.stack import Stack
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import PASS, Verdict, all_of, any_of
from lepton_infra.rules.view import Resource
from lepton_policies.azure.machines import has_gpus, pools_of
from lepton_policies.azure.words import means
from lepton_policies.shared.production import tagged

_POOL: Final = "azure-native:containerservice:AgentPool"
_CLUSTER: Final = "azure-native:containerservice:ManagedCluster"
_BUDGET: Final = "azure-native:consumption:Budget"
_DISK: Final = "azure-native:compute:Disk"
_ADDRESS: Final = "azure-native:network:PublicIPAddress"
_BLOBS: Final = "azure-native:storage:ManagementPolicy"
_ACCOUNT: Final = "azure-native:storage:StorageAccount"
_WORKSPACE: Final = "azure-native:operationalinsights:Workspace"
_GPUS: Final = {"vmSize": "Standard_ND96isr_H100_v5"}
_HEARD: Final = {"enabled": True, "operator": "GreaterThan", "threshold": 80, "contactEmails": ["ml@example.com"]}
_LIMIT: Final = {"amount": 5000, "category": "Cost", "timeGrain": "Monthly"}
_ANYTHING: Final = re.compile(r"\S")
_OWNED: Final = (
    _CLUSTER,
    _POOL,
    "azure-native:compute:CapacityReservationGroup",
    _DISK,
    "azure-native:compute:VirtualMachine",
    "azure-native:compute:VirtualMachineScaleSet",
    "azure-native:cognitiveservices:Account",
    "azure-native:containerregistry:Registry",
    "azure-native:databricks:Workspace",
    "azure-native:keyvault:Vault",
    "azure-native:machinelearningservices:Compute",
    "azure-native:machinelearningservices:OnlineEndpoint",
    "azure-native:machinelearningservices:Workspace",
    "azure-native:netapp:CapacityPool",
    "azure-native:network:ApplicationGateway",
    "azure-native:network:AzureFirewall",
    "azure-native:network:BastionHost",
    "azure-native:network:LoadBalancer",
    "azure-native:network:NatGateway",
    _ADDRESS,
    _WORKSPACE,
    "azure-native:resources:ResourceGroup",
    "azure-native:search:Service",
    _ACCOUNT,
    "azure-native:storagecache:AmlFilesystem",
)
"""What costs money, or holds what does, and takes tags."""


@rule(
    "cost-az-owner-tag",
    Severity.MEDIUM,
    *_OWNED,
    why="What nobody owns, nobody switches off: without an owner a forgotten GPU machine bills until somebody audits the subscription.",
    fix="Add the tag `owner`; the tags of a resource group do not reach what is in it.",
    references=("custodian:tagcompliance", "infracost:tagging"),
    settings={"ownerTag": Setting("owner", "the key of the tag that names the owner, in any case")},
    good=[{"tags": {"Owner": "ml-platform@example.com"}}, On(_POOL, {"tags": {"team": "x", "owner": "ml"}})],
    bad=[{}, {"tags": {"team": "inference", "owner": " "}}, On(_DISK, {"tags": {"team": UNKNOWN}})],
    unknown=[{"tags": UNKNOWN}, On(_DISK, {"tags": {"owner": UNKNOWN}})],
)
def owner_is_tagged(resource: Resource) -> Verdict:
    """Whatever costs money has an owner."""
    key = str(resource.its_settings.ownerTag.raw_value())
    found = tagged(resource, re.compile(rf"\A\s*{re.escape(key)}\s*\Z", re.IGNORECASE), _ANYTHING)
    return found if found.facts else resource.tags.fail_because(f"has no '{key}'")


@stack_rule(
    "cost-az-budget-exists",
    Severity.MEDIUM,
    _POOL,
    _CLUSTER,
    why="A GPU pool that grows by mistake costs more in a night than most teams in a month; without a budget the bill is first to say so.",
    fix="Add an `azure_native.consumption.Budget` with notifications, or set `sharedBudget` of this rule to the subscription's.",
    references=("infracost:guardrail",),
    settings={"sharedBudget": Setting("", "name of a budget elsewhere that this stack counts toward")},
    good=[On(_POOL, _GPUS, around={"b": On(_BUDGET, {**_LIMIT, "notifications": {"most": _HEARD}})}), {"vmSize": "Standard_D4s_v5"}],
    bad=[
        _GPUS,
        On(_POOL, _GPUS, around={"b": On(_BUDGET, _LIMIT)}),
        On(_CLUSTER, {"agentPoolProfiles": [{"vmSize": "Standard_D4s_v5"}, _GPUS]}),
    ],
    unknown=[On(_POOL, _GPUS, around={"b": On(_BUDGET, {**_LIMIT, "notifications": UNKNOWN})}), {"vmSize": UNKNOWN}],
)
def somebody_hears_of_it(resource: Resource, stack: Stack) -> Verdict:
    """A stack with GPUs has a budget that tells somebody."""
    budgets = (budget.notifications.is_set() for budget in stack.of(_BUDGET))
    has_budget = PASS if resource.its_settings.sharedBudget.raw_value() else resource.has_some("budget that tells somebody", budgets)
    return ~any_of(has_gpus(pool) for pool in pools_of(resource)) | has_budget


@rule(
    "cost-az-budget-notify",
    Severity.LOW,
    _BUDGET,
    why="A budget that tells nobody is a number.",
    fix="Set `enabled=True` and `contact_emails`, `contact_groups` or `contact_roles` in every entry of `notifications`.",
    references=("https://learn.microsoft.com/azure/cost-management-billing/costs/tutorial-acm-create-budgets",),
    good=[
        {**_LIMIT, "notifications": {"most": _HEARD}},
        {**_LIMIT, "notifications": {"all": {"enabled": True, "contactEmails": [], "contactRoles": ["Owner"]}}},
    ],
    bad=[
        _LIMIT,
        {**_LIMIT, "notifications": {"most": _HEARD, "all": {"enabled": True, "contactEmails": []}}},
        {**_LIMIT, "notifications": {"most": {**_HEARD, "enabled": False}}},
    ],
    unknown=[{**_LIMIT, "notifications": UNKNOWN}, {**_LIMIT, "notifications": {"most": {**_HEARD, "contactEmails": UNKNOWN}}}],
)
def budget_tells_somebody(budget: Resource) -> Verdict:
    """Every notice of a budget goes to somebody."""
    notices = [one for _, one in budget.notifications.map_items()]
    told = (
        one.enabled.is_true() & (one.contactEmails.is_set() | one.contactGroups.is_set() | one.contactRoles.is_set()) for one in notices
    )
    has_some = (
        budget.notifications.is_set() if notices or budget.notifications.raw_value() is UNKNOWN else budget.notifications.fail_because()
    )
    return has_some & all_of(told)


@rule(
    "cost-aks-cost-analysis",
    Severity.LOW,
    _CLUSTER,
    why="Without it a cluster is one line on the bill, and nobody knows which team's pods held the GPUs.",
    fix='Set `metrics_profile={"cost_analysis": {"enabled": True}}`; it is free, and needs the tier Standard.',
    references=("https://learn.microsoft.com/azure/aks/cost-analysis",),
    good=[{"metricsProfile": {"costAnalysis": {"enabled": True}}}],
    bad=[{"dnsPrefix": "gpu"}, {"metricsProfile": {"costAnalysis": {"enabled": False}}}],
    unknown=[{"metricsProfile": UNKNOWN}, {"metricsProfile": {"costAnalysis": {"enabled": UNKNOWN}}}],
)
def costs_are_shared_out(cluster: Resource) -> Verdict:
    """A cluster's costs are shown by namespace."""
    return cluster.metricsProfile.costAnalysis.enabled.is_true()


@stack_rule(
    "cost-az-storage-lifecycle",
    Severity.LOW,
    _ACCOUNT,
    why="Checkpoints are written every hour and read once, if ever; without a lifecycle all of them stay at the full price.",
    fix="Add an `azure_native.storage.ManagementPolicy` for the account, which cools and deletes old blobs.",
    references=("https://learn.microsoft.com/azure/storage/blobs/lifecycle-management-overview",),
    good=[On(_ACCOUNT, {"kind": "StorageV2"}, around={"p": On(_BLOBS, {"accountName": IT})}), {"kind": "FileStorage"}],
    bad=[{"kind": "StorageV2"}, {"kind": "BlobStorage"}],
    unknown=[On(_ACCOUNT, {"kind": "StorageV2"}, around={"p": On(_BLOBS, {"accountName": UNKNOWN})}), {"kind": UNKNOWN}],
)
def old_blobs_go(account: Resource, stack: Stack) -> Verdict:
    """Old blobs are cooled or deleted."""
    policies = (policy.accountName.refers_to(account) for policy in stack.of(_BLOBS))
    return ~means(account.kind, "StorageV2", "BlobStorage", "Storage") | account.has_some("lifecycle", policies)


@rule(
    "cost-az-log-retention",
    Severity.LOW,
    _WORKSPACE,
    why="Logs of model servers grow by the gigabyte, and a year of them in a workspace costs more than in a storage account.",
    fix="Set `retention_in_days` to what is asked about, up to `maxDays` of this rule, and export the rest to storage.",
    references=("https://learn.microsoft.com/azure/azure-monitor/logs/data-retention-configure",),
    settings={"maxDays": Setting(365, "how long a workspace may keep logs, in days")},
    good=[{"retentionInDays": 90}, {"sku": {"name": "PerGB2018"}}, {"retentionInDays": "365"}],
    bad=[{"retentionInDays": 730}],
    unknown=[{"retentionInDays": UNKNOWN}],
)
def logs_end(workspace: Resource) -> Verdict:
    """A workspace keeps logs for as long as somebody asks for them; without a word for 30 days."""
    return workspace.retentionInDays.is_absent() | (workspace.retentionInDays <= workspace.its_settings.maxDays)


@rule(
    "cost-az-log-cap",
    Severity.LOW,
    _WORKSPACE,
    why="A pod that logs every token in a loop writes terabytes overnight, at dollars a gigabyte.",
    fix='Set `workspace_capping={"daily_quota_gb": ...}` to a few times a usual day.',
    references=("https://learn.microsoft.com/azure/azure-monitor/logs/daily-cap",),
    good=[{"workspaceCapping": {"dailyQuotaGb": 20}}, {"workspaceCapping": {"dailyQuotaGb": "0.5"}}],
    bad=[{"sku": {"name": "PerGB2018"}}, {"workspaceCapping": {"dailyQuotaGb": -1}}],
    unknown=[{"workspaceCapping": UNKNOWN}, {"workspaceCapping": {"dailyQuotaGb": UNKNOWN}}],
)
def logs_are_capped(workspace: Resource) -> Verdict:
    """A workspace takes in so much a day and no more; -1 is no cap."""
    return workspace.workspaceCapping.dailyQuotaGb > 0
