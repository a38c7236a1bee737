"""Exposure: which services the world reaches."""

import re
from typing import Final

from lepton_infra.rules.card import On, Severity, rule
from lepton_infra.rules.net import is_world
from lepton_infra.rules.values import ABSENT, UNKNOWN
from lepton_infra.rules.verdict import Verdict, all_of, any_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.kubernetes.pods import silent
from lepton_policies.shared.ports import AI

_SERVICE: Final = "kubernetes:core/v1:Service"
_PATCH: Final = "kubernetes:core/v1:ServicePatch"
_INGRESS: Final = "kubernetes:networking.k8s.io/v1:Ingress"

_AWS_SCHEME: Final = "service.beta.kubernetes.io/aws-load-balancer-scheme"
_AWS_TYPE: Final = "service.beta.kubernetes.io/aws-load-balancer-type"
_RANGE: Final = "service.beta.kubernetes.io/load-balancer-source-ranges"
_RANGES: Final = (_RANGE, "service.beta.kubernetes.io/azure-allowed-ip-ranges")
"""Annotations that list whom a load balancer lets in."""
_INTERNAL: Final = {
    _AWS_SCHEME: ("internal",),
    "service.beta.kubernetes.io/aws-load-balancer-internal": ("true", "0.0.0.0/0"),
    "service.beta.kubernetes.io/azure-load-balancer-internal": ("true",),
    "networking.gke.io/load-balancer-type": ("Internal", "internal"),
    "cloud.google.com/load-balancer-type": ("Internal", "internal"),
}
"""By annotation, what makes a load balancer internal (documentation of each cloud's controller)."""
_INTERNAL_CLASSES: Final = ("service.k8s.aws/nlb", "eks.amazonaws.com/nlb")
"""Controllers whose load balancers are internal unless the scheme says otherwise (AWS Load Balancer Controller, EKS Auto Mode)."""
_INTERNAL_TYPES: Final = ("external", "nlb-ip")
"""The same, where the annotation of the type hands a service to the AWS Load Balancer Controller."""
_CERTIFICATES: Final = (
    "alb.ingress.kubernetes.io/certificate-arn",
    "networking.gke.io/managed-certificates",
    "networking.gke.io/certmap",
    "ingress.gcp.kubernetes.io/pre-shared-cert",
    "appgw.ingress.kubernetes.io/appgw-ssl-certificate",
)
"""Annotations by which a cloud's controller takes a certificate of its own."""
_SNIPPET: Final = re.compile(r"\A(nginx\.ingress\.kubernetes\.io|nginx\.org)/[\w-]*-snippets?\Z")
_NAMED: Final = ("ray-dashboard", "jupyter", "notebook", "mlflow", "tensorboard", "ollama", "vllm", "triton")
"""Names that ports of pods have where a service sends on by name."""
_NOTHING: Final[dict[str, object]] = {}
_OFFICE: Final = "203.0.113.0/24"


def is_public(spec: View, annotations: View) -> Verdict:
    """Return whether a service is a load balancer that lets the world in.

    Args:
        spec: what a Service says of itself.
        annotations: what is said of it for the cloud's controller.
    """
    said = [annotations[name] for name in _RANGES if annotations[name].raw_value() is not ABSENT]
    ranges = said[0] if said and spec.loadBalancerSourceRanges.raw_value() in (ABSENT, []) else spec.loadBalancerSourceRanges
    return (spec.type == "LoadBalancer") & is_world(each_range(ranges).or_default("0.0.0.0/0")) & ~is_internal(spec, annotations)


def is_internal(spec: View, annotations: View) -> Verdict:
    """Return whether the cloud's controller is told to keep a load balancer of a service inside the network."""
    marked = (annotations[name].is_one_of(*values) for name, values in _INTERNAL.items())
    by_controller = any_of((spec.loadBalancerClass.is_one_of(*_INTERNAL_CLASSES), annotations[_AWS_TYPE].is_one_of(*_INTERNAL_TYPES)))
    return silent(any_of((*marked, by_controller & annotations[_AWS_SCHEME].is_absent())))


def each_range(ranges: View) -> View:
    """Return ranges as a list where an annotation joins them by commas."""
    text = ranges.raw_value()
    return ranges.read_as([part for part in re.split(r"[,\s]+", text) if part]) if isinstance(text, str) else ranges


