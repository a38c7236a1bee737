"""Short words for examples: a pod, and a workload that makes pods."""

from collections.abc import Mapping

from lepton_infra.rules.card import On
from lepton_policies.kubernetes.pods import CRON_JOB, DEPLOYMENT, INFERENCE_SERVICE, PYTORCH_JOB, RAY_CLUSTER

Inputs = dict[str, object]


def pod(*containers: object, spec: Mapping[str, object] | None = None, metadata: object = None) -> Inputs:
    """Return the inputs of a pod with these containers, and what else its specification says."""
    body: Inputs = {"spec": {"containers": list(containers), **(spec or {})}}
    return body if metadata is None else {"metadata": metadata, **body}


def template(*containers: object, spec: Mapping[str, object] | None = None, metadata: object = None) -> Inputs:
    """Return the inputs of a workload whose template is such a pod."""
    body: Inputs = {"spec": {"template": pod(*containers, spec=spec)}}
    return body if metadata is None else {"metadata": metadata, **body}


def deployment(*containers: object, spec: Mapping[str, object] | None = None) -> On:
    """Return a Deployment of such pods."""
    return On(DEPLOYMENT, template(*containers, spec=spec))


def cron_job(*containers: object, spec: Mapping[str, object] | None = None) -> On:
    """Return a CronJob of such pods."""
    return On(CRON_JOB, {"spec": {"jobTemplate": template(*containers, spec=spec)}})


def ray_worker(*containers: object, spec: Mapping[str, object] | None = None) -> On:
    """Return a Ray cluster whose second group of workers are such pods."""
    plain: Inputs = {"template": {"spec": {"containers": list[object]()}}}
    return On(RAY_CLUSTER, {"spec": {"headGroupSpec": plain, "workerGroupSpecs": [plain, {"template": pod(*containers, spec=spec)}]}})


def pytorch_worker(*containers: object, spec: Mapping[str, object] | None = None) -> On:
    """Return a PyTorch training job whose workers are such pods."""
    return On(PYTORCH_JOB, {"spec": {"pytorchReplicaSpecs": {"Worker": {"template": pod(*containers, spec=spec)}}}})


def predictor(model: object) -> On:
    """Return a KServe inference service whose model runs so."""
    return On(INFERENCE_SERVICE, {"spec": {"predictor": {"model": model}}})
