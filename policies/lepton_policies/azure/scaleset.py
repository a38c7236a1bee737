"""Machines and scale sets: passwords, addresses, disks, and what stands in their start scripts."""

import base64
from collections.abc import Iterator, Mapping
from typing import Final

from lepton_infra.rules.card import On, Severity, rule
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, all_of, any_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.azure.machines import is_accelerated
from lepton_policies.azure.words import means
from lepton_policies.shared.credentials import holds_credential

_SET: Final = "azure-native:compute:VirtualMachineScaleSet"
_MACHINE: Final = "azure-native:compute:VirtualMachine"
_BOTH: Final = (_SET, _MACHINE)
_SIZE: Final = {"sku": {"name": "Standard_ND96isr_H100_v5", "capacity": 2}}
_TOKEN: Final = "#!/bin/sh\nexport HF_TOKEN=hf_" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ" + "0Ab2Cd4Ef"
_LINUX: Final = {"adminUsername": "ops", "linuxConfiguration": {"disablePasswordAuthentication": True}}


def profile_of(resource: Resource) -> View:
    """Return what describes the machine: that of a scale set is a step down."""
    return resource.virtualMachineProfile if resource.type_token.endswith("ScaleSet") else resource


def _set(profile: Mapping[str, object]) -> dict[str, object]:
    return {**_SIZE, "virtualMachineProfile": profile}


@rule(
    "az-vmss-password",
    Severity.HIGH,
    *_BOTH,
    why="Passwords of machines are guessed, reused, and end in the state file; whoever reaches port 22 may try.",
    fix='Set `linux_configuration={"disable_password_authentication": True, "ssh": {...}}` and remove `admin_password`.',
    references=("checkov:CKV_AZURE_49", "checkov:CKV_AZURE_149", "checkov:CKV_AZURE_1", "checkov:CKV_AZURE_178", "trivy:AZU-0039"),
    good=[
        _set({"osProfile": _LINUX}),
        _set({"storageProfile": {"imageReference": {"id": "specialised"}}}),
        _set({"osProfile": {"adminPassword": "x", "windowsConfiguration": {"provisionVMAgent": True}}}),
        On(_MACHINE, {"osProfile": _LINUX}),
        On(
            _MACHINE,
            {"osProfile": {"adminPassword": "x"}, "storageProfile": {"osDisk": {"createOption": "FromImage", "osType": "Windows"}}},
        ),
    ],
    bad=[
        _set({"osProfile": {"adminUsername": "ops"}}),
        _set({"osProfile": {**_LINUX, "adminPassword": "x"}}),
        _set({"osProfile": {"linuxConfiguration": {"disablePasswordAuthentication": False}}}),
        On(_MACHINE, {"osProfile": {"adminUsername": "ops", "adminPassword": UNKNOWN, "linuxConfiguration": {}}}),
    ],
    unknown=[
        {**_SIZE, "virtualMachineProfile": UNKNOWN},
        _set({"osProfile": {"linuxConfiguration": {"disablePasswordAuthentication": UNKNOWN}}}),
        On(_MACHINE, {"osProfile": {**_LINUX, "adminPassword": UNKNOWN}}),
    ],
)
def nobody_types_a_password(resource: Resource) -> Verdict:
    """A Linux machine takes keys and no password."""
    profile = profile_of(resource)
    system = profile.osProfile
    is_windows = system.windowsConfiguration.is_set() | means(profile.storageProfile.osDisk.osType, "Windows")
    keys_only = system.linuxConfiguration.disablePasswordAuthentication.is_true() & system.adminPassword.is_absent()
    return keys_only | is_windows | system.is_absent()


@rule(
    "az-vmss-host-encryption",
    Severity.MEDIUM,
    *_BOTH,
    why="Weights in a machine's cache and temporary disk are written in the clear unless the host encrypts them.",
    fix='Set `security_profile={"encryption_at_host": True}`.',
    references=("checkov:CKV_AZURE_97", "checkov:CKV_AZURE_151"),
    good=[_set({"securityProfile": {"encryptionAtHost": True}}), On(_MACHINE, {"securityProfile": {"encryptionAtHost": "true"}})],
    bad=[_set({}), _set({"securityProfile": {"encryptionAtHost": False}}), On(_MACHINE, {"location": "westeurope"})],
    unknown=[_set({"securityProfile": UNKNOWN}), On(_MACHINE, {"securityProfile": {"encryptionAtHost": UNKNOWN}})],
)
def host_encrypts(resource: Resource) -> Verdict:
    """The host of a machine encrypts its disks and caches."""
    return profile_of(resource).securityProfile.encryptionAtHost.is_true()


