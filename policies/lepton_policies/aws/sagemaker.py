"""SageMaker: notebooks, training and endpoints that reach only what they must, and whose bill ends."""

from typing import Final

from lepton_infra.rules.card import On, Setting, Severity, rule
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, none_of
from lepton_infra.rules.view import Resource
from lepton_policies.shared.credentials import secrets_in
from lepton_policies.shared.keys import EXAMPLE_KEY, WHY_OWN_KEY

_NOTEBOOK: Final = "aws:sagemaker/notebookInstance:NotebookInstance"
_DOMAIN: Final = "aws:sagemaker/domain:Domain"
_MODEL: Final = "aws:sagemaker/model:Model"
_ENDPOINT: Final = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
_TRAINING: Final = "aws:sagemaker/trainingJob:TrainingJob"
_GUIDE: Final = "https://docs.aws.amazon.com/sagemaker/latest/dg/"


@rule(
    "aws-sagemaker-notebook-internet",
    Severity.HIGH,
    _NOTEBOOK,
    why="A notebook with a way of its own to the internet passes your network's walls: what it can read, it can send.",
    fix='Set `direct_internet_access="Disabled"`, `subnet_id` and `security_groups`.',
    references=("checkov:CKV_AWS_122", "prowler:sagemaker_notebook_instance_without_direct_internet_access_configured"),
    good=[{"directInternetAccess": "Disabled", "subnetId": "subnet-1"}],
    bad=[{}, {"directInternetAccess": "Enabled", "subnetId": "subnet-1"}],
    unknown=[{"directInternetAccess": UNKNOWN}],
)
def notebook_has_no_way_of_its_own(notebook: Resource) -> Verdict:
    """A notebook reaches the internet through your network or not at all."""
    return notebook.directInternetAccess.is_one_of("Disabled")


@rule(
    "aws-sagemaker-notebook-root",
    Severity.MEDIUM,
    _NOTEBOOK,
    why="Root on a notebook can switch off what watches it and read the keys of the machine.",
    fix='Set `root_access="Disabled"`.',
    references=("checkov:CKV_AWS_307", "prowler:sagemaker_notebook_instance_root_access_disabled"),
    good=[{"rootAccess": "Disabled"}],
    bad=[{}, {"rootAccess": "Enabled"}],
    unknown=[{"rootAccess": UNKNOWN}],
)
def notebook_has_no_root(notebook: Resource) -> Verdict:
    """The user of a notebook is not root."""
    return notebook.rootAccess.is_one_of("Disabled")


@rule(
    "aws-sagemaker-notebook-vpc",
    Severity.MEDIUM,
    _NOTEBOOK,
    why="A notebook outside your network is under none of its logs and rules.",
    fix="Set `subnet_id` to a private subnet and `security_groups`.",
    references=("checkov:CKV_AWS_306", "prowler:sagemaker_notebook_instance_vpc_settings_configured"),
    good=[{"subnetId": "subnet-1"}],
    bad=[{}],
    unknown=[{"subnetId": UNKNOWN}],
)
def notebook_is_in_the_network(notebook: Resource) -> Verdict:
    """A notebook stands in your network."""
    return notebook.subnetId.is_set()


@rule(
    "aws-sagemaker-notebook-imdsv2",
    Severity.HIGH,
    _NOTEBOOK,
    why="Any cell, and any web page that a cell is made to fetch, can ask version 1 of the metadata service for the notebook's keys.",
    fix='Set `instance_metadata_service_configuration={"minimum_instance_metadata_service_version": "2"}`.',
    references=("checkov:CKV_AWS_371",),
    good=[{"instanceMetadataServiceConfiguration": {"minimumInstanceMetadataServiceVersion": "2"}}],
    bad=[{}, {"instanceMetadataServiceConfiguration": {"minimumInstanceMetadataServiceVersion": 1}}],
    unknown=[{"instanceMetadataServiceConfiguration": UNKNOWN}],
)
def notebook_asks_for_tokens(notebook: Resource) -> Verdict:
    """A notebook asks for a token before it gives out its identity."""
    return notebook.instanceMetadataServiceConfiguration.minimumInstanceMetadataServiceVersion >= 2  # noqa: PLR2004 (the version)


@rule(
    "aws-sagemaker-cmk",
    Severity.LOW,
    _NOTEBOOK,
    _DOMAIN,
    why=WHY_OWN_KEY,
    fix="Set `kms_key_id`.",
    references=("checkov:CKV_AWS_22", "checkov:CKV_AWS_187", "prowler:sagemaker_notebook_instance_encryption_enabled"),
    good=[{"kmsKeyId": EXAMPLE_KEY}],
    bad=[{}, On(_DOMAIN, {})],
    unknown=[{"kmsKeyId": UNKNOWN}],
)
def notebook_disk_has_a_key(notebook: Resource) -> Verdict:
    """Notebooks and domains keep their files under a key of yours."""
    return notebook.kmsKeyId.is_set()


