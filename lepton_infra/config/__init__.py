"""What is wanted: frozen models of a stack, and the only room that reads stack files and the environment."""

from lepton_infra.config.model import Cluster, Demand, Network, Pool, Stack, Storage, SystemPool, Throughput
from lepton_infra.config.project import Project, StackFile, find_project, load_stack

__all__ = [
    "Cluster",
    "Demand",
    "Network",
    "Pool",
    "Project",
    "Stack",
    "StackFile",
    "Storage",
    "SystemPool",
    "Throughput",
    "find_project",
    "load_stack",
]
