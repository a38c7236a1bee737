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


def test_a_framework_is_told_control_by_control(capsys: pytest.CaptureFixture[str]) -> None:
    rules(framework="cis-eks-1.8", as_json=True)

    told = json.loads(capsys.readouterr().out)
    assert (told["id"], told["version"]) == ("cis-eks-1.8", "1.8.0")
    assert sum(told["counts"].values()) == len(told["controls"])
    (control,) = [one for one in told["controls"] if one["id"] == "5.4.1"]
    assert control["coverage"] == "covered"
    assert control["rules"] == ["aws-eks-endpoint-open"]


def test_a_framework_says_what_no_program_can_tell(capsys: pytest.CaptureFixture[str]) -> None:
    rules(framework="cis-eks-1.8")

    said = capsys.readouterr().out
    assert "aws-eks-endpoint-open" in said
    assert "not in code: 3.1.1, 3.1.2, 3.1.3, 3.1.4 (" in said


def test_the_frameworks_are_listed_with_their_coverage(capsys: pytest.CaptureFixture[str]) -> None:
    rules(frameworks=True, as_json=True)
    assert {"cis-eks-1.8", "nist-800-53-r5", "soc2-2017"} <= {one["id"] for one in json.loads(capsys.readouterr().out)}

    rules(frameworks=True)
    assert "cis-eks-1.8" in capsys.readouterr().out


def test_an_unknown_framework_is_answered_with_the_nearest() -> None:
    with pytest.raises(BadInput, match=r"framework: is 'cis-eks-1.9'; one of cis-eks-1.8"):
        rules(framework="cis-eks-1.9")


def test_one_thing_is_asked_at_a_time() -> None:
    with pytest.raises(BadInput, match="rules: gets more than one of a rule, --framework and --frameworks"):
        rules("aws-eks-endpoint-open", framework="cis-eks-1.8")
