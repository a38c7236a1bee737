"""Privilege: what a container may do to the machine that it runs on."""

import re
from collections.abc import Callable
from typing import Final

from lepton_infra.rules.card import On, Setting, Severity, rule
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, all_of, any_of, none_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.kubernetes.agents import SETTINGS, is_agent, words
from lepton_policies.kubernetes.examples import cron_job, deployment, pod, predictor, pytorch_worker, ray_worker, template
from lepton_policies.kubernetes.pods import (
    ALL_BEARERS,
    BEARERS,
    DAEMON_SET,
    DEPLOYMENT,
    INFERENCE_SERVICE,
    JOB,
    LLM_INFERENCE_SERVICE,
    Pod,
    every_container,
    own_or_pods,
    pods,
)

_PLAIN: Final = {"name": "main", "image": "nvcr.io/nvidia/pytorch:25.01-py3"}
_DROPS_ALL: Final = {"securityContext": {"capabilities": {"drop": ["ALL"]}}}
_DROPS: Final = re.compile(r"\A(CAP_)?(ALL|NET_RAW)\Z", re.IGNORECASE)
"""Runtimes take the names of capabilities in any case, with or without the prefix."""
_OWNS_THE_NODE: Final = re.compile(r"\A(CAP_)?(ALL|SYS_ADMIN|SYS_MODULE)\Z", re.IGNORECASE)
_SECCOMP: Final = ("RuntimeDefault", "Localhost")


def _hardened(workload: Resource, holds: Callable[[View, Pod], Verdict]) -> Verdict:
    """Return whether something holds of every container; agents are excused, and Windows, which knows no such setting."""
    return all_of(all_of(holds(inner, one) for inner in one.containers()) | one.on_windows() for one in pods(workload)) | is_agent(workload)


def _secured(settings: object) -> dict[str, object]:
    return {**_PLAIN, "securityContext": settings}


@rule(
    "k8s-privileged",
    Severity.HIGH,
    *ALL_BEARERS,
    why="A privileged container is root on its node: it reads every other pod's memory, weights and tokens, and what the node may.",
    fix="Leave `security_context.privileged` out; GPUs come through `resources.limits`, RDMA through a device plugin and IPC_LOCK.",
    references=("checkov:CKV_K8S_16", "trivy:KSV-0017", "prowler:core_minimize_privileged_containers", "cis-kubernetes-1.12:5.2.2"),
    settings=SETTINGS,
    good=[
        pod(_PLAIN),
        pod(_secured({"privileged": False})),
        deployment(_secured({"allowPrivilegeEscalation": False})),
        On(DAEMON_SET, template({**_secured({"privileged": True}), "image": "x"}, metadata={"namespace": "gpu-operator"})),
        On(DAEMON_SET, template({**_secured({"privileged": True}), "image": "nvcr.io/nvidia/k8s-device-plugin:v0.17.0"})),
    ],
    bad=[
        pod(_PLAIN, _secured({"privileged": True})),
        pod(_PLAIN, spec={"initContainers": [_PLAIN, _secured({"privileged": "true"})]}),
        pod(_PLAIN, spec={"ephemeralContainers": [_secured({"privileged": True})]}),
        deployment(_secured({"privileged": UNKNOWN}), _secured({"privileged": True})),
        cron_job(_secured({"privileged": True})),
        ray_worker(_secured({"privileged": True})),
        pytorch_worker(_secured({"privileged": True})),
        predictor(_secured({"privileged": True})),
        On(INFERENCE_SERVICE, {"spec": {"predictor": {"triton": _secured({"privileged": True})}}}),
        On(LLM_INFERENCE_SERVICE, {"spec": {"worker": {"containers": [_secured({"privileged": True})]}}}),
        pod(_PLAIN, spec={"securityContext": {"windowsOptions": {"hostProcess": True}}}),
        On(f"{DEPLOYMENT}Patch", template(_secured({"privileged": True}))),
        On(DEPLOYMENT, template(_secured({"privileged": True}), metadata={"namespace": "kube-system"})),
        On(DAEMON_SET, template({**_secured({"privileged": True}), "image": "miner:1"}, metadata={"namespace": "training"})),
    ],
    unknown=[
        pod(_secured({"privileged": UNKNOWN})),
        deployment(UNKNOWN),
        On(DAEMON_SET, template({**_secured({"privileged": True}), "image": "x"}, metadata={"namespace": UNKNOWN})),
        {"spec": UNKNOWN},
    ],
)
def not_privileged(workload: Resource) -> Verdict:
    """No container is privileged."""
    inside = [container.securityContext for container in every_container(workload)]
    around = [one.spec.securityContext for one in pods(workload)]
    privileged = any_of(context.privileged.is_true() for context in inside)
    of_host = any_of(context.windowsOptions.hostProcess.is_true() for context in (*inside, *around))
    return ~(privileged | of_host) | is_agent(workload)


