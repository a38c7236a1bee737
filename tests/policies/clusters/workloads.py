"""What runs in each of the careful clusters: a namespace with its walls, a training job, a model server and its way in."""

import pulumi
import pulumi_kubernetes as k8s
from pulumi_kubernetes.apiextensions import CustomResource

IMAGE = "registry.example.com/ml/{}@sha256:" + "4b825dc642cb6eb9a060e54bf8d69288fbee4904a1b2c3d4e5f60718293a4b5c"
GPU = "nvidia.com/gpu"
SAFE = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
ON_GPUS = {"key": GPU, "operator": "Exists", "effect": "NoSchedule"}
SHM = {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "64Gi"}}


def gpus(count: int) -> dict[str, object]:
    """Return what a container with so many GPUs asks for."""
    return {"limits": {GPU: count, "memory": "512Gi", "cpu": "48"}, "requests": {GPU: count, "memory": "512Gi", "cpu": "48"}}


def trainer() -> dict[str, object]:
    """Return the pod of a training job."""
    return {
        "serviceAccountName": "trainer",
        "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
        "restartPolicy": "Never",
        "tolerations": [ON_GPUS],
        "containers": [
            {
                "name": "pytorch",
                "image": IMAGE.format("train"),
                "args": ["torchrun", "--nproc-per-node=8", "train.py", "--data=/data"],
                "env": [{"name": "NCCL_DEBUG", "value": "WARN"}, {"name": "HF_TOKEN_PATH", "value": "/var/run/secrets/hf/token"}],
                "resources": gpus(8),
                "securityContext": SAFE,
                "volumeMounts": [
                    {"name": "shm", "mountPath": "/dev/shm"},  # noqa: S108 (a place in a container)
                    {"name": "data", "mountPath": "/data"},
                    {"name": "hf", "mountPath": "/var/run/secrets/hf", "readOnly": True},
                ],
            }
        ],
        "volumes": [
            SHM,
            {"name": "data", "persistentVolumeClaim": {"claimName": "data"}},
            {"name": "hf", "secret": {"secretName": "hf", "defaultMode": 0o400}},
        ],
    }


def workloads(cluster: k8s.Provider, internal: dict[str, str]) -> None:
    """Make the objects in a cluster.

    Args:
        cluster: the cluster.
        internal: the annotations by which its cloud keeps a load balancer inside the network.
    """
    in_cluster = pulumi.ResourceOptions(provider=cluster)
    for name in ("training", "serving"):
        room(name, in_cluster)
    training(in_cluster)
    serving(in_cluster, internal)


def room(name: str, in_cluster: pulumi.ResourceOptions) -> None:
    """Make a namespace with its walls and its share of the GPUs."""
    k8s.core.v1.Namespace(
        name,
        metadata={"name": name, "labels": {"pod-security.kubernetes.io/enforce": "restricted", "team": "ml-platform"}},
        opts=in_cluster,
    )
    k8s.networking.v1.NetworkPolicy(
        f"{name}-closed",
        metadata={"namespace": name},
        spec={"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
        opts=in_cluster,
    )
    k8s.core.v1.ResourceQuota(f"{name}-gpus", metadata={"namespace": name}, spec={"hard": {f"requests.{GPU}": "64"}}, opts=in_cluster)


def training(in_cluster: pulumi.ResourceOptions) -> None:
    """Make a training job, with its account and its data."""
    k8s.core.v1.ServiceAccount(
        "trainer", metadata={"namespace": "training", "name": "trainer"}, automount_service_account_token=False, opts=in_cluster
    )
    k8s.core.v1.PersistentVolumeClaim(
        "data",
        metadata={"namespace": "training", "name": "data"},
        spec={"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "4800Gi"}}},
        opts=in_cluster,
    )
    CustomResource(
        "pretrain",
        api_version="kubeflow.org/v1",
        kind="PyTorchJob",
        metadata={"namespace": "training", "name": "pretrain"},
        spec={
            "runPolicy": {"activeDeadlineSeconds": 604800, "ttlSecondsAfterFinished": 3600},
            "pytorchReplicaSpecs": {
                "Master": {"replicas": 1, "template": {"spec": trainer()}},
                "Worker": {"replicas": 7, "template": {"spec": trainer()}},
            },
        },
        opts=in_cluster,
    )


def server() -> dict[str, object]:
    """Return the pod of a model server."""
    return {
        "serviceAccountName": "llm",
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
        "tolerations": [ON_GPUS],
        "containers": [
            {
                "name": "vllm",
                "image": IMAGE.format("vllm"),
                "args": ["--model=/models/llama", "--port=8000"],
                "ports": [{"name": "http", "containerPort": 8000}],
                "resources": gpus(1),
                "securityContext": SAFE,
                "readinessProbe": {"httpGet": {"path": "/health", "port": "http"}, "periodSeconds": 10},
                "startupProbe": {"httpGet": {"path": "/health", "port": "http"}, "failureThreshold": 60},
                "volumeMounts": [{"name": "shm", "mountPath": "/dev/shm"}],  # noqa: S108 (a place in a container)
            }
        ],
        "volumes": [SHM],
    }


def serving(in_cluster: pulumi.ResourceOptions, internal: dict[str, str]) -> None:
    """Make a model server, its way in, and who may restart it."""
    k8s.apps.v1.Deployment(
        "llm",
        metadata={"namespace": "serving", "name": "llm"},
        spec={
            "replicas": 2,
            "selector": {"matchLabels": {"app": "llm"}},
            "template": {
                "metadata": {"labels": {"app": "llm"}},
                "spec": server(),
            },
        },
        opts=in_cluster,
    )
    k8s.core.v1.Service(
        "llm",
        metadata={"namespace": "serving", "name": "llm", "annotations": internal},
        spec={"type": "LoadBalancer", "selector": {"app": "llm"}, "ports": [{"port": 443, "targetPort": "http"}]},
        opts=in_cluster,
    )
    k8s.rbac.v1.Role(
        "operator",
        metadata={"namespace": "serving"},
        rules=[{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list", "watch", "patch"]}],
        opts=in_cluster,
    )
    k8s.rbac.v1.RoleBinding(
        "operator",
        metadata={"namespace": "serving"},
        role_ref={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "operator"},
        subjects=[{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "ml-serving"}],
        opts=in_cluster,
    )