def _addresses(profile: View) -> Iterator[View]:
    """Iterate over the public addresses that a machine brings along."""
    for card in profile.networkProfile.networkInterfaceConfigurations:
        yield from (address.publicIPAddressConfiguration for address in card.ipConfigurations)


def _card(address: Mapping[str, object]) -> dict[str, object]:
    return {"networkInterfaceConfigurations": [{"name": "eth0", "ipConfigurations": [{"name": "a"}, {"name": "b", **address}]}]}


_PUBLIC: Final = {"publicIPAddressConfiguration": {"name": "public"}}


@rule(
    "az-vmss-public-ip",
    Severity.HIGH,
    *_BOTH,
    why="A GPU machine with a public address is one security group rule away from the internet, with every port that listens.",
    fix="Remove `public_ip_address_configuration`; send traffic in by a load balancer and out by a NAT gateway.",
    references=("trivy:AZU-0076", "checkov:CKV_AZURE_119"),
    good=[_set({"networkProfile": _card({})}), _set({}), On(_MACHINE, {"networkProfile": {"networkInterfaces": [{"id": UNKNOWN}]}})],
    bad=[_set({"networkProfile": _card({**_PUBLIC})}), On(_MACHINE, {"networkProfile": _card({**_PUBLIC})})],
    unknown=[_set({"networkProfile": UNKNOWN}), On(_MACHINE, {"networkProfile": {"networkInterfaceConfigurations": UNKNOWN}})],
)
def machine_has_no_public_address(resource: Resource) -> Verdict:
    """A machine brings no public address along."""
    return ~any_of(address.is_set() for address in _addresses(profile_of(resource)))


@rule(
    "az-vmss-custom-data-secrets",
    Severity.CRITICAL,
    *_BOTH,
    why="Custom data stays on the machine and user data is read by every process on it; who may read the state file reads both.",
    fix="Take the credential out of `custom_data` and `user_data`, revoke it, and let the machine's identity fetch it from a key vault.",
    references=("checkov:CKV_AZURE_45", "trivy:AZU-0037"),
    good=[
        _set({"osProfile": {"customData": base64.b64encode(b"#!/bin/sh\necho hello, world, this is fine\n").decode()}}),
        On(_MACHINE, {"userData": "#cloud-config\n"}),
        _SIZE,
    ],
    bad=[
        _set({"osProfile": {"customData": base64.b64encode(_TOKEN.encode()).decode()}}),
        _set({"userData": _TOKEN}),
        On(_MACHINE, {"osProfile": {"customData": _TOKEN}}),
        On(_MACHINE, {"userData": base64.b64encode(_TOKEN.encode()).decode()}),
    ],
    unknown=[_set({"osProfile": {"customData": UNKNOWN}}), On(_MACHINE, {"userData": UNKNOWN})],
)
def start_script_holds_no_credential(resource: Resource) -> Verdict:
    """No credential stands in what a machine starts with."""
    profile = profile_of(resource)
    return ~any_of((holds_credential(profile.osProfile.customData), holds_credential(profile.userData)))


