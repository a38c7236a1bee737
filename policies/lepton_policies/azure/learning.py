"""Azure Machine Learning: who reaches workspaces, notebooks, training clusters and endpoints, and what they cost when idle."""

from collections.abc import Mapping
from typing import Final

from lepton_infra.rules.card import On, Severity, rule
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, any_of, none_of
from lepton_infra.rules.view import Resource
from lepton_policies.azure.words import means
from lepton_policies.shared.credentials import holds_credential, secrets_in
from lepton_policies.shared.keys import WHY_OWN_KEY
from lepton_policies.shared.production import is_production

_WORKSPACE: Final = "azure-native:machinelearningservices:Workspace"
_COMPUTE: Final = "azure-native:machinelearningservices:Compute"
_ENDPOINT: Final = "azure-native:machinelearningservices:OnlineEndpoint"
_DEPLOYMENT: Final = "azure-native:machinelearningservices:OnlineDeployment"
_BATCH: Final = "azure-native:machinelearningservices:BatchDeployment"
_JOB: Final = "azure-native:machinelearningservices:Job"
_SERVERLESS: Final = "azure-native:machinelearningservices:ServerlessEndpoint"
_H100: Final = "Standard_ND96isr_H100_v5"
_TOKEN: Final = "hf_" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ" + "0Ab2Cd4Ef"


def _cluster(inside: Mapping[str, object]) -> dict[str, object]:
    return {"workspaceName": "w", "properties": {"computeType": "AmlCompute", "properties": {"vmSize": _H100, **inside}}}


def _notebook(inside: Mapping[str, object]) -> dict[str, object]:
    return {"workspaceName": "w", "properties": {"computeType": "ComputeInstance", "properties": {"vmSize": _H100, **inside}}}


def _kind(compute: Resource, *kinds: str) -> Verdict:
    return means(compute.properties.computeType, *kinds)


@rule(
    "az-ml-workspace-public",
    Severity.MEDIUM,
    _WORKSPACE,
    why="A workspace runs whatever its users send, with its data and its GPUs; on the internet one leaked token is enough.",
    fix='Set `public_network_access="Disabled"` and add an `azure_native.network.PrivateEndpoint`.',
    references=("checkov:CKV_AZURE_144",),
    good=[{"publicNetworkAccess": "Disabled"}],
    bad=[{"sku": {"name": "Basic"}}, {"publicNetworkAccess": "Enabled"}, {"allowPublicAccessWhenBehindVnet": True}],
    unknown=[{"publicNetworkAccess": UNKNOWN}],
)
def workspace_is_off_the_internet(workspace: Resource) -> Verdict:
    """A workspace has no public endpoint."""
    return means(workspace.publicNetworkAccess.or_default("Enabled"), "Disabled")


@rule(
    "az-ml-workspace-isolation",
    Severity.MEDIUM,
    _WORKSPACE,
    why="A training job, or a package that it installs, sends data sets and weights wherever it likes, unless ways out are listed.",
    fix='Set `managed_network={"isolation_mode": "AllowOnlyApprovedOutbound"}`.',
    references=("https://learn.microsoft.com/azure/machine-learning/how-to-managed-network",),
    good=[{"managedNetwork": {"isolationMode": "AllowOnlyApprovedOutbound"}}, {"hubResourceId": "/subscriptions/s/hub", "kind": "Project"}],
    bad=[
        {"sku": {"name": "Basic"}},
        {"managedNetwork": {"isolationMode": "Disabled"}},
        {"managedNetwork": {"isolationMode": "AllowInternetOutbound"}},
    ],
    unknown=[{"managedNetwork": UNKNOWN}, {"managedNetwork": {"isolationMode": UNKNOWN}}],
)
def ways_out_are_listed(workspace: Resource) -> Verdict:
    """Jobs of a workspace reach only what is approved; a project has its hub's network."""
    return means(workspace.managedNetwork.isolationMode, "AllowOnlyApprovedOutbound") | means(workspace.kind, "Project")


