"""Containers that Azure runs by themselves: apps, jobs and groups, where small models and the tools around them live."""

from collections.abc import Iterator
from typing import Final

from lepton_infra.rules.card import On, Severity, rule
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, all_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.shared.credentials import no_secret_among

_APP: Final = "azure-native:app:ContainerApp"
_JOB: Final = "azure-native:app:Job"
_GROUP: Final = "azure-native:containerinstance:ContainerGroup"
_TOKEN: Final = "hf_" + "cD4eF6gH8jK1mN3pQ5rS7tU9vW" + "2xY4zA6bC"


def _environments(resource: Resource) -> Iterator[View]:
    """Iterate over the environments of all containers."""
    if resource.type_token.endswith(":ContainerGroup"):
        for container in (*resource.containers, *resource.initContainers):
            yield container.environmentVariables
    for container in (*resource.template.containers, *resource.template.initContainers):
        yield container.env


@rule(
    "az-container-env-secrets",
    Severity.CRITICAL,
    _APP,
    _JOB,
    _GROUP,
    why="The environment of a container is shown to everyone who may read the app, in every revision that there ever was.",
    fix="Keep the credential in a key vault and name it by `secret_ref` (an app), or write it into `secure_value` (a group).",
    references=("https://learn.microsoft.com/azure/container-apps/manage-secrets",),
    good=[
        {"template": {"containers": [{"env": [{"name": "MODEL", "value": "llama"}, {"name": "HF_TOKEN", "secretRef": "hub"}]}]}},
        On(_GROUP, {"containers": [{"environmentVariables": [{"name": "HF_TOKEN", "secureValue": UNKNOWN}]}]}),
    ],
    bad=[
        {"template": {"containers": [{"image": "log"}, {"env": [{"name": "A", "value": "b"}, {"name": "T", "value": _TOKEN}]}]}},
        On(_JOB, {"template": {"initContainers": [{"env": [{"name": "WANDB_API_KEY", "value": "changeme"}]}]}}),
        On(_GROUP, {"containers": [{"environmentVariables": [{"name": "HF_TOKEN", "value": "changeme"}]}]}),
    ],
    unknown=[
        {"template": UNKNOWN},
        {"template": {"containers": [{"env": [{"name": "HF_TOKEN", "value": UNKNOWN}]}]}},
        On(_GROUP, {"containers": UNKNOWN}),
    ],
)
def environment_holds_no_credential(resource: Resource) -> Verdict:
    """The environment of a container holds no credential."""
    return all_of(no_secret_among(entries) for entries in _environments(resource))
