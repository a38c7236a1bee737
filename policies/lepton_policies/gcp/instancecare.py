"""Machines: what they boot, what they forward, under whose key their disks are, and whether dead ones are replaced."""

from typing import Final

from lepton_infra.rules.card import On, Severity, rule
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, all_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.gcp.instance import INSTANCE, MACHINES, REGION_TEMPLATE
from lepton_policies.gcp.machines import has_accelerators
from lepton_policies.shared.keys import WHY_OWN_KEY

_GROUP: Final = "gcp:compute/instanceGroupManager:InstanceGroupManager"
_DISK: Final = "gcp:compute/disk:Disk"
_KEY: Final = "projects/p/locations/europe-west4/keyRings/r/cryptoKeys/k"
_BOOT: Final = {"sourceImage": "debian-12", "boot": True}


@rule(
    "gcp-vm-shielded",
    Severity.MEDIUM,
    *MACHINES,
    why="Without vTPM and integrity monitoring nobody notices that a machine boots something else than it did yesterday.",
    fix="Set `enable_vtpm` and `enable_integrity_monitoring` of `shielded_instance_config` to True, or leave the block out.",
    references=(
        "checkov:CKV_GCP_39",
        "trivy:GCP-0041",
        "trivy:GCP-0045",
        "prowler:compute_instance_shielded_vm_enabled",
        "cis-gcp-5.0:4.8",
    ),
    good=[
        {"machineType": "n4-standard-8"},
        {"shieldedInstanceConfig": {"enableSecureBoot": True}},
        {"shieldedInstanceConfig": {"enableVtpm": True, "enableIntegrityMonitoring": True}},
    ],
    bad=[
        {"shieldedInstanceConfig": {"enableVtpm": False}},
        On(INSTANCE, {"shieldedInstanceConfig": {"enableVtpm": True, "enableIntegrityMonitoring": False}}),
    ],
    unknown=[{"shieldedInstanceConfig": UNKNOWN}, {"shieldedInstanceConfig": {"enableVtpm": UNKNOWN}}],
)
def boot_is_watched(machine: Resource) -> Verdict:
    """Nobody switches off what watches a machine's boot; images of today support it and the provider sets it."""
    config = machine.shieldedInstanceConfig
    return all_of(~flag.is_false() for flag in (config.enableVtpm, config.enableIntegrityMonitoring))


@rule(
    "gcp-vm-secure-boot",
    Severity.LOW,
    *MACHINES,
    why="With secure boot a machine loads signed kernels and drivers alone, so that a rootkit does not outlive a restart.",
    fix="Set `shielded_instance_config.enable_secure_boot=True`; machines with GPUs are exempt: their drivers may be unsigned.",
    references=("trivy:GCP-0067", "cis-gcp-5.0:4.8"),
    good=[
        {"machineType": "n4-standard-8", "shieldedInstanceConfig": {"enableSecureBoot": True}},
        {"machineType": "a3-highgpu-8g"},
        On(INSTANCE, {"machineType": "n1-standard-8", "guestAccelerators": [{"type": "nvidia-tesla-t4", "count": 1}]}),
    ],
    bad=[{"machineType": "n4-standard-8"}, On(INSTANCE, {"machineType": "e2-small", "shieldedInstanceConfig": {"enableVtpm": True}})],
    unknown=[{"machineType": UNKNOWN}, {"machineType": "n4-standard-8", "shieldedInstanceConfig": UNKNOWN}],
)
def boot_is_signed(machine: Resource) -> Verdict:
    """Machines without GPUs boot what is signed alone."""
    return machine.shieldedInstanceConfig.enableSecureBoot.is_true() | has_accelerators(machine)


@rule(
    "gcp-vm-ip-forward",
    Severity.MEDIUM,
    *MACHINES,
    why="A machine that forwards can send with addresses that are not its own, and carry others' traffic past the firewall.",
    fix="Set `can_ip_forward=False`, or leave it out.",
    references=("checkov:CKV_GCP_36", "trivy:GCP-0043", "prowler:compute_instance_ip_forwarding_is_enabled", "cis-gcp-5.0:4.6"),
    good=[{}, {"canIpForward": False}],
    bad=[{"canIpForward": True}, On(INSTANCE, {"canIpForward": "true"})],
    unknown=[{"canIpForward": UNKNOWN}],
)
def machine_does_not_forward(machine: Resource) -> Verdict:
    """A machine sends and takes its own traffic only."""
    return ~machine.canIpForward.is_true()


