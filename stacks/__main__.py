"""The stack: what is wanted and what was planned, written down as components. Nothing is decided here."""

import pulumi

from lepton_components import AutoscalingGroup, Budget, EncryptedNetwork, GpuCluster, Keys, Storage
from lepton_components.wanted import budgets_of, loops_of, pools_on, provider_of, scope_of, targets_of
from lepton_infra.sizing.program import running

stack_file, plan = running()
wanted = stack_file.stack
scope = scope_of(wanted)
here = pulumi.ResourceOptions(provider=provider_of(scope))

keys = Keys("keys", {"scope": scope}, here)

network = EncryptedNetwork(
    "network",
    {
        "scope": scope,
        "cidr": str(wanted.network.cidr),
        "zones": wanted.network.zones,
        "reserved": [str(other) for other in wanted.network.reserved],
        "flow_log_days": wanted.network.flow_log_days,
        "logs_key": keys.logs,
    },
    here,
)

storage = Storage(
    "storage",
    {
        "scope": scope,
        "name": wanted.storage.name,
        "noncurrent_days": wanted.storage.noncurrent_days,
        "key": keys.storage,
    },
    here,
)

cluster = GpuCluster(
    "cluster",
    {
        "scope": scope,
        "kubernetes_version": wanted.cluster.kubernetes_version,
        "service_cidr": str(wanted.cluster.service_cidr),
        "log_days": wanted.cluster.log_days,
        "deletion_protection": wanted.cluster.deletion_protection,
        "administrators": list(wanted.cluster.administrators),
        "system_pool": {
            "machine": wanted.cluster.system_pool.machine,
            "min_nodes": wanted.cluster.system_pool.min_nodes,
            "max_nodes": wanted.cluster.system_pool.max_nodes,
        },
        "pools": pools_on("cluster", wanted, plan),
        "network": network.network_id,
        "subnets": network.subnets,
        "secrets_key": keys.secrets,
        "disks_key": keys.disks,
        "logs_key": keys.logs,
    },
    here,
)

groups = {
    pool["name"]: AutoscalingGroup(
        pool["name"],
        {
            "scope": scope,
            "pool": pool,
            "cidr": str(wanted.network.cidr),
            "network": network.network_id,
            "subnets": network.subnets,
            "storage_prefix": network.storage_prefix,
            "disks_key": keys.disks,
            "storage": storage.bucket_id,
            "storage_key": keys.storage,
        },
        here,
    )
    for pool in pools_on("group", wanted, plan)
}

budgets = [
    Budget(
        "budget",
        {
            "scope": scope,
            "usd_per_month": usd_per_month,
            "contacts": list(said.contacts),
            "actual_percent": list(said.actual_percent),
            "forecast_percent": list(said.forecast_percent),
            "key": keys.messages,
        },
        here,
    )
    for said, usd_per_month in budgets_of(wanted, plan)
]

pulumi.export("network", network.network_id)
pulumi.export("bucket", storage.url)
pulumi.export("cluster", cluster.cluster)
pulumi.export("endpoint", cluster.endpoint)
pulumi.export("pools", cluster.pools)
pulumi.export("targets", targets_of(plan))
pulumi.export("loops", loops_of(plan))
pulumi.export("groups", {name: group.group for name, group in groups.items()})
pulumi.export("notices", [budget.topic for budget in budgets])
