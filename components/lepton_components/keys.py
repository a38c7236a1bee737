"""Customer-managed keys: the neutral component."""

from typing import TypedDict

import pulumi

from lepton_components.border import ScopeArgs, read
from lepton_components.contract import KeysSpec, cloud


class KeysArgs(TypedDict):
    """Arguments of `Keys`."""

    scope: ScopeArgs
    """Where the keys are made and whose they are."""


class Keys(pulumi.ComponentResource):
    """Customer-managed keys, rotated yearly, one for each purpose, each usable by the services of that purpose alone."""

    secrets: pulumi.Output[str]
    """Key for Kubernetes secrets."""
    disks: pulumi.Output[str]
    """Key for disks."""
    storage: pulumi.Output[str]
    """Key for stored data."""
    logs: pulumi.Output[str]
    """Key for logs."""
    messages: pulumi.Output[str]
    """Key for messages, as on the topic of a budget."""

    def __init__(self, name: str, args: KeysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        spec = read(KeysSpec, args, name)
        chosen = cloud(spec.scope.cloud)
        super().__init__("lepton:index:Keys", name, {}, opts)
        facts = chosen.keys(name, spec, self)
        self.secrets = facts.secrets
        self.disks = facts.disks
        self.storage = facts.storage
        self.logs = facts.logs
        self.messages = facts.messages
        self.register_outputs(
            {"secrets": self.secrets, "disks": self.disks, "storage": self.storage, "logs": self.logs, "messages": self.messages}
        )
