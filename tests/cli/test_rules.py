"""`lepton rules` tells what the installed packs forbid."""

import json

import pytest

from lepton_infra.cli.rules import rules
from lepton_infra.errors import BadInput


def test_the_list_is_worst_first(capsys: pytest.CaptureFixture[str]) -> None:
    rules(as_json=True)

    listed = json.loads(capsys.readouterr().out)
    order = ["critical", "high", "medium", "low"]
    assert [order.index(rule["severity"]) for rule in listed] == sorted(order.index(rule["severity"]) for rule in listed)
    assert {"aws-eks-endpoint-open", "aws-s3-policy-public", "cost-owner-tag"} <= {rule["id"] for rule in listed}
    assert all(rule["types"] and rule["why"] for rule in listed)


def test_the_page_of_a_rule_says_why_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    rules("aws-eks-endpoint-open")

    said = capsys.readouterr().out
    assert [line for line in said.splitlines() if line.startswith("## ")][:2] == ["## Why", "## Fix"]
    assert '"publicAccessCidrs"' in said


def test_an_unknown_rule_is_answered_with_the_nearest() -> None:
    with pytest.raises(BadInput, match=r"rule: is 'aws-eks-endpoint'; one of aws-eks-endpoint-open"):
        rules("aws-eks-endpoint")
