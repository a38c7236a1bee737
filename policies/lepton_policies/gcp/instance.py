"""Machines and the templates that make them: who reaches them, as whom they act, what their metadata gives away."""

import re
from typing import Final

from lepton_infra.rules.card import On, Severity, rule
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, all_of, any_of, none_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.gcp.nodes import POOL, means_true
from lepton_policies.shared.credentials import holds_credential

TEMPLATE: Final = "gcp:compute/instanceTemplate:InstanceTemplate"
REGION_TEMPLATE: Final = "gcp:compute/regionInstanceTemplate:RegionInstanceTemplate"
INSTANCE: Final = "gcp:compute/instance:Instance"
MACHINES: Final = (TEMPLATE, REGION_TEMPLATE, INSTANCE)
"""What makes machines."""
_METADATA: Final = "gcp:compute/projectMetadata:ProjectMetadata"
_METADATA_ITEM: Final = "gcp:compute/projectMetadataItem:ProjectMetadataItem"
_TPU: Final = "gcp:tpu/v2Vm:V2Vm"
_DEFAULT_ACCOUNT: Final = re.compile(r"\A\s*(default|.*-compute@developer\.gserviceaccount\.com)\s*\Z", re.IGNORECASE)
_EVERYTHING: Final = re.compile(r"(\A|/auth/)cloud-platform\s*\Z")
"""The scope for every API of Google Cloud."""
_OWN: Final = {"email": "trainer@p.iam.gserviceaccount.com", "scopes": ["cloud-platform"]}
_LEAK: Final = "#!/bin/sh\nexport AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE\n"
"""The key that AWS's own documentation shows."""
_NONE: Final[list[object]] = []
_EMPTY: Final[dict[str, object]] = {}
_INSIDE: Final = [{"subnetwork": "s"}]
_GKE_NAME: Final = re.compile(r"\A\s*gke-")


@rule(
    "gcp-vm-public-ip",
    Severity.HIGH,
    *MACHINES,
    why="A machine with a public address is found within minutes, and everything that listens on it stands one firewall rule away.",
    fix="Leave `access_configs` out of every entry of `network_interfaces`; use Identity-Aware Proxy to get in and Cloud NAT to get out.",
    references=("checkov:CKV_GCP_40", "trivy:GCP-0031", "prowler:compute_instance_public_ip", "cis-gcp-5.0:4.9"),
    good=[
        {"networkInterfaces": _INSIDE},
        {"machineType": "n4-standard-8"},
        {"networkInterfaces": [{"subnetwork": "s", "accessConfigs": _NONE}]},
        On(INSTANCE, {"networkInterfaces": [{"subnetwork": "s", "ipv6AccessType": "INTERNAL"}]}),
    ],
    bad=[
        {"networkInterfaces": [{"subnetwork": "s", "accessConfigs": [_EMPTY]}]},
        {"networkInterfaces": [{"subnetwork": "s"}, {"subnetwork": "t", "accessConfigs": [{"networkTier": "PREMIUM"}]}]},
        On(INSTANCE, {"networkInterfaces": [{"network": "default", "accessConfigs": [{"natIp": UNKNOWN}]}]}),
        On(REGION_TEMPLATE, {"networkInterfaces": [{"subnetwork": "s", "ipv6AccessConfigs": [{"networkTier": "PREMIUM"}]}]}),
    ],
    unknown=[{"networkInterfaces": UNKNOWN}, {"networkInterfaces": [{"subnetwork": "s", "accessConfigs": UNKNOWN}]}],
)
def machine_has_no_public_address(machine: Resource) -> Verdict:
    """A machine has no public address; an empty access configuration asks for one."""
    return all_of(nic.accessConfigs.is_absent() & nic.ipv6AccessConfigs.is_absent() for nic in machine.networkInterfaces)


def _acts_as_default(machine: View) -> Verdict:
    """Return whether a machine acts as the project's default account: one that names an account block without an email does."""
    account = machine.serviceAccount
    return account.is_set() & (account.email.is_absent() | account.email.text_matches(_DEFAULT_ACCOUNT))