@rule(
    "az-ml-workspace-cmk",
    Severity.LOW,
    _WORKSPACE,
    why=WHY_OWN_KEY,
    fix='Set `encryption={"status": "Enabled", "key_vault_properties": {...}}`.',
    references=("https://learn.microsoft.com/azure/machine-learning/concept-customer-managed-keys",),
    good=[{"encryption": {"status": "Enabled", "keyVaultProperties": {"keyIdentifier": UNKNOWN, "keyVaultArmId": "v"}}}],
    bad=[{"sku": {"name": "Basic"}}, {"encryption": {"status": "Disabled"}}],
    unknown=[{"encryption": UNKNOWN}, {"encryption": {"status": UNKNOWN}}],
)
def workspace_key_is_ours(workspace: Resource) -> Verdict:
    """A workspace is encrypted by a key of one's own."""
    return means(workspace.encryption.status, "Enabled")


@rule(
    "az-ml-datastore-identity",
    Severity.LOW,
    _WORKSPACE,
    why="By default every user of a workspace gets the storage account's key with the datastore, and may read what others may not.",
    fix='Set `system_datastores_auth_mode="Identity"`.',
    references=("https://learn.microsoft.com/azure/machine-learning/how-to-disable-local-auth-storage",),
    good=[{"systemDatastoresAuthMode": "Identity"}, {"systemDatastoresAuthMode": "UserDelegationSAS"}],
    bad=[{"sku": {"name": "Basic"}}, {"systemDatastoresAuthMode": "AccessKey"}],
    unknown=[{"systemDatastoresAuthMode": UNKNOWN}],
)
def data_is_read_by_name(workspace: Resource) -> Verdict:
    """A workspace's own datastores are opened by identity."""
    return means(workspace.systemDatastoresAuthMode, "Identity", "UserDelegationSAS")


@rule(
    "az-ml-compute-public-ip",
    Severity.HIGH,
    _COMPUTE,
    why="A training node or notebook with a public address is one security group rule away from the internet, with a shell on its GPU.",
    fix="Set `enable_node_public_ip=False` in its `properties`.",
    references=("https://learn.microsoft.com/azure/machine-learning/how-to-secure-training-vnet",),
    good=[
        _cluster({"enableNodePublicIp": False}),
        _notebook({"enableNodePublicIp": "false"}),
        {"properties": {"computeType": "Kubernetes"}},
    ],
    bad=[_cluster({}), _cluster({"enableNodePublicIp": True}), _notebook({})],
    unknown=[_cluster({"enableNodePublicIp": UNKNOWN}), {"properties": UNKNOWN}],
)
def compute_has_no_public_address(compute: Resource) -> Verdict:
    """Training nodes and notebooks have no public address; they do where nothing is said."""
    own = _kind(compute, "AmlCompute", "ComputeInstance")
    return own.implies(compute.properties.properties.enableNodePublicIp.or_default(value=True).is_false())


@rule(
    "az-ml-compute-ssh",
    Severity.HIGH,
    _COMPUTE,
    why="SSH to a GPU node from the internet is tried with leaked keys and passwords from the first minute on.",
    fix='Set `remote_login_port_public_access="Disabled"` (a notebook: `ssh_settings={"ssh_public_access": "Disabled"}`).',
    references=("https://learn.microsoft.com/azure/machine-learning/how-to-create-attach-compute-cluster",),
    good=[_cluster({"remoteLoginPortPublicAccess": "Disabled"}), _cluster({}), _notebook({"sshSettings": {"sshPublicAccess": "Disabled"}})],
    bad=[_cluster({"remoteLoginPortPublicAccess": "Enabled"}), _notebook({"sshSettings": {"sshPublicAccess": "enabled"}})],
    unknown=[_cluster({"remoteLoginPortPublicAccess": UNKNOWN}), _notebook({"sshSettings": UNKNOWN})],
)
def compute_takes_no_ssh(compute: Resource) -> Verdict:
    """Training nodes and notebooks take no SSH from outside; they do not where nothing is said."""
    inside = compute.properties.properties
    return ~(means(inside.remoteLoginPortPublicAccess, "Enabled") | means(inside.sshSettings.sshPublicAccess, "Enabled"))


