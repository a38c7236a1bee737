"""Accelerators, as pods ask for them."""

import re
from collections.abc import Iterator
from typing import Final

from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, any_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.kubernetes.pods import Pod, pods

NVIDIA: Final = "nvidia.com/gpu"
NAMES: Final = (
    r"nvidia\.com/(gpu|mig-[\w.-]+|gpu\.shared)|amd\.com/gpu|gpu\.intel\.com/\w+|habana\.ai/gaudi"
    r"|aws\.amazon\.com/neuron\w*|google\.com/tpu"
)
"""What device plugins call them (each maker's own documentation)."""
_NAME: Final = re.compile(rf"\A({NAMES})\Z")


def amounts(of: View) -> Iterator[View]:
    """Iterate over the accelerators among limits or requests; an unknown map may hold some."""
    if of.raw_value() is UNKNOWN:
        yield of
    for name, amount in of.map_items():
        if _NAME.match(name):
            yield amount


def takes_gpu(container: View) -> Verdict:
    """Return whether a container takes an accelerator; one that claims devices by name may."""
    resources = container.resources
    given = (amount > 0 for part in (resources.limits, resources.requests) for amount in amounts(part))
    return any_of((*given, resources.claims.is_set().maybe("claims a device, which may be a GPU")))


def pod_takes_gpu(pod: Pod) -> Verdict:
    """Return whether a container of a pod takes an accelerator."""
    return any_of(takes_gpu(container) for container in pod.containers())


def workload_takes_gpu(workload: Resource) -> Verdict:
    """Return whether a pod that a resource carries takes an accelerator."""
    return any_of(pod_takes_gpu(pod) for pod in pods(workload))