@rule(
    "gcp-vm-default-sa",
    Severity.HIGH,
    *MACHINES,
    _TPU,
    why="The default account is editor of the project in many organisations; whoever breaks into the machine then owns it.",
    fix='Set `service_account={"email": ..., "scopes": ["cloud-platform"]}` to an account with the few roles that the machine needs.',
    references=(
        "checkov:CKV_GCP_30",
        "trivy:GCP-0044",
        "prowler:compute_instance_default_service_account_in_use",
        "cis-gcp-5.0:4.1",
    ),
    good=[
        {"serviceAccount": _OWN},
        {"machineType": "n4-standard-8"},
        On(INSTANCE, {"name": "gke-pool-1", "serviceAccount": {"scopes": ["logging-write"]}}),
        On(_TPU, {"serviceAccount": {"email": "tpu@p.iam.gserviceaccount.com"}}),
    ],
    bad=[
        {"serviceAccount": {"scopes": ["cloud-platform"]}},
        {"serviceAccount": {"email": "123456789012-compute@developer.gserviceaccount.com", "scopes": []}},
        On(INSTANCE, {"name": "trainer", "serviceAccount": {"email": "default", "scopes": ["cloud-platform"]}}),
        On(_TPU, {"runtimeVersion": "v2-alpha-tpuv6e"}),
    ],
    unknown=[{"serviceAccount": UNKNOWN}, {"serviceAccount": {"email": UNKNOWN, "scopes": ["cloud-platform"]}}],
)
def machine_acts_as_its_own(machine: Resource) -> Verdict:
    """A machine acts as an account made for it; without an account block it acts as nobody, a TPU machine as the default one."""
    fine = ~_acts_as_default(machine) | machine.name.text_matches(_GKE_NAME)
    if machine.type_token == _TPU:
        return fine & machine.serviceAccount.is_set()
    return fine


@rule(
    "gcp-vm-full-scope",
    Severity.HIGH,
    *MACHINES,
    why="The default account with the scope for everything is the project: its buckets, its machines and its other accounts.",
    fix="Set `service_account.email` to an account of its own; with one, the scope cloud-platform is right and roles decide.",
    references=(
        "checkov:CKV_GCP_31",
        "prowler:compute_instance_default_service_account_in_use_with_full_api_access",
        "cis-gcp-5.0:4.2",
    ),
    good=[{"serviceAccount": _OWN}, {"serviceAccount": {"scopes": ["logging-write", "monitoring-write"]}}, {}],
    bad=[
        {"serviceAccount": {"scopes": ["logging-write", "https://www.googleapis.com/auth/cloud-platform"]}},
        On(INSTANCE, {"serviceAccount": {"email": "1-compute@developer.gserviceaccount.com", "scopes": ["cloud-platform"]}}),
    ],
    unknown=[{"serviceAccount": {"scopes": [UNKNOWN]}}, {"serviceAccount": {"email": UNKNOWN, "scopes": ["cloud-platform"]}}],
)
def default_account_has_no_full_scope(machine: Resource) -> Verdict:
    """No machine acts as the default account with the scope for everything."""
    return ~(_acts_as_default(machine) & any_of(scope.text_matches(_EVERYTHING) for scope in machine.serviceAccount.scopes))


@rule(
    "gcp-vm-startup-secrets",
    Severity.CRITICAL,
    *MACHINES,
    _METADATA,
    _METADATA_ITEM,
    POOL,
    why="Metadata is read by everyone who may view the machine, and by every process on it.",
    fix="Keep the credential in Secret Manager, let the machine's account read it, and fetch it at start.",
    references=("https://cloud.google.com/secret-manager/docs/best-practices",),
    good=[
        {"metadataStartupScript": "#!/bin/sh\ngcloud secrets versions access latest --secret=hub"},
        {"metadata": {"startup-script": "echo hello", "enable-oslogin": "TRUE"}},
        On(_METADATA_ITEM, {"key": "enable-oslogin", "value": "TRUE"}),
        On(POOL, {"cluster": "c", "nodeConfig": {"metadata": {"disable-legacy-endpoints": "true"}}}),
    ],
    bad=[
        {"metadataStartupScript": _LEAK},
        {"metadata": {"foo": "bar", "startup-script": _LEAK}},
        On(INSTANCE, {"metadata": {"user-data": "#cloud-config\nwrite_files: [{content: hf_abcdefghijklmnopqrstuvwxyzabcdefgh}]"}}),
        On(_METADATA, {"metadata": {"token": "nvapi-abcdefghijklmnopqrstuvwxyz"}}),
        On(_METADATA_ITEM, {"key": "k", "value": _LEAK}),
        On(POOL, {"cluster": "c", "nodeConfig": {"metadata": {"startup-script": _LEAK}}}),
    ],
    unknown=[{"metadataStartupScript": UNKNOWN}, {"metadata": {"startup-script": UNKNOWN}}, {"metadata": UNKNOWN}],
)
def metadata_holds_no_credential(machine: Resource) -> Verdict:
    """No start script and no metadata holds a credential."""
    maps = (machine.metadata, machine.nodeConfig.metadata) if machine.type_token == POOL else (machine.metadata,)
    unread = (found.undecided_because() for found in maps if found.raw_value() is UNKNOWN)
    texts = (machine.metadataStartupScript, machine.value, *(text for found in maps for _, text in found.map_items()))
    return none_of((*unread, *(holds_credential(text) for text in texts)))


