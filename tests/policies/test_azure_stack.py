"""A whole stack on Azure, once as it should be and once as it is found: nothing to say of the one, all that is grave of the other."""

from typing import Any

import pytest

from lepton_infra.rules.card import Kind
from lepton_infra.rules.finding import Finding
from lepton_infra.rules.runner import Runner
from lepton_infra.rules.subject import Subject
from lepton_infra.rules.values import UNKNOWN
from lepton_policies import azure

NETWORK = "urn:pulumi:s::p::azure-native:network:VirtualNetwork::net"
ACCOUNT = "urn:pulumi:s::p::azure-native:storage:StorageAccount::models"
TAGS = {"owner": "ml-platform", "team": "inference", "environment": "prod"}
GROUP = {"resourceGroupName": "rg", "location": "westeurope"}
ON = {"enabled": True}
ORIGINS = {"targetResourceId": (NETWORK,), "virtualNetworkName": (NETWORK,), "accountName": (ACCOUNT,)}

Stack = dict[tuple[str, str], dict[str, Any]]

CAREFUL: Stack = {
    ("azure-native:network:NetworkSecurityGroup", "guard"): {
        **GROUP,
        "securityRules": [
            {
                "name": "https",
                "access": "Allow",
                "direction": "Inbound",
                "protocol": "Tcp",
                "priority": 100,
                "sourceAddressPrefix": "VirtualNetwork",
                "sourcePortRange": "*",
                "destinationAddressPrefix": "*",
                "destinationPortRange": "443",
            }
        ],
    },
    ("azure-native:network:VirtualNetwork", "net"): {**GROUP, "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "tags": TAGS},
    ("azure-native:network:Subnet", "nodes"): {
        "resourceGroupName": "rg",
        "virtualNetworkName": UNKNOWN,
        "addressPrefix": "10.0.0.0/20",
        "networkSecurityGroup": {"id": UNKNOWN},
        "defaultOutboundAccess": False,
    },
    ("azure-native:network:FlowLog", "flows"): {**GROUP, "targetResourceId": UNKNOWN, "storageId": UNKNOWN, "enabled": True},
    ("azure-native:containerservice:ManagedCluster", "cluster"): {
        **GROUP,
        "tags": TAGS,
        "sku": {"name": "Base", "tier": "Standard"},
        "identity": {"type": "SystemAssigned"},
        "aadProfile": {"managed": True, "enableAzureRBAC": True},
        "disableLocalAccounts": True,
        "enableRBAC": True,
        "apiServerAccessProfile": {"enablePrivateCluster": True, "disableRunCommand": True},
        "networkProfile": {"networkPlugin": "azure", "networkPolicy": "cilium", "networkDataplane": "cilium"},
        "oidcIssuerProfile": ON,
        "securityProfile": {
            "workloadIdentity": ON,
            "imageCleaner": ON,
            "azureKeyVaultKms": {"enabled": True, "keyId": UNKNOWN},
            "defender": {"securityMonitoring": ON, "logAnalyticsWorkspaceResourceId": UNKNOWN},
        },
        "addonProfiles": {
            "azurepolicy": ON,
            "omsagent": ON,
            "azureKeyvaultSecretsProvider": {"enabled": True, "config": {"enableSecretRotation": "true"}},
        },
        "autoUpgradeProfile": {"upgradeChannel": "patch", "nodeOSUpgradeChannel": "NodeImage"},
        "metricsProfile": {"costAnalysis": ON},
        "diskEncryptionSetID": "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/diskEncryptionSets/d",
        "agentPoolProfiles": [
            {
                "name": "system",
                "mode": "System",
                "vmSize": "Standard_D4s_v5",
                "count": 3,
                "enableEncryptionAtHost": True,
                "nodeTaints": ["CriticalAddonsOnly=true:NoSchedule"],
                "securityProfile": {"sshAccess": "Disabled"},
            }
        ],
    },
    ("azure-native:containerservice:AgentPool", "gpus"): {
        "resourceGroupName": "rg",
        "resourceName": UNKNOWN,
        "tags": TAGS,
        "mode": "User",
        "vmSize": "Standard_ND96isr_H100_v5",
        "enableAutoScaling": True,
        "minCount": 0,
        "maxCount": 16,
        "availabilityZones": ["1"],
        "nodeTaints": ["nvidia.com/gpu=present:NoSchedule"],
        "enableEncryptionAtHost": True,
        "securityProfile": {"sshAccess": "Disabled"},
        "capacityReservationGroupID": "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/capacityReservationGroups/h100",
    },
    ("azure-native:storage:StorageAccount", "models"): {
        **GROUP,
        "kind": "StorageV2",
        "sku": {"name": "Standard_ZRS"},
        "tags": TAGS,
        "allowBlobPublicAccess": False,
        "allowCrossTenantReplication": False,
        "allowSharedKeyAccess": False,
        "allowedCopyScope": "AAD",
        "defaultToOAuthAuthentication": True,
        "minimumTlsVersion": "TLS1_2",
        "publicNetworkAccess": "Disabled",
        "encryption": {"keySource": "Microsoft.Keyvault", "requireInfrastructureEncryption": True},
    },
    ("azure-native:storage:ManagementPolicy", "aging"): {"resourceGroupName": "rg", "accountName": UNKNOWN},
    ("azure-native:storage:BlobServiceProperties", "blobs"): {
        "resourceGroupName": "rg",
        "accountName": UNKNOWN,
        "deleteRetentionPolicy": {"enabled": True, "days": 7},
        "containerDeleteRetentionPolicy": {"enabled": True, "days": 7},
    },
    ("azure-native:keyvault:Vault", "vault"): {
        **GROUP,
        "tags": TAGS,
        "properties": {
            "enablePurgeProtection": True,
            "enableRbacAuthorization": True,
            "publicNetworkAccess": "Disabled",
            "networkAcls": {"defaultAction": "Deny"},
        },
    },
    ("azure-native:consumption:Budget", "budget"): {
        "amount": 50000,
        "notifications": {"most": {"enabled": True, "threshold": 80, "contactEmails": ["ml@example.com"]}},
    },
    ("azure-native:authorization:RoleAssignment", "pull"): {
        "principalId": UNKNOWN,
        "principalType": "ServicePrincipal",
        "roleDefinitionId": "/providers/Microsoft.Authorization/roleDefinitions/7f951dda-4ed3-4680-a7ca-43fe172d538d",
        "scope": UNKNOWN,
    },
}

CARELESS: Stack = {
    ("azure-native:network/v20240501:SecurityRule", "ray"): {
        "access": "allow",
        "direction": "inbound",
        "protocol": "*",
        "priority": 100,
        "sourceAddressPrefixes": ["0.0.0.0/1", "128.0.0.0/1"],
        "destinationPortRanges": ["22", "8000-9000"],
    },
    ("azure-native:containerservice/v20240901:ManagedCluster", "cluster"): {
        **GROUP,
        "enableRBAC": False,
        "agentPoolProfiles": [{"name": "system", "mode": "System"}, {"name": "gpu", "vmSize": "Standard_ND96isr_H100_v5", "count": 200}],
    },
    ("azure-native:containerservice:AgentPool", "gpus"): {"enableNodePublicIP": True, "vmSize": "Standard_NC4as_T4_v3", "count": 1},
    ("azure-native:storage:StorageAccount", "models"): {**GROUP, "enableHttpsTrafficOnly": False, "allowBlobPublicAccess": True},
    ("azure-native:storage:BlobContainer", "weights"): {"publicAccess": "Blob"},
    ("azure-native:cognitiveservices:Account", "gpt"): {"kind": "OpenAI", "properties": {}},
    ("azure-native:authorization:RoleAssignment", "owner"): {
        "principalId": UNKNOWN,
        "principalType": "ServicePrincipal",
        "roleDefinitionId": "/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
        "scope": "/subscriptions/0b1c2d3e-0000-0000-0000-000000000000",
    },
}
GRAVE = {
    ("az-nsg-admin-open", "ray"),
    ("az-nsg-ai-ports-open", "ray"),
    ("az-aks-api-open", "cluster"),
    ("az-aks-rbac", "cluster"),
    ("cost-az-gpu-max-bound", "cluster"),
    ("cost-az-gpu-min-zero", "cluster"),
    ("az-aks-node-public-ip", "gpus"),
    ("cost-az-gpu-min-zero", "gpus"),
    ("az-storage-anonymous", "models"),
    ("az-storage-default-deny", "models"),
    ("az-storage-https", "models"),
    ("az-storage-tls", "models"),
    ("az-storage-container-public", "weights"),
    ("az-openai-public", "gpt"),
    ("az-role-wide", "owner"),
    ("az-role-owner-workload", "owner"),
}


def subjects(stack: Stack) -> list[Subject]:
    """Return a stack as a preview has it: what another resource will be called is unknown, and which one it is is known."""
    return [
        Subject(
            type=token,
            inputs=inputs,
            name=name,
            urn=f"urn:pulumi:s::p::{token}::{name}",
            sources={key: ORIGINS.get(key, ()) for key in inputs},
            dependencies=tuple(urn for key in inputs for urn in ORIGINS.get(key, ())),
        )
        for (token, name), inputs in stack.items()
    ]


def findings(stack: Stack) -> list[Finding]:
    return Runner(azure.RULES).evaluate_stack(subjects(stack), tuple(Kind))


def test_of_a_careful_stack_there_is_nothing_to_say() -> None:
    assert [f"{one.rule} of {one.name}: {one.message}" for one in findings(CAREFUL)] == []


def test_of_a_careless_stack_everything_grave_is_said() -> None:
    assert {(one.rule, one.name) for one in findings(CARELESS) if one.outcome.value == "fail" and one.severity.blocks} == GRAVE


@pytest.mark.parametrize("key", list(CAREFUL), ids=str)
def test_what_is_alone_is_judged_as_in_its_stack(key: tuple[str, str]) -> None:
    assert [one for one in findings({key: CAREFUL[key]}) if one.severity.blocks] == []
