import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from lepton_infra.config.exemptions import Exemption, load_exemptions, parse_exemptions
from lepton_infra.config.project import Project
from lepton_infra.errors import BadInput

ONE = {"rule": "aws-s3-logging", "urn": "urn:*::scratch-?", "reason": "nightly", "owner": "me", "expires": "2027-03-31"}


def one(**changes: Any) -> Exemption:
    (exemption,) = parse_exemptions([{**ONE, **changes}], "here")
    return exemption


@pytest.mark.parametrize(
    ("day", "holds"), [(dt.date(2027, 3, 30), True), (dt.date(2027, 3, 31), True), (dt.date(2027, 4, 1), False), (dt.date.max, False)]
)
def test_the_last_day_counts(day: dt.date, *, holds: bool) -> None:
    assert one().holds(day) is holds
    assert one(expires="2027-03-31 00:00:00 +0000 UTC").holds(day) is holds  # as the engine writes a date that it read from YAML


@pytest.mark.parametrize("expires", ["", "soon", "31.03.2027", "2027-02-30", "2027-13-01", 2027, None, [], "2027-03-31T23:59:59+09:00"])
def test_what_is_no_day_has_run_out_and_breaks_nothing(expires: object) -> None:
    exemption = one(expires=expires)
    assert not exemption.holds(dt.date.min)
    assert "is no day" in exemption.why_not(dt.date.min)


@pytest.mark.parametrize(
    ("rule", "urn", "covers"),
    [
        ("aws-s3-logging", "urn:pulumi:dev::p::aws:s3/bucket:Bucket::scratch-1", True),
        ("aws-s3-logging", "urn:pulumi:dev::p::aws:s3/bucket:Bucket::scratch-12", False),
        ("aws-s3-logging", "urn:pulumi:dev::p::aws:s3/bucket:Bucket::Scratch-1", False),
        ("aws-s3-kms", "urn:pulumi:dev::p::aws:s3/bucket:Bucket::scratch-1", False),
    ],
)
def test_an_exemption_is_of_one_rule_on_some_resources(rule: str, urn: str, *, covers: bool) -> None:
    assert one().covers(rule, urn) is covers


def test_every_fault_is_named_at_its_place() -> None:
    with pytest.raises(BadInput) as caught:
        parse_exemptions([ONE, {"rule": "", "urn": "*", "owner": " ", "expire": "2027-01-01"}, "aws-s3-logging"], "dev: lepton:exemptions")
    said = [str(fault) for fault in caught.value.faults]
    assert [line.partition(" is ")[0] for line in said] == [
        "dev: lepton:exemptions[1].rule",
        "dev: lepton:exemptions[1].reason",
        "dev: lepton:exemptions[1].owner",
        "dev: lepton:exemptions[1].expires",
        "dev: lepton:exemptions[1].expire",
        "dev: lepton:exemptions[2]",
    ]
    assert "expires" in said[4]
    with pytest.raises(BadInput, match="here: is dict; a list of exemptions"):
        parse_exemptions({}, "here")


def test_they_stand_in_the_stack_file_or_are_none(tmp_path: Path) -> None:
    project = Project(tmp_path, "p", tmp_path)
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text("config:\n  lepton:exemptions:\n    - {rule: a-b, urn: '*', reason: r, owner: o, expires: 2027-03-31}\n")
    (exemption,) = load_exemptions(project, "dev")
    assert exemption.last_day == dt.date(2027, 3, 31)
    file.write_text("config:\n  aws:region: us-east-1\n")
    assert load_exemptions(project, "dev") == ()
