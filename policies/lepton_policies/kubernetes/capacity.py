"""Capacity: what a pod asks of its node, and when it is ready to serve."""

from typing import Final

from lepton_infra.rules.card import On, Severity, rule
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, all_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.kubernetes.examples import cron_job, deployment, pod, predictor, ray_worker, template
from lepton_policies.kubernetes.pods import BEARERS, DEPLOYMENT, JOBS, STATEFUL_SET, Pod, pods, silent

_SERVING: Final = tuple(token for token in BEARERS if token not in JOBS and not token.endswith(("InferenceService", "RayCluster")))
"""Types whose pods may serve; those operators add probes of their own."""
_LIMIT: Final = {"resources": {"limits": {"memory": "64Gi"}}}


def _lasting(one: Pod) -> list[View]:
    """Return the containers that may have resources: those added to look inside may not."""
    return [*one.main_containers(), *one.spec.initContainers]


@rule(
    "k8s-memory-limit",
    Severity.MEDIUM,
    *BEARERS,
    why="One data loader without a limit takes the node's memory, and the kernel kills what runs on eight GPUs beside it.",
    fix="Set `resources.limits['memory']` on every container, or for the whole pod.",
    references=("checkov:CKV_K8S_13", "trivy:KSV-0018"),
    good=[
        pod(_LIMIT),
        deployment(_LIMIT, spec={"initContainers": [_LIMIT], "ephemeralContainers": [{"name": "debug"}]}),
        pod({"name": "main"}, spec={"resources": {"limits": {"memory": "64Gi"}}}),
        predictor(_LIMIT),
    ],
    bad=[
        pod({"resources": {"limits": {"nvidia.com/gpu": 8}}}),
        deployment(_LIMIT, {"name": "sidecar", "resources": {"requests": {"memory": "1Gi"}}}),
        pod(_LIMIT, spec={"initContainers": [{"name": "download"}]}),
        cron_job({"resources": None}),
    ],
    unknown=[pod({"resources": UNKNOWN}), deployment(_LIMIT, {"resources": {"limits": {"memory": UNKNOWN}}}), ray_worker(UNKNOWN)],
)
def memory_is_limited(workload: Resource) -> Verdict:
    """Every container has a limit of memory."""
    return all_of(
        all_of(inner.resources.limits.memory.is_set() for inner in _lasting(one)) | silent(one.spec.resources.limits.memory.is_set())
        for one in pods(workload)
    )


@rule(
    "k8s-requests",
    Severity.LOW,
    *BEARERS,
    why="The scheduler packs by requests: what asks for nothing lands beside a training job and starves it, or is evicted first.",
    fix="Set `resources.requests['cpu']` and `resources.requests['memory']`; where only limits stand, they are the requests.",
    references=("checkov:CKV_K8S_10", "checkov:CKV_K8S_12", "trivy:KSV-0015", "trivy:KSV-0016"),
    good=[
        pod({"resources": {"requests": {"cpu": "8", "memory": "64Gi"}}}),
        deployment({"resources": {"requests": {"cpu": 0.5}, "limits": {"memory": "1Gi"}}}),
        pod({"name": "main"}, spec={"resources": {"requests": {"cpu": "8", "memory": "64Gi"}}}),
    ],
    bad=[
        pod({"resources": {"requests": {"cpu": "8"}}}),
        pod({"resources": {"limits": {"nvidia.com/gpu": 1}}}),
        deployment({"resources": {"limits": {"cpu": 1, "memory": "1Gi"}}}, {"name": "sidecar"}),
    ],
    unknown=[pod({"resources": {"requests": UNKNOWN}}), deployment({"resources": {"requests": {"cpu": UNKNOWN, "memory": "1Gi"}}})],
)
def asks_for_what_it_needs(workload: Resource) -> Verdict:
    """Every container asks for processors and memory."""
    return all_of(
        all_of(_requested(inner.resources, name) for inner in _lasting(one)) | silent(_requested(one.spec.resources, name))
        for one in pods(workload)
        for name in ("cpu", "memory")
    )


def _requested(resources: View, name: str) -> Verdict:
    return resources.requests[name].is_set() | silent(resources.limits[name].is_set())


@rule(
    "k8s-probes",
    Severity.LOW,
    *_SERVING,
    why="A model takes minutes to load; without a readiness probe requests arrive from the first second, and fail.",
    fix="Set `readiness_probe` on every container that opens a port, and a `startup_probe` where loading takes long.",
    references=("checkov:CKV_K8S_9",),
    good=[
        pod({"name": "worker"}),
        deployment({"ports": [{"containerPort": 8000}], "readinessProbe": {"httpGet": {"path": "/health", "port": 8000}}}),
        On(STATEFUL_SET, template({"name": "batch", "ports": []})),
    ],
    bad=[
        pod({"ports": [{"containerPort": 8000}]}),
        deployment(
            {"ports": [{"containerPort": 8000}], "readinessProbe": {"tcpSocket": {"port": 8000}}},
            {"ports": [{"containerPort": 9000}], "livenessProbe": {"tcpSocket": {"port": 9000}}},
        ),
        On(DEPLOYMENT, template({"ports": [{"containerPort": UNKNOWN}], "readinessProbe": None})),
    ],
    unknown=[pod({"ports": UNKNOWN}), deployment({"ports": [{"containerPort": 8000}], "readinessProbe": UNKNOWN}), {"spec": UNKNOWN}],
)
def says_when_it_is_ready(workload: Resource) -> Verdict:
    """Every container that opens a port says when it is ready."""
    return all_of(inner.ports.is_set().implies(inner.readinessProbe.is_set()) for one in pods(workload) for inner in one.main_containers())