@rule(
    "gcp-vm-cmek",
    Severity.LOW,
    *MACHINES,
    why=WHY_OWN_KEY,
    fix="Set `disk_encryption_key.kms_key_self_link` on each disk of a template, `kms_key_self_link` on each disk of a machine.",
    references=("checkov:CKV_GCP_38", "trivy:GCP-0033", "prowler:compute_instance_encryption_with_csek_enabled", "cis-gcp-5.0:4.7"),
    good=[
        On(INSTANCE, {"bootDisk": {"source": "disk"}}),
        On(INSTANCE, {"bootDisk": {"diskEncryptionKeyRaw": "x"}}),
        On(INSTANCE, {"bootDisk": {}, "instanceEncryptionKey": {"kmsKeySelfLink": _KEY}}),
        {"disks": [{"type": "SCRATCH"}, {"source": "disk"}]},
        {"disks": [{**_BOOT, "diskEncryptionKey": {"kmsKeySelfLink": _KEY}}, {"type": "SCRATCH"}]},
        On(INSTANCE, {"bootDisk": {"kmsKeySelfLink": _KEY}}),
        On(INSTANCE, {"bootDisk": {"source": "projects/p/zones/europe-west4-a/disks/d"}}),
        On(INSTANCE, {"bootDisk": {"diskEncryptionKeyRaw": "x"}, "attachedDisks": [{"source": "d"}]}),
    ],
    bad=[
        {"disks": [_BOOT]},
        On(
            REGION_TEMPLATE,
            {"disks": [{**_BOOT, "diskEncryptionKey": {"kmsKeySelfLink": _KEY}}, {"diskType": "pd-ssd", "diskSizeGb": 100}]},
        ),
        On(INSTANCE, {"bootDisk": {"initializeParams": {"image": "debian-12"}}}),
    ],
    unknown=[{"disks": UNKNOWN}, {"disks": [{**_BOOT, "diskEncryptionKey": UNKNOWN}]}, On(INSTANCE, {"bootDisk": UNKNOWN})],
)
def disks_have_a_key(machine: Resource) -> Verdict:
    """The disks that a machine makes are under a key of yours; one that exists already has the key that it was made with."""
    if machine.type_token != INSTANCE:
        return all_of(_made_under_a_key(disk) for disk in machine.disks)
    boot = machine.bootDisk
    has_key = boot.kmsKeySelfLink.is_set() | boot.diskEncryptionKeyRaw.is_set() | boot.diskEncryptionKeyRsa.is_set()
    return has_key | boot.source.is_set() | machine.instanceEncryptionKey.kmsKeySelfLink.is_set()


def _made_under_a_key(disk: View) -> Verdict:
    exists = disk.source.is_set() | disk.type.is_one_of("SCRATCH")
    return exists | disk.diskEncryptionKey.kmsKeySelfLink.is_set()


@rule(
    "gcp-disk-cmek",
    Severity.LOW,
    _DISK,
    "gcp:compute/regionDisk:RegionDisk",
    why=WHY_OWN_KEY,
    fix='Set `disk_encryption_key={"kms_key_self_link": key.id}`.',
    references=("checkov:CKV_GCP_37", "trivy:GCP-0034"),
    good=[
        {"diskEncryptionKey": {"rsaEncryptedKey": "x"}},
        {"diskEncryptionKey": {"kmsKeySelfLink": _KEY}},
        {"diskEncryptionKey": {"rawKey": "x"}},
    ],
    bad=[{"size": 100}, {"diskEncryptionKey": {}}],
    unknown=[{"diskEncryptionKey": {"kmsKeySelfLink": UNKNOWN}}, {"diskEncryptionKey": UNKNOWN}],
)
def disk_has_a_key(disk: Resource) -> Verdict:
    """A disk is under a key of yours."""
    key = disk.diskEncryptionKey
    return key.kmsKeySelfLink.is_set() | key.rawKey.is_set() | key.rsaEncryptedKey.is_set()


@rule(
    "gcp-mig-autohealing",
    Severity.LOW,
    "gcp:compute/regionInstanceGroupManager:RegionInstanceGroupManager",
    _GROUP,
    why="Without a health check a group keeps a machine whose model server, or GPU, has hung: it runs, answers nobody and costs.",
    fix='Set `auto_healing_policies={"health_check": check.id, "initial_delay_sec": 600}`; loading weights takes minutes.',
    references=("https://cloud.google.com/compute/docs/instance-groups/autohealing-instances-in-migs",),
    good=[{"autoHealingPolicies": {"healthCheck": "h", "initialDelaySec": 600}}],
    bad=[{}, On(_GROUP, {"targetSize": 3})],
    unknown=[{"autoHealingPolicies": {"healthCheck": UNKNOWN, "initialDelaySec": 600}}, {"autoHealingPolicies": UNKNOWN}],
)
def group_heals(group: Resource) -> Verdict:
    """A group of machines replaces those that do not answer."""
    return group.autoHealingPolicies.healthCheck.is_set()