@rule(
    "k8s-privilege-escalation",
    Severity.MEDIUM,
    *BEARERS,
    why="Left open, a setuid program in the image makes whoever breaks into the process root in the container.",
    fix="Set `security_context.allow_privilege_escalation=False` on every container.",
    references=(
        "checkov:CKV_K8S_20",
        "trivy:KSV-0001",
        "prowler:core_minimize_allowPrivilegeEscalation_containers",
        "cis-kubernetes-1.12:5.2.6",
    ),
    settings=SETTINGS,
    good=[
        On(DAEMON_SET, template(_PLAIN, metadata={"namespace": "kube-system"})),
        pod(_secured({"allowPrivilegeEscalation": False})),
        deployment(_secured({"allowPrivilegeEscalation": "false"})),
        pod(_PLAIN, spec={"os": {"name": "windows"}}),
        pytorch_worker(),
    ],
    bad=[
        pod(_PLAIN),
        pod(_secured({"allowPrivilegeEscalation": False}), _secured({})),
        pod(_secured({"allowPrivilegeEscalation": False}), spec={"initContainers": [_secured({"allowPrivilegeEscalation": None})]}),
        deployment(_secured({"allowPrivilegeEscalation": True}), UNKNOWN),
    ],
    unknown=[pod(_secured({"allowPrivilegeEscalation": UNKNOWN})), pod(_secured(UNKNOWN)), deployment(UNKNOWN)],
)
def no_escalation(workload: Resource) -> Verdict:
    """No container lets its processes gain privileges."""
    return _hardened(workload, lambda inner, _: inner.securityContext.allowPrivilegeEscalation.or_default(value=True).is_false())


@rule(
    "k8s-run-as-root",
    Severity.MEDIUM,
    *BEARERS,
    why="Most images run as root unless told otherwise; from there every flaw of the kernel or the runtime leads to the node.",
    fix="Set `security_context.run_as_non_root=True` for the pod, and `run_as_user` where the image names no user.",
    references=("checkov:CKV_K8S_23", "trivy:KSV-0012", "prowler:core_minimize_root_containers_admission", "cis-kubernetes-1.12:5.2.7"),
    settings=SETTINGS,
    good=[
        pod(_PLAIN, spec={"securityContext": {"runAsNonRoot": True}}),
        pod(_secured({"runAsUser": "1000"}), _secured({"runAsNonRoot": True})),
        deployment(_PLAIN, spec={"securityContext": {"runAsUser": 1000}}),
        deployment(_secured({"runAsUser": 0}), spec={"os": {"name": "windows"}}),
    ],
    bad=[
        pod(_secured({"runAsNonRoot": True, "runAsUser": 0})),
        pod(_PLAIN),
        pod(_secured({"runAsUser": 0}), spec={"securityContext": {"runAsUser": 1000}}),
        pod(_secured({"runAsNonRoot": False}), spec={"securityContext": {"runAsNonRoot": True}}),
        pod(
            _PLAIN, spec={"securityContext": {"runAsNonRoot": True}, "initContainers": [_secured({"runAsUser": 0, "runAsNonRoot": False})]}
        ),
        cron_job(_PLAIN),
        predictor(_PLAIN),
    ],
    unknown=[
        pod(_secured({"runAsUser": UNKNOWN})),
        pod(_PLAIN, spec={"securityContext": UNKNOWN}),
        deployment(_secured({"runAsNonRoot": UNKNOWN}), spec={"securityContext": {"runAsNonRoot": False}}),
    ],
)
def not_root(workload: Resource) -> Verdict:
    """No container runs as root."""
    return _hardened(workload, _no_root)


