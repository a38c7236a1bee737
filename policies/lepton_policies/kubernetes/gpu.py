"""GPUs in pods: they are asked for, whole, and nobody takes what was not given."""

import re
from typing import Final

from lepton_infra.rules.card import On, Severity, rule
from lepton_infra.rules.values import ABSENT, UNKNOWN
from lepton_infra.rules.verdict import Verdict, all_of, any_of, none_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.kubernetes.accelerators import NVIDIA, amounts, pod_takes_gpu, takes_gpu
from lepton_policies.kubernetes.agents import SETTINGS, is_agent
from lepton_policies.kubernetes.examples import cron_job, deployment, pod, predictor, pytorch_worker, ray_worker, template
from lepton_policies.kubernetes.pods import ALL_BEARERS, BEARERS, DAEMON_SET, LLM_INFERENCE_SERVICE, Pod, every_container, pods

_VISIBLE: Final = "NVIDIA_VISIBLE_DEVICES"
_NONE: Final = ("", "void", "none")
"""Values that show a container no GPU (NVIDIA Container Toolkit, "Enumerating devices")."""
_AS_MOUNTS: Final = re.compile(r"\A(/var)?/run/nvidia-container-devices/.")
"""Where a mount stands for a GPU (NVIDIA Container Toolkit, `accept-nvidia-visible-devices-as-volume-mounts`)."""
_CDI_GPU: Final = re.compile(r"(\A|,)\s*[\w.-]+/gpu=")
"""A GPU as the Container Device Interface names it."""
_EIGHT: Final[dict[str, object]] = {"resources": {"limits": {NVIDIA: 8}}}
_DISK: Final[dict[str, object]] = {}
_SHM: Final = {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "64Gi"}}
_MOUNTED: Final = {**_EIGHT, "volumeMounts": [{"name": "models", "mountPath": "/models"}, {"name": "shm", "mountPath": "/dev/shm"}]}  # noqa: S108 (where a container's shared memory is, no file of ours)
_SHARED_MEMORY: Final = re.compile(r"\A/dev/shm/?\Z")


def _sees(value: object, more: dict[str, object] | None = None) -> dict[str, object]:
    return {"env": [{"name": "A", "value": "b"}, {"name": _VISIBLE, "value": value}], **(more or {})}


@rule(
    "k8s-gpu-visible-devices",
    Severity.HIGH,
    *ALL_BEARERS,
    why="Such a container has GPUs past the scheduler: it computes on, and can read the memory of, those of other tenants.",
    fix="Take NVIDIA_VISIBLE_DEVICES, mounts below /var/run/nvidia-container-devices and annotations of CDI out, and ask for the GPUs in "
    "`resources.limits['nvidia.com/gpu']`.",
    references=("https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/docker-specialized.html",),
    settings=SETTINGS,
    good=[
        pod(_EIGHT, metadata={"annotations": {"cdi.k8s.io/main": "nvidia.com/gpu=all"}}),
        pod(_EIGHT),
        pod(_sees("all", _EIGHT)),
        deployment(_sees("void")),
        cron_job(_sees("none")),
        pod(
            {"name": "main", "volumeMounts": [{"name": "gpus", "mountPath": "/models"}]}, metadata={"annotations": {"a": "nvidia.com/gpu"}}
        ),
        On(DAEMON_SET, template({**_sees("all"), "image": "nvcr.io/nvidia/k8s/dcgm-exporter:4.1.1"})),
    ],
    bad=[
        pod(_sees("all")),
        deployment(_EIGHT, _sees("0,1")),
        ray_worker(_sees("GPU-12345678", {"resources": {"limits": {"cpu": 4}}})),
        pytorch_worker(_sees("all", {"resources": {"limits": {NVIDIA: 0}}})),
        pod(_EIGHT, spec={"initContainers": [_sees("all")]}),
        pod(_EIGHT, spec={"ephemeralContainers": [_sees("all")]}),
        deployment({"name": "main", "volumeMounts": [{"name": "gpus", "mountPath": "/var/run/nvidia-container-devices/all"}]}),
        pod({"name": "main"}, metadata={"annotations": {"cdi.k8s.io/main": "nvidia.com/gpu=all"}}),
        On(LLM_INFERENCE_SERVICE, {"spec": {"prefill": {"template": {"containers": [_sees("all")]}}}}),
    ],
    unknown=[
        pod({"name": "main"}, metadata={"annotations": UNKNOWN}),
        pod(_sees(UNKNOWN)),
        pod(_sees("all", {"resources": UNKNOWN})),
        deployment({"env": UNKNOWN}),
        pod({"env": [{"name": _VISIBLE, "valueFrom": {"configMapKeyRef": {"name": "gpus", "key": "ids"}}}]}),
        pod(_sees("all", {"resources": {"claims": [{"name": "gpu"}]}})),
    ],
)
def no_gpu_past_the_scheduler(workload: Resource) -> Verdict:
    """No container takes GPUs past the scheduler."""
    taken = (_past_the_scheduler(container) & ~takes_gpu(container) for container in every_container(workload))
    injected = (_injects_gpus(one.metadata.annotations) & ~pod_takes_gpu(one) for one in pods(workload))
    return none_of((*taken, *injected)) | is_agent(workload)


def _past_the_scheduler(container: View) -> Verdict:
    """Return whether a container is shown GPUs by a variable or by a mount that stands for one."""
    mounted = (mount.mountPath.text_matches(_AS_MOUNTS) for mount in container.volumeMounts)
    return any_of((*map(_shows_gpus, container.env), *mounted))


