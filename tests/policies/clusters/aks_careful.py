"""A training and serving cluster on AKS, as a platform engineer writes one who knows the guides."""

from collections.abc import Mapping

import pulumi_kubernetes as k8s
from pulumi_azure_native import (
    authorization,
    consumption,
    containerregistry,
    containerservice,
    keyvault,
    managedidentity,
    network,
    operationalinsights,
    resources,
    storage,
)
from workloads import workloads

SUBSCRIPTION = "/subscriptions/0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0"
TENANT = "11111111-2222-3333-4444-555555555555"
ROLES = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions"
TAGS = {"team": "ml-platform", "owner": "ml-platform@example.com", "environment": "prod", "cost-center": "4711"}

group = resources.ResourceGroup("train", location="swedencentral", tags=TAGS)
HERE = {"resource_group_name": group.name, "location": group.location, "tags": TAGS}
logs = operationalinsights.Workspace(
    "logs", **HERE, sku={"name": "PerGB2018"}, retention_in_days=90, workspace_capping={"daily_quota_gb": 20}
)

# The network: a closed group around every subnet, flow logs, one way out.
closed = network.NetworkSecurityGroup(
    "closed",
    **HERE,
    security_rules=[
        {
            "name": "https-from-inside",
            "priority": 100,
            "access": "Allow",
            "direction": "Inbound",
            "protocol": "Tcp",
            "source_address_prefix": "VirtualNetwork",
            "source_port_range": "*",
            "destination_address_prefix": "*",
            "destination_port_range": "443",
        },
        {
            "name": "nothing-else",
            "priority": 4096,
            "access": "Deny",
            "direction": "Inbound",
            "protocol": "*",
            "source_address_prefix": "Internet",
            "source_port_range": "*",
            "destination_address_prefix": "*",
            "destination_port_range": "*",
        },
    ],
)
address = network.PublicIPAddress("nat", **HERE, sku={"name": "Standard"}, public_ip_allocation_method="Static")
nat = network.NatGateway("nat", **HERE, sku={"name": "Standard"}, public_ip_addresses=[{"id": address.id}])
vnet = network.VirtualNetwork("vnet", **HERE, address_space={"address_prefixes": ["10.0.0.0/16"]})
subnets = [
    network.Subnet(
        name,
        resource_group_name=group.name,
        virtual_network_name=vnet.name,
        address_prefix=prefix,
        network_security_group={"id": closed.id},
        nat_gateway={"id": nat.id},
        default_outbound_access=False,
    )
    for name, prefix in (("nodes", "10.0.0.0/20"), ("endpoints", "10.0.16.0/24"))
]

# Keys and data, reached from inside only.
vault = keyvault.Vault(
    "keys",
    **HERE,
    properties={
        "tenant_id": TENANT,
        "sku": {"family": "A", "name": keyvault.SkuName.PREMIUM},
        "enable_rbac_authorization": True,
        "enable_purge_protection": True,
        "enable_soft_delete": True,
        "public_network_access": "Disabled",
        "network_acls": {"default_action": "Deny", "bypass": "AzureServices"},
    },
)
key = keyvault.Key(
    "etcd",
    resource_group_name=group.name,
    vault_name=vault.name,
    properties={
        "kty": "RSA-HSM",
        "key_size": 3072,
        "attributes": {"enabled": True, "expires": 1893456000},
        "rotation_policy": {
            "attributes": {"expiry_time": "P1Y"},
            "lifetime_actions": [{"trigger": {"time_before_expiry": "P30D"}, "action": {"type": "Rotate"}}],
        },
    },
)
account = storage.StorageAccount(
    "models",
    **HERE,
    kind="StorageV2",
    sku={"name": "Standard_ZRS"},
    enable_https_traffic_only=True,
    minimum_tls_version="TLS1_2",
    allow_blob_public_access=False,
    allow_shared_key_access=False,
    allow_cross_tenant_replication=False,
    default_to_o_auth_authentication=True,
    public_network_access="Disabled",
    network_rule_set={"default_action": "Deny", "bypass": "AzureServices"},
    allowed_copy_scope="AAD",
    is_local_user_enabled=False,
    is_sftp_enabled=False,
    sas_policy={"sas_expiration_period": "0.08:00:00", "expiration_action": "Block"},
    encryption={"key_source": "Microsoft.Storage", "require_infrastructure_encryption": True},
)
storage.BlobServiceProperties(
    "models",
    resource_group_name=group.name,
    account_name=account.name,
    blob_services_name="default",
    is_versioning_enabled=True,
    delete_retention_policy={"enabled": True, "days": 14},
    container_delete_retention_policy={"enabled": True, "days": 14},
)
storage.BlobContainer("models", resource_group_name=group.name, account_name=account.name, public_access="None")
storage.ManagementPolicy(
    "models",
    resource_group_name=group.name,
    account_name=account.name,
    management_policy_name="default",
    policy={
        "rules": [
            {
                "name": "old-checkpoints",
                "type": "Lifecycle",
                "enabled": True,
                "definition": {
                    "filters": {"blob_types": ["blockBlob"], "prefix_match": ["checkpoints/"]},
                    "actions": {"base_blob": {"delete": {"days_after_modification_greater_than": 90}}},
                },
            }
        ]
    },
)
network.FlowLog(
    "flows",
    resource_group_name="NetworkWatcherRG",
    network_watcher_name="NetworkWatcher_swedencentral",
    target_resource_id=vnet.id,
    storage_id=account.id,
    enabled=True,
    retention_policy={"enabled": True, "days": 90},
)
registry = containerregistry.Registry(
    "images",
    **HERE,
    sku={"name": "Premium"},
    admin_user_enabled=False,
    anonymous_pull_enabled=False,
    public_network_access="Disabled",
    policies={
        "retention_policy": {"status": "enabled", "days": 30},
        "export_policy": {"status": "disabled"},
    },
)
for name, target, kind in (("blob", account.id, "blob"), ("vault", vault.id, "vault"), ("registry", registry.id, "registry")):
    network.PrivateEndpoint(
        name,
        **HERE,
        subnet={"id": subnets[1].id},
        private_link_service_connections=[{"name": name, "private_link_service_id": target, "group_ids": [kind]}],
    )

