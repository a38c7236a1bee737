"""GPU pools: what keeps a pool of accelerators from idling, from being taken by others, and from breaking without anyone noticing."""

import re
from collections.abc import Iterator
from typing import Final

from lepton_infra.rules.card import On, Setting, Severity, rule
from lepton_infra.rules.stack import Stack
from lepton_infra.rules.values import ABSENT, UNKNOWN
from lepton_infra.rules.verdict import State, Verdict, all_of, any_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.aws.instance import made_by
from lepton_policies.aws.machines import accelerators
from lepton_policies.aws.pool import accelerated
from lepton_policies.shared.production import is_production, is_trial, tagged

_NODE_GROUP: Final = "aws:eks/nodeGroup:NodeGroup"
_GROUP: Final = "aws:autoscaling/group:Group"
_TEMPLATE: Final = "aws:ec2/launchTemplate:LaunchTemplate"
_INSTANCE: Final = "aws:ec2/instance:Instance"
_H100: Final = "p5.48xlarge"
_PROD: Final = {"environment": "prod"}
_DEV: Final = {"environment": "dev"}
_DEV_LIST: Final = [{"key": "environment", "value": "dev", "propagateAtLaunch": True}]
_OLD: Final = re.compile(r"\A\s*(p2|p3|p3dn|g2|g3|g3s|inf1)\.", re.IGNORECASE)
"""GPU families that AWS calls previous generations, or that cost more per result than newer ones (EC2, "Previous generation instances")."""
_PREEMPTIBLE: Final = re.compile(r"\A(.*[:/])?(preemptible|interruptible)\Z", re.IGNORECASE)
_WORKLOAD: Final = re.compile(r"\A(.*[:/])?(workload|purpose)\Z", re.IGNORECASE)
_TRAINING: Final = re.compile(r"train|fine-?tun", re.IGNORECASE)
_TRUE: Final = re.compile(r"\A\s*(true|yes)\s*\Z", re.IGNORECASE)


def has_accelerators(pool: Resource) -> Verdict:
    """Return whether the machines of a pool have GPUs or machine-learning chips, as far as the pool itself says."""
    return any_of(verdict for _, verdict in accelerated(pool))


def has_accelerators_among(pool: Resource, stack: Stack) -> Verdict:
    """Return the same where the pool leaves it to a launch template of the stack."""
    itself = has_accelerators(pool)
    if itself.state is not State.UNDECIDED:
        return itself
    templates = [template for template in stack.of(_TEMPLATE) if made_by(pool, template).state is State.PASS]
    named = [machine for template in templates for machine in template.instanceType if not _is_left_out(machine)]
    return any_of(map(_is_accelerated, named)) if named else itself


def _is_left_out(machine_type: View) -> bool:
    return machine_type.raw_value() is ABSENT


def _is_accelerated(machine_type: View) -> Verdict:
    name = machine_type.raw_value()
    if name is UNKNOWN:
        return machine_type.undecided_because()
    return machine_type.pass_because("") if isinstance(name, str) and accelerators(name) else machine_type.fail_because()


def _named_machines(resource: Resource) -> Iterator[View]:
    """Iterate over the machine types that a pool, a template or a machine names."""
    overrides = resource.mixedInstancesPolicy.launchTemplate.overrides
    yield from (*resource.instanceTypes, resource.instanceType, *(override.instanceType for override in overrides))


def is_spot(pool: Resource) -> Verdict:
    """Return whether all machines of a pool may be taken away by AWS at two minutes' notice."""
    share = pool.mixedInstancesPolicy.instancesDistribution
    mixed = share.onDemandBaseCapacity.or_default(0) <= 0
    return pool.capacityType.is_one_of("SPOT") | mixed & (share.onDemandPercentageAboveBaseCapacity <= 0)


@rule(
    "cost-gpu-taint",
    Severity.MEDIUM,
    _NODE_GROUP,
    why="Without a taint any pod may settle on a GPU node; the autoscaler then keeps the node, at dollars an hour, for a log shipper.",
    fix='Add `{"key": "nvidia.com/gpu", "effect": "NO_SCHEDULE"}` to `taints`; EKS adds none by itself.',
    references=("https://docs.aws.amazon.com/eks/latest/best-practices/aiml-compute.html",),
    good=[
        {"instanceTypes": [_H100], "taints": [{"key": "team", "effect": "PREFER_NO_SCHEDULE"}, {"key": "gpu", "effect": "NO_SCHEDULE"}]},
        {"instanceTypes": [_H100], "taints": [{"key": "nvidia.com/gpu", "effect": "NO_EXECUTE"}]},
        {"instanceTypes": ["m7i.large"]},
    ],
    bad=[
        {"instanceTypes": [_H100]},
        {"amiType": "AL2023_x86_64_NVIDIA", "taints": [{"key": "gpu", "effect": "PREFER_NO_SCHEDULE"}]},
    ],
    unknown=[{"instanceTypes": [_H100], "taints": UNKNOWN}, {"instanceTypes": UNKNOWN}],
)
def gpu_nodes_are_tainted(pool: Resource) -> Verdict:
    """A GPU pool keeps pods away that need no GPU."""
    keeps_away = any_of(taint.effect.is_one_of("NO_SCHEDULE", "NO_EXECUTE") for taint in pool.taints)
    return has_accelerators(pool).implies(keeps_away if keeps_away.facts else pool.taints.fail_because())


