"""What a VM size holds: the catalogue knows most, its name tells the rest."""

import math
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Final

from lepton_infra.catalog import load_catalog
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, any_of
from lepton_infra.rules.view import Resource, View

MOST_GPUS: Final = 8
"""The most GPUs in one VM size (the ND series): the worst case where the size is not known."""
_ACCELERATED: Final = re.compile(r"\A(standard|basic)_n[cdgv]\d", re.IGNORECASE)
"""Series with GPUs (Azure, "GPU-accelerated virtual machine sizes"); NP has FPGAs."""


@cache
def _known() -> dict[str, int]:
    return {machine.name.lower(): math.ceil(machine.gpus) for machine in load_catalog().machines if machine.cloud.value == "azure"}


@lru_cache(maxsize=1024)
def gpus(size: str) -> int:
    """Return how many GPUs a VM size has, 0 for none; a part of one counts as one, a size too new for the catalogue as the worst case."""
    name = size.strip().lower()
    known = _known().get(name)
    if known is not None:
        return known
    return MOST_GPUS if _ACCELERATED.match(name) else 0


def pools_of(resource: Resource) -> Iterator[View]:
    """Iterate over the node pools inside a cluster, or the one that a resource is."""
    if resource.type_token.endswith(":AgentPool"):
        yield resource
    else:
        yield from resource.agentPoolProfiles


def sizes_of(pool: View) -> Iterator[View]:
    """Iterate over the VM sizes that a node pool names; AKS chooses one without GPUs where it names none."""
    yield from (pool.vmSize, *(scale.size for scale in pool.virtualMachinesProfile.scale.manual))


def has_gpus(pool: View) -> Verdict:
    """Return whether the nodes of a pool have GPUs."""
    return any_of(is_accelerated(size) for size in sizes_of(pool))


def is_accelerated(size: View) -> Verdict:
    """Return whether a VM size has GPUs."""
    name = size.raw_value()
    if name is UNKNOWN:
        return size.undecided_because()
    count = gpus(name) if isinstance(name, str) else 0
    return size.pass_because(f"{size.read_text()} with {count} GPU{'s' * (count > 1)}") if count else size.fail_because()
