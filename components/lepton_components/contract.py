"""The contract between the neutral components and the clouds: specs in, facts out, and what a cloud must offer.

A cloud is a module of this package that satisfies `Cloud`; there is no class, registry or decorator. A spec holds what is wanted in
every cloud's words at once: plain values that were checked, and `Given` values that other components answered with. A fact is what other
components and the user need to know of what was built.

Promises that every cloud keeps:

* A fact resolves only when the thing can be used: keys after the grants on them, subnets after the routes and endpoints in them.
* Everything that takes tags or labels has those of `names.tags`.
* What must not be lost in `prod` (keys, data, the cluster) is protected against deletion by Pulumi itself.
"""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Network
from reprlib import repr as shortened
from typing import Annotated, Literal, Protocol, cast

import pulumi
from pydantic import Field, PlainValidator, field_validator

from lepton_components.border import BadArgs
from lepton_components.pool import PoolSpec, doubled
from lepton_infra.config import Cluster, Network, Storage
from lepton_infra.config.budget import Dollars, Notices
from lepton_infra.config.model import Frozen, Tag
from lepton_infra.errors import Fault

SYSTEM = "system"
"""The name of the pool for a cluster's own workloads."""
CLOUDS = ("aws",)
"""The clouds that have a folder here."""


class Capability(Enum):
    """Something that not every cloud can do, so that a spec which asks for it may have to be refused."""

    CLUSTER_SCHEDULE = "scheduled bounds of a cluster's node pool"
    GROUP_SCHEDULE = "scheduled bounds of an autoscaling group"
    NODE_REPAIR = "replacing a node whose GPU has failed"


def _given(value: object) -> pulumi.Output[str]:
    if isinstance(value, str) and not value:
        message = "is ''; an output of another component, or its identifier as text"
        raise ValueError(message)
    if isinstance(value, str | pulumi.Output):
        return pulumi.Output.from_input(cast("pulumi.Input[str]", value))
    message = f"is {shortened(value)}; an output of another component, or its identifier as text"
    raise ValueError(message)


def _given_list(value: object) -> pulumi.Output[Sequence[str]]:
    if isinstance(value, pulumi.Output) or _identifiers(value):
        return pulumi.Output.from_input(cast("pulumi.Input[Sequence[str]]", value))
    message = f"is {shortened(value)}; a list of identifiers, or the output of another component"
    raise ValueError(message)


def _identifiers(value: object) -> bool:
    items = cast("list[object]", value) if isinstance(value, list) else []
    return bool(items) and all(isinstance(item, str | pulumi.Output) for item in items)


Given = Annotated[pulumi.Output[str], PlainValidator(_given)]
"""What another component answered with, often unknown until it is built."""
GivenList = Annotated[pulumi.Output[Sequence[str]], PlainValidator(_given_list)]
"""Likewise, several."""


class Scope(Frozen):
    """Where things are built and whose they are."""

    cloud: str
    """The cloud's name, for instance `aws`."""
    region: Annotated[str, Field(pattern=r"^[a-z0-9-]{3,40}$")]
    """The cloud's name of the region."""
    owner: Tag
    """Who answers for it."""
    team: Tag
    """Who pays for it."""
    environment: Literal["sandbox", "dev", "staging", "prod"]
    """How careful to be."""
    project: str
    """Pulumi's project."""
    stack: str
    """Pulumi's stack."""

    @property
    def careful(self) -> bool:
        """Return whether what cannot be brought back is protected against deletion."""
        return self.environment == "prod"


class KeysSpec(Frozen):
    """Customer-managed keys, one for each purpose, so that each can be granted and revoked alone."""

    scope: Scope


class NetworkSpec(Network):
    """A private network without a way in from the internet or out to it."""

    scope: Scope
    logs_key: Given
    """Key for logs."""


class StorageSpec(Storage):
    """An encrypted, versioned bucket for data and model weights, with a log of who read it."""

    scope: Scope
    key: Given
    """Key for stored data."""


class ClusterSpec(Cluster):
    """A Kubernetes cluster with GPU pools, whose API server is reachable from inside the network only."""

    scope: Scope
    pools: tuple[PoolSpec, ...] = ()
    """GPU pools."""
    network: Given
    """The network."""
    subnets: GivenList
    """Its private subnets."""
    secrets_key: Given
    """Key for Kubernetes secrets."""
    disks_key: Given
    """Key for disks."""
    logs_key: Given
    """Key for logs."""

    @field_validator("pools")
    @classmethod
    def _apart(cls, pools: tuple[PoolSpec, ...]) -> tuple[PoolSpec, ...]:
        labels = [pool.name for pool in pools]
        faults = [f"has the name {name!r} more than once; a name of its own for each pool" for name in doubled(labels)]
        faults += [f"has the name {SYSTEM!r}, which is that of the cluster's own nodes; another name" for name in labels if name == SYSTEM]
        if faults:
            raise ValueError("\n".join(faults))
        return pools


