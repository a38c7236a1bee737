"""Notebooks, TPU machines, model endpoints and Cloud Run: who reaches them, and what they give away."""

from collections.abc import Iterator
from typing import Final

from lepton_infra.rules.card import On, Severity, rule
from lepton_infra.rules.subject import plain_type
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, all_of, any_of, none_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.gcp.grants import DEFAULT_ACCOUNT
from lepton_policies.gcp.nodes import means_true
from lepton_policies.shared.credentials import no_secret_among, secrets_in
from lepton_policies.shared.production import is_production

_WORKBENCH: Final = "gcp:workbench/instance:Instance"
_TPU: Final = "gcp:tpu/v2Vm:V2Vm"
_QUEUED: Final = "gcp:tpu/v2QueuedResource:V2QueuedResource"
_RUN: Final = "gcp:cloudrunv2/service:Service"
_RUN_JOB: Final = "gcp:cloudrunv2/job:Job"
_RUN_POOL: Final = "gcp:cloudrunv2/workerPool:WorkerPool"
_OLD_RUN: Final = "gcp:cloudrun/service:Service"
_GARDEN: Final = "gcp:vertex/aiEndpointWithModelGardenDeployment:AiEndpointWithModelGardenDeployment"
_COLAB: Final = "gcp:colab/runtimeTemplate:RuntimeTemplate"
_FUNCTION: Final = "gcp:cloudfunctionsv2/function:Function"
_OLD_FUNCTION: Final = "gcp:cloudfunctions/function:Function"
_LEAK: Final = "hf_abcdefghijklmnopqrstuvwxyzabcdefgh"
_OWN: Final = "notebook@p.iam.gserviceaccount.com"
_GPU: Final = {"accelerator": "nvidia-l4"}


@rule(
    "gcp-workbench-public-ip",
    Severity.HIGH,
    _WORKBENCH,
    why="A notebook runs whatever is typed into it; with a public address it stands on the internet beside the data that it may read.",
    fix='Set `gce_setup={"disable_public_ip": True, ...}`, and open it through the proxy, which asks who comes.',
    references=("https://cloud.google.com/vertex-ai/docs/workbench/instances/create",),
    good=[{"location": "europe-west4-a", "gceSetup": {"disablePublicIp": True}}],
    bad=[
        {"location": "europe-west4-a"},
        {"gceSetup": {"machineType": "g2-standard-8"}},
        {"gceSetup": {"disablePublicIp": False}},
        {"gceSetup": {"disablePublicIp": True, "networkInterfaces": [{"network": "n"}, {"accessConfigs": [{"externalIp": UNKNOWN}]}]}},
    ],
    unknown=[{"gceSetup": UNKNOWN}, {"gceSetup": {"disablePublicIp": UNKNOWN}}],
)
def notebook_has_no_public_address(notebook: Resource) -> Verdict:
    """A notebook has no public address."""
    setup = notebook.gceSetup
    return setup.disablePublicIp.is_true() & all_of(nic.accessConfigs.is_absent() for nic in setup.networkInterfaces)


@rule(
    "gcp-workbench-default-sa",
    Severity.HIGH,
    _WORKBENCH,
    why="Whoever opens the notebook acts as its account; the default one is editor of the project in many organisations.",
    fix="Set `gce_setup.service_accounts` to an account of its own, or `enable_managed_euc=True` so that users act as themselves.",
    references=("https://cloud.google.com/vertex-ai/docs/workbench/instances/manage-access-jupyterlab",),
    good=[{"gceSetup": {"serviceAccounts": [{"email": _OWN}]}}, {"enableManagedEuc": True}],
    bad=[
        {"gceSetup": {"machineType": "g2-standard-8"}},
        {"gceSetup": {"serviceAccounts": [{"email": _OWN}, {"email": "1-compute@developer.gserviceaccount.com"}]}},
        {"gceSetup": {"serviceAccounts": [{"scopes": ["cloud-platform"]}]}},
    ],
    unknown=[{"gceSetup": {"serviceAccounts": UNKNOWN}}, {"enableManagedEuc": UNKNOWN}],
)
def notebook_acts_as_its_own(notebook: Resource) -> Verdict:
    """A notebook acts as an account made for it, or as whoever uses it."""
    accounts = notebook.gceSetup.serviceAccounts
    own = accounts.is_set() & all_of(one.email.is_set() & ~one.email.text_matches(DEFAULT_ACCOUNT) for one in accounts)
    return notebook.enableManagedEuc.is_true() | own


