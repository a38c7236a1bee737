"""Secrets: what opens a door is not written where everybody reads it who may describe a pod."""

import base64
from collections.abc import Iterator
from typing import Final

from lepton_infra.rules.card import On, Severity, rule
from lepton_infra.rules.subject import plain_type
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, all_of, any_of, none_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.kubernetes.examples import cron_job, deployment, pod, predictor, pytorch_worker, ray_worker
from lepton_policies.kubernetes.pods import ALL_BEARERS, BEARERS, every_container, pods
from lepton_policies.shared.credentials import holds_credential, no_secret_among, secrets_in

_CONFIG_MAP: Final = "kubernetes:core/v1:ConfigMap"
_CONFIG_MAP_PATCH: Final = "kubernetes:core/v1:ConfigMapPatch"
_CONFIG_MAPS: Final = (plain_type(_CONFIG_MAP), plain_type(_CONFIG_MAP_PATCH))
_IMAGE: Final = "nvcr.io/nvidia/pytorch:25.01-py3"
_TOKEN: Final = "hf_" + "q" * 34
"""What a Hugging Face token looks like; nobody's."""


def _env(name: str, value: object) -> dict[str, object]:
    return {"image": _IMAGE, "env": [{"name": "LOG_LEVEL", "value": "info"}, {"name": name, "value": value}]}


def _commands(container: View) -> Iterator[View]:
    """Iterate over the words of all that a container starts: itself, what runs when it comes and goes, and what asks how it is."""
    hooks = (container.lifecycle.postStart, container.lifecycle.preStop)
    probes = (container.livenessProbe, container.readinessProbe, container.startupProbe)
    for words in (container.command, container.args, *(one.exec.command for one in (*hooks, *probes))):
        yield from words


def _entries(config: Resource) -> Iterator[Verdict]:
    """Iterate over whether the entries of a map of configuration are secrets: `env_from` makes each of them a variable."""
    if plain_type(config.type_token) in _CONFIG_MAPS:
        yield from secrets_in(config.data)
        yield from secrets_in(config.binaryData)


