"""The host: its processes, its network and its files are no business of what runs on it."""

import posixpath
from collections.abc import Callable, Iterator
from typing import Final

from lepton_infra.rules.card import On, Setting, Severity, rule
from lepton_infra.rules.values import ABSENT, UNKNOWN
from lepton_infra.rules.verdict import Verdict, any_of, none_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.kubernetes.agents import SETTINGS, is_agent, words
from lepton_policies.kubernetes.examples import cron_job, deployment, pod, pytorch_worker, ray_worker, template
from lepton_policies.kubernetes.pods import ALL_BEARERS, DAEMON_SET, DEPLOYMENT, JOB, every_container, pods, volumes

_PLAIN: Final = {"name": "main", "image": "nvcr.io/nvidia/pytorch:25.01-py3"}
_EMPTY: Final[dict[str, object]] = {"name": "scratch", "emptyDir": {}}
_VOLUME: Final = "kubernetes:core/v1:PersistentVolume"

_SOCKETS: Final = (
    "/run/docker.sock",
    "/run/containerd/containerd.sock",
    "/run/k3s/containerd/containerd.sock",
    "/run/crio/crio.sock",
    "/run/cri-dockerd.sock",
    "/run/podman/podman.sock",
)
"""Where container runtimes listen (each one's documentation); `/var/run` is `/run`."""
DEVICES: Final = (
    "/dev/nvidia",
    "/dev/infiniband",
    "/dev/dri",
    "/dev/kfd",
    "/dev/neuron",
    "/dev/accel",
    "/dev/gdrdrv",
    "/run/nvidia",
    "/proc/driver/nvidia",
)
"""Where GPUs and fabrics show themselves on a node; names of devices begin so (NVIDIA, AMD, AWS and Linux kernel documentation)."""


def _path(view: View) -> str:
    """Return a path of the host without detours."""
    text = view.raw_value()
    plain = posixpath.normpath(text.strip()) if isinstance(text, str) and text.strip() else ""
    plain = f"/{plain.lstrip('/')}" if plain.startswith("/") else plain
    return f"/run{plain.removeprefix('/var/run')}" if plain == "/var/run" or plain.startswith("/var/run/") else plain


def _host_paths(resource: Resource) -> Iterator[View]:
    """Iterate over the paths of the host that a resource mounts: in a pod, or as a volume that any pod may claim."""
    if resource.type_token == _VOLUME:
        yield resource.spec.hostPath.path
    for volume in volumes(resource):
        yield volume.hostPath.path


def _mounts(resource: Resource, matters: Callable[[str], bool]) -> Verdict:
    """Return whether it mounts a path of the host that matters."""
    return any_of(
        view.undecided_because() if view.raw_value() is UNKNOWN else view.pass_because(view.read_text())
        for view in _host_paths(resource)
        if view.raw_value() is UNKNOWN or (view.raw_value() is not ABSENT and matters(_path(view)))
    )


def _within(path: str, above: str) -> bool:
    """Tell whether a path is another one or below it."""
    return path == above or path.startswith(f"{above.rstrip('/')}/")


@rule(
    "k8s-host-pid",
    Severity.HIGH,
    *ALL_BEARERS,
    why="Who sees the node's processes reads their environment, tokens included, and may signal or trace them.",
    fix="Leave `host_pid` out of the pod's spec.",
    references=("checkov:CKV_K8S_17", "trivy:KSV-0010", "prowler:core_minimize_hostPID_containers", "cis-kubernetes-1.12:5.2.3"),
    settings=SETTINGS,
    good=[
        pod(_PLAIN),
        deployment(_PLAIN, spec={"hostPID": False}),
        On(DAEMON_SET, template(_PLAIN, spec={"hostPID": True}, metadata={"namespace": "kube-system"})),
        On(DAEMON_SET, template({"image": "quay.io/prometheus/node-exporter:v1.9.0"}, spec={"hostPID": True})),
    ],
    bad=[
        pod(_PLAIN, spec={"hostPID": True}),
        cron_job(_PLAIN, spec={"hostPID": "true"}),
        pytorch_worker(_PLAIN, spec={"hostPID": True}),
        On(DAEMON_SET, template({"image": "busybox"}, spec={"hostPID": True}, metadata={"namespace": "default"})),
    ],
    unknown=[pod(_PLAIN, spec={"hostPID": UNKNOWN}), {"spec": UNKNOWN}],
)
def no_host_processes(workload: Resource) -> Verdict:
    """No pod sees the processes of its node."""
    return none_of(one.spec.hostPID.is_true() for one in pods(workload)) | is_agent(workload)