@rule(
    "cost-gpu-min-zero",
    Severity.HIGH,
    _NODE_GROUP,
    _GROUP,
    why="A GPU node that nobody uses costs as much as one that works: eight H100s for a forgotten weekend are thousands of dollars.",
    fix="Set `min_size=0` (and `desired_size` to what is used now) outside production; the autoscaler brings nodes when pods wait.",
    references=("checkov:CKV_AZURE_150",),
    good=[
        {"instanceTypes": [_H100], "scalingConfig": {"minSize": 0, "desiredSize": 2, "maxSize": 4}, "tags": _DEV},
        {"instanceTypes": [_H100], "scalingConfig": {"minSize": 2, "maxSize": 4}, "tags": _PROD},
        {"instanceTypes": ["m7i.large"], "scalingConfig": {"minSize": 2, "maxSize": 4}, "tags": _DEV},
        On(_GROUP, {"minSize": 0, "maxSize": 2, "mixedInstancesPolicy": {"launchTemplate": {"overrides": [{"instanceType": _H100}]}}}),
    ],
    bad=[
        {"instanceTypes": ["m7i.large", _H100], "scalingConfig": {"minSize": 1, "maxSize": 4}, "tags": _DEV},
        {"instanceTypes": [_H100], "scalingConfig": {"minSize": 1, "maxSize": 4}},
        On(
            _GROUP,
            {
                "minSize": 1,
                "maxSize": 2,
                "tags": _DEV_LIST,
                "mixedInstancesPolicy": {"launchTemplate": {"overrides": [{"instanceType": _H100}]}},
            },
        ),
    ],
    unknown=[
        {"instanceTypes": [_H100], "scalingConfig": {"minSize": UNKNOWN, "maxSize": 4}},
        {"instanceTypes": [_H100], "scalingConfig": {"minSize": 1, "maxSize": 4}, "tags": UNKNOWN},
        {"instanceTypes": UNKNOWN, "scalingConfig": {"minSize": 1, "maxSize": 4}},
    ],
)
def gpu_pool_can_be_empty(pool: Resource) -> Verdict:
    """Outside production a GPU pool shrinks to nothing."""
    fewest = pool.minSize if pool.minSize.raw_value() is not ABSENT else pool.scalingConfig.minSize
    return has_accelerators(pool).implies((fewest.or_default(0) <= 0) | is_production(pool))


@rule(
    "cost-gpu-sku",
    Severity.HIGH,
    _NODE_GROUP,
    _GROUP,
    _INSTANCE,
    why="A trial rarely needs the machine that production needs; eight H100s cost about sixty times as much as one L4.",
    fix="Choose one of the families in the setting `familiesForTrials`, or widen it for this team.",
    references=("infracost:approved-instance-types",),
    settings={"familiesForTrials": Setting("g4dn g5 g5g g6 g6e g6f gr6 gr6f inf2", "families of accelerated machines for trials")},
    good=[
        {"instanceTypes": ["g6.xlarge", "m7i.large"], "tags": _DEV},
        {"instanceTypes": [_H100], "tags": _PROD},
        {"instanceTypes": [_H100]},
        On(_INSTANCE, {"instanceType": "g5.xlarge", "tags": _DEV}),
    ],
    bad=[
        {"instanceTypes": ["g6.xlarge", _H100], "tags": _DEV},
        On(_INSTANCE, {"instanceType": "trn1.32xlarge", "tags": {"Environment": "Sandbox"}}),
        On(_GROUP, {"tags": _DEV_LIST, "mixedInstancesPolicy": {"launchTemplate": {"overrides": [{"instanceType": _H100}]}}}),
    ],
    unknown=[{"instanceTypes": [UNKNOWN], "tags": _DEV}, {"instanceTypes": [_H100], "tags": {"environment": UNKNOWN}}],
)
def trial_takes_a_small_gpu(pool: Resource) -> Verdict:
    """Outside production GPUs are of a family that trials are meant to use."""
    families = str(pool.its_settings.familiesForTrials.raw_value()).split()
    fits = all_of(_is_of(families, machine_type) for machine_type in _named_machines(pool))
    return is_trial(pool).implies(fits)