class GroupSpec(Frozen):
    """An autoscaling group of GPU workers outside Kubernetes."""

    scope: Scope
    pool: PoolSpec
    """The workers."""
    cidr: IPv4Network
    """Addresses of the network."""
    network: Given
    """The network."""
    subnets: GivenList
    """Its private subnets."""
    storage_prefix: Given
    """What a firewall rule names to reach object storage without leaving the cloud."""
    disks_key: Given
    """Key for disks."""
    storage: Given
    """The bucket that workers read models from, by the cloud's full identifier."""
    storage_key: Given
    """Key for stored data."""


class BudgetSpec(Notices):
    """A monthly budget of the stack, and the topic that its notices are published on."""

    scope: Scope
    usd_per_month: Dollars
    """Dollars that a month of the stack may cost."""
    key: Given
    """Key for messages."""


@dataclass(frozen=True, slots=True)
class KeysFacts:
    """The keys, each by what the cloud's encryption settings take; granted to whoever encrypts with it.

    AWS: the key's ARN. Google Cloud: the crypto key's resource name. Azure: the key's URI without a version; for disks, the encryption set.
    """

    secrets: pulumi.Output[str]
    disks: pulumi.Output[str]
    storage: pulumi.Output[str]
    logs: pulumi.Output[str]
    messages: pulumi.Output[str]


@dataclass(frozen=True, slots=True)
class NetworkFacts:
    """The network and its private subnets, one in each zone, in the zones' order."""

    id: pulumi.Output[str]
    subnets: pulumi.Output[Sequence[str]]
    zones: pulumi.Output[Sequence[str]]
    storage_prefix: pulumi.Output[str]
    """AWS: a prefix list. Google Cloud: the range of Private Google Access. Azure: the service tag of storage."""


@dataclass(frozen=True, slots=True)
class StorageFacts:
    """The bucket: the cloud's full identifier, its name, and what programs open (`s3://`, `gs://`, `https://`)."""

    id: pulumi.Output[str]
    name: pulumi.Output[str]
    url: pulumi.Output[str]


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """What a client inside the network needs to talk to the cluster, and the names of its pools by the pool's name in the stack."""

    name: pulumi.Output[str]
    endpoint: pulumi.Output[str]
    certificate_authority: pulumi.Output[str]
    pools: pulumi.Output[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class GroupFacts:
    """The group by the cloud's name, and the identity that its workers act as."""

    name: pulumi.Output[str]
    identity: pulumi.Output[str]


@dataclass(frozen=True, slots=True)
class BudgetFacts:
    """The budget by the cloud's name, and what machines subscribe to in order to hear its notices.

    AWS: an SNS topic's ARN. Google Cloud: a Pub/Sub topic. Azure: an action group.
    """

    name: pulumi.Output[str]
    topic: pulumi.Output[str]


class Cloud(Protocol):
    """What every cloud must offer, as a module. The promises are in the docstring of this file."""

    MISSING: Mapping[Capability, str]
    """What the cloud cannot do, and what to do instead."""

    def provider(self, name: str, scope: Scope) -> pulumi.ProviderResource:
        """Make the provider of the scope's region, with the stack's tags on whatever it creates."""
        ...

    def keys(self, name: str, spec: KeysSpec, parent: pulumi.Resource) -> KeysFacts:
        """Make the keys, rotated, and the grants on them."""
        ...

    def network(self, name: str, spec: NetworkSpec, parent: pulumi.Resource) -> NetworkFacts:
        """Make the network, its subnets, its private ways to the cloud's own services, and its flow log."""
        ...

    def storage(self, name: str, spec: StorageSpec, parent: pulumi.Resource) -> StorageFacts:
        """Make the bucket and the bucket that holds its access log."""
        ...

    def cluster(self, name: str, spec: ClusterSpec, parent: pulumi.Resource) -> ClusterFacts:
        """Make the control plane, its add-ons, a system pool and the GPU pools."""
        ...

    def group(self, name: str, spec: GroupSpec, parent: pulumi.Resource) -> GroupFacts:
        """Make the workers' identity, firewall, template, group and schedule."""
        ...

    def budget(self, name: str, spec: BudgetSpec, parent: pulumi.Resource) -> BudgetFacts:
        """Make the budget over what the stack's tags are on, and the topic of its notices."""
        ...


def cloud(name: str, *needs: Capability) -> Cloud:
    """Return the cloud with this name, loading its library only now.

    Raises:
        BadArgs: there is no such cloud, or it cannot do something that is needed; with every fault.
    """
    if name not in CLOUDS:
        raise BadArgs(Fault("scope.cloud", f"is {shortened(name)}", f"choose {' or '.join(CLOUDS)}"))
    chosen = cast("Cloud", importlib.import_module(f"lepton_components.{name}"))
    if lacking := [need for need in needs if need in chosen.MISSING]:
        raise BadArgs(Fault("scope.cloud", f"{name} has no {need.value}", chosen.MISSING[need]) for need in lacking)
    return chosen
