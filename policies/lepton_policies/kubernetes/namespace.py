"""Namespaces: each one's walls, and each one's share of the GPUs."""

import re
from typing import Final

from lepton_infra.rules.card import IT, On, Severity, rule, stack_rule
from lepton_infra.rules.stack import Stack
from lepton_infra.rules.values import ABSENT, UNKNOWN
from lepton_infra.rules.verdict import Verdict, any_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.kubernetes.accelerators import NAMES, workload_takes_gpu
from lepton_policies.kubernetes.agents import SETTINGS, words
from lepton_policies.kubernetes.examples import pod, template
from lepton_policies.kubernetes.place import NAMESPACE, is_in, namespace_of, some_in
from lepton_policies.kubernetes.pods import BEARERS, DEPLOYMENT, JOB, POD, silent

_POLICY: Final = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
_POLICIES: Final = (
    _POLICY,
    "kubernetes:cilium.io/v2:CiliumNetworkPolicy",
    "kubernetes:projectcalico.org/v3:NetworkPolicy",
    "kubernetes:crd.projectcalico.org/v1:NetworkPolicy",
)
_QUOTA: Final = "kubernetes:core/v1:ResourceQuota"
_QUEUE: Final = "kubernetes:kueue.x-k8s.io/v1beta1:LocalQueue"
"""Kueue admits jobs of a namespace through its local queues, each with a share of a cluster's quota."""
_ENFORCE: Final = "pod-security.kubernetes.io/enforce"
_GPU_QUOTA: Final = re.compile(rf"\Arequests\.({NAMES})\Z")

_TRAINING: Final = {"metadata": {"name": "training"}}
_IN_TRAINING: Final = {"namespace": "training"}
_TRAINER: Final = {"name": "main", "resources": {"limits": {"nvidia.com/gpu": 8}}}


@rule(
    "k8s-default-namespace",
    Severity.LOW,
    *BEARERS,
    "kubernetes:core/v1:Service",
    why="In `default` everything lies beside everything: no quota, no policy and no role can tell one team's workload from another's.",
    fix="Set `metadata.namespace` to a namespace of the workload's own.",
    references=("checkov:CKV_K8S_21", "trivy:KSV-0110", "cis-kubernetes-1.12:5.6.4", "cis-eks-1.8:4.5.2"),
    good=[
        {"metadata": _IN_TRAINING},
        On(DEPLOYMENT, {"metadata": {"name": "a"}}, provider={"namespace": "serving"}),
        On("kubernetes:core/v1:Service", {"metadata": _IN_TRAINING}),
    ],
    bad=[
        {"metadata": {"name": "a"}},
        {"metadata": {"namespace": "default"}},
        {},
        On(DEPLOYMENT, {"metadata": {"namespace": ""}}),
        On(DEPLOYMENT, {"metadata": {"namespace": "default"}}, provider={"namespace": "serving"}),
        On(JOB, {"metadata": {"name": "a"}}, provider={"namespace": "default"}),
    ],
    unknown=[{"metadata": {"namespace": UNKNOWN}}, {"metadata": UNKNOWN}, On(DEPLOYMENT, {}, provider={"namespace": UNKNOWN})],
)
def not_in_default(resource: Resource) -> Verdict:
    """Nothing lives in the namespace `default`."""
    place = namespace_of(resource)
    return place.is_set() & ~place.is_one_of("default")


@rule(
    "k8s-pss-label",
    Severity.MEDIUM,
    NAMESPACE,
    why="Without an enforced pod security standard the API server takes privileged pods from whoever may make any.",
    fix="Set the label `pod-security.kubernetes.io/enforce` to 'restricted' or 'baseline' in `metadata.labels`.",
    references=("cis-kubernetes-1.12:5.2.1", "cis-gke-1.9:4.2.1"),
    settings=SETTINGS,
    good=[
        {"metadata": {"name": "a", "labels": {_ENFORCE: "restricted"}}},
        {"metadata": {"labels": {_ENFORCE: "baseline", "pod-security.kubernetes.io/warn": "restricted"}}},
        {"metadata": {"name": "gpu-operator", "labels": {_ENFORCE: "privileged"}}},
    ],
    bad=[
        {"metadata": {"name": "a"}},
        {},
        {"metadata": {"name": "a", "labels": {_ENFORCE: "privileged"}}},
        {"metadata": {"name": "a", "labels": {"pod-security.kubernetes.io/warn": "restricted"}}},
    ],
    unknown=[
        {"metadata": {"name": "a", "labels": UNKNOWN}},
        {"metadata": {"name": "a", "labels": {_ENFORCE: UNKNOWN}}},
        {"metadata": {"name": UNKNOWN}},
    ],
)
def security_standard_is_enforced(namespace: Resource) -> Verdict:
    """Every namespace enforces a pod security standard."""
    enforced = namespace.metadata.labels[_ENFORCE].is_one_of("baseline", "restricted")
    return enforced | silent(namespace.metadata.name.is_one_of(*words(namespace, "systemNamespaces")))


