"""What every node has in common, in a cluster or outside it: metadata by token only, encrypted disk, no public address, tags for cost."""

import base64
import re
from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

_ROOT_DEVICE = "/dev/xvda"
"""Name of the root disk in Amazon Linux 2023 and in the images made from it."""
_TAGGED = ("instance", "network-interface", "volume")
"""What an instance brings along that is billed or found by tag."""
_GPU_DISK_IOPS = 6_000
_GPU_DISK_MIB_PER_SECOND = 500
"""Four times gp3's default for about 15 dollars a month: the weights of a 70 B model (140 GB) are read in 5 minutes and not in 19."""


def architecture(machine: str) -> str:
    """Return `arm64` for Graviton and Grace machines and `x86_64` for all others (EC2 user guide, "Instance type naming")."""
    family = machine.partition(".")[0]
    return "arm64" if re.match(r"a1$|[a-z]+\d+[a-z]*g|.*-gb\d", _without_gpu_families(family)) else "x86_64"


def _without_gpu_families(family: str) -> str:
    """Take off the leading letters, in which a `g` means graphics and not Graviton."""
    return re.sub(r"^[a-z]+(?=\d)", "m", family) if not family.startswith("a1") else family


def bootstrap() -> str:
    """Return user data (base64) that makes one file system of a node's local NVMe disks, for images and weights.

    Without such disks the node leaves it at that (awslabs/amazon-eks-ami, nodeadm, "localStorage").
    """
    lines = (
        "MIME-Version: 1.0",
        'Content-Type: multipart/mixed; boundary="lepton"',
        "",
        "--lepton",
        "Content-Type: application/node.eks.aws",
        "",
        "apiVersion: node.eks.aws/v1alpha1",
        "kind: NodeConfig",
        "spec:",
        "  instance:",
        "    localStorage:",
        "      strategy: RAID0",
        "",
        "--lepton--",
        "",
    )
    return base64.b64encode("\n".join(lines).encode()).decode()


def metadata() -> aws.ec2.LaunchTemplateMetadataOptionsArgs:
    """Answer questions about the instance by token only, and only to the instance itself: containers are one hop further away."""
    return aws.ec2.LaunchTemplateMetadataOptionsArgs(http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1)


def disk(gib: int, key: pulumi.Input[str], *, fast: bool) -> aws.ec2.LaunchTemplateBlockDeviceMappingArgs:
    """Return an encrypted root disk, fast where weights are read from it."""
    return aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
        device_name=_ROOT_DEVICE,
        ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
            encrypted="true",
            kms_key_id=key,
            volume_type="gp3",
            volume_size=gib,
            iops=_GPU_DISK_IOPS if fast else None,
            throughput=_GPU_DISK_MIB_PER_SECOND if fast else None,
            delete_on_termination="true",
        ),
    )


def interface(*groups: pulumi.Input[str]) -> aws.ec2.LaunchTemplateNetworkInterfaceArgs:
    """Return the one network interface, without a public address."""
    return aws.ec2.LaunchTemplateNetworkInterfaceArgs(
        device_index=0,
        network_card_index=0,
        associate_public_ip_address="false",
        delete_on_termination="true",
        security_groups=list(groups),
    )


def tagged(tags: dict[str, str]) -> Sequence[aws.ec2.LaunchTemplateTagSpecificationArgs]:
    """Return the tags of whatever an instance brings along."""
    return [aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=tags) for kind in _TAGGED]
