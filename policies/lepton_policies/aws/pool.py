"""Pools: a GPU machine costs tens of dollars an hour, so a pool of them says where it ends."""

import re
from collections.abc import Iterator
from typing import Final

from lepton_infra.rules.card import On, Setting, Severity, rule
from lepton_infra.rules.values import ABSENT, UNKNOWN, number_in
from lepton_infra.rules.verdict import Verdict, all_of, any_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.aws.machines import MOST_ACCELERATORS, accelerators

_NODE_GROUP: Final = "aws:eks/nodeGroup:NodeGroup"
_GROUP: Final = "aws:autoscaling/group:Group"
_GPU_IMAGE: Final = re.compile(r"GPU|NVIDIA|NEURON")
"""Machine images for nodes with accelerators (EKS API, `amiType`)."""
_H100: Final = "p5.48xlarge"


@rule(
    "cost-gpu-max-bound",
    Severity.HIGH,
    _NODE_GROUP,
    _GROUP,
    why="A runaway autoscaler, a retry loop or a stolen token grows a pool to its maximum, and GPUs bill by the second.",
    fix="Set `max_size` to what the plan needs; raise the setting `maxGpus` of this rule if one pool may really be larger.",
    references=("gatekeeper:replicalimits",),
    settings={"maxGpus": Setting(1024, "the most accelerators that one pool may grow to")},
    good=[
        {"instanceTypes": [_H100], "scalingConfig": {"minSize": 0, "desiredSize": 2, "maxSize": 60}},
        {"instanceTypes": ["m7i.large"], "scalingConfig": {"maxSize": 5000}},
        {"instanceTypes": UNKNOWN, "scalingConfig": {"maxSize": "8"}},
        On(_GROUP, {"maxSize": 4.0, "launchTemplate": {"id": UNKNOWN}}),
    ],
    bad=[
        {"instanceTypes": [_H100], "scalingConfig": {"minSize": 1}},
        {"instanceTypes": ["m7i.large", _H100], "scalingConfig": {"maxSize": 1000}},
        {"instanceTypes": [_H100], "scalingConfig": {"maxSize": -1}},
        {"amiType": "AL2023_x86_64_NVIDIA", "launchTemplate": {"id": "lt-1"}, "scalingConfig": {"maxSize": 100000}},
        On(_GROUP, {"maxSize": 2000, "mixedInstancesPolicy": {"launchTemplate": {"overrides": [{"instanceType": "g6e.xlarge"}]}}}),
        On(
            _GROUP,
            {
                "maxSize": 2000,
                "mixedInstancesPolicy": {"launchTemplate": {"overrides": [{"instanceRequirements": {"acceleratorCount": {"min": 1}}}]}},
            },
        ),
    ],
    unknown=[
        {"instanceTypes": [_H100], "scalingConfig": {"maxSize": UNKNOWN}},
        {"instanceTypes": [UNKNOWN], "scalingConfig": {"maxSize": 500}},
        On(_GROUP, {"maxSize": 500, "launchTemplate": {"id": "lt-1"}}),
    ],
)
def gpu_pool_ends(pool: Resource) -> Verdict:
    """A GPU pool has a maximum, and one that somebody could mean."""
    most = pool.maxSize if pool.maxSize.raw_value() is not ABSENT else pool.scalingConfig.maxSize
    return all_of(holds.implies(_is_bounded(most, count, pool)) for count, holds in accelerated(pool))


def _is_bounded(most: View, count: int, pool: Resource) -> Verdict:
    limit = number_in(pool.its_settings.maxGpus.raw_value()) or 0
    return (most >= 0) & (most <= limit / count)


def accelerated(pool: Resource) -> Iterator[tuple[int, Verdict]]:
    """Iterate over what may make it a pool of accelerators: how many each node then has, and whether it is so."""
    is_group = pool.type_token == _GROUP
    overrides = list(pool.mixedInstancesPolicy.launchTemplate.overrides) if is_group else []
    types = [override.instanceType for override in overrides] if is_group else list(pool.instanceTypes)
    for machine_type in types:
        name = machine_type.raw_value()
        if name is UNKNOWN:
            yield MOST_ACCELERATORS, machine_type.undecided_because()
        elif isinstance(name, str) and (count := accelerators(name)):
            yield count, machine_type.pass_because(f"{machine_type.read_text()} with {count} GPU{'s' * (count > 1)}")
    for override in overrides:
        yield MOST_ACCELERATORS, _asks_for_accelerators(override.instanceRequirements)
    if not is_group:
        yield MOST_ACCELERATORS, pool.amiType.text_matches(_GPU_IMAGE)
    if all(machine_type.raw_value() is ABSENT for machine_type in types):
        elsewhere = (pool.launchConfiguration, pool.mixedInstancesPolicy) if is_group else ()
        named = any_of(way.is_set() for way in (pool.launchTemplate, *elsewhere))
        yield MOST_ACCELERATORS, named.maybe("names the machine, which may have GPUs")


def _asks_for_accelerators(requirements: View) -> Verdict:
    count = requirements.acceleratorCount
    named = (requirements.acceleratorNames, requirements.acceleratorTypes, requirements.acceleratorManufacturers)
    return any_of((count.min > 0, count.max > 0, *(names.is_set() for names in named)))