@rule(
    "gcp-vm-project-ssh-keys",
    Severity.MEDIUM,
    *MACHINES,
    why="A key in the project's metadata opens every machine in it that does not refuse, this one too.",
    fix='Set `metadata={"block-project-ssh-keys": "TRUE"}`, or "enable-oslogin", which ignores keys in metadata.',
    references=(
        "checkov:CKV_GCP_32",
        "trivy:GCP-0030",
        "prowler:compute_instance_block_project_wide_ssh_keys_disabled",
        "cis-gcp-5.0:4.3",
    ),
    good=[
        {"metadata": {"block-project-ssh-keys": "TRUE"}},
        {"metadata": {"block-project-ssh-keys": True}},
        {"metadata": {"enable-oslogin": "true"}},
        On(INSTANCE, {"metadata": {"a": "b", "block-project-ssh-keys": "1"}}),
    ],
    bad=[{}, {"metadata": {"block-project-ssh-keys": "false"}}, On(INSTANCE, {"metadata": {"enable-oslogin": "FALSE"}})],
    unknown=[{"metadata": UNKNOWN}, {"metadata": {"block-project-ssh-keys": UNKNOWN}}],
)
def project_keys_do_not_open(machine: Resource) -> Verdict:
    """SSH keys of the whole project do not open the machine."""
    return means_true(machine.metadata["block-project-ssh-keys"]) | means_true(machine.metadata["enable-oslogin"])


@rule(
    "gcp-vm-oslogin",
    Severity.MEDIUM,
    *MACHINES,
    _METADATA,
    _METADATA_ITEM,
    why="Without OS Login a key, once copied to a machine, lets its owner in after they have left the team.",
    fix='Set "enable-oslogin" to "TRUE", best in the project\'s metadata, and nowhere to "FALSE".',
    references=(
        "checkov:CKV_GCP_33",
        "checkov:CKV_GCP_34",
        "trivy:GCP-0036",
        "prowler:compute_project_os_login_enabled",
        "cis-gcp-5.0:4.4",
    ),
    good=[
        {"metadata": {"enable-oslogin": "TRUE"}},
        {},
        On(_METADATA, {"metadata": {"enable-oslogin": "TRUE"}}),
        On(_METADATA_ITEM, {"key": "enable-oslogin", "value": "true"}),
        On(_METADATA_ITEM, {"key": "foo", "value": "false"}),
    ],
    bad=[
        {"metadata": {"enable-oslogin": "FALSE"}},
        {"metadata": {"enable-oslogin": False}},
        On(_METADATA, {"metadata": {"foo": "bar"}}),
        On(_METADATA_ITEM, {"key": "enable-oslogin", "value": "0"}),
    ],
    unknown=[{"metadata": UNKNOWN}, On(_METADATA_ITEM, {"key": "enable-oslogin", "value": UNKNOWN})],
)
def login_is_by_identity(resource: Resource) -> Verdict:
    """Nobody switches OS Login off for a machine, and the project's metadata switches it on."""
    here = resource.metadata["enable-oslogin"]
    if resource.type_token == _METADATA:
        return means_true(here)
    if resource.type_token == _METADATA_ITEM:
        return resource.key.is_one_of("enable-oslogin").implies(means_true(resource.value))
    return here.is_absent() | means_true(here)


@rule(
    "gcp-vm-serial",
    Severity.MEDIUM,
    *MACHINES,
    _METADATA,
    _METADATA_ITEM,
    why="The interactive serial console can be reached from any address: no firewall rule applies to it.",
    fix='Leave "serial-port-enable" out of `metadata`, or set it to "FALSE".',
    references=("checkov:CKV_GCP_35", "trivy:GCP-0032", "prowler:compute_instance_serial_ports_in_use", "cis-gcp-5.0:4.5"),
    good=[
        On(_METADATA_ITEM, {"key": "enable-oslogin", "value": "true"}),
        On(_METADATA_ITEM, {"key": "serial-port-enable", "value": "false"}),
        {},
        {"metadata": {"serial-port-enable": "FALSE"}},
        {"metadata": {"serial-port-enable": "0"}},
    ],
    bad=[
        {"metadata": {"serial-port-enable": "TRUE"}},
        {"metadata": {"serial-port-enable": 1}},
        On(INSTANCE, {"metadata": {"serial-port-enable": True}}),
        On(_METADATA_ITEM, {"key": "serial-port-enable", "value": "true"}),
    ],
    unknown=[{"metadata": UNKNOWN}, {"metadata": {"serial-port-enable": UNKNOWN}}],
)
def console_is_closed(resource: Resource) -> Verdict:
    """The serial console is not opened."""
    opened = means_true(resource.metadata["serial-port-enable"])
    if resource.type_token == _METADATA_ITEM:
        opened = resource.key.is_one_of("serial-port-enable") & means_true(resource.value)
    return ~opened