@rule(
    "gcp-workbench-root",
    Severity.MEDIUM,
    _WORKBENCH,
    why="Root in a notebook turns off whatever watches the machine, and reads what other users of it left there.",
    fix='Set `gce_setup={"metadata": {"notebook-disable-root": "true"}, ...}`.',
    references=("https://cloud.google.com/vertex-ai/docs/workbench/instances/manage-metadata",),
    good=[{"gceSetup": {"metadata": {"notebook-disable-root": "true"}}}],
    bad=[{"gceSetup": {}}, {"gceSetup": {"metadata": {"notebook-disable-root": "false", "notebook-disable-downloads": "true"}}}],
    unknown=[{"gceSetup": {"metadata": UNKNOWN}}, {"gceSetup": {"metadata": {"notebook-disable-root": UNKNOWN}}}],
)
def notebook_gives_no_root(notebook: Resource) -> Verdict:
    """Users of a notebook are not root."""
    return means_true(notebook.gceSetup.metadata["notebook-disable-root"])


@rule(
    "gcp-tpu-public-ip",
    Severity.HIGH,
    _TPU,
    _QUEUED,
    why="Every worker of a TPU slice gets an address then: hundreds of machines with the same flaw, found within minutes.",
    fix="Leave `enable_external_ips` out, and set `private_ip_google_access=True` on the subnet.",
    references=("https://cloud.google.com/tpu/docs/internal-ip-blocks",),
    good=[
        {"runtimeVersion": "v2-alpha-tpuv6e", "networkConfig": {"subnetwork": "s"}},
        {"networkConfigs": [{"enableExternalIps": False}]},
        On(_QUEUED, {"tpu": {"nodeSpecs": [{"node": {"networkConfig": {"enableExternalIps": False}}}]}}),
    ],
    bad=[
        {"networkConfig": {"enableExternalIps": True}},
        {"networkConfigs": [{"subnetwork": "s"}, {"enableExternalIps": True}]},
        On(
            _QUEUED,
            {"tpu": {"nodeSpecs": [{"nodeId": "a"}, {"node": {"networkConfig": {"enableExternalIps": "true"}}}]}},
        ),
    ],
    unknown=[{"networkConfig": UNKNOWN}, {"networkConfigs": [{"enableExternalIps": UNKNOWN}]}, On(_QUEUED, {"tpu": UNKNOWN})],
)
def workers_have_no_public_addresses(slice_of_tpus: Resource) -> Verdict:
    """The workers of a TPU slice have no public addresses."""
    if slice_of_tpus.type_token == _QUEUED:
        configs = [spec.node.networkConfig for spec in slice_of_tpus.tpu.nodeSpecs]
    else:
        configs = [slice_of_tpus.networkConfig, *slice_of_tpus.networkConfigs]
    return none_of(config.enableExternalIps.is_true() for config in configs)


def _containers(resource: Resource) -> Iterator[View]:
    """Iterate over the places of a resource that have environment variables, whatever generation its API is of."""
    token = resource.type_token
    if token == _RUN_JOB:
        yield from resource.template.template.containers
    elif token == _OLD_RUN:
        yield from resource.template.spec.containers
    elif token == _GARDEN:
        yield resource.modelConfig.containerSpec
    elif token == _COLAB:
        yield resource.softwareConfig
    else:
        yield from resource.template.containers


def _functions(function: Resource) -> tuple[View, ...]:
    """Return the environments of a function, of either generation: while it runs, and while it is built."""
    building = (function.buildEnvironmentVariables, function.buildConfig.environmentVariables)
    return (function.environmentVariables, function.serviceConfig.environmentVariables, *building)


