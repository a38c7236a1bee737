"""Tools of training and serving that ask for no password, and the ways by which operators and routes put them on the internet."""

import re
from collections.abc import Iterator
from typing import Final

from lepton_infra.rules.card import On, Ref, Severity, rule, stack_rule
from lepton_infra.rules.net import is_world
from lepton_infra.rules.stack import Stack
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import FAIL, PASS, Fact, State, Verdict, any_of, none_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.kubernetes.exposure import each_range, is_internal, is_public
from lepton_policies.kubernetes.place import namespace_of
from lepton_policies.kubernetes.pods import RAY_CLUSTER, RAY_JOB, silent
from lepton_policies.shared.ports import TOOLS

_RAY_SERVICE: Final = "kubernetes:ray.io/v1:RayService"
_INGRESS: Final = "kubernetes:networking.k8s.io/v1:Ingress"
_SERVICE: Final = "kubernetes:core/v1:Service"
_INTERNAL: Final = {"service.beta.kubernetes.io/aws-load-balancer-scheme": "internal"}


def _clusters(resource: Resource) -> Iterator[View]:
    """Iterate over the Ray clusters that a resource describes: itself, a job's or a service's."""
    yield from (resource.spec, resource.spec.rayClusterSpec, resource.spec.rayClusterConfig)


@rule(
    "k8s-ray-head-public",
    Severity.CRITICAL,
    RAY_CLUSTER,
    RAY_JOB,
    _RAY_SERVICE,
    why="The head of a Ray cluster runs whatever is sent to its dashboard or client port, and asks nobody who they are.",
    fix="Leave `serviceType` at ClusterIP and `enableIngress` out, and reach the dashboard by `kubectl port-forward`.",
    references=("https://docs.ray.io/en/latest/ray-security/index.html",),
    good=[
        {"spec": {"headGroupSpec": {"template": {}}}},
        {"spec": {"headGroupSpec": {"serviceType": "ClusterIP", "enableIngress": False}}},
        {"spec": {"headGroupSpec": {"serviceType": "LoadBalancer"}, "headServiceAnnotations": _INTERNAL}},
        {"spec": {"headGroupSpec": {"headService": {"spec": {"type": "LoadBalancer", "loadBalancerSourceRanges": ["10.0.0.0/8"]}}}}},
    ],
    bad=[
        {"spec": {"headGroupSpec": {"serviceType": "LoadBalancer"}}},
        {"spec": {"headGroupSpec": {"enableIngress": True}}},
        {"spec": {"headGroupSpec": {"headService": {"spec": {"type": "LoadBalancer"}}}}},
        On(RAY_JOB, {"spec": {"rayClusterSpec": {"headGroupSpec": {"serviceType": "LoadBalancer"}}}}),
        On(_RAY_SERVICE, {"spec": {"rayClusterConfig": {"headGroupSpec": {"serviceType": "LoadBalancer"}}}}),
        On(_RAY_SERVICE, {"spec": {"serveService": {"spec": {"type": "LoadBalancer"}}}}),
    ],
    unknown=[
        {"spec": UNKNOWN},
        {"spec": {"headGroupSpec": {"serviceType": UNKNOWN}}},
        {"spec": {"headGroupSpec": {"serviceType": "LoadBalancer"}, "headServiceAnnotations": UNKNOWN}},
    ],
)
def head_is_not_public(resource: Resource) -> Verdict:
    """The head of a Ray cluster is not on the internet."""
    return none_of((_is_public(resource.spec.serveService), *map(_head_is_public, _clusters(resource))))


def _head_is_public(cluster: View) -> Verdict:
    head = cluster.headGroupSpec
    plain = (head.serviceType == "LoadBalancer") & ~is_internal(head.headService.spec, cluster.headServiceAnnotations)
    return any_of((head.enableIngress.is_true(), _is_public(head.headService), plain))


def _is_public(service: View) -> Verdict:
    return is_public(service.spec, service.metadata.annotations)


