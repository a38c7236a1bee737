"""What is wanted: frozen models of a stack, and the only room that reads stack files and the environment."""

from lepton_infra.config.fleet import Fleet, Quota
from lepton_infra.config.model import Cluster, Demand, Network, Pool, Stack, Storage, SystemPool
from lepton_infra.config.project import Project, StackFile, find_project, load_stack
from lepton_infra.config.service import KnownThroughput, LeadTime, Slo, Throughput, TokenSlo, WaitSlo

__all__ = [
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
