"""The cluster of `aks_careful.py` as it is found: defaults left alone, and every shortcut that makes a first run work."""

import base64

import pulumi_kubernetes as k8s
from careless_workloads import workloads
from pulumi_azure_native import (
    app,
    authorization,
    cognitiveservices,
    compute,
    containerregistry,
    containerservice,
    keyvault,
    machinelearningservices,
    managedidentity,
    network,
    storage,
)

SUBSCRIPTION = "/subscriptions/0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0"
OWNER = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
HERE = {"resource_group_name": "train", "location": "swedencentral"}
START = base64.b64encode(b"#!/bin/bash\nexport HF_TOKEN=hf_" + b"k" * 34).decode()


def opened(name: str, priority: int, port: str, source: str, protocol: str = "Tcp") -> dict[str, object]:
    """Return a rule that lets a source in."""
    return {
        "name": name,
        "priority": priority,
        "access": "Allow",
        "direction": "Inbound",
        "protocol": protocol,
        "source_address_prefix": source,
        "source_port_range": "*",
        "destination_address_prefix": "*",
        "destination_port_range": port,
    }


group = network.NetworkSecurityGroup(
    "open",
    **HERE,
    security_rules=[opened("ssh", 100, "22", "Internet"), opened("ray", 110, "8000-9000", "*"), opened("nfs", 120, "2049", "*")],
)
network.SecurityRule(
    "all",
    resource_group_name="train",
    network_security_group_name=group.name,
    access="Allow",
    direction="Inbound",
    protocol="*",
    priority=200,
    source_address_prefix="::/0",
    source_port_range="*",
    destination_address_prefix="*",
    destination_port_range="*",
)
vnet = network.VirtualNetwork("vnet", **HERE, address_space={"address_prefixes": ["10.0.0.0/16"]})
subnet = network.Subnet("nodes", resource_group_name="train", virtual_network_name=vnet.name, address_prefix="10.0.0.0/20")
network.ApplicationGateway(
    "ray",
    **HERE,
    frontend_ip_configurations=[{"name": "public", "public_ip_address": {"id": "ip"}}],
    frontend_ports=[{"name": "ray", "port": 8265}],
)
vault = keyvault.Vault(
    "keys",
    **HERE,
    properties={"tenant_id": "t", "sku": {"family": "A", "name": keyvault.SkuName.STANDARD}, "network_acls": {"default_action": "Allow"}},
)
account = storage.StorageAccount(
    "models",
    **HERE,
    kind="StorageV2",
    sku={"name": "Standard_LRS"},
    enable_https_traffic_only=False,
    minimum_tls_version="TLS1_0",
    allow_blob_public_access=True,
)
storage.BlobContainer("models", resource_group_name="train", account_name=account.name, public_access="Container")
containerregistry.Registry("images", **HERE, sku={"name": "Standard"}, admin_user_enabled=True, anonymous_pull_enabled=True)
cluster = containerservice.ManagedCluster(
    "train",
    **HERE,
    dns_prefix="train",
    enable_rbac=False,
    network_profile={"network_plugin": "azure", "network_policy": "none"},
    api_server_access_profile={"authorized_ip_ranges": ["0.0.0.0/0"]},
    agent_pool_profiles=[{"name": "system", "mode": "System", "vm_size": "Standard_D4ds_v5", "count": 2, "enable_node_public_ip": True}],
)
containerservice.AgentPool(
    "gpu",
    resource_group_name="train",
    resource_name_=cluster.name,
    vm_size="Standard_ND96isr_H100_v5",
    enable_auto_scaling=True,
    min_count=8,
    max_count=400,
    enable_node_public_ip=True,
    tags={"environment": "dev"},
)
compute.VirtualMachineScaleSet(
    "workers",
    **HERE,
    sku={"name": "Standard_NC24ads_A100_v4", "capacity": 4},
    virtual_machine_profile={
        "os_profile": {"computer_name_prefix": "w", "admin_username": "a", "admin_password": "Trustno1!", "custom_data": START},
        "network_profile": {
            "network_interface_configurations": [
                {
                    "name": "nic",
                    "primary": True,
                    "ip_configurations": [
                        {"name": "ip", "subnet": {"id": subnet.id}, "public_ip_address_configuration": {"name": "public"}}
                    ],
                }
            ]
        },
        "extension_profile": {
            "extensions": [{"name": "init", "publisher": "p", "type": "t", "settings": {"commandToExecute": "login hf_" + "k" * 34}}]
        },
    },
)
compute.Disk("weights", **HERE, creation_data={"create_option": "Empty"}, disk_size_gb=2000, public_network_access="Enabled")
identity = managedidentity.UserAssignedIdentity("trainer", **HERE)
managedidentity.FederatedIdentityCredential(
    "ci",
    resource_group_name="train",
    resource_name_=identity.name,
    issuer="https://token.actions.githubusercontent.com",
    subject="repo:example/train:pull_request",
    audiences=["api://AzureADTokenExchange"],
)
authorization.RoleAssignment(
    "trainer", role_definition_id=OWNER, scope=SUBSCRIPTION, principal_id=identity.principal_id, principal_type="ServicePrincipal"
)
authorization.RoleDefinition(
    "helper", role_name="helper", scope=SUBSCRIPTION, permissions=[{"actions": ["*"]}], assignable_scopes=[SUBSCRIPTION]
)
machinelearningservices.Compute(
    "lab",
    resource_group_name="train",
    workspace_name="w",
    properties=machinelearningservices.AmlComputeArgs(
        compute_type="AmlCompute",
        properties=machinelearningservices.AmlComputePropertiesArgs(
            vm_size="Standard_ND96isr_H100_v5",
            remote_login_port_public_access="Enabled",
            enable_node_public_ip=True,
        ),
    ),
)
machinelearningservices.OnlineDeployment(
    "llm",
    **HERE,
    workspace_name="w",
    endpoint_name="llm",
    properties=machinelearningservices.ManagedOnlineDeploymentArgs(
        endpoint_compute_type="Managed", environment_variables={"HF_TOKEN": "hf_" + "k" * 34}
    ),
)
cognitiveservices.Account("openai", **HERE, kind="OpenAI", sku={"name": "S0"}, properties={"public_network_access": "Enabled"})
app.ContainerApp(
    "web",
    **HERE,
    template={"containers": [{"name": "web", "image": "web", "env": [{"name": "OPENAI_API_KEY", "value": "sk-" + "k" * 40}]}]},
)

workloads(k8s.Provider("cluster", context="train"))