@rule(
    "gcp-env-secrets",
    Severity.CRITICAL,
    _RUN,
    _RUN_JOB,
    _RUN_POOL,
    _OLD_RUN,
    _GARDEN,
    _COLAB,
    _FUNCTION,
    _OLD_FUNCTION,
    why="Environment variables are read by everyone who may view the service, and stand in every revision that ever was.",
    fix="Keep the credential in Secret Manager and name it in `value_source.secret_key_ref`.",
    references=("https://cloud.google.com/run/docs/configuring/services/secrets",),
    good=[
        {"template": {"containers": [{"image": "i", "envs": [{"name": "MODEL", "value": "llama"}]}]}},
        {"template": {"containers": [{"envs": [{"name": "HF_TOKEN", "valueSource": {"secretKeyRef": {"secret": "hub"}}}]}]}},
    ],
    bad=[
        {"template": {"containers": [{"image": "i"}, {"envs": [{"name": "A", "value": "b"}, {"name": "HF_TOKEN", "value": _LEAK}]}]}},
        On(_RUN_JOB, {"template": {"template": {"containers": [{"envs": [{"name": "T", "value": _LEAK}]}]}}}),
        On(_OLD_RUN, {"template": {"spec": {"containers": [{"envs": [{"name": "T", "value": _LEAK}]}]}}}),
        On(_GARDEN, {"modelConfig": {"containerSpec": {"imageUri": "i", "envs": [{"name": "T", "value": _LEAK}]}}}),
        On(_COLAB, {"softwareConfig": {"envs": [{"name": "T", "value": _LEAK}]}}),
        {"template": {"containers": [{"envs": [{"name": "WANDB_API_KEY", "value": "changeme"}]}]}},
        On(_FUNCTION, {"serviceConfig": {"environmentVariables": {"MODEL": "llama", "HF_TOKEN": _LEAK}}}),
        On(_OLD_FUNCTION, {"environmentVariables": {"HF_TOKEN": "changeme"}}),
    ],
    unknown=[{"template": {"containers": [{"envs": [{"name": "T", "value": UNKNOWN}]}]}}, {"template": UNKNOWN}],
)
def environment_holds_no_credential(resource: Resource) -> Verdict:
    """No environment variable holds a credential."""
    if plain_type(resource.type_token).startswith("gcp:cloudfunctions"):
        return none_of(found for variables in _functions(resource) for found in secrets_in(variables))
    return all_of(no_secret_among(container.envs) for container in _containers(resource))


@rule(
    "gcp-run-default-sa",
    Severity.MEDIUM,
    _RUN,
    _RUN_JOB,
    _RUN_POOL,
    why="A model server that is talked into running code acts as its account; the default one may be editor of the project.",
    fix="Set `template.service_account` to an account with the few roles that the service needs.",
    references=("https://cloud.google.com/run/docs/securing/service-identity",),
    good=[{"template": {"serviceAccount": "llm@p.iam.gserviceaccount.com"}}],
    bad=[
        {"template": {"containers": [{"image": "i"}]}},
        {"template": {"serviceAccount": "1-compute@developer.gserviceaccount.com"}},
        On(_RUN_JOB, {"template": {"template": {"maxRetries": 0}}}),
    ],
    unknown=[{"template": {"serviceAccount": UNKNOWN}}, On(_RUN_JOB, {"template": UNKNOWN})],
)
def service_acts_as_its_own(resource: Resource) -> Verdict:
    """What runs on Cloud Run acts as an account made for it."""
    template = resource.template.template if resource.type_token == _RUN_JOB else resource.template
    return template.serviceAccount.is_set() & ~template.serviceAccount.text_matches(DEFAULT_ACCOUNT)