def _shows_gpus(variable: View) -> Verdict:
    named = variable.name.is_one_of(_VISIBLE)
    elsewhere = variable.valueFrom.is_set().maybe("says which GPUs are seen")
    return named & (elsewhere if variable.value.raw_value() is ABSENT else ~variable.value.is_one_of(*_NONE))


def _injects_gpus(annotations: View) -> Verdict:
    """Return whether an annotation asks the container runtime for GPUs."""
    if annotations.raw_value() is UNKNOWN:
        return annotations.undecided_because()
    return any_of(value.text_matches(_CDI_GPU) for name, value in annotations.map_items() if name.startswith("cdi.k8s.io/"))


@rule(
    "k8s-gpu-limits",
    Severity.HIGH,
    *BEARERS,
    why="GPUs cannot be overcommitted: the API server refuses a request without an equal limit, in the middle of the deployment.",
    fix="Write the GPUs into `resources.limits`, and the same number, or nothing, into `resources.requests`.",
    references=("https://kubernetes.io/docs/tasks/manage-gpus/scheduling-gpus/",),
    good=[
        pod(_EIGHT),
        deployment({"resources": {"limits": {NVIDIA: "8"}, "requests": {NVIDIA: 8}}}),
        predictor({"resources": {"requests": {"cpu": 4}}}),
    ],
    bad=[
        pod({"resources": {"requests": {NVIDIA: 8}}}),
        deployment(_EIGHT, {"resources": {"requests": {NVIDIA: 1}, "limits": {NVIDIA: 2}}}),
        ray_worker({"resources": {"requests": {"amd.com/gpu": 1}, "limits": {NVIDIA: 1}}}),
        pod(_EIGHT, spec={"initContainers": [{"resources": {"requests": {"nvidia.com/mig-1g.10gb": 1}, "limits": {"cpu": 1}}}]}),
    ],
    unknown=[
        pod({"resources": {"requests": {NVIDIA: 8}, "limits": UNKNOWN}}),
        pod({"resources": {"requests": UNKNOWN}}),
        deployment({"resources": {"requests": {NVIDIA: UNKNOWN}, "limits": {NVIDIA: 8}}}),
    ],
)
def gpus_are_limits(workload: Resource) -> Verdict:
    """What a container requests of GPUs is its limit as well."""
    return all_of(
        _equal(container.resources, amount) for container in every_container(workload) for amount in amounts(container.resources.requests)
    )


def _equal(resources: View, requested: View) -> Verdict:
    if resources.requests.raw_value() is UNKNOWN:
        return resources.requests.undecided_because()
    limit = resources.limits[str(requested.read_keys()[-1])]
    if UNKNOWN in (limit.raw_value(), requested.raw_value()):
        return (limit if limit.raw_value() is UNKNOWN else requested).undecided_because()
    return limit == requested.raw_value()


@rule(
    "k8s-gpu-shm",
    Severity.LOW,
    *BEARERS,
    why="NCCL and data loaders share memory, of which a container has 64 MiB by default; memory without a size takes the node's.",
    fix="Mount an `empty_dir` with `medium='Memory'` and a `size_limit` at /dev/shm in every container with more than one GPU.",
    references=("https://docs.nvidia.com/deeplearning/nccl/user-guide/docs/troubleshooting.html",),
    good=[
        pod(_MOUNTED, spec={"volumes": [_SHM]}),
        deployment({"resources": {"limits": {NVIDIA: 1}}}),
        pod(_EIGHT, spec={"hostIPC": True}),
        pod({"name": "cache"}, spec={"volumes": [{"name": "cache", "emptyDir": _DISK}]}),
    ],
    bad=[
        pod({"name": "side"}, _EIGHT),
        pod(_EIGHT),
        pod({"name": "side"}, {"resources": {"limits": {NVIDIA: "2"}}, "volumeMounts": [{"mountPath": "/data"}]}, spec={"volumes": [_SHM]}),
        pod(_MOUNTED, spec={"volumes": [{"name": "models", "emptyDir": _DISK}, {"name": "shm", "emptyDir": {"medium": "Memory"}}]}),
        pytorch_worker(_EIGHT),
    ],
    unknown=[
        pod({**_EIGHT, "volumeMounts": UNKNOWN}),
        pod({"resources": {"limits": {NVIDIA: UNKNOWN}}}),
        pod(_MOUNTED, spec={"volumes": [{"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": UNKNOWN}}]}),
    ],
)
def memory_is_shared_and_bounded(workload: Resource) -> Verdict:
    """Containers with several GPUs have shared memory, and memory of pods has a size."""
    return all_of(_has_shared_memory(one) & none_of(map(_is_boundless, one.spec.volumes)) for one in pods(workload))


def _has_shared_memory(one: Pod) -> Verdict:
    return one.spec.hostIPC.is_true() | all_of(
        _takes_several(inner).implies(_mounts_shared_memory(inner)) for inner in one.main_containers()
    )


def _takes_several(container: View) -> Verdict:
    return any_of(amount > 1 for amount in amounts(container.resources.limits))


def _mounts_shared_memory(container: View) -> Verdict:
    found = any_of(mount.mountPath.text_matches(_SHARED_MEMORY) for mount in container.volumeMounts)
    return found if found.facts else container.volumeMounts.is_set()


def _is_boundless(volume: View) -> Verdict:
    return (volume.emptyDir.medium == "Memory") & volume.emptyDir.sizeLimit.is_absent()