def _is_of(families: list[str], machine_type: View) -> Verdict:
    name = machine_type.raw_value()
    if not isinstance(name, str):
        return machine_type.undecided_because() if name is UNKNOWN else machine_type.pass_because("")
    fits = name.strip().lower().partition(".")[0] in families or not accelerators(name)
    return machine_type.pass_because("") if fits else machine_type.fail_because()


@rule(
    "cost-gpu-previous-gen",
    Severity.LOW,
    _NODE_GROUP,
    _GROUP,
    _TEMPLATE,
    _INSTANCE,
    why="A V100 hour costs more per token than an hour of anything newer, and new drivers leave it behind.",
    fix="Move to g6, g6e, p5 or a later family; `lepton plan` says which is cheapest for your model.",
    references=("infracost:previous-generation",),
    good=[{"instanceTypes": [_H100]}, {}, On(_TEMPLATE, {"instanceType": "g6.xlarge"})],
    bad=[
        {"instanceTypes": [_H100, "p3.2xlarge"]},
        On(_TEMPLATE, {"instanceType": "p2.xlarge"}),
        On(_GROUP, {"mixedInstancesPolicy": {"launchTemplate": {"overrides": [{"instanceType": "g3s.xlarge"}]}}}),
    ],
    unknown=[{"instanceTypes": [UNKNOWN]}, On(_INSTANCE, {"instanceType": UNKNOWN})],
)
def gpu_is_of_a_current_generation(pool: Resource) -> Verdict:
    """No machine is of a GPU generation that newer ones have made dear."""
    return ~any_of(machine_type.text_matches(_OLD) for machine_type in _named_machines(pool))


@rule(
    "cost-spot-required",
    Severity.MEDIUM,
    _NODE_GROUP,
    _GROUP,
    why="Work that may be interrupted costs a third on spot capacity; who says it may and pays in full pays for nothing.",
    fix='Set `capacity_type="SPOT"`, or `on_demand_percentage_above_base_capacity=0` in the group\'s `instances_distribution`.',
    references=("https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-spot-instances.html",),
    good=[{"capacityType": "SPOT", "tags": {"preemptible": "true"}}, {"capacityType": "ON_DEMAND"}, {}],
    bad=[
        {"capacityType": "ON_DEMAND", "tags": {"Preemptible": "true"}},
        On(_GROUP, {"tags": [{"key": "preemptible", "value": "true", "propagateAtLaunch": True}]}),
    ],
    unknown=[{"capacityType": UNKNOWN, "tags": {"preemptible": "true"}}, {"capacityType": "ON_DEMAND", "tags": {"preemptible": UNKNOWN}}],
)
def what_may_be_interrupted_runs_on_spot(pool: Resource) -> Verdict:
    """A pool whose work may be interrupted runs on spot capacity."""
    return tagged(pool, _PREEMPTIBLE, _TRUE).implies(is_spot(pool))


@rule(
    "cost-spot-forbidden-prod",
    Severity.MEDIUM,
    _NODE_GROUP,
    _GROUP,
    why="GPU spot capacity goes for hours at a time, and a service that stands on nothing else goes with it.",
    fix='Serve the floor on demand: a second pool with `capacity_type="ON_DEMAND"`, or `on_demand_base_capacity` above 0.',
    references=("prowler:compute_instance_preemptible_vm_disabled",),
    good=[
        {"instanceTypes": [_H100], "capacityType": "ON_DEMAND", "tags": _PROD},
        {"instanceTypes": [_H100], "capacityType": "SPOT", "tags": _DEV},
        {"instanceTypes": [_H100], "capacityType": "SPOT", "tags": {"environment": "prod", "preemptible": "true"}},
    ],
    bad=[{"instanceTypes": [_H100], "capacityType": "SPOT", "tags": _PROD}],
    unknown=[
        {"instanceTypes": [_H100], "capacityType": UNKNOWN, "tags": _PROD},
        {"instanceTypes": [_H100], "capacityType": "SPOT", "tags": {"environment": UNKNOWN}},
    ],
)
def production_does_not_stand_on_spot_alone(pool: Resource) -> Verdict:
    """A GPU pool in production is not on spot capacity alone, unless its work may be interrupted."""
    at_risk = has_accelerators(pool) & is_production(pool) & is_spot(pool)
    return ~at_risk | tagged(pool, _PREEMPTIBLE, _TRUE)