@rule(
    "k8s-lb-public",
    Severity.HIGH,
    _SERVICE,
    _PATCH,
    why="A model server or dashboard behind a public load balancer is found within hours, and answers whoever asks.",
    fix="Add the cloud's annotation for an internal load balancer, or list your own addresses in `load_balancer_source_ranges`.",
    references=("https://kubernetes.io/docs/concepts/services-networking/service/#internal-load-balancer",),
    good=[
        {"spec": {"type": "ClusterIP"}},
        {"spec": {"ports": [{"port": 8000}]}},
        {"spec": {"type": "LoadBalancer", "loadBalancerSourceRanges": [_OFFICE, "10.0.0.0/8"]}},
        {"spec": {"type": "LoadBalancer"}, "metadata": {"annotations": {_AWS_SCHEME: "internal"}}},
        {"spec": {"type": "LoadBalancer"}, "metadata": {"annotations": {"networking.gke.io/load-balancer-type": "Internal"}}},
        {
            "spec": {"type": "LoadBalancer"},
            "metadata": {"annotations": {"service.beta.kubernetes.io/azure-load-balancer-internal": "true"}},
        },
        {"spec": {"type": "LoadBalancer", "loadBalancerClass": "service.k8s.aws/nlb"}},
        {"spec": {"type": "LoadBalancer"}, "metadata": {"annotations": {_AWS_TYPE: "external"}}},
        {"spec": {"type": "LoadBalancer"}, "metadata": {"annotations": {_RANGES[1]: "203.0.113.0/24"}}},
        {"spec": {"type": "LoadBalancer"}, "metadata": {"annotations": {_RANGE: "203.0.113.0/24, 198.51.100.0/24"}}},
    ],
    bad=[
        {"spec": {"type": "LoadBalancer"}},
        {"spec": {"type": "LoadBalancer", "loadBalancerSourceRanges": []}},
        {"spec": {"type": "LoadBalancer", "loadBalancerSourceRanges": [_OFFICE, "0.0.0.0/0"]}},
        {"spec": {"type": "LoadBalancer", "loadBalancerSourceRanges": ["0.0.0.0/1", "128.0.0.0/1"]}},
        {"spec": {"type": "LoadBalancer", "loadBalancerSourceRanges": [UNKNOWN, "::/0"]}},
        {"spec": {"type": "LoadBalancer"}, "metadata": {"annotations": {_AWS_SCHEME: "internet-facing"}}},
        {"spec": {"type": "LoadBalancer"}, "metadata": {"annotations": {_AWS_TYPE: "external", _AWS_SCHEME: "internet-facing"}}},
        {"spec": {"type": "LoadBalancer"}, "metadata": {"annotations": {_AWS_TYPE: "nlb"}}},
        {"spec": {"type": "LoadBalancer"}, "metadata": {"annotations": {_RANGE: "203.0.113.0/24, 0.0.0.0/0"}}},
        On(_PATCH, {"spec": {"type": "LoadBalancer"}}),
        {
            "spec": {"type": "LoadBalancer", "loadBalancerClass": "service.k8s.aws/nlb"},
            "metadata": {"annotations": {_AWS_SCHEME: "internet-facing"}},
        },
        {
            "spec": {"type": "LoadBalancer"},
            "metadata": {"annotations": {"service.beta.kubernetes.io/azure-load-balancer-internal": "false"}},
        },
    ],
    unknown=[
        {"spec": {"type": UNKNOWN}},
        {"spec": {"type": "LoadBalancer"}, "metadata": {"annotations": UNKNOWN}},
        {"spec": {"type": "LoadBalancer", "loadBalancerSourceRanges": [UNKNOWN]}},
    ],
)
def balancer_is_not_public(service: Resource) -> Verdict:
    """No load balancer lets the world in."""
    return ~is_public(service.spec, service.metadata.annotations)


@rule(
    "k8s-ai-ports-public",
    Severity.CRITICAL,
    _SERVICE,
    _PATCH,
    why="Ray, Jupyter, MLflow, Ollama and model servers ask for no password: who reaches the port runs programs, or your models.",
    fix="Set `type='ClusterIP'` behind a gateway that authenticates, or list your own addresses in `load_balancer_source_ranges`.",
    references=("https://docs.ray.io/en/latest/ray-security/index.html",),
    good=[
        {"spec": {"type": "LoadBalancer", "ports": [{"port": 443, "targetPort": 8443}]}},
        {"spec": {"type": "ClusterIP", "ports": [{"port": 8265}]}},
        {"spec": {"type": "LoadBalancer", "loadBalancerSourceRanges": [_OFFICE], "ports": [{"port": 8265}]}},
        {"spec": {"type": "LoadBalancer", "ports": [{"port": 443, "targetPort": "https"}]}},
    ],
    bad=[
        {"spec": {"type": "LoadBalancer", "ports": [{"port": 443, "targetPort": 8443}, {"port": 8265}]}},
        {"spec": {"type": "LoadBalancer", "ports": [{"port": 80, "targetPort": 8888}]}},
        {"spec": {"type": "LoadBalancer", "ports": [{"port": 443, "targetPort": "ray-dashboard"}]}},
        {"spec": {"type": "LoadBalancer", "ports": [{"port": 8265}]}, "metadata": {"annotations": {_AWS_SCHEME: "internet-facing"}}},
        {"spec": {"type": "LoadBalancer", "ports": [{"port": "80", "targetPort": "11434"}]}},
        {"spec": {"type": "LoadBalancer", "loadBalancerSourceRanges": ["0.0.0.0/1", "128.0.0.0/1"], "ports": [{"port": 10001}]}},
    ],
    unknown=[
        {"spec": {"type": "LoadBalancer", "ports": [{"port": UNKNOWN}]}},
        {"spec": {"type": UNKNOWN, "ports": [{"port": 8265}]}},
        {"spec": {"type": "LoadBalancer", "ports": [{"port": 80, "targetPort": UNKNOWN}]}},
    ],
)
def ai_port_is_not_public(service: Resource) -> Verdict:
    """No load balancer lets the world in to a port of an AI tool."""
    reached = any_of(end.is_one_of(*AI, *_NAMED) for port in service.spec.ports for end in (port.port, port.targetPort))
    return ~(reached & is_public(service.spec, service.metadata.annotations))