@rule(
    "az-vmss-extension-secrets",
    Severity.CRITICAL,
    _SET,
    "azure-native:compute:VirtualMachineExtension",
    "azure-native:compute:VirtualMachineScaleSetExtension",
    why="The settings of an extension are read by everybody who may read the machine; only its protected settings are encrypted.",
    fix="Move what is secret from `settings` to `protected_settings`, and revoke it: it has been readable.",
    references=("trivy:AZU-0037", "https://learn.microsoft.com/azure/virtual-machines/extensions/custom-script-linux"),
    good=[
        _set({"extensionProfile": {"extensions": [{"name": "init", "settings": {"commandToExecute": "echo hello"}}]}}),
        On("azure-native:compute:VirtualMachineExtension", {"protectedSettings": {"commandToExecute": _TOKEN}}),
    ],
    bad=[
        _set({"extensionProfile": {"extensions": [{"name": "a"}, {"name": "init", "settings": {"commandToExecute": _TOKEN}}]}}),
        On("azure-native:compute:VirtualMachineExtension", {"settings": {"script": base64.b64encode(_TOKEN.encode()).decode()}}),
    ],
    unknown=[
        _set({"extensionProfile": UNKNOWN}),
        On("azure-native:compute:VirtualMachineScaleSetExtension", {"settings": {"commandToExecute": UNKNOWN}}),
    ],
)
def extension_holds_no_credential(resource: Resource) -> Verdict:
    """No credential stands in the open settings of an extension."""
    inside = resource.type_token.endswith("ScaleSet")
    found = resource.virtualMachineProfile.extensionProfile.extensions if inside else [resource]
    return ~any_of(holds_credential(value) for one in found for value in _values(one.settings))


def _values(settings: View) -> list[View]:
    """Return the values of an extension's settings; what is unknown may hold any."""
    return [settings] if settings.raw_value() is UNKNOWN else [value for _, value in settings.map_items()]


@rule(
    "az-vmss-trusted-launch",
    Severity.LOW,
    *_BOTH,
    why="Without it a boot kit loads before the kernel and no scan sees it. GPU images need signed drivers: check before you switch.",
    fix='Set `security_profile={"security_type": "TrustedLaunch", "uefi_settings": {...}}`.',
    references=("https://learn.microsoft.com/azure/virtual-machines/trusted-launch", "prowler:vm_trusted_launch_enabled"),
    good=[
        _set({"securityProfile": {"securityType": "TrustedLaunch"}}),
        On(_MACHINE, {"securityProfile": {"securityType": "ConfidentialVM"}}),
    ],
    bad=[_set({}), _set({"securityProfile": {"securityType": "Standard"}}), On(_MACHINE, {"securityProfile": {"encryptionAtHost": True}})],
    unknown=[_set({"securityProfile": UNKNOWN}), On(_MACHINE, {"securityProfile": {"securityType": UNKNOWN}})],
)
def boot_is_measured(resource: Resource) -> Verdict:
    """A machine starts by trusted launch, or is confidential."""
    return means(profile_of(resource).securityProfile.securityType, "TrustedLaunch", "ConfidentialVM")


@rule(
    "az-vmss-gpu-repair",
    Severity.LOW,
    _SET,
    why="A machine whose GPU fell off the bus keeps failing requests and keeps billing until somebody looks.",
    fix='Set `automatic_repairs_policy={"enabled": True}` and a health probe or the Application Health extension.',
    references=("https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-automatic-instance-repairs",),
    good=[{**_SIZE, "automaticRepairsPolicy": {"enabled": True}}, {"sku": {"name": "Standard_D4s_v5"}}],
    bad=[_SIZE, {**_SIZE, "automaticRepairsPolicy": {"enabled": False}}],
    unknown=[{**_SIZE, "automaticRepairsPolicy": UNKNOWN}, {"sku": {"name": UNKNOWN}}],
)
def dead_machines_are_replaced(group: Resource) -> Verdict:
    """A GPU machine that is no longer well is replaced."""
    return is_accelerated(group.sku.name).implies(group.automaticRepairsPolicy.enabled.is_true())


@rule(
    "az-vmss-identity",
    Severity.LOW,
    *_BOTH,
    why="A machine without an identity of its own is given keys instead, which nobody rotates.",
    fix='Set `identity={"type": "SystemAssigned"}` or "UserAssigned".',
    references=("https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/overview",),
    good=[{**_SIZE, "identity": {"type": "SystemAssigned, UserAssigned"}}, On(_MACHINE, {"identity": {"type": "UserAssigned"}})],
    bad=[_SIZE, On(_MACHINE, {"identity": {"type": "None"}})],
    unknown=[{"identity": UNKNOWN}, On(_MACHINE, {"identity": {"type": UNKNOWN}})],
)
def machine_has_an_identity(resource: Resource) -> Verdict:
    """A machine has an identity of its own."""
    kind = resource.identity.type
    return all_of((kind.is_set(), ~means(kind, "None")))
