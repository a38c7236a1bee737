"""The documents of a review: what is in them, and that no name gets out of its place."""

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from lepton_infra.config.exemptions import Exemption
from lepton_infra.review import Review, as_annotations, as_junit, as_markdown, as_page, as_record, as_sarif
from lepton_infra.review.markdown import marker
from lepton_infra.review.style import STYLE
from lepton_infra.review.words import code
from lepton_infra.rules.finding import Outcome

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


def test_markdown_says_what_the_money_does_and_why(full: Review) -> None:
    text = as_markdown(full)

    assert "+$64 a month as planned (+100%); 1 newly broken rule.**" in text
    assert "| together | $64 | $128 | +$64 |  |  |\n" in text
    assert "| changed | `bigger` | $8 | $72 | +$64 |  | `1.0 x 100 GiB gp3 at " in text
    assert "CO2" not in text


def test_a_rise_at_the_most_nodes_alone_is_told_with_the_input_that_causes_it(review: "Callable[..., Review]") -> None:
    def group(most: int) -> dict[str, Any]:
        return {
            "type": "aws:eks/nodeGroup:NodeGroup",
            "name": "chat",
            "inputs": {
                "region": "us-east-1",
                "instanceTypes": ["m7i.large"],
                "scalingConfig": {"minSize": 1, "desiredSize": 1, "maxSize": most},
            },
        }

    found = review([group(9)], [group(3)])

    assert "a month as before, +$" in as_markdown(found)
    assert "at the most nodes;" in as_markdown(found)
    assert "`scalingConfig.maxSize: 3 -> 9; 1.0 x m7i.large at " in as_markdown(found)
    assert re.search(
        r"kg a month as planned, \d+ to \d+ from the fewest nodes to the most; no more as planned, \+\d+ kg", as_markdown(found)
    )
    assert "scalingConfig.maxSize: 3 -&gt; 9" in as_page(found)


def test_what_holds_data_stands_out_and_what_waits_is_named(full: Review) -> None:
    text = as_markdown(full)

    assert "> [!CAUTION]\n> 3 resources with data, workloads or encryption that no new one has: `gone` is deleted, " in text
    assert f"- **deleted**: `gone` (`{DISK}`); it is protected, so the engine will refuse; with the data in it" in text
    assert "Cannot be told before the stack is up: 1 answer" in text
    assert "- high: `aws-ebs-encrypted` on `waiting`: `encrypted is unknown`" in text


def test_exemptions_that_excuse_nothing_are_told(review: "Callable[..., Review]") -> None:
    def exemption(urn: str, expires: str) -> Exemption:
        return Exemption(rule="aws-ebs-encrypted", urn=urn, reason="r", owner="o@example.com", expires=expires)

    found = review([], [], (exemption("*::old", "2026-01-01"), exemption("*::unused", "2027-01-01")))

    for document in (as_markdown(found), as_page(found)):
        assert "ran out after 2026-01-01" in document
        assert "covers nothing" in document
    assert [one["why"] for one in json.loads(json.dumps(as_record(found)))["idle_exemptions"]] == [
        "ran out after 2026-01-01",
        "covers nothing",
    ]


def test_places_are_links_where_files_have_an_address(full: Review) -> None:
    text = as_markdown(full, "https://github.com/o/r/blob/0123abc")

    assert "[`infra/stacks/a file.py:7`](https://github.com/o/r/blob/0123abc/infra/stacks/a%20file.py#L7)" in text
    assert "https://" not in re.sub(r"```mermaid.*?```", "", as_markdown(full), flags=re.DOTALL)