# The cluster and its pools.
cluster = containerservice.ManagedCluster(
    "train",
    **HERE,
    dns_prefix="train",
    sku={"name": "Base", "tier": "Standard"},
    identity={"type": "SystemAssigned"},
    aad_profile={"managed": True, "enable_azure_rbac": True, "tenant_id": TENANT},
    disable_local_accounts=True,
    enable_rbac=True,
    api_server_access_profile={"enable_private_cluster": True, "disable_run_command": True},
    network_profile={
        "network_plugin": "azure",
        "network_plugin_mode": "overlay",
        "network_policy": "cilium",
        "network_dataplane": "cilium",
        "outbound_type": "userAssignedNATGateway",
    },
    oidc_issuer_profile={"enabled": True},
    security_profile={
        "workload_identity": {"enabled": True},
        "azure_key_vault_kms": {"enabled": True, "key_id": key.key_uri_with_version, "key_vault_network_access": "Private"},
        "defender": {"security_monitoring": {"enabled": True}, "log_analytics_workspace_resource_id": logs.id},
        "image_cleaner": {"enabled": True, "interval_hours": 48},
    },
    auto_upgrade_profile={"upgrade_channel": "stable", "node_os_upgrade_channel": "NodeImage"},
    azure_monitor_profile={"metrics": {"enabled": True}},
    addon_profiles={
        "omsagent": {"enabled": True, "config": {"logAnalyticsWorkspaceResourceID": logs.id}},
        "azurepolicy": {"enabled": True},
        "azureKeyvaultSecretsProvider": {"enabled": True, "config": {"enableSecretRotation": "true"}},
    },
    metrics_profile={"cost_analysis": {"enabled": True}},
    agent_pool_profiles=[
        {
            "name": "system",
            "mode": "System",
            "vm_size": "Standard_D4ds_v5",
            "os_disk_type": "Ephemeral",
            "enable_auto_scaling": True,
            "min_count": 2,
            "max_count": 4,
            "count": 2,
            "node_taints": ["CriticalAddonsOnly=true:NoSchedule"],
            "enable_encryption_at_host": True,
            "enable_node_public_ip": False,
            "vnet_subnet_id": subnets[0].id,
        }
    ],
)
containerservice.AgentPool(
    "gpu",
    resource_group_name=group.name,
    resource_name_=cluster.name,
    mode="User",
    vm_size="Standard_ND96isr_H100_v5",
    enable_auto_scaling=True,
    min_count=0,
    max_count=4,
    count=0,
    node_taints=["nvidia.com/gpu=present:NoSchedule"],
    enable_encryption_at_host=True,
    enable_node_public_ip=False,
    gpu_profile={"driver": "Install"},
    capacity_reservation_group_id=f"{SUBSCRIPTION}/resourceGroups/shared/providers/Microsoft.Compute/capacityReservationGroups/h100",
    vnet_subnet_id=subnets[0].id,
    tags=TAGS,
)


def _kubelet(profiles: Mapping[str, containerservice.outputs.UserAssignedIdentityResponse] | None) -> str:
    """Return who the nodes are."""
    return (profiles["kubeletidentity"].object_id or "") if profiles else ""


# Who may do what: the nodes pull, the trainer writes checkpoints.
trainer = managedidentity.UserAssignedIdentity("trainer", **HERE)
managedidentity.FederatedIdentityCredential(
    "trainer",
    resource_group_name=group.name,
    resource_name_=trainer.name,
    issuer=cluster.oidc_issuer_profile.apply(lambda profile: profile.issuer_url if profile else ""),
    subject="system:serviceaccount:training:trainer",
    audiences=["api://AzureADTokenExchange"],
)
for name, role, scope, principal in (
    ("pull", "7f951dda-4ed3-4680-a7ca-43fe172d538d", registry.id, cluster.identity_profile.apply(_kubelet)),
    ("checkpoints", "ba92f5b4-2d11-453d-a403-e96b0029c9fe", account.id, trainer.principal_id),
):
    authorization.RoleAssignment(
        name, role_definition_id=f"{ROLES}/{role}", scope=scope, principal_id=principal, principal_type="ServicePrincipal"
    )
consumption.Budget(
    "gpus",
    scope=SUBSCRIPTION,
    amount=250000,
    category="Cost",
    time_grain="Monthly",
    time_period={"start_date": "2026-01-01T00:00:00Z"},
    notifications={
        "most": {
            "enabled": True,
            "operator": "GreaterThan",
            "threshold": 80,
            "threshold_type": "Forecasted",
            "contact_emails": ["ml-platform@example.com"],
        }
    },
)

workloads(k8s.Provider("cluster", context="train"), {"service.beta.kubernetes.io/azure-load-balancer-internal": "true"})
