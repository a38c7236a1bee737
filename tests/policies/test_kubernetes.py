"""Pods are found wherever they stand, and what is said of them tells the place."""

import re
from typing import Any

import pytest

from lepton_infra.rules.card import Kind
from lepton_infra.rules.finding import Finding, Outcome
from lepton_infra.rules.runner import Runner
from lepton_infra.rules.subject import Subject
from lepton_infra.rules.values import UNKNOWN
from lepton_policies.kubernetes import RULES
from lepton_policies.kubernetes.pods import BUILT_IN, CUSTOM, OVERLAYS, PATCHES

PLACES = [(token, place) for places in (BUILT_IN, CUSTOM, OVERLAYS, PATCHES) for token in places for place in places[token]]
RUNNER = Runner(RULES)
SECOND = {"containers": [{"name": "a"}, {"name": "b", "securityContext": {"privileged": True}}]}


def at(place: str, spec: Any) -> Any:
    """Build inputs in which a pod stands at a place, in the second position of every list."""
    step, _, rest = place.partition(".")
    inside = at(rest, spec) if rest else spec
    name = step.rstrip("[]{}")
    if step.endswith("[]"):
        return {name: [{}, inside]}
    return {name: {"Master": {}, "Worker": inside}} if step.endswith("{}") else {name: inside}


def found(token: str, inputs: Any, rule: str) -> list[Finding]:
    return [one for one in RUNNER.evaluate(Subject(token, inputs, "it")) if one.rule == rule]


@pytest.mark.parametrize(("token", "place"), PLACES)
@pytest.mark.parametrize("which", ["containers", "initContainers", "ephemeralContainers"])
def test_a_privileged_container_is_found_wherever_it_stands(token: str, place: str, which: str) -> None:
    (finding,) = found(token, at(place, {which: SECOND["containers"]}), "k8s-privileged")
    where = place.replace("[]", "[1]").replace("{}", ".Worker")
    assert finding.outcome is Outcome.FAIL
    assert finding.path == f"{where}.{which}[1].securityContext.privileged"


@pytest.mark.parametrize(("token", "place"), PLACES)
def test_a_pod_that_is_not_known_yet_is_undecided(token: str, place: str) -> None:
    (finding,) = found(token, at(place, UNKNOWN), "k8s-privileged")
    assert finding.outcome is Outcome.UNDECIDED
    (whole,) = found(token, {place.partition(".")[0]: UNKNOWN}, "k8s-privileged")
    assert whole.outcome is Outcome.UNDECIDED


@pytest.mark.parametrize("version", ["v1", "v1beta1", "v1alpha2", "v2"])
def test_the_version_of_an_api_does_not_hide_a_pod(version: str) -> None:
    token = f"kubernetes:leaderworkerset.x-k8s.io/{version}:LeaderWorkerSet"
    inputs = at("spec.leaderWorkerTemplate.workerTemplate.spec", SECOND)
    assert [one.outcome for one in found(token, inputs, "k8s-privileged")] == [Outcome.FAIL]


def test_a_patch_is_not_blamed_for_what_it_leaves_out() -> None:
    said = {one.rule for one in RUNNER.evaluate(Subject("kubernetes:apps/v1:DeploymentPatch", at("spec.template.spec", SECOND)))}
    assert said == {"k8s-privileged"}


def test_a_token_is_not_quoted() -> None:
    token = "hf_" + "x" * 34
    env = [{"name": "HF_TOKEN", "value": token}]
    findings = RUNNER.evaluate(Subject("kubernetes:core/v1:Pod", {"spec": {"containers": [{"image": "a:1", "env": env}]}}))
    (finding,) = [one for one in findings if one.rule == "k8s-secret-literal"]
    assert finding.path == "spec.containers[0].env[0].value"
    assert token not in repr(findings)


def test_a_careful_workload_is_left_alone() -> None:
    container = {
        "name": "server",
        "image": "nvcr.io/nvidia/tritonserver@sha256:" + "0" * 64,
        "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}},
        "resources": {"limits": {"nvidia.com/gpu": 2, "cpu": 16, "memory": "128Gi"}},
        "ports": [{"containerPort": 8000}],
        "readinessProbe": {"httpGet": {"path": "/v2/health/ready", "port": 8000}},
        "volumeMounts": [{"name": "shm", "mountPath": "/dev/shm"}],  # noqa: S108 (a place in a container)
    }
    spec = {
        "serviceAccountName": "server",
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
        "volumes": [{"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "32Gi"}}],
        "containers": [container],
    }
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    subjects = [
        Subject("kubernetes:core/v1:Namespace", {"metadata": {"name": "serving", "labels": labels}}, "ns"),
        Subject("kubernetes:apps/v1:Deployment", {"metadata": {"namespace": "serving"}, "spec": {"template": {"spec": spec}}}, "server"),
        Subject("kubernetes:core/v1:Service", {"metadata": {"namespace": "serving"}, "spec": {"ports": [{"port": 8000}]}}, "service"),
        Subject(
            "kubernetes:networking.k8s.io/v1:NetworkPolicy", {"metadata": {"namespace": "serving"}, "spec": {"podSelector": {}}}, "deny"
        ),
        Subject(
            "kubernetes:core/v1:ResourceQuota",
            {"metadata": {"namespace": "serving"}, "spec": {"hard": {"requests.nvidia.com/gpu": "8"}}},
            "quota",
        ),
    ]
    assert RUNNER.evaluate_stack(subjects, tuple(Kind)) == []


def test_no_rule_looks_at_a_type_that_carries_no_pod_by_mistake() -> None:
    assert all(re.fullmatch(r"kubernetes:[\w.-]+/v\w+:\w+", token) for card in RULES for token in card.types)
