"""The frameworks of the pack: every rule that they name exists, and the counts are those of the benchmarks."""

import tomllib

import pytest

from lepton_infra.rules.framework import Coverage, Framework, installed_frameworks
from lepton_policies import RULES
from lepton_policies.frameworks import FOLDER

FRAMEWORKS = installed_frameworks(RULES)
CLOUDS = {card.id: card.cloud for card in RULES}
CONTROLS = {framework.id: {control.id: control for control in framework.listed()} for framework in FRAMEWORKS}
SIZES = {
    "cis-aks-1.8": 56,
    "cis-aws-7.0": 68,
    "cis-azure-6.0": 127,
    "cis-eks-1.8": 49,
    "cis-gcp-5.0": 90,
    "cis-gke-1.9": 40,
    "cis-kubernetes-1.12": 130,
    "iso-27001-2022": 93,
    "nist-800-53-r5": 298,
    "pci-dss-4.0": 212,
    "soc2-2017": 61,
}
"""How many controls each has, so that none gets lost."""


@pytest.mark.parametrize("framework", FRAMEWORKS, ids=lambda framework: framework.id)
def test_every_rule_exists_every_control_stands_once_and_counts_add_up(framework: Framework) -> None:
    controls = framework.listed()
    assert {rule for control in controls for rule in control.rules} <= set(CLOUDS)
    assert len({control.id for control in controls}) == len(controls) == sum(framework.counts().values()) == SIZES[framework.id]
    assert all(len(set(control.rules)) == len(control.rules) for control in controls)


def test_all_frameworks_that_we_promise_are_there() -> None:
    assert list(SIZES) == [framework.id for framework in FRAMEWORKS]


def test_every_file_is_named_after_its_framework() -> None:
    files = {file.name: tomllib.loads(file.read_text(encoding="utf-8"))["id"] for file in FOLDER.iterdir() if file.name.endswith(".toml")}
    assert files == {f"{name}.toml": name for name in SIZES}


def test_what_a_rule_refers_to_is_what_the_framework_says_of_it() -> None:
    clouds = {name: {CLOUDS[rule] for control in controls.values() for rule in control.rules} for name, controls in CONTROLS.items()}
    referred = [(card, *reference.split(":", 1)) for card in RULES for reference in card.references if reference.split(":")[0] in SIZES]
    assert len(referred) > 100
    assert [(card.id, name, number) for card, name, number in referred if number not in CONTROLS[name]] == []
    mapped = [(card.id, name, number) for card, name, number in referred if card.cloud in clouds[name]]
    assert [one for one in mapped if one[0] not in CONTROLS[one[1]][one[2]].rules] == []


@pytest.mark.parametrize(
    ("framework", "control", "rule"),
    [
        ("cis-eks-1.8", "5.4.1", "aws-eks-endpoint-open"),
        ("cis-eks-1.8", "4.2.1", "k8s-privileged"),
        ("cis-kubernetes-1.12", "5.2.11", "k8s-host-path"),
        ("cis-aws-7.0", "6.7", "aws-lt-imdsv2"),
        ("nist-800-53-r5", "SC-28", "aws-ebs-encrypted"),
        ("iso-27001-2022", "A.8.24", "aws-kms-rotation"),
        ("soc2-2017", "CC6.6", "aws-sg-ai-ports-open"),
        ("pci-dss-4.0", "10.5.1", "aws-log-retention"),
    ],
)
def test_a_control_names_the_rule_that_checks_it(framework: str, control: str, rule: str) -> None:
    assert rule in CONTROLS[framework][control].rules


@pytest.mark.parametrize(("framework", "control"), [("cis-eks-1.8", "3.2.1"), ("nist-800-53-r5", "PE-3"), ("iso-27001-2022", "A.6.3")])
def test_what_no_program_says_is_said_to_be_so(framework: str, control: str) -> None:
    assert CONTROLS[framework][control].coverage is Coverage.NOT_IN_CODE