def _no_root(container: View, one: Pod) -> Verdict:
    user = own_or_pods(container, one, "runAsUser")
    return (own_or_pods(container, one, "runAsNonRoot").is_true() & ~(user == 0)) | (user > 0)


@rule(
    "k8s-cap-net-raw",
    Severity.LOW,
    *BEARERS,
    why="With NET_RAW, which runtimes give by default, a container forges packets and poses as its neighbours.",
    fix="Set `security_context.capabilities.drop=['ALL']` and add back what is needed.",
    references=("checkov:CKV_K8S_28", "trivy:KSV-0003", "prowler:core_minimize_net_raw_capability_admission", "cis-kubernetes-1.12:5.2.8"),
    settings=SETTINGS,
    good=[
        pod({**_PLAIN, **_DROPS_ALL}),
        deployment(_secured({"capabilities": {"drop": ["MKNOD", "cap_net_raw"]}})),
        pod(_secured({"capabilities": {"drop": ["ALL"], "add": ["IPC_LOCK"]}})),
    ],
    bad=[
        pod(_PLAIN),
        pod({**_PLAIN, **_DROPS_ALL}, _secured({"capabilities": {"drop": []}})),
        pod(_secured({"capabilities": {"drop": ["ALL"], "add": ["IPC_LOCK", "NET_RAW"]}})),
        deployment(_secured({"capabilities": {"add": ["ALL"], "drop": ["NET_RAW"]}})),
        cron_job(_secured({"capabilities": {"drop": ["SYS_ADMIN"]}})),
    ],
    unknown=[
        pod(_secured({"capabilities": {"drop": [UNKNOWN]}})),
        pod(_secured({"capabilities": {"drop": ["ALL"], "add": UNKNOWN}})),
        ray_worker(_secured({"capabilities": UNKNOWN})),
    ],
)
def no_raw_sockets(workload: Resource) -> Verdict:
    """No container may forge packets."""
    return _hardened(workload, lambda inner, _: _drops_net_raw(inner))


def _drops_net_raw(container: View) -> Verdict:
    capabilities = container.securityContext.capabilities
    dropped = any_of(name.text_matches(_DROPS) for name in capabilities.drop)
    named = dropped if dropped.facts else capabilities.drop.is_set()
    return named & none_of(name.text_matches(_DROPS) for name in capabilities.add)


@rule(
    "k8s-cap-sys-admin",
    Severity.HIGH,
    *ALL_BEARERS,
    why="SYS_ADMIN mounts and traces as it likes and SYS_MODULE loads code into the kernel: both are ways out of the container.",
    fix="Take SYS_ADMIN, SYS_MODULE and ALL out of `security_context.capabilities.add`; profilers need SYS_PTRACE or PERFMON only.",
    references=("checkov:CKV_K8S_39", "trivy:KSV-0005", "trivy:KSV-0120"),
    settings=SETTINGS,
    good=[
        pod(_PLAIN),
        pod(_secured({"capabilities": {"add": ["IPC_LOCK"], "drop": ["ALL"]}})),
        On(DAEMON_SET, template(_secured({"capabilities": {"add": ["SYS_ADMIN"]}}), metadata={"namespace": "kube-system"})),
    ],
    bad=[
        pod(_secured({"capabilities": {"add": ["IPC_LOCK", "SYS_ADMIN"]}})),
        deployment(_PLAIN, _secured({"capabilities": {"add": ["cap_sys_module"]}})),
        pod(_PLAIN, spec={"initContainers": [_secured({"capabilities": {"add": [UNKNOWN, "ALL"]}})]}),
        pytorch_worker(_secured({"capabilities": {"add": ["SYS_ADMIN"]}})),
    ],
    unknown=[pod(_secured({"capabilities": {"add": [UNKNOWN]}})), deployment(_secured({"capabilities": {"add": ["IPC_LOCK", UNKNOWN]}}))],
)
def no_way_out(workload: Resource) -> Verdict:
    """No container has a capability that owns the node."""
    added = (name for container in every_container(workload) for name in container.securityContext.capabilities.add)
    return none_of(name.text_matches(_OWNS_THE_NODE) for name in added) | is_agent(workload)


