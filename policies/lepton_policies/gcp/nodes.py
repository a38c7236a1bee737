"""Nodes of GKE: the configurations by which a node pool, or a cluster with pools of its own, makes machines."""

from collections.abc import Callable, Iterator
from typing import Final

from lepton_infra.rules.stack import Stack
from lepton_infra.rules.verdict import Verdict, all_of
from lepton_infra.rules.view import Resource, View

CLUSTER: Final = "gcp:container/cluster:Cluster"
POOL: Final = "gcp:container/nodePool:NodePool"
_TRUE_WORDS: Final = ("true", "TRUE", "True", "1", "y", "Y", "yes", "Yes")


def pools_in(resource: Resource) -> Iterator[View]:
    """Iterate over the pools that a resource describes: itself if it is one, those within it if it is a cluster."""
    if resource.type_token == POOL:
        yield resource
    else:
        yield from resource.nodePools


def on_every_node(resource: Resource, check: Callable[[View], Verdict]) -> Verdict:
    """Return whether all nodes that a resource makes are as they must be.

    A cluster makes a default pool by `nodeConfig`, unless it is told to remove it, lists its pools, or is an Autopilot one.
    """
    pools = all_of(check(pool.nodeConfig) for pool in pools_in(resource))
    if resource.type_token == POOL:
        return pools
    return (check(resource.nodeConfig) | has_no_default_pool(resource)) & pools


def has_no_default_pool(cluster: Resource) -> Verdict:
    """Return whether a cluster is left without the default pool that nobody laid out."""
    return cluster.removeDefaultNodePool.is_true() | cluster.nodePools.is_set() | cluster.enableAutopilot.is_true()


def pools_of(cluster: Resource, stack: Stack) -> list[tuple[Resource, Verdict]]:
    """Return the pools of a stack, each with whether it is one of the cluster's."""
    return [(pool, pool.cluster.refers_to(cluster)) for pool in stack.of(POOL)]


def means_true(text: View) -> Verdict:
    """Return whether a value of a machine's metadata means yes; the guest agent takes a handful of words and 1."""
    return text.is_true() | text.is_one_of(1, *_TRUE_WORDS)
