"""Images: what runs is what was looked at, and from where one trusts."""

import re
from typing import Final

from lepton_infra.rules.card import On, Setting, Severity, rule
from lepton_infra.rules.values import ABSENT, UNKNOWN
from lepton_infra.rules.verdict import Verdict, all_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.kubernetes.agents import words
from lepton_policies.kubernetes.examples import cron_job, deployment, pod, predictor, ray_worker, template
from lepton_policies.kubernetes.place import is_production
from lepton_policies.kubernetes.pods import ALL_BEARERS, DEPLOYMENT, every_container

_DIGEST: Final = re.compile(r"@sha256:[0-9a-f]{64}\Z")
_FIXED: Final = re.compile(r"(@sha256:[0-9a-f]{64}|:(?!latest\Z)[\w][\w.-]*)\Z")
"""An image with a digest, or with a tag other than `latest` behind its last slash."""
_SHA: Final = "@sha256:" + "0123456789abcdef" * 4
_REGISTRIES: Final = (
    "*.dkr.ecr.*.amazonaws.com, *.dkr.ecr.*.amazonaws.com.cn, public.ecr.aws, *.pkg.dev, gcr.io, *.gcr.io, gke.gcr.io, *.azurecr.io, "
    "mcr.microsoft.com, nvcr.io, registry.k8s.io, ghcr.io, quay.io"
)
"""The clouds' own registries and those of the projects that a GPU cluster runs. Docker Hub, where anyone may publish, is none of them."""


def _images(workload: Resource) -> list[View]:
    """Return the images that are named; a served model may leave the choice to its runtime."""
    return [container.image for container in every_container(workload) if container.image.raw_value() is not ABSENT]


@rule(
    "k8s-image-latest",
    Severity.MEDIUM,
    *ALL_BEARERS,
    why="What `latest` means changes between two pods of one Deployment: a node that restarts at night runs a driver stack nobody tried.",
    fix="Write a tag or, better, a digest behind `image`.",
    references=("checkov:CKV_K8S_14", "trivy:KSV-0013"),
    good=[
        pod({"image": "nvcr.io/nvidia/tritonserver:25.01-py3"}),
        deployment({"image": f"vllm/vllm-openai{_SHA}"}),
        deployment({"image": f"registry.example.com:5000/team/model:latest{_SHA}"}),
        predictor({"args": ["--model_name=llama"]}),
    ],
    bad=[
        pod({"image": "vllm/vllm-openai"}),
        deployment({"image": "nvcr.io/nvidia/pytorch:25.01-py3"}, {"image": "vllm/vllm-openai:latest"}),
        pod({"image": "registry.example.com:5000/team/model"}),
        pod({"image": "a:1"}, spec={"initContainers": [{"image": "busybox"}]}),
        cron_job({"image": UNKNOWN}, {"image": "python"}),
        ray_worker({"image": "rayproject/ray:latest"}),
    ],
    unknown=[pod({"image": UNKNOWN}), deployment({"image": "a:1"}, {"image": UNKNOWN})],
)
def image_is_fixed(workload: Resource) -> Verdict:
    """Every image has a tag that means one thing, or a digest."""
    return all_of(image.text_matches(_FIXED) for image in _images(workload))


@rule(
    "k8s-image-digest",
    Severity.LOW,
    *ALL_BEARERS,
    why="A tag can be moved to another image by whoever may push; a digest cannot, and is what was scanned.",
    fix="Write `@sha256:...` behind `image` in production.",
    references=("checkov:CKV_K8S_43",),
    good=[
        pod({"image": "a:1"}),
        pod({"image": f"a:1{_SHA}"}, metadata={"labels": {"environment": "production"}}),
        On(DEPLOYMENT, template({"image": "a:1"}, metadata={"namespace": "prod-like-staging", "labels": {"env": "staging"}})),
    ],
    bad=[
        pod({"image": f"a:1{_SHA}"}, {"image": "a:1"}, metadata={"labels": {"environment": "production"}}),
        On(DEPLOYMENT, template({"image": "a@sha256:123"}, metadata={"namespace": "serving-prod"})),
        On(DEPLOYMENT, template({"image": "a:1"}, metadata={"labels": {"example.com/env": "prod"}})),
    ],
    unknown=[
        pod({"image": UNKNOWN}, metadata={"namespace": "prod"}),
        pod({"image": "a:1"}, metadata={"labels": UNKNOWN}),
        pod({"image": "a:1"}, metadata={"namespace": UNKNOWN}),
    ],
)
def image_is_pinned(workload: Resource) -> Verdict:
    """In production every image is named by its digest."""
    return all_of(image.text_matches(_DIGEST) for image in _images(workload)) | ~is_production(workload)


@rule(
    "k8s-image-registry",
    Severity.MEDIUM,
    *ALL_BEARERS,
    why="An image from a registry where anyone may publish is a stranger's program beside your weights, one misspelling away.",
    fix="Copy the image to a registry of your own, or add the registry to the setting `registries` of this rule.",
    references=("trivy:KSV-0125", "cis-eks-1.8:5.1.4"),
    settings={"registries": Setting(_REGISTRIES, "registries that images may come from; * stands for any letters")},
    good=[
        pod({"image": "nvcr.io/nvidia/pytorch:25.01-py3"}),
        deployment({"image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/model:1"}),
        cron_job({"image": f"europe-west4-docker.pkg.dev/p/r/model{_SHA}"}),
        predictor({"args": ["--model_name=llama"]}),
    ],
    bad=[
        pod({"image": "vllm/vllm-openai:v0.10.0"}),
        pod({"image": "python"}),
        deployment({"image": "nvcr.io/nvidia/pytorch:25.01-py3"}, {"image": "docker.io/library/redis:7"}),
        deployment({"image": "nvcr.io.example.com/pytorch:1"}),
        deployment({"image": "evil.com/nvcr.io/pytorch:1"}),
        pod({"image": "quay.io/a/b:1"}, spec={"initContainers": [{"image": "localhost:5000/b:1"}]}),
    ],
    unknown=[pod({"image": UNKNOWN}), ray_worker(UNKNOWN)],
)
def registry_is_trusted(workload: Resource) -> Verdict:
    """Every image comes from a registry that is trusted."""
    hosts = "|".join(re.escape(host).replace(r"\*", r"[\w.-]+") for host in words(workload, "registries")) or r"\b\B"
    trusted = re.compile(rf"\A({hosts})/")
    return all_of(image.text_matches(trusted) for image in _images(workload))
