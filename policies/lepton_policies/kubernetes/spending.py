"""Spending: GPUs that run for nobody, and load balancers that bill by the hour."""

from typing import Final

from lepton_infra.rules.card import On, Setting, Severity, rule, stack_rule
from lepton_infra.rules.stack import Stack
from lepton_infra.rules.subject import plain_type
from lepton_infra.rules.values import UNKNOWN, number_in
from lepton_infra.rules.verdict import PASS, State, Verdict, all_of, any_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.kubernetes.accelerators import NVIDIA, pod_takes_gpu, workload_takes_gpu
from lepton_policies.kubernetes.examples import cron_job, deployment, pod, pytorch_worker, ray_worker, template
from lepton_policies.kubernetes.pods import BEARERS, CRON_JOB, DAEMON_SET, JOB, PYTORCH_JOB, RAY_JOB, Pod, pods

_SERVICE: Final = "kubernetes:core/v1:Service"
_TAINTS: Final = (NVIDIA, "amd.com/gpu", "aws.amazon.com/neuron", "google.com/tpu")
"""Keys of the taints that keep other pods off GPU nodes (GKE, and the installation guides of device plugins)."""
_EIGHT: Final = {"resources": {"limits": {NVIDIA: 8}}}
_TOLERATES: Final = {"tolerations": [{"key": "spot", "operator": "Exists"}, {"key": NVIDIA, "operator": "Exists", "effect": "NoSchedule"}]}
_BALANCER: Final = On(_SERVICE, {"spec": {"type": "LoadBalancer"}})


@rule(
    "cost-gpu-tolerate-without-request",
    Severity.MEDIUM,
    *(token for token in BEARERS if token != DAEMON_SET),
    why="A pod that tolerates the GPU taint and takes no GPU keeps a machine at tens of dollars an hour from being given back.",
    fix="Take the toleration out of `tolerations`, or ask for the GPU in `resources.limits`.",
    good=[
        pod(_EIGHT, spec=_TOLERATES),
        pod({"name": "a"}, _EIGHT, spec=_TOLERATES),
        deployment({"name": "web"}, spec={"tolerations": [{"key": "spot", "operator": "Exists"}]}),
        deployment({"resources": {"limits": {"nvidia.com/mig-1g.10gb": 1}}}, spec=_TOLERATES),
    ],
    bad=[
        pod({"name": "web"}, spec=_TOLERATES),
        deployment({"resources": {"limits": {NVIDIA: 0}}}, spec=_TOLERATES),
        ray_worker({"resources": {"limits": {"cpu": 4}}}, spec={"tolerations": [{"operator": "Exists"}]}),
        cron_job({"name": "sync"}, spec=_TOLERATES),
    ],
    unknown=[
        pod({"resources": UNKNOWN}, spec=_TOLERATES),
        deployment({"name": "web"}, spec={"tolerations": UNKNOWN}),
        deployment({"name": "web"}, spec={"tolerations": [{"key": UNKNOWN, "operator": "Exists"}]}),
        pod({"resources": {"claims": [{"name": "gpu"}]}}, spec=_TOLERATES),
    ],
)
def gpu_nodes_are_for_gpus(workload: Resource) -> Verdict:
    """Only pods that take a GPU tolerate the taint of GPU nodes."""
    return all_of(_tolerates(one).implies(pod_takes_gpu(one)) for one in pods(workload))


def _tolerates(one: Pod) -> Verdict:
    return any_of(entry.key.is_one_of(*_TAINTS) | (entry.key.is_absent() & (entry.operator == "Exists")) for entry in one.spec.tolerations)