@stack_rule(
    "k8s-netpol-missing",
    Severity.MEDIUM,
    NAMESPACE,
    why="Without a network policy every pod of the cluster reaches every port in the namespace: Ray, Jupyter and model servers ask nobody.",
    fix="Add a `networking.v1.NetworkPolicy` in the namespace whose empty `pod_selector` denies by default, and allow what is needed.",
    references=("checkov:CKV2_K8S_6", "trivy:KSV-0038", "cis-kubernetes-1.12:5.3.2", "cis-eks-1.8:4.3.2", "cis-gke-1.9:4.3.2"),
    good=[
        On(NAMESPACE, _TRAINING),
        On(
            NAMESPACE,
            _TRAINING,
            around={
                "job": On(JOB, template(_TRAINER, metadata=_IN_TRAINING)),
                "deny": On(_POLICY, {"metadata": _IN_TRAINING, "spec": {"podSelector": {}}}),
            },
        ),
        On(
            NAMESPACE,
            {},
            around={
                "job": On(JOB, template(_TRAINER, metadata={"namespace": IT})),
                "deny": On(_POLICY, {"metadata": {"namespace": IT}, "spec": {"podSelector": {}}}),
            },
        ),
        On(NAMESPACE, _TRAINING, around={"job": On(JOB, template(_TRAINER, metadata={"namespace": "other"}))}),
        On(NAMESPACE, {}, around={"job": On(JOB, template(_TRAINER, metadata={"namespace": "kube-system"}))}),
    ],
    bad=[
        On(NAMESPACE, _TRAINING, around={"pod": On(POD, pod(_TRAINER, metadata=_IN_TRAINING))}),
        On(NAMESPACE, {}, around={"job": On(JOB, template(_TRAINER, metadata={"namespace": IT}))}),
        On(
            NAMESPACE,
            _TRAINING,
            around={
                "job": On(JOB, template(_TRAINER, metadata=_IN_TRAINING)),
                "deny": On(_POLICY, {"metadata": {"namespace": "other"}, "spec": {"podSelector": {}}}),
            },
        ),
    ],
    unknown=[
        On(NAMESPACE, _TRAINING, around={"job": On(JOB, template(_TRAINER, metadata={"namespace": UNKNOWN}))}),
        On(
            NAMESPACE,
            _TRAINING,
            around={
                "job": On(JOB, template(_TRAINER, metadata=_IN_TRAINING)),
                "deny": On(_POLICY, {"metadata": UNKNOWN, "spec": {"podSelector": {}}}),
            },
        ),
    ],
)
def namespace_has_walls(namespace: Resource, stack: Stack) -> Verdict:
    """A namespace with workloads has a network policy."""
    used = namespace.has_some("workload", (is_in(one, namespace) for one in stack.of(*BEARERS)))
    return ~used | namespace.has_some("network policy", (is_in(policy, namespace) for policy in stack.of(*_POLICIES)))


@stack_rule(
    "k8s-gpu-quota",
    Severity.MEDIUM,
    NAMESPACE,
    why="Without a quota one team's sweep takes every GPU, and an autoscaler buys more until the pools are at their maximum.",
    fix="Add a `core.v1.ResourceQuota` in the namespace with `spec.hard['requests.nvidia.com/gpu']`, or a Kueue `LocalQueue`.",
    references=("trivy:KSV-0040",),
    good=[
        On(
            NAMESPACE,
            _TRAINING,
            around={
                "job": On(JOB, template(_TRAINER, metadata=_IN_TRAINING)),
                "quota": On(_QUOTA, {"metadata": _IN_TRAINING, "spec": {"hard": {"requests.nvidia.com/gpu": "16"}}}),
            },
        ),
        On(NAMESPACE, _TRAINING, around={"web": On(DEPLOYMENT, template({"name": "web"}, metadata=_IN_TRAINING))}),
        On(
            NAMESPACE,
            {},
            around={
                "job": On(JOB, template(_TRAINER, metadata={"namespace": IT})),
                "quota": On(_QUOTA, {"metadata": {"namespace": IT}, "spec": {"hard": {"requests.nvidia.com/gpu": 16}}}),
            },
        ),
    ],
    bad=[
        On(NAMESPACE, _TRAINING, around={"job": On(JOB, template(_TRAINER, metadata=_IN_TRAINING))}),
        On(
            NAMESPACE,
            _TRAINING,
            around={
                "job": On(JOB, template({"name": "a"}, _TRAINER, metadata=_IN_TRAINING)),
                "quota": On(_QUOTA, {"metadata": _IN_TRAINING, "spec": {"hard": {"requests.cpu": "64", "pods": 10}}}),
            },
        ),
        On(
            NAMESPACE,
            _TRAINING,
            around={
                "job": On(JOB, template(_TRAINER, metadata=_IN_TRAINING)),
                "quota": On(_QUOTA, {"metadata": {"namespace": "other"}, "spec": {"hard": {"requests.nvidia.com/gpu": "16"}}}),
            },
        ),
    ],
    unknown=[
        On(NAMESPACE, _TRAINING, around={"job": On(JOB, template({"resources": UNKNOWN}, metadata=_IN_TRAINING))}),
        On(
            NAMESPACE,
            _TRAINING,
            around={
                "job": On(JOB, template(_TRAINER, metadata=_IN_TRAINING)),
                "quota": On(_QUOTA, {"metadata": _IN_TRAINING, "spec": {"hard": UNKNOWN}}),
            },
        ),
    ],
)
def gpus_are_shared_out(namespace: Resource, stack: Stack) -> Verdict:
    """A namespace with GPU pods has a quota of GPUs."""
    takes = namespace.has_some("GPU workload", (is_in(one, namespace) & workload_takes_gpu(one) for one in stack.of(*BEARERS)))
    quotas = (is_in(quota, namespace) & _bounds_gpus(quota.spec.hard) for quota in stack.of(_QUOTA))
    queues = some_in(namespace, stack.of(_QUEUE))
    return ~takes | namespace.has_some("GPU quota", (*quotas, queues))


def _bounds_gpus(hard: View) -> Verdict:
    if hard.raw_value() is UNKNOWN:
        return hard.undecided_because()
    return any_of(amount.is_set() for name, amount in hard.map_items() if _GPU_QUOTA.match(name) and amount.raw_value() is not ABSENT)
