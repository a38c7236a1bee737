"""The documents of a review: what is in them, and that no name gets out of its place."""

import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from lepton_infra.review import Review, as_annotations, as_junit, as_markdown, as_page, as_record, as_sarif
from lepton_infra.review.words import code

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMA = json.loads((Path(__file__).parent / "data" / "sarif-2.1.0.json").read_text())
HOSTILE = "``a`|<script>alert(1)</script>\n\n# @everyone ![x](http://evil/x.png) ::error::%0A,:\x1b[31m\u202e--> end"
DISK = "aws:ebs/volume:Volume"


def _hostile() -> list[dict[str, Any]]:
    position = {"file": f"//evil/{HOSTILE}", "line": -4}
    parent = {"type": f"x:y:{HOSTILE}", "name": HOSTILE, "inputs": {}, "custom": False, "urn": "urn:p"}
    return [
        parent,
        {"type": DISK, "name": HOSTILE, "inputs": {"encrypted": False, HOSTILE: HOSTILE}, "position": position, "parent": "urn:p"},
    ]


class _Seen(HTMLParser):
    """Notes every tag, and every address that would be asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [f"{name}={value}" for name, value in attrs if name in {"src", "href", "action", "data", "srcset"}]


def test_markdown_says_what_a_reviewer_must_know(full: Review) -> None:
    text = as_markdown(full)

    assert text.startswith("<!-- lepton-review:dev -->\n## `dev` against `main`\n")
    assert "**1 created, 1 changed in place, 2 replaced, 1 deleted; " in text
    assert "1 newly broken rule.**" in text
    assert f"- **deleted**: `gone` (`{DISK}`); it is protected, so the engine will refuse" in text
    assert f"- **replaced**: `moved` (`{DISK}`), for `availabilityZone`; it is protected" in text
    assert f"- **replaced**: `mended` (`{DISK}`), for `encrypted`" in text
    assert "| high | `aws-ebs-encrypted` | `broken` | `infra/stacks/a file.py:7` | `encrypted is false`. Set" in text
    assert "Fixed: 1 broken rule: `aws-ebs-encrypted` on `mended`." in text
    assert "`size: 100 -> 900`" in text
    assert "it is \\| empty (me@example.com, until 2027-01-01)" in text
    assert "```mermaid\nflowchart TB\n" in text


def test_a_clean_review_says_so_where_a_machine_reads_it(review: "Callable[..., Review]", full: Review) -> None:
    assert as_markdown(review([], [])).splitlines()[1] == "<!-- lepton-review: clean -->"
    assert "<!-- lepton-review: clean -->" not in as_markdown(full)


@pytest.mark.parametrize("text", ["a", "`", "a``b`c", "", "a|b", "\n", "`a`", HOSTILE])
def test_a_code_span_is_never_left(text: str) -> None:
    span = code(text)
    fence = re.match(r"`+", span)

    assert fence
    assert span.endswith(fence[0])
    inner = span[len(fence[0]) : -len(fence[0])]
    assert fence[0] not in re.findall(r"`+", inner)
    assert "\n" not in span
    assert not re.search(r"(?<!\\)\|", inner)


def test_no_name_gets_out_of_a_document(review: "Callable[..., Review]") -> None:
    found = review(_hostile(), [])
    page, text = as_page(found), as_markdown(found)

    outside = re.sub(r"```mermaid.*?```", "", text, flags=re.DOTALL)
    outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", outside)
    assert not re.search(r"script|@everyone|evil|\x1b|\u202e", outside)
    seen = _Seen()
    seen.feed(page)
    assert "script" not in seen.tags
    assert seen.addresses == []
    for document in (page, text, as_junit(found), as_annotations(found)):
        assert "\x1b" not in document
        assert "\u202e" not in document


def test_a_page_asks_for_nothing(full: Review) -> None:
    page = as_page(full)

    seen = _Seen()
    seen.feed(page)
    assert seen.addresses == []
    assert not {"script", "link", "img", "iframe", "object"} & set(seen.tags)
    assert re.findall(r"https?://[^\"'\s<]+", page) == ["http://www.w3.org/2000/svg"]
    assert "default-src 'none'" in page
    assert "@import" not in page
    assert all(address.startswith("#") for address in re.findall(r"url\(([^)]*)\)", page))


def test_sarif_keeps_to_its_schema(full: Review, review: "Callable[..., Review]") -> None:
    for found in (full, review(_hostile(), []), review([], [])):
        jsonschema.Draft4Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(json.loads(as_sarif(found)))


def test_the_schema_refuses_what_is_wrong(full: Review) -> None:
    log = json.loads(as_sarif(full))
    log["runs"][0]["results"][0]["level"] = "fatal"

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft4Validator(SCHEMA).validate(log)


def test_sarif_has_places_scores_fingerprints_and_suppressions(full: Review) -> None:
    run = json.loads(as_sarif(full))["runs"][0]
    results = {one["locations"][0]["logicalLocations"][0]["name"]: one for one in run["results"]}

    assert set(results) == {"broken", "still", "excused"}
    place = results["broken"]["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "infra/stacks/a%20file.py", "uriBaseId": "%SRCROOT%"}, "region": {"startLine": 7}}
    assert results["still"]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "infra/Pulumi.yaml"
    assert [results[name]["baselineState"] for name in ("broken", "still")] == ["new", "unchanged"]
    assert len({one["partialFingerprints"]["ruleAndUrn/v1"] for one in results.values()}) == 3
    assert "suppressions" not in results["broken"]
    assert results["excused"]["suppressions"][0]["justification"] == "it is | empty (me@example.com, until 2027-01-01)"
    rule = run["tool"]["driver"]["rules"][results["broken"]["ruleIndex"]]
    assert rule["id"] == "aws-ebs-encrypted"
    assert rule["properties"]["security-severity"] == "8.0"


def test_a_fingerprint_outlives_a_moved_line(review: "Callable[..., Review]") -> None:
    def prints(line: int) -> list[dict[str, str]]:
        broken = {"type": DISK, "name": "d", "inputs": {"encrypted": False}, "position": {"file": "a.py", "line": line}}
        return [one["partialFingerprints"] for one in json.loads(as_sarif(review([broken], [])))["runs"][0]["results"]]

    assert prints(1) == prints(99) != []


def test_junit_has_a_case_for_each_rule_on_each_resource(full: Review) -> None:
    suite = ET.fromstring(as_junit(full))[0]  # noqa: S314 (our own)
    cases = {(case.get("classname"), (case.get("name") or "").rpartition("::")[2]): case for case in suite}
    asked = [card for card in full.cards if DISK in card.types]

    assert len(cases) == len(suite) == len(asked) * len(full.graph.resources)
    assert suite.get("tests") == str(len(suite))
    assert {name[1] for name, case in cases.items() if case.find("failure") is not None} == {"broken", "still"}
    assert {name[1] for name, case in cases.items() if case.find("skipped") is not None} == {"excused", "waiting"}
    assert (suite.get("failures"), suite.get("skipped"), suite.get("errors")) == ("2", "2", "0")
    failure = cases["aws-ebs-encrypted", "broken"].find("failure")
    assert failure is not None
    assert failure.get("type") == "high"


def test_annotations_are_for_what_is_new(full: Review) -> None:
    (told,) = as_annotations(full).splitlines()

    assert told.startswith(
        "::error file=infra/stacks/a file.py,line=7,title=aws-ebs-encrypted::broken (aws:ebs/volume:Volume): encrypted is false"
    )


def test_annotations_are_no_more_than_github_shows_and_one_line_each(review: "Callable[..., Review]") -> None:
    found = review([{"type": DISK, "name": f"{HOSTILE}{number}", "inputs": {"encrypted": False}} for number in range(30)], [])
    lines = as_annotations(found).splitlines()

    assert [sum(line.startswith(f"::{word} ") for line in lines) for word in ("error", "warning")] == [10, 10]
    assert all(line.count("::") >= 2 and "\r" not in line for line in lines)
    assert len(lines) == 20


def test_a_comment_is_never_longer_than_github_takes(review: "Callable[..., Review]") -> None:
    many = [
        {"type": f"{DISK}{'x' * 300}{number}", "name": "n" * 300 + str(number), "inputs": {f"k{key}" * 60: "v" * 900 for key in range(9)}}
        for number in range(300)
    ]
    changed = [{**one, "inputs": dict.fromkeys(one["inputs"], "w")} for one in many]
    broken = [{"type": DISK, "name": "b" * 390 + str(number), "inputs": {"encrypted": False}} for number in range(200)]

    assert len(as_markdown(review([*many, *broken], [*changed, *broken[:100]]))) < 65_536


def test_the_record_is_what_the_others_say(full: Review) -> None:
    record = json.loads(json.dumps(as_record(full)))

    assert (record["clean"], record["blocking"]) == (False, 1)
    assert [one["name"] for one in record["deleted"]] == ["gone"]
    assert {one["name"]: one["replaced"] for one in record["changed"]} == {"mended": True, "moved": True, "bigger": False}
    assert {(one["name"], one["new"]) for one in record["broken"]} == {("broken", True), ("still", False)}


@pytest.mark.parametrize("write", [as_markdown, as_page, as_sarif, as_junit, as_annotations])
def test_the_same_review_is_written_by_the_same_bytes(full: Review, write: "Callable[[Review], str]") -> None:
    assert write(full) == write(full)