@rule(
    "cost-gpu-job-deadline",
    Severity.MEDIUM,
    JOB,
    CRON_JOB,
    RAY_JOB,
    PYTORCH_JOB,
    why="A job that hangs in a collective holds its GPUs until somebody looks, which on a Friday evening is Monday.",
    fix="Set `active_deadline_seconds` on the job (for Kubeflow under `run_policy`).",
    good=[
        On(JOB, {"spec": {"activeDeadlineSeconds": 86400, "template": pod(_EIGHT)}}),
        On(JOB, template({"name": "sync"})),
        On(CRON_JOB, {"spec": {"jobTemplate": {"spec": {"activeDeadlineSeconds": "3600", "template": pod(_EIGHT)}}}}),
        On(
            PYTORCH_JOB,
            {"spec": {"runPolicy": {"activeDeadlineSeconds": 600}, "pytorchReplicaSpecs": {"Worker": {"template": pod(_EIGHT)}}}},
        ),
        On(
            RAY_JOB,
            {"spec": {"activeDeadlineSeconds": 600, "rayClusterSpec": {"workerGroupSpecs": [{"template": pod(_EIGHT)}]}}},
        ),
    ],
    bad=[
        On(JOB, template(_EIGHT)),
        On(JOB, template({"name": "a"}, _EIGHT)),
        cron_job(_EIGHT),
        pytorch_worker(_EIGHT),
        On(RAY_JOB, {"spec": {"rayClusterSpec": {"workerGroupSpecs": [{"template": pod(_EIGHT)}]}}}),
    ],
    unknown=[
        On(JOB, {"spec": {"activeDeadlineSeconds": UNKNOWN, "template": pod(_EIGHT)}}),
        On(JOB, template({"resources": UNKNOWN})),
        On(CRON_JOB, {"spec": {"jobTemplate": UNKNOWN}}),
    ],
)
def job_ends(job: Resource) -> Verdict:
    """Every job on GPUs has a deadline."""
    return workload_takes_gpu(job).implies(_deadline(job) > 0)


def _deadline(job: Resource) -> View:
    """Return where a job of its kind says how long it may run."""
    kind = plain_type(job.type_token)
    if kind == plain_type(CRON_JOB):
        return job.spec.jobTemplate.spec.activeDeadlineSeconds
    return job.spec.runPolicy.activeDeadlineSeconds if kind == plain_type(PYTORCH_JOB) else job.spec.activeDeadlineSeconds


@stack_rule(
    "cost-public-lb-count",
    Severity.LOW,
    _SERVICE,
    why="Every service of type LoadBalancer is a load balancer of the cloud, billed by the hour, and one more door to watch.",
    fix="Set `type='ClusterIP'` and route through one Gateway or Ingress; raise the setting `maxLoadBalancers` if there must be more.",
    references=("gatekeeper:block-loadbalancer-services",),
    settings={"maxLoadBalancers": Setting(3, "the most services of type LoadBalancer in a stack")},
    good=[
        On(_SERVICE, {"spec": {"type": "LoadBalancer"}}, around={"a": _BALANCER, "b": _BALANCER}),
        On(_SERVICE, {"spec": {"type": "ClusterIP"}}, around={"a": _BALANCER, "b": _BALANCER, "c": _BALANCER, "d": _BALANCER}),
    ],
    bad=[On(_SERVICE, {"spec": {"type": "LoadBalancer"}}, around={"a": _BALANCER, "b": _BALANCER, "c": _BALANCER})],
    unknown=[
        On(
            _SERVICE,
            {"spec": {"type": "LoadBalancer"}},
            around={"a": _BALANCER, "b": _BALANCER, "c": On(_SERVICE, {"spec": {"type": UNKNOWN}})},
        )
    ],
)
def few_load_balancers(service: Resource, stack: Stack) -> Verdict:
    """A stack has few load balancers."""
    own = service.spec.type
    states = [(one.spec.type == "LoadBalancer").state for one in stack.of(_SERVICE)]
    sure, possible = states.count(State.PASS), len(states) - states.count(State.FAIL)
    most = number_in(service.its_settings.maxLoadBalancers.raw_value()) or 0
    if possible <= most:
        return PASS
    note = f"is one of {sure} load balancers"
    return ~(own == "LoadBalancer") | (
        own.fail_because(note) if sure > most else own.undecided_because(f"may be one of {possible} load balancers")
    )