def test_no_two_stacks_have_one_comment() -> None:
    stacks = ("a", "a-", "a--", "a b", "a-b", "x" * 101, "x" * 102, "-->", "")
    lines = {marker(stack) for stack in stacks}

    assert len(lines) == len(stacks)
    assert all(re.fullmatch(r"<!-- lepton-review:[\w.-]+ -->", one) for one in lines)


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

    assert set(results) == {"broken", "still", "excused", "waiting"}
    assert {name: (one["kind"], one["level"]) for name, one in results.items()} == {
        "broken": ("fail", "error"),
        "still": ("fail", "error"),
        "excused": ("fail", "error"),
        "waiting": ("open", "none"),
    }
    place = results["broken"]["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "infra/stacks/a%20file.py", "uriBaseId": "%SRCROOT%"}, "region": {"startLine": 7}}
    assert results["still"]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "infra/Pulumi.yaml"
    assert [results[name]["baselineState"] for name in ("broken", "still")] == ["new", "unchanged"]
    assert len({one["partialFingerprints"]["ruleAndUrn/v1"] for one in results.values()}) == 4
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
    assert ["more, all in the step summary" in line for line in lines] == ([False] * 9 + [True]) * 2
    assert lines[9].endswith("(and 20 more, all in the step summary)")


def test_sarif_says_how_many_results_it_leaves_out(review: "Callable[..., Review]") -> None:
    found = review([{"type": DISK, "name": str(number), "inputs": {"encrypted": False}} for number in range(12_600)], [])

    (run,) = json.loads(as_sarif(found))["runs"]
    (left_out,) = run["invocations"][0]["toolExecutionNotifications"]

    assert len(run["results"]) == 25_000
    assert {one["ruleId"] for one in run["results"][:12_600]} == {"aws-ebs-encrypted"}
    assert left_out["message"]["text"] == "200 more results are left out: no more than 25,000 are taken."


def test_a_rule_that_raises_is_a_notification_of_the_run(full: Review) -> None:
    raised = replace(full.broken[0], finding=replace(full.broken[0].finding, outcome=Outcome.ERROR, message="the rule is broken"))
    log = json.loads(as_sarif(replace(full, errors=(raised,))))

    (told,) = log["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    assert (told["level"], told["associatedRule"]["id"], told["message"]["text"]) == (
        "error",
        "aws-ebs-encrypted",
        "still: the rule is broken",
    )
    jsonschema.Draft4Validator(SCHEMA).validate(log)


def test_a_comment_is_never_longer_than_github_takes(review: "Callable[..., Review]") -> None:
    many = [
        {"type": f"{DISK}{'x' * 300}{number}", "name": "n" * 300 + str(number), "inputs": {f"k{key}" * 60: "v" * 900 for key in range(9)}}
        for number in range(300)
    ]
    changed = [{**one, "inputs": dict.fromkeys(one["inputs"], "w")} for one in many]
    broken = [{"type": DISK, "name": "b" * 390 + str(number), "inputs": {"encrypted": False}} for number in range(200)]

    assert len(as_markdown(review([*many, *broken], [*changed, *broken[:100]]))) < 65_536


def test_nothing_is_left_out_of_a_comment_without_a_word(review: "Callable[..., Review]") -> None:
    long = "n" * 390
    broken: list[dict[str, Any]] = [
        {"type": DISK, "name": f"{long}{number}", "inputs": {"encrypted": False, "x": long}} for number in range(900)
    ]
    gone: list[dict[str, Any]] = [{"type": f"{DISK}{long}", "name": f"{long}gone{number}", "inputs": {}} for number in range(900)]

    text = as_markdown(review(broken, [*gone, *broken[:100]]))

    assert len(text) < 65_536
    assert "_Left out for length: " in text
    assert "and 1,570 more: 800 x `cost-owner-tag`, 770 x `aws-ebs-encrypted`" in text
    assert re.search(r"<summary>These 900</summary>\n.*\n- and 870 more\n", text, flags=re.DOTALL)


def test_lists_become_shorter_before_a_comment_is_too_long(review: "Callable[..., Review]") -> None:
    wide = "\u4e00`|" * 130
    broken = [
        {"type": DISK, "name": f"{wide}{number}", "inputs": {"encrypted": False}, "position": {"file": wide, "line": 1}}
        for number in range(60)
    ]
    gone = [{"type": DISK, "name": f"gone{wide}{number}", "inputs": {"size": number}, "protect": True} for number in range(60)]

    text = as_markdown(review(broken, gone), "https://github.com/o/r/blob/0123abc")

    assert len(text) < 65_536
    assert re.search(r"- and (48|56|59) more of these", text)
    assert re.search(r"and \d+ more: \d+ x `", text)


def test_the_record_is_what_the_others_say(full: Review) -> None:
    record = json.loads(json.dumps(as_record(full)))

    assert (record["clean"], record["blocking"]) == (False, 1)
    assert [one["name"] for one in record["deleted"]] == ["gone"]
    assert {one["name"]: one["replaced"] for one in record["changed"]} == {"mended": True, "moved": True, "bigger": False}
    assert {(one["name"], one["new"]) for one in record["broken"]} == {("broken", True), ("still", False)}


@pytest.mark.parametrize("write", [as_markdown, as_page, as_sarif, as_junit, as_annotations])
def test_the_same_review_is_written_by_the_same_bytes(full: Review, write: "Callable[[Review], str]") -> None:
    assert write(full) == write(full)


def _luminance(colour: str) -> float:
    """Return the relative luminance of `#rgb` or `#rrggbb` (WCAG 2.2, "relative luminance")."""
    digits = colour.lstrip("#")
    pairs = [digits[at : at + 2] for at in (0, 2, 4)] if len(digits) == 6 else [letter * 2 for letter in digits]
    parts = [int(pair, 16) / 255 for pair in pairs]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_every_text_of_the_page_stands_out_by_day_and_by_night() -> None:
    themes = [dict(re.findall(r"--(\w+):(#\w+)", block)) for block in re.findall(r":root\{([^}]*)\}", STYLE)]
    by_day, by_night = themes[0], {**themes[0], **themes[1]}

    for theme in (by_day, by_night):
        for ground in ("ground", "card"):
            poor = {ink: _contrast(theme[ink], theme[ground]) for ink in ("ink", "soft", "bad", "warn", "good", "blue")}
            assert min(poor.values()) >= 4.5, (ground, poor)


def test_a_page_of_thousands_of_findings_names_a_rule_once(review: "Callable[..., Review]") -> None:
    broken = [{"type": DISK, "name": f"d{number}", "inputs": {"encrypted": False}} for number in range(3_000)]
    page = as_page(review(broken, []))

    assert page.count("<code>aws-ebs-encrypted</code>") == 1
    assert "<b>3,000 resources</b>" in page
    assert "<p>and 2,500 more</p>" in page
    assert len(page) < 1_000_000


def test_the_picture_has_a_name_for_who_cannot_see_it(full: Review) -> None:
    page = as_page(full)

    assert re.search(r'<svg [^>]*role="img"[^>]*>\s*<title>dev</title>', page)
    assert page.count("<svg ") == page.count('role="img"') + page.count('aria-hidden="true"')
