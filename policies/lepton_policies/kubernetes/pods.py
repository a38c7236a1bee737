"""Pods, wherever they stand: a rule about them covers every resource that carries a pod's specification.

Deployments, Jobs and the like keep it in a template; the custom resources of training and serving operators keep several. The places are
those of the resources' own definitions: KubeRay, Kubeflow's training operator and notebooks, JobSet, LeaderWorkerSet, Volcano, KServe,
Knative, Argo Rollouts, KAITO.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from lepton_infra.rules.subject import plain_type
from lepton_infra.rules.values import ABSENT, UNKNOWN
from lepton_infra.rules.verdict import FAIL, State, Verdict
from lepton_infra.rules.view import Resource, View

POD: Final = "kubernetes:core/v1:Pod"
DEPLOYMENT: Final = "kubernetes:apps/v1:Deployment"
DAEMON_SET: Final = "kubernetes:apps/v1:DaemonSet"
STATEFUL_SET: Final = "kubernetes:apps/v1:StatefulSet"
JOB: Final = "kubernetes:batch/v1:Job"
CRON_JOB: Final = "kubernetes:batch/v1:CronJob"
RAY_CLUSTER: Final = "kubernetes:ray.io/v1:RayCluster"
RAY_JOB: Final = "kubernetes:ray.io/v1:RayJob"
PYTORCH_JOB: Final = "kubernetes:kubeflow.org/v1:PyTorchJob"
LLM_INFERENCE_SERVICE: Final = "kubernetes:serving.kserve.io/v1alpha1:LLMInferenceService"
INFERENCE_SERVICE: Final = "kubernetes:serving.kserve.io/v1beta1:InferenceService"

_TEMPLATE: Final = ("spec.template.spec",)
BUILT_IN: Final = {
    POD: ("spec",),
    "kubernetes:core/v1:PodTemplate": ("template.spec",),
    "kubernetes:core/v1:ReplicationController": _TEMPLATE,
    DEPLOYMENT: _TEMPLATE,
    STATEFUL_SET: _TEMPLATE,
    DAEMON_SET: _TEMPLATE,
    "kubernetes:apps/v1:ReplicaSet": _TEMPLATE,
    JOB: _TEMPLATE,
    CRON_JOB: ("spec.jobTemplate.spec.template.spec",),
}
"""Where the kinds of Kubernetes itself keep pod specifications."""
CUSTOM: Final = {
    RAY_CLUSTER: ("spec.headGroupSpec.template.spec", "spec.workerGroupSpecs[].template.spec"),
    RAY_JOB: (
        "spec.rayClusterSpec.headGroupSpec.template.spec",
        "spec.rayClusterSpec.workerGroupSpecs[].template.spec",
        "spec.submitterPodTemplate.spec",
    ),
    "kubernetes:ray.io/v1:RayService": (
        "spec.rayClusterConfig.headGroupSpec.template.spec",
        "spec.rayClusterConfig.workerGroupSpecs[].template.spec",
    ),
    PYTORCH_JOB: ("spec.pytorchReplicaSpecs{}.template.spec",),
    "kubernetes:kubeflow.org/v1:TFJob": ("spec.tfReplicaSpecs{}.template.spec",),
    "kubernetes:kubeflow.org/v1:JAXJob": ("spec.jaxReplicaSpecs{}.template.spec",),
    "kubernetes:kubeflow.org/v1:XGBoostJob": ("spec.xgbReplicaSpecs{}.template.spec",),
    "kubernetes:kubeflow.org/v2beta1:MPIJob": ("spec.mpiReplicaSpecs{}.template.spec",),
    "kubernetes:kubeflow.org/v1:Notebook": _TEMPLATE,
    "kubernetes:jobset.x-k8s.io/v1alpha2:JobSet": ("spec.replicatedJobs[].template.spec.template.spec",),
    "kubernetes:leaderworkerset.x-k8s.io/v1:LeaderWorkerSet": (
        "spec.leaderWorkerTemplate.leaderTemplate.spec",
        "spec.leaderWorkerTemplate.workerTemplate.spec",
    ),
    "kubernetes:batch.volcano.sh/v1alpha1:Job": ("spec.tasks[].template.spec",),
    INFERENCE_SERVICE: ("spec.predictor", "spec.predictor.workerSpec", "spec.transformer", "spec.explainer"),
    "kubernetes:serving.knative.dev/v1:Service": _TEMPLATE,
    "kubernetes:argoproj.io/v1alpha1:Rollout": _TEMPLATE,
    "kubernetes:kaito.sh/v1beta1:Workspace": ("inference.template.spec",),
}
"""Where custom resources keep them: `[]` means every element, `{}` every value."""
_LLM: Final = ("spec.template", "spec.worker", "spec.prefill.template", "spec.prefill.worker", "spec.router.scheduler.template")
_RUNTIME: Final = ("spec", "spec.workerSpec")
_JOB_SET: Final = ("spec.template.spec.replicatedJobs[].template.spec.template.spec",)
OVERLAYS: Final = {
    LLM_INFERENCE_SERVICE: _LLM,
    "kubernetes:serving.kserve.io/v1alpha1:LLMInferenceServiceConfig": _LLM,
    "kubernetes:serving.kserve.io/v1alpha1:ServingRuntime": _RUNTIME,
    "kubernetes:serving.kserve.io/v1alpha1:ClusterServingRuntime": _RUNTIME,
    "kubernetes:trainer.kubeflow.org/v1alpha1:TrainingRuntime": _JOB_SET,
    "kubernetes:trainer.kubeflow.org/v1alpha1:ClusterTrainingRuntime": _JOB_SET,
}
"""Custom resources that an operator lays over one another: each says a part of a pod."""
PATCHES: Final = {f"{token}Patch": places for token, places in BUILT_IN.items()}
"""The same kinds as server-side patches, which say a part of an object."""

_PLACES: Final = {plain_type(token): places for token, places in {**BUILT_IN, **CUSTOM, **OVERLAYS, **PATCHES}.items()}
BEARERS: Final = (*BUILT_IN, *CUSTOM)
"""Types that carry pods. A rule about what must be there looks at these."""
ALL_BEARERS: Final = (*BEARERS, *OVERLAYS, *PATCHES)
"""With those that say only a part. A rule about what must not be there looks at these."""
JOBS: Final = tuple(token for token in BEARERS if token.endswith(("Job", "JobSet")))
"""Types whose pods run to an end and serve nobody."""

MODELS: Final = (
    "model", "huggingface", "triton", "tensorflow", "pytorch", "onnx", "sklearn", "xgboost", "lightgbm", "pmml", "paddle", "art",
)  # fmt: skip
"""What KServe calls the container of a model: by the new schema, and by the kind of model in the old one."""
_LISTS: Final = ("containers", "initContainers", "ephemeralContainers")


class Pod(NamedTuple):
    """A pod's specification, where it stands."""

    spec: View
    metadata: View
    """What is said of it: its labels and annotations."""
    models: tuple[str, ...] = ()
    """Under which names it may hold a container beside its lists, as KServe's predictors do."""

    def containers(self) -> Iterator[View]:
        """Iterate over all containers: those that run, those that run before, and those added to look inside."""
        yield from self.main_containers()
        for name in _LISTS[1:]:
            yield from self.spec[name]

    def main_containers(self) -> Iterator[View]:
        """Iterate over the containers that do the pod's work."""
        yield from self.spec.containers
        if self.spec.raw_value() is not UNKNOWN:
            yield from (self.spec[name] for name in self.models if self.spec[name].raw_value() is not ABSENT)

    def on_windows(self) -> Verdict:
        """Return whether it says that it runs on Windows, which knows neither users nor capabilities of Linux."""
        return silent(self.spec.os.name == "windows")