@rule(
    "aws-sagemaker-endpoint-cmk",
    Severity.LOW,
    _ENDPOINT,
    why=WHY_OWN_KEY,
    fix="Set `kms_key_arn`; machines with local NVMe encrypt that in hardware and take none.",
    references=("checkov:CKV_AWS_98",),
    good=[{"kmsKeyArn": EXAMPLE_KEY}],
    bad=[{}],
    unknown=[{"kmsKeyArn": UNKNOWN}],
)
def endpoint_disk_has_a_key(endpoint: Resource) -> Verdict:
    """An endpoint's disks are under a key of yours."""
    return endpoint.kmsKeyArn.is_set()


@rule(
    "aws-sagemaker-domain-internet",
    Severity.HIGH,
    _DOMAIN,
    why="A Studio domain for the public internet gives every notebook in it a way around your network.",
    fix='Set `app_network_access_type="VpcOnly"`.',
    references=("prowler:sagemaker_domain_vpc_only", f"{_GUIDE}onboard-vpc.html"),
    good=[{"appNetworkAccessType": "VpcOnly"}],
    bad=[{}, {"appNetworkAccessType": "PublicInternetOnly"}],
    unknown=[{"appNetworkAccessType": UNKNOWN}],
)
def domain_stays_in_the_network(domain: Resource) -> Verdict:
    """A Studio domain reaches the internet through your network or not at all."""
    return domain.appNetworkAccessType.is_one_of("VpcOnly")


@rule(
    "aws-sagemaker-network-isolation",
    Severity.MEDIUM,
    _MODEL,
    _TRAINING,
    why="A model file may run code when it is loaded; without a network that code has nowhere to send prompts and weights to.",
    fix="Set `enable_network_isolation=True`; SageMaker brings data and weights in and takes results out itself.",
    references=("checkov:CKV_AWS_370", "prowler:sagemaker_models_network_isolation_enabled"),
    good=[{"enableNetworkIsolation": True}, On(_TRAINING, {"enableNetworkIsolation": True})],
    bad=[{}, {"enableNetworkIsolation": False}, On(_TRAINING, {})],
    unknown=[{"enableNetworkIsolation": UNKNOWN}],
)
def container_is_isolated(model: Resource) -> Verdict:
    """Containers of models and training jobs have no network."""
    return model.enableNetworkIsolation.is_true()


@rule(
    "aws-sagemaker-vpc",
    Severity.LOW,
    _MODEL,
    _TRAINING,
    why="Outside your network SageMaker fetches data over its own, where neither your endpoint policies nor your flow logs see it.",
    fix="Set `vpc_config` with private subnets and a security group.",
    references=("prowler:sagemaker_models_vpc_settings_configured", "prowler:sagemaker_training_jobs_vpc_settings_configured"),
    good=[{"vpcConfig": {"subnets": ["subnet-1"]}}, On(_TRAINING, {"vpcConfig": {"subnets": [UNKNOWN]}})],
    bad=[{}, {"vpcConfig": {"subnets": []}}],
    unknown=[{"vpcConfig": UNKNOWN}],
)
def container_is_in_the_network(model: Resource) -> Verdict:
    """Containers of models and training jobs stand in your network."""
    return model.vpcConfig.subnets.is_set()


@rule(
    "aws-sagemaker-training-encryption",
    Severity.MEDIUM,
    _TRAINING,
    why="Gradients between the machines of a job tell what it is trained on; AWS encrypts them only when asked to.",
    fix="Set `enable_inter_container_traffic_encryption=True` (EFA traffic between some machines is not covered).",
    references=("prowler:sagemaker_training_jobs_intercontainer_encryption_enabled",),
    good=[
        {"enableInterContainerTrafficEncryption": True, "resourceConfig": {"instanceCount": 4}},
        {"resourceConfig": {"instanceCount": 1}},
    ],
    bad=[
        {"resourceConfig": {"instanceCount": 4}},
        {"enableInterContainerTrafficEncryption": False, "resourceConfig": {"instanceCount": 2}},
    ],
    unknown=[{"enableInterContainerTrafficEncryption": UNKNOWN, "resourceConfig": {"instanceCount": 4}}],
)
def traffic_of_a_job_is_encrypted(job: Resource) -> Verdict:
    """A training job on several machines encrypts what goes between them."""
    return job.enableInterContainerTrafficEncryption.is_true() | (job.resourceConfig.instanceCount.or_default(1) <= 1)