@rule(
    "k8s-host-ipc",
    Severity.HIGH,
    *ALL_BEARERS,
    why="The node's shared memory holds other tenants' tensors; NCCL needs shared memory, and not the node's.",
    fix="Leave `host_ipc` out and mount an `empty_dir` with `medium='Memory'` and a `size_limit` at /dev/shm.",
    references=("checkov:CKV_K8S_18", "trivy:KSV-0008", "cis-kubernetes-1.12:5.2.4"),
    settings=SETTINGS,
    good=[
        On(DAEMON_SET, template(_PLAIN, spec={"hostIPC": True}, metadata={"namespace": "kube-system"})),
        pod(_PLAIN),
        deployment(_PLAIN, spec={"volumes": [{"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "64Gi"}}]}),
    ],
    bad=[pod(_PLAIN, spec={"hostIPC": True}), ray_worker(_PLAIN, spec={"hostIPC": True}), pytorch_worker(_PLAIN, spec={"hostIPC": True})],
    unknown=[pod(_PLAIN, spec={"hostIPC": UNKNOWN}), {"spec": UNKNOWN}],
)
def no_host_memory(workload: Resource) -> Verdict:
    """No pod shares the memory of its node's processes."""
    return none_of(one.spec.hostIPC.is_true() for one in pods(workload)) | is_agent(workload)


@rule(
    "k8s-host-network",
    Severity.HIGH,
    *ALL_BEARERS,
    why="On the node's network a pod passes by every network policy, and reaches the metadata service with the node's credentials.",
    fix="Leave `host_network` out; for RDMA use a secondary network or the fabric's device plugin.",
    references=("checkov:CKV_K8S_19", "trivy:KSV-0009", "prowler:core_minimize_hostNetwork_containers", "cis-kubernetes-1.12:5.2.5"),
    settings=SETTINGS,
    good=[
        pod(_PLAIN),
        deployment(_PLAIN, spec={"hostNetwork": False}),
        On(DAEMON_SET, template(_PLAIN, spec={"hostNetwork": True}, metadata={"namespace": "network-operator"})),
    ],
    bad=[
        pod(_PLAIN, spec={"hostNetwork": True}),
        deployment(_PLAIN, spec={"hostNetwork": True}),
        On(JOB, template(_PLAIN, spec={"hostNetwork": True}, metadata={"namespace": "kube-system"})),
        On(f"{DEPLOYMENT}Patch", template(spec={"hostNetwork": True})),
    ],
    unknown=[pod(_PLAIN, spec={"hostNetwork": UNKNOWN}), {"spec": UNKNOWN}],
)
def no_host_network(workload: Resource) -> Verdict:
    """No pod is on the network of its node."""
    return none_of(one.spec.hostNetwork.is_true() for one in pods(workload)) | is_agent(workload)


@rule(
    "k8s-host-path",
    Severity.MEDIUM,
    *ALL_BEARERS,
    _VOLUME,
    why="What a pod mounts of its node outlives it, is shared with every other pod there, and may be what the node itself runs on.",
    fix="Use a `persistent_volume_claim`, an `empty_dir`, or generic ephemeral storage on the node's own disks instead of `host_path`.",
    references=("trivy:KSV-0023", "cis-kubernetes-1.12:5.2.11"),
    settings={
        **SETTINGS,
        "allowedPaths": Setting("/mnt/k8s-disks, /mnt/disks", "paths of the host that any pod may mount: its fast disks"),
    },
    good=[
        pod(_PLAIN, spec={"volumes": [_EMPTY]}),
        deployment(_PLAIN, spec={"volumes": [{"name": "disk", "hostPath": {"path": "/mnt/k8s-disks/0/"}}]}),
        On(
            DAEMON_SET,
            template(
                _PLAIN,
                spec={"volumes": [{"name": "p", "hostPath": {"path": "/var/lib/kubelet/device-plugins"}}]},
                metadata={"namespace": "kube-system"},
            ),
        ),
        On(_VOLUME, {"spec": {"csi": {"driver": "efs.csi.aws.com", "volumeHandle": "fs-1"}}}),
    ],
    bad=[
        pod(_PLAIN, spec={"volumes": [_EMPTY, {"name": "host", "hostPath": {"path": "/etc"}}]}),
        deployment(_PLAIN, spec={"volumes": [{"name": "disk", "hostPath": {"path": "/mnt/k8s-disks/../../etc"}}]}),
        deployment(_PLAIN, spec={"volumes": [{"name": "disk", "hostPath": {"path": "/mnt/disks-of-others"}}]}),
        ray_worker(_PLAIN, spec={"volumes": [{"name": "host", "hostPath": {"path": "/data"}}]}),
        On(_VOLUME, {"spec": {"hostPath": {"path": "/data"}}}),
    ],
    unknown=[pod(_PLAIN, spec={"volumes": [{"name": "host", "hostPath": {"path": UNKNOWN}}]}), pod(_PLAIN, spec={"volumes": UNKNOWN})],
)
def no_host_files(resource: Resource) -> Verdict:
    """No pod mounts its node's files, but for the fast disks that are let through."""
    allowed = words(resource, "allowedPaths")
    return ~_mounts(resource, lambda path: not any(_within(path, one) for one in allowed)) | is_agent(resource)


@rule(
    "k8s-docker-socket",
    Severity.HIGH,
    *ALL_BEARERS,
    _VOLUME,
    why="Who talks to the container runtime starts a privileged container, and owns the node and all that runs there.",
    fix="Take the `host_path` volume out; build images with a rootless builder or outside the cluster.",
    references=("checkov:CKV_K8S_27", "trivy:KSV-0006"),
    settings=SETTINGS,
    good=[
        pod(_PLAIN, spec={"volumes": [{"name": "disk", "hostPath": {"path": "/mnt/disks/0"}}]}),
        deployment(_PLAIN, spec={"volumes": [{"name": "logs", "hostPath": {"path": "/var/log"}}]}),
        On(
            DAEMON_SET,
            template(
                {"image": "nvcr.io/nvidia/k8s/container-toolkit:v1.17.4"},
                spec={"volumes": [{"name": "r", "hostPath": {"path": "/run/containerd"}}]},
            ),
        ),
    ],
    bad=[
        pod(_PLAIN, spec={"volumes": [_EMPTY, {"name": "b", "hostPath": {"path": "/var/run/docker.sock"}}]}),
        pod(_PLAIN, spec={"volumes": [{"name": "b", "hostPath": {"path": "/var/run/"}}]}),
        cron_job(_PLAIN, spec={"volumes": [{"name": "b", "hostPath": {"path": "/"}}]}),
        deployment(_PLAIN, spec={"volumes": [{"name": "b", "hostPath": {"path": "//run/containerd/./containerd.sock"}}]}),
        On(_VOLUME, {"spec": {"hostPath": {"path": "/run/docker.sock"}}}),
    ],
    unknown=[
        pod(_PLAIN, spec={"volumes": [{"name": "b", "hostPath": {"path": UNKNOWN}}]}),
        deployment(_PLAIN, spec={"volumes": [UNKNOWN]}),
    ],
)
def no_runtime_socket(resource: Resource) -> Verdict:
    """No pod mounts the socket of its node's container runtime, or a directory that holds it."""
    return ~_mounts(resource, lambda path: any(_within(socket, path) or path == socket for socket in _SOCKETS)) | is_agent(resource)


@rule(
    "k8s-host-port",
    Severity.MEDIUM,
    *ALL_BEARERS,
    why="A port of the node is reached by whoever reaches the node, past services and most network policies, and pins the pod to it.",
    fix="Leave `host_port` out and publish the port with a Service.",
    references=(
        "checkov:CKV_K8S_26",
        "trivy:KSV-0024",
        "prowler:core_minimize_admission_hostport_containers",
        "cis-kubernetes-1.12:5.2.12",
    ),
    settings=SETTINGS,
    good=[
        pod({**_PLAIN, "ports": [{"containerPort": 8000}]}),
        deployment({**_PLAIN, "ports": [{"containerPort": 8000, "hostPort": 0}]}),
        On(DAEMON_SET, template({**_PLAIN, "ports": [{"containerPort": 9400, "hostPort": 9400}]}, metadata={"namespace": "gpu-operator"})),
    ],
    bad=[
        pod({**_PLAIN, "ports": [{"containerPort": 8001}, {"containerPort": 8000, "hostPort": 8000}]}),
        deployment(_PLAIN, {**_PLAIN, "ports": [{"containerPort": 8000, "hostPort": "80"}]}),
        ray_worker({**_PLAIN, "ports": [{"containerPort": 8265, "hostPort": 8265}]}),
    ],
    unknown=[pod({**_PLAIN, "ports": [{"containerPort": 8000, "hostPort": UNKNOWN}]}), pod({**_PLAIN, "ports": UNKNOWN})],
)
def no_host_port(workload: Resource) -> Verdict:
    """No container takes a port of its node."""
    return none_of(port.hostPort > 0 for container in every_container(workload) for port in container.ports) | is_agent(workload)


@rule(
    "k8s-gpu-device-hostpath",
    Severity.HIGH,
    *ALL_BEARERS,
    _VOLUME,
    why="A GPU or fabric mounted as a file is shared with whoever holds it by right: the scheduler does not know, and memory can be read.",
    fix="Take the `host_path` volume out and ask for the device in `resources.limits`, or by a resource claim.",
    references=("https://kubernetes.io/docs/concepts/extend-kubernetes/compute-storage-net/device-plugins/",),
    settings=SETTINGS,
    good=[
        pod({**_PLAIN, "resources": {"limits": {"nvidia.com/gpu": 1}}}),
        deployment(_PLAIN, spec={"volumes": [{"name": "log", "hostPath": {"path": "/dev/log"}}]}),
        On(
            DAEMON_SET,
            template(
                {"image": "nvcr.io/nvidia/k8s/dcgm-exporter:4.1.1"}, spec={"volumes": [{"name": "d", "hostPath": {"path": "/run/nvidia"}}]}
            ),
        ),
    ],
    bad=[
        pod(_PLAIN, spec={"volumes": [_EMPTY, {"name": "gpu", "hostPath": {"path": "/dev/nvidia0"}}]}),
        deployment(_PLAIN, spec={"volumes": [{"name": "rdma", "hostPath": {"path": "/dev/infiniband/uverbs0"}}]}),
        cron_job(_PLAIN, spec={"volumes": [{"name": "all", "hostPath": {"path": "/dev/"}}]}),
        pytorch_worker(_PLAIN, spec={"volumes": [{"name": "driver", "hostPath": {"path": "/var/run/nvidia/driver"}}]}),
        On(_VOLUME, {"spec": {"hostPath": {"path": "/dev/nvidiactl"}}}),
    ],
    unknown=[pod(_PLAIN, spec={"volumes": [{"name": "gpu", "hostPath": {"path": UNKNOWN}}]}), pod(_PLAIN, spec={"volumes": [UNKNOWN]})],
)
def no_device_as_file(resource: Resource) -> Verdict:
    """No pod mounts a GPU or a fabric as a file of its node."""
    return ~_mounts(resource, lambda path: path in ("/", "/dev") or path.startswith(DEVICES)) | is_agent(resource)
