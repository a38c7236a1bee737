"""Batch: what its jobs may do to their nodes, and what they give away, whichever of its four ways the containers are written."""

from collections.abc import Iterator
from typing import Final

from lepton_infra.rules.card import Severity, rule
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, all_of, none_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.shared.credentials import no_secret_among

_JOB: Final = "aws:batch/jobDefinition:JobDefinition"
_PLAIN: Final = '{"image": "train", "resourceRequirements": [{"type": "GPU", "value": "8"}]}'


def _containers(job: Resource) -> Iterator[View]:
    """Iterate over the containers of a job that are no pod's: its one, those of each range of nodes, those of its tasks.

    The names are those of the Batch API, RegisterJobDefinition.
    """
    yield job.containerProperties.json_inside()
    yield from _of_tasks(job.ecsProperties.json_inside())
    for group in _ranges(job):
        yield group.container
        yield from _of_tasks(group.ecsProperties)


def _ranges(job: Resource) -> Iterator[View]:
    """Iterate over the ranges of nodes of a job; one that cannot be read has one unknown range."""
    yield from job.nodeProperties.json_inside().nodeRangeProperties


def _of_tasks(properties: View) -> Iterator[View]:
    for task in properties.taskProperties:
        yield from task.containers


def _pods(job: Resource) -> Iterator[View]:
    """Iterate over the containers of a job's pods."""
    for properties in (job.eksProperties, *(group.eksProperties for group in _ranges(job))):
        yield from (*properties.podProperties.containers, *properties.podProperties.initContainers)


_NODES: Final = '{"mainNode": 0, "numNodes": 4, "nodeRangeProperties": [{"targetNodes": "0:3", "container": %s}]}'


@rule(
    "aws-batch-privileged",
    Severity.HIGH,
    _JOB,
    why="A privileged container is root on the node and on every GPU in it, other people's jobs included.",
    fix="Take `privileged` out of the container's properties; GPUs come by `resourceRequirements`.",
    references=("checkov:CKV_AWS_210",),
    good=[{"containerProperties": _PLAIN}, {"containerProperties": '{"privileged": false}'}, {"type": "multinode"}],
    bad=[
        {"containerProperties": '{"image": "train", "privileged": true}'},
        {"type": "multinode", "nodeProperties": _NODES % '{"image": "train", "privileged": true}'},
        {"ecsProperties": '{"taskProperties": [{"containers": [{"image": "log"}, {"image": "train", "privileged": true}]}]}'},
        {"eksProperties": {"podProperties": {"containers": [{"image": "train", "securityContext": {"privileged": True}}]}}},
        {"eksProperties": {"podProperties": {"initContainers": [{"image": "set-up", "securityContext": {"privileged": True}}]}}},
    ],
    unknown=[{"containerProperties": UNKNOWN}, {"containerProperties": "{"}, {"nodeProperties": UNKNOWN}, {"eksProperties": UNKNOWN}],
)
def job_is_not_privileged(job: Resource) -> Verdict:
    """A Batch job is not root on its node."""
    in_pods = (container.securityContext.privileged.is_true() for container in _pods(job))
    return none_of((*(container.privileged.is_true() for container in _containers(job)), *in_pods))


@rule(
    "aws-batch-env-secrets",
    Severity.CRITICAL,
    _JOB,
    why="A job definition is shown to everyone who may describe it, in every revision that there ever was.",
    fix="Name the secret in `secrets` of the container's properties instead of its value in `environment`.",
    references=("https://docs.aws.amazon.com/batch/latest/userguide/specifying-sensitive-data-secrets.html",),
    good=[
        {"containerProperties": _PLAIN},
        {"containerProperties": '{"environment": [{"name": "MODEL", "value": "llama"}], "secrets": [{"name": "HF_TOKEN"}]}'},
    ],
    bad=[
        {"containerProperties": '{"environment": [{"name": "A", "value": "1"}, {"name": "KEY", "value": "AKIAIOSFODNN7EXAMPLE"}]}'},
        {"nodeProperties": _NODES % '{"environment": [{"name": "WANDB_API_KEY", "value": "changeme"}]}'},
        {"ecsProperties": '{"taskProperties": [{"containers": [{"environment": [{"name": "HF_TOKEN", "value": "changeme"}]}]}]}'},
        {"eksProperties": {"podProperties": {"containers": [{"image": "train", "envs": [{"name": "HF_TOKEN", "value": "changeme"}]}]}}},
    ],
    unknown=[{"containerProperties": UNKNOWN}, {"nodeProperties": UNKNOWN}, {"eksProperties": UNKNOWN}],
)
def job_environment_holds_no_credential(job: Resource) -> Verdict:
    """The environment of a Batch job holds no credential."""
    entries = (*(container.environment for container in _containers(job)), *(container.envs for container in _pods(job)))
    return all_of(map(no_secret_among, entries))
