"""Frameworks are read from files, and a file that is wrong says what is."""

from pathlib import Path

import pytest

from lepton_infra.errors import BadInput
from lepton_infra.rules.framework import Coverage, installed_frameworks, named_framework, read_framework
from lepton_policies import RULES

GOOD = """
id = "house-1.0"
title = "The rules of the house"
version = "1.0"
source = "ourselves"
controls = [
  { id = "1", title = "doors", coverage = "covered", rules = ["aws-ebs-encrypted"] },
  { id = ["2", "3"], title = "windows", coverage = "no rule" },
  { id = "4", title = "people", coverage = "not in code" },
]
"""


def faults(text: str) -> list[str]:
    with pytest.raises(BadInput) as caught:
        read_framework(text, "house.toml")
    return [str(fault) for fault in caught.value.faults]


def test_controls_are_counted_one_by_one() -> None:
    framework = read_framework(GOOD, "house.toml")
    assert [(control.id, control.coverage) for control in framework.listed()] == [
        ("1", Coverage.COVERED),
        ("2", Coverage.NO_RULE),
        ("3", Coverage.NO_RULE),
        ("4", Coverage.NOT_IN_CODE),
    ]
    assert framework.counts() == {"covered": 1, "partly": 0, "no rule": 2, "not in code": 1}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"covered"', '"coverd"', "house.toml.controls[0].coverage is 'coverd'; choose 'covered', 'partly', 'no rule' or 'not in code'."),
        (', rules = ["aws-ebs-encrypted"]', "", "house.toml.controls[0]: is 'covered' with 0 rules"),
        ('"no rule" }', '"no rule", rules = ["a-b"] }', "house.toml.controls[1]: is 'no rule' with 1 rules"),
        ('id = "house-1.0"', 'id = "The House"', "house.toml.id"),
        ('version = "1.0"\n', "", "house.toml.version"),
        ('version = "1.0"', 'version = "1.0"\ncolour = "red"', "house.toml.colour"),
    ],
)
def test_a_file_that_is_wrong_says_where_and_what(old: str, new: str, said: str) -> None:
    assert old in GOOD
    (fault,) = faults(GOOD.replace(old, new))
    assert fault.replace(": is", " is").startswith(said.replace(": is", " is"))


@pytest.mark.parametrize("text", ["{", "id = ", "\x00", "a = " + "[" * 100_000])
def test_what_is_no_toml_is_bad_input(text: str) -> None:
    (fault,) = faults(text)
    assert fault.startswith("house.toml: is no TOML")


def test_faults_of_all_packs_are_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack = tmp_path / "housepack"
    pack.mkdir()
    (pack / "__init__.py").write_text("from pathlib import Path\nFOLDER = Path(__file__).parent\n")
    (pack / "a.toml").write_text(GOOD.replace("aws-ebs-encrypted", "aws-ebs-encryptd"))
    (pack / "b.toml").write_text(GOOD.replace('"3"]', '"1"]'))
    (pack / "c.toml").write_text("{")
    info = tmp_path / "housepack-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: housepack\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[lepton.frameworks]\nhousepack = housepack:FOLDER\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    with pytest.raises(BadInput) as caught:
        installed_frameworks(RULES)

    said = [str(fault) for fault in caught.value.faults if str(fault).startswith(("a.toml", "b.toml", "c.toml"))]
    assert said[0].startswith("a.toml: control 1 names rule 'aws-ebs-encryptd'; one of aws-ebs-encrypted")
    assert said[1].startswith("b.toml: lists control 1 2 times; once")
    assert said[2].startswith("b.toml: is 'house-1.0', which another file is too")
    assert said[3].startswith("c.toml: is no TOML")


def test_a_framework_that_is_not_there_is_answered_with_the_nearest() -> None:
    framework = read_framework(GOOD, "house.toml")
    assert named_framework([framework], "house-1.0") is framework
    with pytest.raises(BadInput, match=r"framework: is 'house-2.0'; one of house-1.0. Run `lepton rules --frameworks` for the list."):
        named_framework([framework], "house-2.0")