@rule(
    "az-ml-compute-local-auth",
    Severity.MEDIUM,
    _COMPUTE,
    why="Local users of a cluster are passwords and keys outside Entra: no second factor, and no leaver process.",
    fix="Set `disable_local_auth=True` in `properties`.",
    references=("checkov:CKV_AZURE_142",),
    good=[{"properties": {"computeType": "AmlCompute", "disableLocalAuth": True}}, {"properties": {"computeType": "Kubernetes"}}],
    bad=[_cluster({}), {"properties": {"computeType": "ComputeInstance", "disableLocalAuth": False}}],
    unknown=[{"properties": {"computeType": "AmlCompute", "disableLocalAuth": UNKNOWN}}, {"properties": UNKNOWN}],
)
def compute_has_no_local_users(compute: Resource) -> Verdict:
    """Training clusters and notebooks have no users of their own."""
    return _kind(compute, "AmlCompute", "ComputeInstance").implies(compute.properties.disableLocalAuth.is_true())


@rule(
    "cost-az-ml-min-zero",
    Severity.MEDIUM,
    _COMPUTE,
    why="A training cluster with a floor bills its nodes day and night, whether a job runs or not.",
    fix="Set `min_node_count=0` in `scale_settings`; the first job of the morning waits some minutes for it.",
    references=("checkov:CKV_AZURE_150",),
    good=[
        _cluster({"scaleSettings": {"minNodeCount": 0, "maxNodeCount": 4}}),
        _cluster({"scaleSettings": {"maxNodeCount": 4}}),
        {**_cluster({"scaleSettings": {"minNodeCount": 2, "maxNodeCount": 4}}), "tags": {"environment": "prod"}},
        _notebook({}),
    ],
    bad=[
        _cluster({"scaleSettings": {"minNodeCount": 1, "maxNodeCount": 4}}),
        _cluster({"scaleSettings": {"minNodeCount": "2", "maxNodeCount": 4}}),
    ],
    unknown=[_cluster({"scaleSettings": UNKNOWN}), _cluster({"scaleSettings": {"minNodeCount": UNKNOWN, "maxNodeCount": 4}})],
)
def training_cluster_can_be_empty(compute: Resource) -> Verdict:
    """Outside production a training cluster shrinks to nothing."""
    return ~(compute.properties.properties.scaleSettings.minNodeCount > 0) | is_production(compute)


@rule(
    "cost-az-ml-idle-shutdown",
    Severity.MEDIUM,
    _COMPUTE,
    why="A notebook on a GPU machine bills over the weekend for the tab that somebody left open on Friday.",
    fix='Set `idle_time_before_shutdown="PT60M"` in `properties`, or `schedules` that stop it at night.',
    references=("https://learn.microsoft.com/azure/machine-learning/how-to-create-compute-instance",),
    good=[
        _notebook({"idleTimeBeforeShutdown": "PT60M"}),
        _notebook({"schedules": {"computeStartStop": [{"action": "Stop", "cron": {"expression": "0 20 * * *"}}]}}),
        _cluster({}),
    ],
    bad=[_notebook({}), _notebook({"schedules": {"computeStartStop": [{"action": "Start"}]}})],
    unknown=[_notebook({"idleTimeBeforeShutdown": UNKNOWN}), _notebook({"schedules": UNKNOWN}), {"properties": UNKNOWN}],
)
def idle_notebook_stops(compute: Resource) -> Verdict:
    """A notebook that nobody uses stops."""
    inside = compute.properties.properties
    stops = any_of(means(one.action, "Stop") for one in inside.schedules.computeStartStop)
    return _kind(compute, "ComputeInstance").implies(inside.idleTimeBeforeShutdown.is_set() | stops)


