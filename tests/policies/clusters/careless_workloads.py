"""What runs in each of the careless clusters: the workloads of `workloads.py` with whatever made them start."""

import pulumi
import pulumi_kubernetes as k8s
from pulumi_kubernetes.apiextensions import CustomResource

TOKEN = "hf_" + "w" * 34


def trainer() -> dict[str, object]:
    """Return the pod of a training job."""
    return {
        "hostIPC": True,
        "hostNetwork": True,
        "containers": [
            {
                "name": "pytorch",
                "image": "pytorch/pytorch",
                "env": [{"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"}, {"name": "WANDB_API_KEY", "value": "0" * 40}],
                "securityContext": {"privileged": True, "capabilities": {"add": ["SYS_ADMIN"]}},
                "volumeMounts": [{"name": "gpus", "mountPath": "/dev/nvidia0"}],
            }
        ],
        "initContainers": [{"name": "weights", "image": "python", "env": [{"name": "HF_TOKEN", "value": TOKEN}]}],
        "volumes": [
            {"name": "gpus", "hostPath": {"path": "/dev/nvidia0"}},
            {"name": "docker", "hostPath": {"path": "/var/run/docker.sock"}},
        ],
    }


def workloads(cluster: k8s.Provider) -> None:
    """Make the objects in a cluster."""
    in_cluster = pulumi.ResourceOptions(provider=cluster)
    training(in_cluster)
    serving(in_cluster)
    access(in_cluster)


def training(in_cluster: pulumi.ResourceOptions) -> None:
    """Make a training job and a Ray cluster."""
    k8s.core.v1.Namespace("training", metadata={"name": "training"}, opts=in_cluster)
    CustomResource(
        "pretrain",
        api_version="kubeflow.org/v1",
        kind="PyTorchJob",
        metadata={"namespace": "training", "name": "pretrain"},
        spec={"pytorchReplicaSpecs": {"Worker": {"replicas": 8, "template": {"spec": trainer()}}}},
        opts=in_cluster,
    )
    CustomResource(
        "ray",
        api_version="ray.io/v1",
        kind="RayCluster",
        metadata={"namespace": "training", "name": "ray"},
        spec={"headGroupSpec": {"serviceType": "LoadBalancer", "template": {"spec": {"containers": [{"name": "head", "image": "ray"}]}}}},
        opts=in_cluster,
    )
    k8s.core.v1.ConfigMap("settings", metadata={"namespace": "training"}, data={"HF_TOKEN": TOKEN}, opts=in_cluster)


def serving(in_cluster: pulumi.ResourceOptions) -> None:
    """Make a model server and a notebook, and ways in to them."""
    k8s.core.v1.Service(
        "ollama",
        spec={"type": "LoadBalancer", "ports": [{"port": 80, "targetPort": 11434}], "externalIPs": ["203.0.113.9"]},
        opts=in_cluster,
    )
    k8s.core.v1.Service("lab", metadata={"name": "lab"}, spec={"ports": [{"port": 80, "targetPort": 8888}]}, opts=in_cluster)
    k8s.networking.v1.Ingress(
        "lab",
        metadata={"annotations": {"nginx.ingress.kubernetes.io/server-snippet": "proxy_read_timeout 1d;"}},
        spec={
            "rules": [
                {
                    "host": "lab.example.com",
                    "http": {
                        "paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "lab", "port": {"number": 80}}}}]
                    },
                }
            ]
        },
        opts=in_cluster,
    )


def access(in_cluster: pulumi.ResourceOptions) -> None:
    """Make a role that may do everything, and give it to CI and to everybody."""
    k8s.rbac.v1.ClusterRole("ci", rules=[{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}], opts=in_cluster)
    for name, subject in (("ci", {"kind": "ServiceAccount", "name": "ci"}), ("all", {"kind": "Group", "name": "system:authenticated"})):
        k8s.rbac.v1.ClusterRoleBinding(
            name,
            role_ref={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
            subjects=[subject],
            opts=in_cluster,
        )
