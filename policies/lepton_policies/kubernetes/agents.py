"""Agents: what has to reach into its node, because it makes the node's GPUs, networks and metrics usable.

Device plugins, exporters, drivers and network plugins run as DaemonSets. One is let through when it lives where a cluster keeps its own, or
when all its images are those of the makers of such agents. Nothing else is: a Deployment in `kube-system` is still a Deployment.
"""

import re
from typing import Final

from lepton_infra.rules.card import Setting
from lepton_infra.rules.subject import plain_type
from lepton_infra.rules.verdict import FAIL, Verdict, all_of
from lepton_infra.rules.view import Resource
from lepton_policies.kubernetes.pods import DAEMON_SET, every_container

_DAEMON_SETS: Final = (plain_type(DAEMON_SET), plain_type(f"{DAEMON_SET}Patch"))

SYSTEM_NAMESPACES: Final = (
    "kube-system, gpu-operator, nvidia-gpu-operator, nvidia-device-plugin, network-operator, nvidia-network-operator, amazon-cloudwatch, "
    "gke-managed-system, gmp-system, kube-amd-gpu, neuron-monitor, calico-system, tigera-operator, cilium"
)
"""Where clusters and the operators of GPUs and networks keep their agents, by their makers' installation guides."""
_MAKERS: Final = re.compile(
    r"""\A(
        nvcr\.io/nvidia/(
            driver|vgpu-manager|gdrdrv|nvidia-fs|dcgm|dcgm-exporter|gpu-operator(-validator)?|gpu-feature-discovery|k8s-[\w-]+
          | vgpu-device-manager|(k8s|cloud-native|mellanox|doca|kubevirt|sandbox)/[\w.-]+
        )[:@]
      | registry\.k8s\.io/
      | (public\.ecr\.aws/(eks|neuron|aws-efa|amazon-ec2|cloudwatch-agent)|\d{12}\.dkr\.ecr\.[\w-]+\.amazonaws\.com/eks)/
      | (gke\.gcr\.io|gcr\.io/gke-release|gcr\.io/google-containers|us-docker\.pkg\.dev/gke-release)/
      | mcr\.microsoft\.com/(oss|aks|azuremonitor|containernetworking)/
      | (docker\.io/)?rocm/k8s-device-plugin[:@]
      | (quay\.io|docker\.io)/(cilium/|calico/|prometheus/node-exporter[:@])
      | ghcr\.io/mellanox/
    )""",
    re.VERBOSE,
)
"""Images of agents by their makers."""

SETTINGS: Final = {"systemNamespaces": Setting(SYSTEM_NAMESPACES, "namespaces whose DaemonSets may reach into their node")}
"""The setting of every rule that lets agents through."""


def words(workload: Resource, setting: str) -> tuple[str, ...]:
    """Return what a setting lists, divided by commas or blanks."""
    text = workload.its_settings[setting].raw_value()
    return tuple(re.split(r"[,\s]+", text.strip())) if isinstance(text, str) and text.strip() else ()


def is_agent(workload: Resource) -> Verdict:
    """Return whether it is an agent that has to reach into its node."""
    if plain_type(workload.type_token) not in _DAEMON_SETS:
        return FAIL
    at_home = workload.metadata.namespace.is_one_of(*words(workload, "systemNamespaces"))
    images = [container.image for container in every_container(workload)]
    by_makers = all_of(image.text_matches(_MAKERS) for image in images) if images else FAIL
    return at_home | by_makers
