"""What is wanted: frozen models of a stack, and the only room that reads stack files and the environment.

The names below are loaded when they are first used: a verb that only looks for the project needs none of the models.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lepton_infra.config.budget import Budget
    from lepton_infra.config.fleet import Fleet, Quota
    from lepton_infra.config.model import Cluster, Demand, Network, Pool, Stack, Storage, SystemPool
    from lepton_infra.config.project import Project, StackFile, find_project, load_stack
    from lepton_infra.config.service import KnownThroughput, LeadTime, Slo, Throughput, TokenSlo, WaitSlo

__all__ = [
    "Budget",
    "Cluster",
    "Demand",
    "Fleet",
    "KnownThroughput",
    "LeadTime",
    "Network",
    "Pool",
    "Project",
    "Quota",
    "Slo",
    "Stack",
    "StackFile",
    "Storage",
    "SystemPool",
    "Throughput",
    "TokenSlo",
    "WaitSlo",
    "find_project",
    "load_stack",
]

_HOMES = {
    "budget": ("Budget",),
    "fleet": ("Fleet", "Quota"),
    "model": ("Cluster", "Demand", "Network", "Pool", "Stack", "Storage", "SystemPool"),
    "project": ("Project", "StackFile", "find_project", "load_stack"),
    "service": ("KnownThroughput", "LeadTime", "Slo", "Throughput", "TokenSlo", "WaitSlo"),
}


def __getattr__(name: str) -> object:
    """Load a public name (PEP 562)."""
    for home, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
