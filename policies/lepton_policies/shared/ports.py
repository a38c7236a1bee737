"""Ports that the world has no business on, by what listens there."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from lepton_infra.rules.net import is_world, reaches_port
from lepton_infra.rules.verdict import PASS, State, Verdict, all_of, any_of
from lepton_infra.rules.view import View

ADMIN: Final = (22, 3389)
"""SSH and Remote Desktop."""
AI: Final = (
    8265, 10001, 8888, 6006, 5000, 8000, 8001, 8002, 11434, 9400, 6443, 10250, 10255, 2379, 7860, 8188, 8500, 8501, 8081, 8786, 8787, 30000,
)  # fmt: skip
"""Ray's dashboard and client, Jupyter, TensorBoard, MLflow, vLLM and Triton (HTTP, gRPC, metrics), Ollama, DCGM's exporter, the Kubernetes
API, kubelet (both ports) and etcd, Gradio, ComfyUI, TensorFlow Serving (gRPC, HTTP), TorchServe's management, Dask, SGLang: none asks
for a password as it comes out of its box (each project's own documentation)."""
TOOLS: Final = (8265, 10001, 8888, 6006, 11434)
"""Those of them that nobody serves to the public behind a load balancer: Ray, Jupyter, TensorBoard and Ollama run what they are sent."""
DATA: Final = (2049, 988, 1018, 1019, 1020, 1021, 1022, 1023, 445, 6379, 5432, 3306, 9200, 27017, 11211, 1433, 6333, 19530)
"""NFS, Lustre, SMB, Redis, PostgreSQL, MySQL, Elasticsearch, MongoDB, memcached, SQL Server, Qdrant, Milvus."""
HTTP: Final = (80,)
EVERY: Final = (1, 65535)
"""Who reaches both ends reaches, as a rule is written, everything."""


class Opening(NamedTuple):
    """One rule of a firewall that lets traffic in or out."""

    protocol: View
    first: View
    last: View
    cidrs: tuple[View, ...]
    """Whose addresses it is for: lists or single texts."""
    when: Verdict = PASS
    """Whether it is such a rule at all: one that allows, and in the direction that is asked about."""

    def reaches(self, ports: tuple[int, ...]) -> Verdict:
        """Return whether it carries any of the ports."""
        return self.when & reaches_port(self.protocol, self.first, self.last, *ports)


def world_reaches(openings: Iterable[Opening], ports: tuple[int, ...]) -> Verdict:
    """Return whether the world reaches any of the ports through these rules, each by itself or some of them together.

    Two rules for half the internet each are as open as one for all of it.
    """
    rules = [rule for rule in openings if rule.when.state is not State.FAIL]
    alone = any_of(rule.reaches(ports) & is_world(*rule.cidrs) for rule in rules)
    if alone.state is State.PASS or len(rules) < 2 or is_world(*_all_cidrs(rules)).state is not State.PASS:  # noqa: PLR2004 (one is alone)
        return alone
    return alone | any_of(_together(rules, port) for port in ports)


def _all_cidrs(rules: Iterable[Opening]) -> Iterator[View]:
    """Iterate over everyone whom any of the rules is for: where all together are not the world, no port is open to it."""
    return (cidrs for rule in rules for cidrs in rule.cidrs)


def world_reaches_everything(openings: Iterable[Opening]) -> Verdict:
    """Return whether the world reaches the first port and the last: by one rule, or by several that have a part of the ports each."""
    rules = list(openings)
    return all_of(world_reaches(rules, (port,)) for port in EVERY)


def _together(rules: list[Opening], port: int) -> Verdict:
    sure = [rule for rule in rules if rule.reaches((port,)).state is State.PASS]
    verdict = is_world(*_all_cidrs(sure))
    return verdict if verdict.state is State.PASS else Verdict(State.FAIL)