@rule(
    "aws-sagemaker-training-cmk",
    Severity.LOW,
    _TRAINING,
    why=WHY_OWN_KEY,
    fix="Set `volume_kms_key_id` in `resource_config` and `kms_key_id` in `output_data_config`.",
    references=("prowler:sagemaker_training_jobs_volume_and_output_encryption_enabled",),
    good=[{"resourceConfig": {"volumeKmsKeyId": EXAMPLE_KEY}, "outputDataConfig": {"kmsKeyId": EXAMPLE_KEY}}],
    bad=[{}, {"resourceConfig": {"volumeKmsKeyId": EXAMPLE_KEY}}],
    unknown=[{"resourceConfig": {"volumeKmsKeyId": UNKNOWN}, "outputDataConfig": {"kmsKeyId": EXAMPLE_KEY}}],
)
def results_of_a_job_have_a_key(job: Resource) -> Verdict:
    """A training job's disks and results are under a key of yours."""
    return job.resourceConfig.volumeKmsKeyId.is_set() & job.outputDataConfig.kmsKeyId.is_set()


@rule(
    "aws-sagemaker-spot-checkpoint",
    Severity.MEDIUM,
    _TRAINING,
    why="A spot job without checkpoints begins anew each time it is interrupted, and may pay more than it saves, or never end.",
    fix='Set `checkpoint_config={"s3_uri": ...}` and let the job resume from it.',
    references=(f"{_GUIDE}model-managed-spot-training.html",),
    good=[{"enableManagedSpotTraining": True, "checkpointConfig": {"s3Uri": "s3://models/checkpoints"}}, {}],
    bad=[{"enableManagedSpotTraining": True}],
    unknown=[{"enableManagedSpotTraining": UNKNOWN}, {"enableManagedSpotTraining": True, "checkpointConfig": UNKNOWN}],
)
def spot_training_has_checkpoints(job: Resource) -> Verdict:
    """Training on spot capacity writes checkpoints."""
    return job.enableManagedSpotTraining.is_true().implies(job.checkpointConfig.s3Uri.is_set())


@rule(
    "cost-sagemaker-max-runtime",
    Severity.MEDIUM,
    _TRAINING,
    why="A job that hangs in a collective waits for ever, on every GPU it has; SageMaker's own limit is days.",
    fix='Set `stopping_condition={"max_runtime_in_seconds": ...}` to what the job may take.',
    references=(f"{_GUIDE}model-managed-spot-training.html",),
    settings={"maxHours": Setting(120, "the longest that a job may be allowed to run, in hours")},
    good=[{"stoppingCondition": {"maxRuntimeInSeconds": 86400}}],
    bad=[{}, {"stoppingCondition": {"maxRuntimeInSeconds": 2419200}}],
    unknown=[{"stoppingCondition": UNKNOWN}],
)
def job_ends(job: Resource) -> Verdict:
    """A training job has an end."""
    hours = job.its_settings.maxHours.raw_value()
    seconds = float(hours) * 3600 if isinstance(hours, int | float | str) else 0.0
    return job.stoppingCondition.maxRuntimeInSeconds <= seconds


@rule(
    "aws-sagemaker-env-secrets",
    Severity.CRITICAL,
    _MODEL,
    _TRAINING,
    why="The environment of a model or job is shown to everyone who may describe it.",
    fix="Keep the token in Secrets Manager and let the execution role read it; weights that need none lie better in S3.",
    references=("checkov:CKV_AWS_46",),
    good=[{"primaryContainer": {"image": "x", "environment": {"MODEL": "llama", "HF_TOKEN_ARN": "arn:aws:secretsmanager:x"}}}],
    bad=[
        {"primaryContainer": {"environment": {"MODEL": "llama", "HF_TOKEN": "hf_" + "b" * 34}}},
        {"containers": [{"environment": {"A": "1"}}, {"environment": {"KEY": "AKIAIOSFODNN7EXAMPLE"}}]},
        On(_TRAINING, {"environment": {"KEY": "AKIAIOSFODNN7EXAMPLE"}}),
        On(_TRAINING, {"environment": {"WANDB_API_KEY": "changeme"}}),
    ],
    unknown=[{"primaryContainer": {"environment": {"HF_TOKEN": UNKNOWN}}}, On(_TRAINING, {"environment": UNKNOWN})],
)
def environment_holds_no_credential(model: Resource) -> Verdict:
    """The environment of a model or training job holds no credential."""
    environments = (
        [model.environment]
        if model.type_token == _TRAINING
        else [model.primaryContainer.environment, *(container.environment for container in model.containers)]
    )
    return none_of(found for one in environments for found in secrets_in(one))
