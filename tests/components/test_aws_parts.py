"""The pure functions behind AWS's resources."""

import base64
import json
from ipaddress import IPv4Network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lepton_components.aws import documents, machine, pools
from lepton_components.aws.group import image_parameter
from lepton_components.aws.network import slot
from lepton_components.aws.schedule import when
from lepton_infra.config.subnets import zone_subnet

ARM = [
    "a1.large",
    "c7gn.large",
    "g5g.2xlarge",
    "hpc7g.4xlarge",
    "im4gn.large",
    "m7g.large",
    "p6e-gb200.36xlarge",
    "t4g.small",
    "x2gd.large",
]
X86 = ["g4dn.xlarge", "g5.xlarge", "g6e.48xlarge", "g6f.large", "gr6.4xlarge", "i4i.large", "m7i.large", "p4d.24xlarge", "p5.48xlarge"]
X86_BLACKWELL = ["p6-b200.48xlarge", "p6-b300.48xlarge"]


@pytest.mark.parametrize("kind", ARM)
def test_graviton_and_grace_are_arm(kind: str) -> None:
    assert machine.architecture(kind) == "arm64"
    assert pools.image(kind, gpu=True) == "AL2023_ARM_64_NVIDIA"


@pytest.mark.parametrize("kind", X86 + X86_BLACKWELL)
def test_a_g_for_graphics_is_not_a_g_for_graviton(kind: str) -> None:
    assert machine.architecture(kind) == "x86_64"
    assert pools.image(kind, gpu=False) == "AL2023_x86_64_STANDARD"
    assert "/x86_64/" in image_parameter(kind)


def test_user_data_is_a_node_config_in_mime() -> None:
    text = base64.b64decode(machine.bootstrap()).decode()

    assert text.startswith("MIME-Version: 1.0\n")
    assert "Content-Type: application/node.eks.aws\n\napiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\n" in text
    assert text.endswith("--lepton--\n")


@given(st.lists(st.sampled_from("abcdefgh"), min_size=2, max_size=8, unique=True))
def test_a_zones_addresses_depend_on_its_letter_alone(letters: list[str]) -> None:
    network = IPv4Network("10.20.0.0/16")
    cut = {letter: zone_subnet(network, slot(f"eu-west-1{letter}")) for letter in letters}

    assert all(part == zone_subnet(network, slot(f"us-east-2{letter}")) for letter, part in cut.items())
    assert not any(one.overlaps(other) for a, one in cut.items() for b, other in cut.items() if a != b)


@pytest.mark.parametrize(
    ("cron", "label"),
    [("45 7 * * *", "0745"), ("0 22 * * *", "2200"), ("0 8 * * 1-5", "0-8-x-x-1-5"), ("*/5 8 * * *", "x-5-8-x-x-x")],
)
def test_a_time_is_part_of_a_name(cron: str, label: str) -> None:
    assert when(cron) == label


@given(st.integers(0, 59), st.integers(0, 23), st.integers(0, 59), st.integers(0, 23))
def test_daily_times_have_names_of_their_own(minute: int, hour: int, other_minute: int, other_hour: int) -> None:
    one, other = when(f"{minute} {hour} * * *"), when(f"{other_minute} {other_hour} * * *")

    assert (one == other) == ((minute, hour) == (other_minute, other_hour))


def test_the_autoscaler_learns_what_a_node_would_bring() -> None:
    assert {key: value for _, key, value in pools.template_tags(8, "nvidia-h100")} == {
        "resources/nvidia.com/gpu": "8",
        "label/k8s.amazonaws.com/accelerator": "nvidia-h100",
        "taint/nvidia.com/gpu": "true:NoSchedule",
    }


@pytest.mark.parametrize(
    ("gpu", "label"), [("H100", "nvidia-h100"), ("RTX PRO 6000", "nvidia-rtx-pro-6000"), ("A100_80GB", "nvidia-a100-80gb")]
)
def test_a_kind_of_gpu_is_the_value_of_a_label(gpu: str, label: str) -> None:
    assert pools.accelerator(gpu) == label


def _allowed(text: str) -> list[dict[str, Any]]:
    return [one for one in json.loads(text)["Statement"] if one["Effect"] == "Allow"]


def test_a_document_is_the_same_text_for_the_same_statements() -> None:
    assert documents.document({"b": 1, "a": 2}) == documents.document({"a": 2, "b": 1})


def test_an_absent_header_is_no_reason_to_refuse_an_upload() -> None:
    """A negated operator holds for an absent key; only the `Null` beside it keeps plain uploads possible (IAM, "Condition operators")."""
    statements = {one["Sid"]: one for one in json.loads(documents.data_bucket("arn:aws:s3:::b", "arn:aws:kms:key"))["Statement"]}

    for sid in ("NoOtherAlgorithm", "NoOtherKey"):
        ((header, _),) = statements[sid]["Condition"]["StringNotEquals"].items()
        assert statements[sid]["Condition"]["Null"] == {header: "false"}


def test_only_s3_itself_may_deliver_logs_and_only_for_one_bucket() -> None:
    (delivery,) = _allowed(documents.log_bucket("arn:aws:s3:::log", "arn:aws:s3:::data", "123456789012"))

    assert delivery["Principal"] == {"Service": "logging.s3.amazonaws.com"}
    assert delivery["Action"] == ["s3:PutObject"]
    assert delivery["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "123456789012"},
        "ArnLike": {"aws:SourceArn": "arn:aws:s3:::data"},
    }


def test_what_stands_for_anybody_at_an_endpoint_reads_two_buckets_of_aws_only() -> None:
    own, aws = _allowed(documents.own_buckets("123456789012", "aws", "us-east-1"))

    assert own["Condition"]["StringEquals"] == {"aws:PrincipalAccount": "123456789012", "aws:ResourceAccount": "123456789012"}
    assert aws["Action"] == ["s3:GetObject"]
    assert aws["Resource"] == ["arn:aws:s3:::prod-us-east-1-starport-layer-bucket/*", "arn:aws:s3:::al2023-repos-us-east-1-de612dc2/*"]