@rule(
    "az-ml-endpoint-auth",
    Severity.MEDIUM,
    _ENDPOINT,
    why="The key of an endpoint never ends and names nobody: who finds it in a repository infers at your expense.",
    fix='Set `auth_mode="AADToken"` in `properties`.',
    references=("https://learn.microsoft.com/azure/machine-learning/concept-endpoints-online-auth",),
    good=[{"properties": {"authMode": "AADToken"}}],
    bad=[{"properties": {"authMode": "Key"}}, {"properties": {"authMode": "AMLToken"}}],
    unknown=[{"properties": {"authMode": UNKNOWN}}, {"properties": UNKNOWN}],
)
def endpoint_asks_who(endpoint: Resource) -> Verdict:
    """An endpoint takes tokens of Entra and no keys."""
    return means(endpoint.properties.authMode, "AADToken")


@rule(
    "az-ml-endpoint-public",
    Severity.MEDIUM,
    _ENDPOINT,
    why="A model behind a public endpoint is copied by asking it, and denied to others by asking it much.",
    fix='Set `public_network_access="Disabled"` in `properties`; callers come by the workspace\'s private endpoint.',
    references=("https://learn.microsoft.com/azure/machine-learning/concept-secure-online-endpoint",),
    good=[{"properties": {"authMode": "AADToken", "publicNetworkAccess": "Disabled"}}],
    bad=[{"properties": {"authMode": "AADToken"}}, {"properties": {"publicNetworkAccess": "Enabled"}}],
    unknown=[{"properties": {"publicNetworkAccess": UNKNOWN}}],
)
def endpoint_is_off_the_internet(endpoint: Resource) -> Verdict:
    """An endpoint is reached from private networks only."""
    return means(endpoint.properties.publicNetworkAccess.or_default("Enabled"), "Disabled")


@rule(
    "az-ml-deployment-env-secrets",
    Severity.HIGH,
    _DEPLOYMENT,
    _BATCH,
    _JOB,
    why="Environment variables of a deployment or job are read by everybody who may look at it, and stand in the log of every crash.",
    fix="Revoke the token, put the new one in a key vault, and let the deployment's identity fetch it.",
    references=("https://learn.microsoft.com/azure/machine-learning/how-to-deploy-online-endpoint-with-secret-injection",),
    good=[
        {"properties": {"environmentVariables": {"MODEL": "llama", "TOKEN_SOURCE": "keyvault"}}},
        {"properties": {"instanceType": _H100}},
    ],
    bad=[
        {"properties": {"environmentVariables": {"MODEL": "llama", "HF_TOKEN": _TOKEN}}},
        On(_BATCH, {"properties": {"environmentVariables": {"WANDB_API_KEY": "changeme"}}}),
        On(_JOB, {"properties": {"jobType": "Command", "environmentVariables": {"HF_TOKEN": _TOKEN}}}),
        On(_JOB, {"properties": {"jobType": "Command", "command": f"huggingface-cli login --token {_TOKEN} && python train.py"}}),
    ],
    unknown=[{"properties": {"environmentVariables": UNKNOWN}}, {"properties": {"environmentVariables": {"HF_TOKEN": UNKNOWN}}}],
)
def deployment_holds_no_credential(deployment: Resource) -> Verdict:
    """No credential stands in the environment of a deployment or job, or in what a job starts."""
    properties = deployment.properties
    return none_of((*secrets_in(properties.environmentVariables), holds_credential(properties.command)))


@rule(
    "az-ml-serverless-safety",
    Severity.MEDIUM,
    _SERVERLESS,
    why="A model without content safety answers what its maker trained it to refuse, in your name.",
    fix='Set `content_safety={"content_safety_status": "Enabled"}` in `properties`.',
    references=("https://learn.microsoft.com/azure/ai-foundry/how-to/deploy-models-serverless",),
    good=[{"properties": {"authMode": "Key", "contentSafety": {"contentSafetyStatus": "Enabled"}}}],
    bad=[{"properties": {"contentSafety": {"contentSafetyStatus": "Disabled"}}}, {"properties": {"authMode": "Key"}}],
    unknown=[{"properties": {"contentSafety": UNKNOWN}}],
)
def answers_are_filtered(endpoint: Resource) -> Verdict:
    """A serverless model has content safety on."""
    return means(endpoint.properties.contentSafety.contentSafetyStatus, "Enabled")