@rule(
    "k8s-external-ips",
    Severity.HIGH,
    _SERVICE,
    _PATCH,
    why="A service that claims an external address takes the traffic that other pods send there (CVE-2020-8554).",
    fix="Leave `external_ips` out and use a load balancer or a gateway.",
    references=("trivy:KSV-0108",),
    good=[{"spec": {"type": "ClusterIP"}}, {"spec": {"externalIPs": []}}, {"spec": {"clusterIP": "None"}}],
    bad=[{"spec": {"externalIPs": ["203.0.113.7"]}}, {"spec": {"externalIPs": [UNKNOWN]}}],
    unknown=[{"spec": {"externalIPs": UNKNOWN}}, {"spec": UNKNOWN}],
)
def claims_no_address(service: Resource) -> Verdict:
    """No service claims an external address."""
    return service.spec.externalIPs.is_absent()


@rule(
    "k8s-ingress-tls",
    Severity.MEDIUM,
    _INGRESS,
    why="Without TLS prompts, answers and tokens cross the network in the clear.",
    fix="Set `tls` with the hosts and a `secret_name`, or the annotation by which your cloud's controller takes a certificate.",
    references=("cis-eks-1.8:5.4.5",),
    good=[
        {"spec": {"tls": [{"hosts": ["llm.example.com"], "secretName": "llm-tls"}]}},
        {"spec": {"tls": [{"hosts": ["llm.example.com"]}]}},
        {"spec": {"rules": []}, "metadata": {"annotations": {"alb.ingress.kubernetes.io/certificate-arn": UNKNOWN}}},
        {"metadata": {"annotations": {"networking.gke.io/managed-certificates": "llm"}}},
    ],
    bad=[
        {"spec": {"rules": []}},
        {"spec": {"tls": []}},
        {"spec": {"tls": [_NOTHING]}},
        {"spec": {"rules": []}, "metadata": {"annotations": {"alb.ingress.kubernetes.io/scheme": "internal"}}},
    ],
    unknown=[{"spec": {"tls": UNKNOWN}}, {"spec": {"rules": []}, "metadata": {"annotations": UNKNOWN}}],
)
def ingress_is_encrypted(ingress: Resource) -> Verdict:
    """Every ingress speaks TLS."""
    own = any_of(entry.secretName.is_set() | entry.hosts.is_set() for entry in ingress.spec.tls)
    return own | _is_there(ingress.metadata.annotations)


def _is_there(annotations: View) -> Verdict:
    """Return whether an annotation names a certificate, whatever its name will be."""
    if annotations.raw_value() is UNKNOWN:
        return annotations.undecided_because()
    named = (annotations[name] for name in _CERTIFICATES)
    return any_of(one.pass_because("names a certificate") if one.raw_value() is UNKNOWN else one.is_set() for one in named)


@rule(
    "k8s-ingress-snippets",
    Severity.HIGH,
    _INGRESS,
    why="A snippet is configuration of the shared proxy: who may write an Ingress reads every Secret through it (CVE-2021-25742).",
    fix="Take the annotations that end in `-snippet` out of `metadata.annotations`.",
    references=("checkov:CKV_K8S_153", "trivy:KCV-0093"),
    good=[{"metadata": {"annotations": {"nginx.ingress.kubernetes.io/ssl-redirect": "true"}}}, {}],
    bad=[
        {"metadata": {"annotations": {"a": "b", "nginx.ingress.kubernetes.io/server-snippet": "location / {}"}}},
        {"metadata": {"annotations": {"nginx.ingress.kubernetes.io/configuration-snippet": UNKNOWN}}},
        {"metadata": {"annotations": {"nginx.org/location-snippets": "x"}}},
    ],
    unknown=[{"metadata": {"annotations": UNKNOWN}}, {"metadata": UNKNOWN}],
)
def no_snippets(ingress: Resource) -> Verdict:
    """No ingress writes into the configuration of its proxy."""
    annotations = ingress.metadata.annotations
    if annotations.raw_value() is UNKNOWN:
        return annotations.undecided_because()
    return all_of(value.fail_because("is a snippet") for name, value in annotations.map_items() if _SNIPPET.match(name))