_NAMES: Final = re.compile(r"(\A|-)(mlflow|tensorboard|jupyter|ollama|ray-dashboard|head-svc)(-|\Z)")
"""Services that are called after such a tool; KubeRay calls the service of a head `<cluster>-head-svc`."""
_ASKS: Final = (
    "nginx.ingress.kubernetes.io/auth-url",
    "nginx.ingress.kubernetes.io/auth-type",
    "nginx.ingress.kubernetes.io/auth-tls-secret",
    "alb.ingress.kubernetes.io/auth-type",
    "alb.ingress.kubernetes.io/mutual-authentication",
    "traefik.ingress.kubernetes.io/router.middlewares",
)
"""Annotations by which a controller asks who comes; that of Traefik may."""
_KEEPS_OUT: Final = {
    "alb.ingress.kubernetes.io/scheme": ("internal",),
    "kubernetes.io/ingress.class": ("gce-internal",),
    "appgw.ingress.kubernetes.io/use-private-ip": ("true",),
}
_NARROWS: Final = (
    "nginx.ingress.kubernetes.io/whitelist-source-range",
    "nginx.ingress.kubernetes.io/allowlist-source-range",
    "alb.ingress.kubernetes.io/inbound-cidrs",
)
_PRIVATE_CLASS: Final = re.compile(r"internal|private", re.IGNORECASE)
_ALB: Final = "alb"


def _to(name: object, port: object, annotations: object = None, of_class: str | None = None) -> dict[str, object]:
    """Return an ingress with one route to a service, for examples."""
    spec: dict[str, object] = {"rules": [{"http": {"paths": [{"path": "/", "backend": {"service": {"name": name, "port": port}}}]}}]}
    if of_class is not None:
        spec["ingressClassName"] = of_class
    return {"spec": spec} if annotations is None else {"spec": spec, "metadata": {"annotations": annotations}}


def _service(name: object, port: object, target: object) -> On:
    return On(_SERVICE, {"metadata": {"name": name}, "spec": {"ports": [{"name": "http", "port": port, "targetPort": target}]}})


def _in_namespace(name: str, service: On) -> On:
    return On(_SERVICE, {**service.inputs, "metadata": {"name": "web", "namespace": name}})


@stack_rule(
    "k8s-ai-ingress-open",
    Severity.HIGH,
    _INGRESS,
    why="A route to Ray, a notebook or Ollama that asks nobody who comes is a shell on a GPU for whoever knows the host.",
    fix="Let the controller ask first (`nginx.ingress.kubernetes.io/auth-url`, `alb.ingress.kubernetes.io/auth-type`), or keep it inside.",
    references=("https://docs.ray.io/en/latest/ray-security/index.html",),
    good=[
        On(
            _INGRESS,
            _to("web", {"number": 80}),
            provider={"namespace": "web"},
            around={"web": _in_namespace("other", _service("web", 80, 8265))},
        ),
        On(_INGRESS, _to("web", {"number": 443}), around={"web": _service("web", 80, 8265)}),
        On(_INGRESS, _to("web", {"name": "https"}), around={"web": _service("web", 80, 8265)}),
        _to("llm", {"number": 8000}),
        _to("ray", {"number": 8265}, {_ASKS[0]: "https://auth.example.com"}),
        _to("ray", {"number": 8265}, {"alb.ingress.kubernetes.io/scheme": "internal"}),
        _to("ray", {"number": 8265}, of_class=_ALB),
        _to("ray", {"number": 8265}, of_class="nginx-internal"),
        _to("ray", {"number": 8265}, {_NARROWS[0]: "203.0.113.0/24,198.51.100.0/24"}),
        On(_INGRESS, _to("web", {"number": 80}), around={"web": _service("web", 80, 8443)}),
    ],
    bad=[
        _to("ray", {"number": 8265}),
        _to("mlflow", {"number": 80}),
        _to("train-head-svc", {"name": "dashboard"}),
        _to("lab", {"number": 8888}, {"alb.ingress.kubernetes.io/scheme": "internet-facing"}, of_class=_ALB),
        _to("ray", {"number": 8265}, {_NARROWS[0]: "0.0.0.0/0"}),
        On(_INGRESS, {"spec": {"defaultBackend": {"service": {"name": "ray", "port": {"number": 8265}}}}}),
        On(_INGRESS, _to("web", {"number": 80}), around={"other": _service("x", 80, 1), "web": _service("web", 80, 8265)}),
        On(_INGRESS, _to("web", {"name": "http"}), around={"web": _service("web", 80, 8888)}),
        On(_INGRESS, _to(Ref("web"), {"number": 80}), around={"web": _service(None, 80, 8265)}),
    ],
    unknown=[
        _to("ray", {"number": UNKNOWN}),
        _to("ray", {"number": 8265}, UNKNOWN),
        _to("ray", {"number": 8265}, {"traefik.ingress.kubernetes.io/router.middlewares": "default-auth@kubernetescrd"}),
        On(_INGRESS, _to("web", {"number": 80}), around={"web": _service("web", 80, UNKNOWN)}),
    ],
)
def tools_ask_who_comes(ingress: Resource, stack: Stack) -> Verdict:
    """No route leads to a tool that asks for no password, unless the controller asks for one."""
    reached = any_of(_is_tool(backend, ingress, stack) for backend in _backends(ingress.spec))
    return ~(reached & ~silent(_is_guarded(ingress)))