@rule(
    "k8s-secret-literal",
    Severity.CRITICAL,
    *ALL_BEARERS,
    _CONFIG_MAP,
    _CONFIG_MAP_PATCH,
    why="Whoever may look at a pod or a ConfigMap reads the token, as does every copy of the manifest; it opens models and bills.",
    fix="Put it into a secret store and mount it (Secrets Store CSI, External Secrets), or take it from a Secret by `value_from`.",
    references=("trivy:KSV-0109",),
    good=[
        pod(_env("HF_HOME", "/models")),
        pod(_env("EOS_TOKEN", "<|endoftext|>")),
        deployment(_env("HF_TOKEN_PATH", "/var/run/secrets/hf/token"), _env("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/secrets/token")),
        deployment({"env": [{"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "hf", "key": "token"}}}]}),
        cron_job(_env("WANDB_API_KEY", "$(FROM_FILE)"), _env("MAX_TOKENS", "4096")),
        pod(_env("OPENAI_API_KEY", "EMPTY")),
        On(_CONFIG_MAP, {"data": {"config.yaml": "model: llama", "HF_TOKEN_PATH": "/var/run/secrets/hf/token", "API_KEY": ""}}),
    ],
    bad=[
        pod(_env("HF_TOKEN", _TOKEN)),
        pod(_env("GREETING", f"Bearer {_TOKEN}")),
        deployment({"image": _IMAGE}, _env("WANDB_API_KEY", "0123456789abcdef0123456789abcdef01234567")),
        pod({"image": _IMAGE}, spec={"initContainers": [_env("NGC_API_KEY", "changeme")]}),
        pytorch_worker({"image": _IMAGE, "args": ["--model", "llama", f"--hf-token={_TOKEN}"]}),
        ray_worker(_env("POSTGRES_PASSWORD", "ray")),
        predictor({"env": [{"name": "AWS_SECRET_ACCESS_KEY", "value": "abc/def+ghi"}]}),
        deployment({"env": [{"name": UNKNOWN, "value": _TOKEN}]}),
        pod({"image": _IMAGE, "lifecycle": {"postStart": {"exec": {"command": ["huggingface-cli", "login", "--token", _TOKEN]}}}}),
        pod({"image": _IMAGE}, spec={"ephemeralContainers": [_env("HF_TOKEN", _TOKEN)]}),
        On(_CONFIG_MAP, {"data": {"a": "b", "run.sh": f"export HF_TOKEN={_TOKEN}"}}),
        On(_CONFIG_MAP, {"data": {"WANDB_API_KEY": "changeme"}}),
        On(_CONFIG_MAP_PATCH, {"binaryData": {"run.sh": base64.b64encode(f"export HF_TOKEN={_TOKEN}".encode()).decode()}}),
    ],
    unknown=[
        pod(_env("HF_TOKEN", UNKNOWN)),
        pod(_env("LOG_LEVEL", UNKNOWN)),
        deployment({"image": _IMAGE, "args": [UNKNOWN]}),
        On(_CONFIG_MAP, {"data": UNKNOWN}),
        On(_CONFIG_MAP, {"data": {"config.yaml": UNKNOWN}}),
    ],
)
def no_secret_in_the_open(resource: Resource) -> Verdict:
    """No token or password is written into a pod or a ConfigMap."""
    containers = list(every_container(resource))
    by_variable = any_of(~no_secret_among(container.env) for container in containers)
    by_word = any_of(holds_credential(word) for container in containers for word in _commands(container))
    return none_of((by_variable, by_word, *_entries(resource)))


@rule(
    "k8s-secret-env",
    Severity.LOW,
    *ALL_BEARERS,
    why="Environment variables end up in crash dumps, logs and child processes, and do not change when the secret is rotated.",
    fix="Mount the Secret as a volume, or better a secret store by its CSI driver, and let the program read the file.",
    references=("checkov:CKV_K8S_35", "prowler:core_no_secrets_envs", "cis-kubernetes-1.12:5.4.1", "cis-eks-1.8:4.4.1"),
    good=[
        pod(_env("HF_HOME", "/models")),
        deployment({"env": [{"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}]}),
        pod({"envFrom": [{"configMapRef": {"name": "settings"}}]}),
    ],
    bad=[
        pod({"env": [{"name": "A", "value": "b"}, {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "hf", "key": "token"}}}]}),
        deployment({"image": _IMAGE}, {"envFrom": [{"configMapRef": {"name": "a"}}, {"secretRef": {"name": "hf"}}]}),
        pod({"image": _IMAGE}, spec={"initContainers": [{"env": [{"name": "K", "valueFrom": {"secretKeyRef": {"key": "k"}}}]}]}),
    ],
    unknown=[pod({"env": [{"name": "A", "valueFrom": UNKNOWN}]}), deployment({"envFrom": UNKNOWN})],
)
def no_secret_in_the_environment(workload: Resource) -> Verdict:
    """No Secret becomes an environment variable."""
    containers = list(every_container(workload))
    single = (variable.valueFrom.secretKeyRef.is_set() for container in containers for variable in container.env)
    whole = (source.secretRef.is_set() for container in containers for source in container.envFrom)
    return none_of((*single, *whole))


@rule(
    "k8s-sa-token",
    Severity.LOW,
    *BEARERS,
    why="Every pod of the namespace shares the default account; a right given to it once is a right of whoever breaks into any of them.",
    fix="Set `service_account_name` to an account of the workload's own, or `automount_service_account_token=False`.",
    references=("checkov:CKV_K8S_38", "trivy:KSV-0036", "cis-kubernetes-1.12:5.1.6", "cis-eks-1.8:4.1.6"),
    good=[
        pod(spec={"serviceAccountName": "trainer"}),
        deployment(spec={"automountServiceAccountToken": False}),
        cron_job(spec={"serviceAccount": "trainer"}),
    ],
    bad=[
        pod(),
        deployment(spec={"serviceAccountName": "default"}),
        cron_job(spec={"serviceAccountName": "", "automountServiceAccountToken": True}),
    ],
    unknown=[pod(spec={"serviceAccountName": UNKNOWN}), deployment(spec={"automountServiceAccountToken": UNKNOWN})],
)
def no_shared_account(workload: Resource) -> Verdict:
    """No pod carries the token of the namespace's default account."""
    return all_of(one.spec.automountServiceAccountToken.is_false() | _has_own_account(one.spec) for one in pods(workload))


def _has_own_account(spec: View) -> Verdict:
    names = (spec.serviceAccountName, spec.serviceAccount)
    return any_of(name.is_set() & ~name.is_one_of("default") for name in names)
