"""GPU machines and pools: whether they are of a kind, and bought in a way, that their purpose asks for."""

import re
from typing import Final

from lepton_infra.rules.card import On, Setting, Severity, rule
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, any_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.gcp.machines import accelerated, has_accelerators
from lepton_policies.gcp.nodes import POOL
from lepton_policies.shared.production import is_production, is_trial, tagged

_TEMPLATE: Final = "gcp:compute/instanceTemplate:InstanceTemplate"
_INSTANCE: Final = "gcp:compute/instance:Instance"
_A3: Final = "a3-highgpu-8g"
_T4: Final = {"machineType": "n1-standard-8", "guestAccelerators": [{"type": "nvidia-tesla-t4", "count": 1}]}
_PROD: Final = {"environment": "prod"}
_DEV: Final = {"environment": "dev"}
_PREEMPTIBLE: Final = re.compile(r"\A(.*[:/_-])?(preemptible|interruptible)\Z", re.IGNORECASE)
_TRUE: Final = re.compile(r"\A\s*(true|yes)\s*\Z", re.IGNORECASE)
_OLD: Final = re.compile(r"nvidia-tesla-(k80|p4|p100|v100)\b", re.IGNORECASE)
"""GPUs before Turing: the newest drivers leave them behind, and GKE has no K80 any more."""


def _pool(machine: object = _A3, labels: object = None) -> dict[str, object]:
    """Return a pool, for examples."""
    node = {"machineType": machine} | ({} if labels is None else {"resourceLabels": labels})
    return {"cluster": "c", "nodeConfig": node}


def is_spot(node: View) -> Verdict:
    """Return whether Google may take a node back at half a minute's notice."""
    return node.spot.is_true() | node.preemptible.is_true()


@rule(
    "cost-gcp-gpu-sku",
    Severity.HIGH,
    POOL,
    _TEMPLATE,
    _INSTANCE,
    why="A trial rarely needs the machine that production needs; eight H100s cost about sixty times as much as one L4.",
    fix="Choose one of the families in the setting `familiesForTrials`, or widen it for this team.",
    references=("infracost:approved-instance-types",),
    settings={"familiesForTrials": Setting("g2 g4 n1", "families of machines with accelerators for trials")},
    good=[
        _pool("g2-standard-8", _DEV),
        _pool(_A3, _PROD),
        _pool(),
        {"cluster": "c", "nodeConfig": {**_T4, "resourceLabels": _DEV}},
        On(_INSTANCE, {"machineType": "n4-standard-8", "labels": _DEV}),
    ],
    bad=[
        _pool(_A3, _DEV),
        {"cluster": "c", "nodeConfig": {"machineType": "a2-highgpu-1g", "labels": {"env": "sandbox"}}},
        On(_INSTANCE, {"machineType": "ct5p-hightpu-4t", "labels": {"environment": "Sandbox"}}),
        On(_TEMPLATE, {"machineType": "a4-highgpu-8g", "labels": _DEV}),
    ],
    unknown=[_pool(UNKNOWN, _DEV), _pool(_A3, {"environment": UNKNOWN})],
)
def trial_takes_a_small_gpu(resource: Resource) -> Verdict:
    """Outside production GPUs are of a family that trials are meant to use."""
    node = _node(resource)
    families = str(resource.its_settings.familiesForTrials.raw_value()).split()
    fits = node.machineType.text_matches(re.compile(rf"\A\s*({'|'.join(map(re.escape, families))})-", re.IGNORECASE))
    return is_trial(resource).implies(fits | ~has_accelerators(node))


def _node(resource: Resource) -> View:
    """Return where a pool, a template or a machine says what machine it is."""
    return resource.nodeConfig if resource.type_token == POOL else resource


@rule(
    "cost-gcp-gpu-previous-gen",
    Severity.LOW,
    POOL,
    _TEMPLATE,
    _INSTANCE,
    why="An hour of a V100 costs more per token than an hour of anything newer, and new drivers leave it behind.",
    fix="Move to g2, g4, a3 or a later family; `lepton plan` says which is cheapest for your model.",
    references=("infracost:previous-generation",),
    good=[_pool(), {"cluster": "c", "nodeConfig": _T4}, On(_INSTANCE, {"machineType": "n1-standard-8"})],
    bad=[
        {"cluster": "c", "nodeConfig": {**_T4, "guestAccelerators": [{"type": "nvidia-tesla-v100", "count": 8}]}},
        On(_INSTANCE, {"machineType": "n1-standard-8", "guestAccelerators": [{"type": "nvidia-tesla-p100", "count": 1}]}),
        On(_TEMPLATE, {"guestAccelerators": [{"type": "zones/us-east1-b/acceleratorTypes/nvidia-tesla-k80", "count": 1}]}),
    ],
    unknown=[{"cluster": "c", "nodeConfig": {"guestAccelerators": UNKNOWN}}],
)
def gpu_is_of_a_current_generation(resource: Resource) -> Verdict:
    """No machine has a GPU of a generation that newer ones have made dear."""
    return ~any_of(guest.type.text_matches(_OLD) for guest in _node(resource).guestAccelerators)