@rule(
    "k8s-cap-added",
    Severity.MEDIUM,
    *ALL_BEARERS,
    why="Every capability beyond the runtime's own is a right over the kernel that a break-in inherits.",
    fix="Take it out of `security_context.capabilities.add`; IPC_LOCK, which RDMA needs, and NET_BIND_SERVICE are let through.",
    references=("checkov:CKV_K8S_25", "trivy:KSV-0022", "cis-kubernetes-1.12:5.2.9"),
    settings={**SETTINGS, "allowedCapabilities": Setting("IPC_LOCK, NET_BIND_SERVICE", "capabilities that any container may add")},
    good=[
        pod(_PLAIN),
        pod(_secured({"capabilities": {"add": ["IPC_LOCK"]}})),
        On(JOB, template(_secured({"capabilities": {"add": ["CAP_IPC_LOCK", "net_bind_service"], "drop": ["ALL"]}}))),
    ],
    bad=[
        pod(_secured({"capabilities": {"add": ["IPC_LOCK", "SYS_PTRACE"]}})),
        deployment(_PLAIN, _secured({"capabilities": {"add": ["NET_ADMIN"]}})),
        ray_worker(_secured({"capabilities": {"add": ["SYS_RESOURCE"]}})),
    ],
    unknown=[pod(_secured({"capabilities": {"add": [UNKNOWN]}})), cron_job(_secured(UNKNOWN))],
)
def no_more_capabilities(workload: Resource) -> Verdict:
    """No container adds capabilities beyond those that are let through."""
    names = "|".join(re.escape(name) for name in words(workload, "allowedCapabilities")) or r"\b\B"
    allowed = re.compile(rf"\A(CAP_)?({names})\Z", re.IGNORECASE)
    added = (name for container in every_container(workload) for name in container.securityContext.capabilities.add)
    return all_of(name.text_matches(allowed) for name in added) | is_agent(workload)


@rule(
    "k8s-seccomp",
    Severity.LOW,
    *BEARERS,
    why="Without a seccomp profile a container reaches some three hundred system calls that no model server needs.",
    fix="Set `security_context.seccomp_profile.type='RuntimeDefault'` for the pod.",
    references=("checkov:CKV_K8S_31", "trivy:KSV-0030", "trivy:KSV-0104", "cis-kubernetes-1.12:5.6.2"),
    settings=SETTINGS,
    good=[
        pod(_PLAIN, spec={"securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}}),
        deployment(_secured({"seccompProfile": {"type": "Localhost", "localhostProfile": "model.json"}})),
        pod(_PLAIN, spec={"os": {"name": "windows"}}),
    ],
    bad=[
        pod(_PLAIN),
        pod(_secured({"seccompProfile": {"type": "Unconfined"}}), spec={"securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}}),
        deployment(_PLAIN, spec={"securityContext": {"seccompProfile": {"type": "Unconfined"}}}),
        pod(_secured({"seccompProfile": {"type": "RuntimeDefault"}}), _PLAIN),
    ],
    unknown=[pod(_PLAIN, spec={"securityContext": {"seccompProfile": UNKNOWN}}), deployment(_secured(UNKNOWN))],
)
def system_calls_are_filtered(workload: Resource) -> Verdict:
    """Every container runs under a seccomp profile."""
    return _hardened(workload, lambda inner, one: own_or_pods(inner, one, "seccompProfile").type.is_one_of(*_SECCOMP))


@rule(
    "k8s-read-only-root",
    Severity.LOW,
    *BEARERS,
    why="Where a container can write to its own image, whoever breaks in changes the programs that the next request runs.",
    fix="Set `security_context.read_only_root_filesystem=True` and mount an `empty_dir` where the model server writes.",
    references=("checkov:CKV_K8S_22", "trivy:KSV-0014"),
    settings=SETTINGS,
    good=[pod(_secured({"readOnlyRootFilesystem": True})), deployment(_PLAIN, spec={"os": {"name": "windows"}})],
    bad=[
        pod(_PLAIN),
        deployment(_secured({"readOnlyRootFilesystem": True}), _secured({"readOnlyRootFilesystem": False})),
        cron_job(_secured({"readOnlyRootFilesystem": None})),
    ],
    unknown=[pod(_secured({"readOnlyRootFilesystem": UNKNOWN})), deployment(UNKNOWN)],
)
def image_is_read_only(workload: Resource) -> Verdict:
    """No container can write to its own image."""
    return _hardened(workload, lambda inner, _: inner.securityContext.readOnlyRootFilesystem.is_true())