def silent(verdict: Verdict) -> Verdict:
    """Return a verdict that says nothing where it fails: an excuse that does not hold is no part of the story."""
    return FAIL if verdict.state is State.FAIL else verdict


def pods(workload: Resource) -> list[Pod]:
    """Return the pods that a resource carries; those below an unknown are one unknown pod."""
    token = plain_type(workload.type_token)
    models = MODELS if token == plain_type(INFERENCE_SERVICE) else ()
    return [
        Pod(holder[name], holder.metadata, models)
        for place in _PLACES.get(token, ())
        for above, _, name in (place.rpartition("."),)
        for holder in (_walk([workload], above) if above else [workload])
        if holder[name].raw_value() is not ABSENT
    ]


def _walk(views: Iterable[View], place: str) -> Iterator[View]:
    """Iterate over what stands at a place; a branch that is not there has nothing."""
    step, _, rest = place.partition(".")
    name = step.rstrip("[]{}")
    for view in views:
        inside = view[name]
        if inside.raw_value() is ABSENT:
            continue
        if inside.raw_value() is UNKNOWN or not rest:
            yield inside
        elif step.endswith("[]"):
            yield from _walk(inside, rest)
        elif step.endswith("{}"):
            yield from _walk((value for _, value in inside.map_items()), rest)
        else:
            yield from _walk([inside], rest)


def every_container(workload: Resource) -> Iterator[View]:
    """Iterate over all containers of all pods that a resource carries."""
    for pod in pods(workload):
        yield from pod.containers()


def volumes(workload: Resource) -> Iterator[View]:
    """Iterate over the volumes of all pods that a resource carries."""
    for pod in pods(workload):
        yield from pod.spec.volumes


def own_or_pods(container: View, pod: Pod, name: str) -> View:
    """Return a setting of a container's security context, or the pod's where the container says nothing."""
    own = container.securityContext[name]
    return own if own.raw_value() is not ABSENT else pod.spec.securityContext[name]