@rule(
    "cost-gcp-spot-required",
    Severity.MEDIUM,
    POOL,
    why="Work that may be interrupted costs a third on spot capacity; who says it may and pays in full pays for nothing.",
    fix="Set `node_config.spot=True`, or `flex_start=True` for jobs that may wait.",
    references=("https://cloud.google.com/kubernetes-engine/docs/concepts/spot-vms",),
    good=[
        {"nodeConfig": {"spot": True, "resourceLabels": {"preemptible": "true"}}},
        {"nodeConfig": {"flexStart": True, "labels": {"preemptible": "true"}}},
        _pool(),
    ],
    bad=[_pool(_A3, {"preemptible": "true"}), {"nodeConfig": {"spot": False, "labels": {"example.com/preemptible": "true"}}}],
    unknown=[{"nodeConfig": {"spot": UNKNOWN, "labels": {"preemptible": "true"}}}, _pool(_A3, {"preemptible": UNKNOWN})],
)
def what_may_be_interrupted_runs_on_spot(pool: Resource) -> Verdict:
    """A pool whose work may be interrupted runs on spot or flex-start capacity."""
    node = pool.nodeConfig
    return tagged(pool, _PREEMPTIBLE, _TRUE).implies(is_spot(node) | node.flexStart.is_true())


@rule(
    "cost-gcp-spot-forbidden-prod",
    Severity.MEDIUM,
    POOL,
    why="GPU spot capacity goes for hours at a time, and a service that stands on nothing else goes with it.",
    fix="Serve the floor on demand, from a second pool without `spot`; label this one `preemptible=true` if its work may be interrupted.",
    references=("prowler:compute_instance_preemptible_vm_disabled",),
    good=[_pool(_A3, _PROD), {"nodeConfig": {"machineType": _A3, "spot": True, "labels": {"environment": "prod", "preemptible": "true"}}}],
    bad=[
        {"nodeConfig": {"machineType": _A3, "spot": True, "resourceLabels": _PROD}},
        {"nodeConfig": {**_T4, "preemptible": True, "labels": {"env": "production"}}},
    ],
    unknown=[{"nodeConfig": {"machineType": _A3, "spot": UNKNOWN, "resourceLabels": _PROD}}],
)
def production_does_not_stand_on_spot_alone(pool: Resource) -> Verdict:
    """A GPU pool in production is not on spot capacity, unless its work may be interrupted."""
    node = pool.nodeConfig
    return ~(has_accelerators(node) & is_production(pool) & is_spot(node)) | tagged(pool, _PREEMPTIBLE, _TRUE)


@rule(
    "cost-gcp-gpu-reservation",
    Severity.MEDIUM,
    POOL,
    why="Machines of eight GPUs are sold out for weeks; production that holds no reservation may not come back after a restart.",
    fix="Set `node_config.reservation_affinity` with SPECIFIC_RESERVATION, its `key` and `values`.",
    references=("https://cloud.google.com/kubernetes-engine/docs/how-to/consuming-reservations",),
    good=[
        {"nodeConfig": {"machineType": _A3, "labels": _PROD, "reservationAffinity": {"consumeReservationType": "SPECIFIC_RESERVATION"}}},
        {"nodeConfig": {"machineType": _A3, "labels": _PROD, "reservationAffinity": {"consumeReservationType": "ANY_RESERVATION"}}},
        {"nodeConfig": {"machineType": _A3, "labels": _PROD, "flexStart": True}},
        {"nodeConfig": {"machineType": _A3, "labels": _PROD, "spot": True}},
        _pool("g2-standard-8", _PROD),
        _pool(_A3, _DEV),
    ],
    bad=[
        _pool(_A3, _PROD),
        {
            "nodeConfig": {
                "machineType": "a4-highgpu-8g",
                "labels": _PROD,
                "reservationAffinity": {"consumeReservationType": "NO_RESERVATION"},
            }
        },
    ],
    unknown=[{"nodeConfig": {"machineType": _A3, "labels": _PROD, "reservationAffinity": UNKNOWN}}, _pool(UNKNOWN, _PROD)],
)
def big_machines_are_reserved(pool: Resource) -> Verdict:
    """In production machines with eight GPUs or more come from a reservation."""
    node = pool.nodeConfig
    big = any_of(holds for count, holds in accelerated(node) if count >= 8)  # noqa: PLR2004 (a whole machine of this kind)
    reserved = node.reservationAffinity.consumeReservationType.is_one_of("SPECIFIC_RESERVATION", "ANY_RESERVATION")
    return ~(big & is_production(pool)) | reserved | is_spot(node) | node.flexStart.is_true()