@rule(
    "aws-gpu-spot-training",
    Severity.MEDIUM,
    _NODE_GROUP,
    _GROUP,
    why="Training keeps hours of work in memory; two minutes' notice are enough for a checkpoint only if somebody has made sure of it.",
    fix="Tag the pool `preemptible=true` once the job resumes from checkpoints, or run it on demand or in a capacity block.",
    references=("https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-interruptions.html",),
    good=[
        {"instanceTypes": [_H100], "capacityType": "SPOT", "tags": {"workload": "training", "preemptible": "true"}},
        {"instanceTypes": [_H100], "capacityType": "CAPACITY_BLOCK", "tags": {"workload": "training"}},
        {"instanceTypes": [_H100], "capacityType": "SPOT", "tags": {"workload": "inference"}},
    ],
    bad=[{"instanceTypes": [_H100], "capacityType": "SPOT", "tags": {"workload": "llm-training"}}],
    unknown=[
        {"instanceTypes": [_H100], "capacityType": UNKNOWN, "tags": {"workload": "training"}},
        {"instanceTypes": [_H100], "capacityType": "SPOT", "tags": {"workload": UNKNOWN}},
    ],
)
def training_on_spot_is_meant(pool: Resource) -> Verdict:
    """Training runs on spot capacity only where it says that it can be interrupted."""
    return ~(tagged(pool, _WORKLOAD, _TRAINING) & is_spot(pool)) | tagged(pool, _PREEMPTIBLE, _TRUE)


@rule(
    "aws-eks-ng-repair",
    Severity.MEDIUM,
    _NODE_GROUP,
    why="A GPU that falls off the bus stays off: pods crash on the node, it keeps billing, and nobody replaces it.",
    fix='Set `node_repair_config={"enabled": True}` and install the add-on eks-node-monitoring-agent, which sees XID errors.',
    references=("https://docs.aws.amazon.com/eks/latest/userguide/node-health.html",),
    good=[{"instanceTypes": [_H100], "nodeRepairConfig": {"enabled": True}}, {"instanceTypes": ["m7i.large"]}],
    bad=[{"instanceTypes": [_H100]}, {"instanceTypes": [_H100], "nodeRepairConfig": {"enabled": False}}],
    unknown=[{"instanceTypes": [_H100], "nodeRepairConfig": UNKNOWN}, {"instanceTypes": [UNKNOWN]}],
)
def dead_gpus_are_replaced(pool: Resource) -> Verdict:
    """A node whose GPU dies is replaced."""
    return has_accelerators(pool).implies(pool.nodeRepairConfig.enabled.is_true())


@rule(
    "aws-eks-ng-template",
    Severity.MEDIUM,
    _NODE_GROUP,
    why="Without a launch template a GPU pool has no say over its nodes' disk encryption, metadata service, EFA or capacity reservation.",
    fix="Give the group a `launch_template`.",
    references=("https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html",),
    good=[{"instanceTypes": [_H100], "launchTemplate": {"id": UNKNOWN, "version": "1"}}, {"instanceTypes": ["m7i.large"]}],
    bad=[{"instanceTypes": [_H100]}, {"amiType": "AL2023_x86_64_NEURON"}],
    unknown=[{"instanceTypes": [_H100], "launchTemplate": UNKNOWN}, {"instanceTypes": [UNKNOWN]}],
)
def gpu_pool_has_a_template(pool: Resource) -> Verdict:
    """A GPU pool has a launch template."""
    return has_accelerators(pool).implies(pool.launchTemplate.is_set())


@rule(
    "cost-gpu-warm-pool",
    Severity.MEDIUM,
    _GROUP,
    _NODE_GROUP,
    why="A warm pool of running GPU machines costs what serving ones cost and answers nobody.",
    fix='Set `pool_state="Stopped"` or "Hibernated", or raise `min_size` if they are needed.',
    references=("https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-warm-pools.html",),
    good=[
        {"minSize": 0, "warmPool": {"poolState": "Stopped"}},
        {"warmPool": {}, "mixedInstancesPolicy": {"launchTemplate": {"overrides": [{"instanceType": _H100}]}}},
        On(_NODE_GROUP, {"instanceTypes": ["m7i.large"], "warmPoolConfig": {"poolState": "RUNNING"}}),
    ],
    bad=[
        {"warmPool": {"poolState": "Running"}, "mixedInstancesPolicy": {"launchTemplate": {"overrides": [{"instanceType": _H100}]}}},
        On(_NODE_GROUP, {"instanceTypes": [_H100], "warmPoolConfig": {"poolState": "RUNNING"}}),
    ],
    unknown=[On(_NODE_GROUP, {"instanceTypes": [_H100], "warmPoolConfig": UNKNOWN})],
)
def warm_gpus_are_stopped(pool: Resource) -> Verdict:
    """Machines that wait in a warm pool of GPUs do not run."""
    states = (pool.warmPool.poolState, pool.warmPoolConfig.poolState)
    return ~(any_of(state.is_one_of("Running", "RUNNING") for state in states) & has_accelerators(pool))