@rule(
    "cost-gcp-run-gpu-min-zero",
    Severity.HIGH,
    _RUN,
    why="An instance with a GPU that waits for a call is billed like one that answers, day and night.",
    fix="Leave `min_instance_count` out, in `scaling` and in `template.scaling`, outside production.",
    references=("https://cloud.google.com/run/docs/configuring/services/gpu",),
    good=[
        {"template": {"nodeSelector": _GPU, "scaling": {"maxInstanceCount": 3}}},
        {"template": {"scaling": {"minInstanceCount": 1}}},
        {"labels": {"environment": "prod"}, "template": {"nodeSelector": _GPU, "scaling": {"minInstanceCount": 2}}},
    ],
    bad=[
        {"template": {"nodeSelector": _GPU, "scaling": {"minInstanceCount": 1}}},
        {"labels": {"environment": "dev"}, "scaling": {"minInstanceCount": "1"}, "template": {"nodeSelector": _GPU}},
        {"scaling": {"scalingMode": "MANUAL", "manualInstanceCount": 2}, "template": {"nodeSelector": _GPU}},
    ],
    unknown=[
        {"template": {"nodeSelector": _GPU, "scaling": UNKNOWN}},
        {"template": {"nodeSelector": UNKNOWN, "scaling": {"minInstanceCount": 1}}},
    ],
)
def gpu_service_can_be_empty(service: Resource) -> Verdict:
    """Outside production a Cloud Run service with GPUs shrinks to nothing."""
    counts = (service.scaling.minInstanceCount, service.template.scaling.minInstanceCount, service.scaling.manualInstanceCount)
    kept = any_of(count > 0 for count in counts)
    return ~(service.template.nodeSelector.accelerator.is_set() & kept) | is_production(service)


@rule(
    "cost-gcp-run-gpu-max-bound",
    Severity.MEDIUM,
    _RUN,
    why="Without a maximum of its own a service grows to its quota of GPUs when somebody sends it enough requests.",
    fix="Set `template.scaling.max_instance_count` to what the plan needs.",
    references=("https://cloud.google.com/run/docs/configuring/max-instances", "gatekeeper:replicalimits"),
    good=[
        {"template": {"nodeSelector": _GPU, "scaling": {"maxInstanceCount": 3}}},
        {"scaling": {"maxInstanceCount": 5}, "template": {"nodeSelector": _GPU}},
        {"template": {"containers": [{"image": "i"}]}},
    ],
    bad=[{"template": {"nodeSelector": _GPU}}, {"template": {"nodeSelector": _GPU, "scaling": {"minInstanceCount": 1}}}],
    unknown=[{"template": {"nodeSelector": _GPU, "scaling": UNKNOWN}}, {"template": UNKNOWN}],
)
def gpu_service_ends(service: Resource) -> Verdict:
    """A Cloud Run service with GPUs says how many instances it may have."""
    said = (service.scaling.maxInstanceCount, service.template.scaling.maxInstanceCount, service.scaling.manualInstanceCount)
    return service.template.nodeSelector.accelerator.is_set().implies(any_of(count >= 0 for count in said))


@rule(
    "gcp-vertex-index-public",
    Severity.MEDIUM,
    "gcp:vertex/aiIndexEndpoint:AiIndexEndpoint",
    why="A vector index answers with what private documents say; a public endpoint leaves one leaked token between it and everyone.",
    fix="Leave `public_endpoint_enabled` out, and set `private_service_connect_config`.",
    references=("https://cloud.google.com/vertex-ai/docs/vector-search/deploy-index-public",),
    good=[{"displayName": "docs", "network": "n"}, {"privateServiceConnectConfig": {"enablePrivateServiceConnect": True}}],
    bad=[{"displayName": "docs", "publicEndpointEnabled": True}],
    unknown=[{"publicEndpointEnabled": UNKNOWN}],
)
def index_is_private(endpoint: Resource) -> Verdict:
    """A vector index has no public endpoint."""
    return ~endpoint.publicEndpointEnabled.is_true()


@rule(
    "gcp-colab-internet",
    Severity.MEDIUM,
    _COLAB,
    why="A notebook that reaches the whole internet can send there what it reads, and runs what it fetches from there.",
    fix='Set `network_spec={"enable_internet_access": False, "network": ..., "subnetwork": ...}`.',
    references=("https://cloud.google.com/colab/docs/create-runtime-template",),
    good=[{"networkSpec": {"enableInternetAccess": False, "network": "n"}}, {"displayName": "t"}],
    bad=[{"networkSpec": {"enableInternetAccess": True}}],
    unknown=[{"networkSpec": UNKNOWN}, {"networkSpec": {"enableInternetAccess": UNKNOWN}}],
)
def notebooks_stay_inside(template: Resource) -> Verdict:
    """Colab runtimes do not reach the whole internet."""
    return ~template.networkSpec.enableInternetAccess.is_true()