def _backends(spec: View) -> Iterator[View]:
    """Iterate over the services that an ingress sends to."""
    yield spec.defaultBackend.service
    for one in spec.rules:
        for path in one.http.paths:
            yield path.backend.service


def _is_tool(backend: View, ingress: Resource, stack: Stack) -> Verdict:
    """Return whether a route ends at a tool: by the port that it says, by the name, or by where the service of the stack sends on to."""
    beside = ((_is_beside(ingress, service), service) for service in stack.of(_SERVICE))
    sent_on = any_of(together & _ends_at_tool(backend, service) for together, service in beside if together.state is not State.FAIL)
    return any_of((backend.port.number.is_one_of(*TOOLS), backend.name.text_matches(_NAMES), _told(backend.name, sent_on)))


def _told(name: View, sent_on: Verdict) -> Verdict:
    """Return what is found of a service, said of the route that leads there."""
    words = {State.PASS: "is a service that sends on to such a tool", State.UNDECIDED: "is a service that may send on to such a tool"}
    return Verdict(sent_on.state, (Fact(name, words[sent_on.state]),)) if sent_on.state in words else sent_on


def _is_beside(ingress: Resource, service: Resource) -> Verdict:
    """Return whether a service is in the namespace of an ingress, from which alone it can be named."""
    here, there = namespace_of(ingress), namespace_of(service)
    if UNKNOWN in (here.raw_value(), there.raw_value()):
        origins = [one.its_subject.sources.get("metadata", ()) for one in (ingress, service)]
        return PASS if origins[0] and origins[0] == origins[1] else there.undecided_because()
    names = [one.raw_value() if one.is_set().state is State.PASS else "default" for one in (here, there)]
    return PASS if names[0] == names[1] else FAIL


def _is_named(backend: View, service: Resource) -> Verdict:
    name = service.metadata.name
    if isinstance(backend.name.raw_value(), str) and isinstance(name.raw_value(), str):
        return backend.name == name.raw_value()
    return backend.name.refers_to(service)


def _ends_at_tool(backend: View, service: Resource) -> Verdict:
    named = _is_named(backend, service)
    ends = (_same_port(backend, port) & port.targetPort.is_one_of(*TOOLS) for port in service.spec.ports)
    return (PASS if named.state is State.PASS else named) & any_of(ends)


def _same_port(backend: View, port: View) -> Verdict:
    """Return whether a port of a service is the one that a route names, by number or by name."""
    verdict = any_of((_same(backend.port.number, port.port), _same(backend.port.name, port.name)))
    return PASS if verdict.state is State.PASS else verdict


def _same(wanted: View, found: View) -> Verdict:
    if wanted.raw_value() is UNKNOWN:
        return wanted.undecided_because()
    return wanted.is_set() & (found == wanted.raw_value())


def _is_guarded(ingress: Resource) -> Verdict:
    """Return whether the controller asks who comes, or keeps the world out."""
    annotations, of_class = ingress.metadata.annotations, ingress.spec.ingressClassName
    asks = (annotations[name].is_set() for name in _ASKS[:-1])
    may_ask = annotations[_ASKS[-1]].is_set().maybe("may ask who comes")
    inside = (annotations[name].is_one_of(*values) for name, values in _KEEPS_OUT.items())
    by_class = any_of(one.text_matches(_PRIVATE_CLASS) for one in (of_class, annotations["kubernetes.io/ingress.class"]))
    is_alb = any_of(one == _ALB for one in (of_class, annotations["kubernetes.io/ingress.class"]))
    by_default = is_alb & annotations["alb.ingress.kubernetes.io/scheme"].is_absent()
    return any_of((*asks, may_ask, *inside, by_class, by_default, *map(_narrows, (annotations[name] for name in _NARROWS))))


def _narrows(ranges: View) -> Verdict:
    return ranges.is_set() & ~is_world(each_range(ranges))
