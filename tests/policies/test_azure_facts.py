"""Facts that Azure's rules rest on are held against the catalogue and the installed SDK; what a type is called does not matter."""

import re
from dataclasses import replace

import pytest

from lepton_infra.catalog import load_catalog
from lepton_infra.rules.card import Card, Kind, On
from lepton_infra.rules.examples import subjects_in
from lepton_infra.rules.runner import Runner
from lepton_infra.rules.subject import Subject
from lepton_policies import azure
from lepton_policies.azure.gpupool import _RETIRED
from lepton_policies.azure.machines import MOST_GPUS, gpus
from lepton_policies.azure.nodes import _FABRIC
from tests.policies.paths import sdk

MACHINES = sorted({(one.name, one.gpus, one.gpu or "") for one in load_catalog().machines if one.cloud.value == "azure"})
RUNNER = Runner(azure.RULES)


def test_the_catalogue_names_no_machine_with_more_gpus_than_the_worst_case() -> None:
    assert len(MACHINES) > 40
    assert max(count for _, count, _ in MACHINES) <= MOST_GPUS
    for name, count, _ in MACHINES:
        assert (gpus(name) > 0) == (count > 0), name


@pytest.mark.parametrize(
    ("size", "count"),
    [
        ("Standard_ND96isr_H100_v5", 8),
        (" standard_nd96ISR_h100_V5", 8),
        ("Standard_NV6ads_A10_v5", 1),
        ("Standard_ND999isr_B900_v9", 8),
        ("Standard_NP10s", 0),
        ("Standard_D4s_v5", 0),
        ("", 0),
    ],
)
def test_gpus_of_a_size(size: str, count: int) -> None:
    assert gpus(size) == count


def test_the_sizes_that_azure_retires_are_those_of_old_gpus() -> None:
    old = {name for name, _, gpu in MACHINES if gpu.startswith("V100")}
    assert old
    assert {name for name, _, _ in MACHINES if _RETIRED.search(name)} == old


def test_a_size_with_infiniband_says_so_in_its_name() -> None:
    named = {name for name, _, _ in MACHINES if _FABRIC.search(name)}
    assert {"Standard_ND96isr_H100_v5", "Standard_ND96amsr_A100_v4", "Standard_ND40rs_v2"} <= named
    assert not {"Standard_ND96ams_A100_v4", "Standard_ND96is_noIB_H100_v5", "Standard_NC40ads_H100_v5"} & named


@pytest.mark.parametrize("card", azure.RULES, ids=lambda card: card.id)
def test_a_version_of_the_api_in_a_token_changes_nothing(card: Card) -> None:
    def versioned(one: On) -> On:
        token = re.sub(r"\A(azure-native:\w+):", r"\1/v20240901preview:", one.type)
        return replace(one, type=token, around={name: versioned(other) for name, other in one.around.items()})

    def said(example: On) -> str:
        subjects = subjects_in(example)
        found = Runner([card]).evaluate_stack(subjects, tuple(Kind))
        return next((one.outcome.value for one in found if one.urn == subjects[0].urn), "pass")

    for _, example in card.examples():
        assert said(versioned(example)) == said(example)


@pytest.mark.parametrize(
    ("token", "path"),
    [
        ("azure-native:containerservice:ManagedCluster", "sku.tier"),
        ("azure-native:containerservice:AgentPool", "capacityReservationGroupID"),
        ("azure-native:keyvault:Vault", "properties.enablePurgeProtection"),
    ],
)
def test_what_a_program_sends_is_spelled_as_the_rules_read_it(token: str, path: str) -> None:
    name = path.partition(".")[0]
    assert name in sdk("azure-native").resource(token).inputs


def outcome(rule: str, token: str, inputs: dict[str, object]) -> str:
    found = {finding.rule: finding.outcome.value for finding in RUNNER.evaluate(Subject(token, inputs))}
    return found.get(rule, "pass")


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        pytest.param({"networkPolicy": "none"}, "fail", id="measured: a legal value that means no policy"),
        pytest.param({"networkPolicy": "None"}, "fail", id="in other letters"),
        pytest.param({}, "fail", id="no word"),
        pytest.param({"networkDataplane": "cilium"}, "pass", id="a dataplane that enforces by itself"),
        pytest.param({"networkPolicy": "calico"}, "pass", id="calico"),
    ],
)
def test_a_network_policy_that_is_none_is_none(network: dict[str, object], expected: str) -> None:
    assert outcome("az-aks-network-policy", "azure-native:containerservice:ManagedCluster", {"networkProfile": network}) == expected
