import json
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lepton_infra.rules.iam import is_admin, is_public
from lepton_infra.rules.values import ABSENT, UNKNOWN
from lepton_infra.rules.view import View

ALLOW_READ = {
    "Effect": "Allow",
    "Action": "s3:GetObject",
    "Resource": "arn:aws:s3:::b/*",
    "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
}


def document(*statements: Any) -> View:
    return View({"Version": "2012-10-17", "Statement": list(statements)}, "policy", View(ABSENT))


def allow(**parts: Any) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        **{key.title().replace("action", "Action").replace("resource", "Resource"): value for key, value in parts.items()},
    }


@pytest.mark.parametrize(
    ("statements", "answer"),
    [
        ([allow(action="*", resource="*")], "pass"),
        ([allow(action="**", resource="**")], "pass"),
        ([allow(action="*:*", resource="arn:*")], "pass"),
        ([allow(action="?*", resource="arn:aws:*")], "pass"),
        ([allow(action=["s3:Get*", "*"], resource=["arn:aws:s3:::b", "*"])], "pass"),
        ([allow(action="IAM:*", resource="*")], "pass"),
        ([allow(action="i*", resource="arn:aws-cn:iam::123456789012:*")], "pass"),
        ([allow(action=[f"{letter}*" for letter in string.ascii_lowercase], resource="*")], "pass"),
        ([allow(action=[f"{letter}*" for letter in "abcdefgh"], resource="*"), allow(action="[l-z]*", resource="*")], "fail"),
        ([allow(action=f"{letter}*", resource="*") for letter in string.ascii_lowercase], "pass"),
        ([allow(notaction="iam:*", resource="*")], "pass"),
        ([allow(notaction=["s3:DeleteBucket"], resource="*")], "pass"),
        ([allow(action="*", notresource="arn:aws:s3:::b")], "pass"),
        ([allow(action="*", resource="*", condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})], "pass"),
        ([ALLOW_READ, allow(action="*", resource="*")], "pass"),
        ([allow(action="*", resource="*"), {"Effect": "Deny", "Action": "iam:CreateUser", "Resource": "*"}], "pass"),
        (
            [allow(action="*", resource="*"), {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Bool": {"x": "true"}}}],
            "pass",
        ),
        ([allow(action="*", resource="*"), {"Effect": "Deny", "Action": "*", "Resource": "*"}], "fail"),
        ([allow(action="*", resource="arn:aws:s3:::b/*")], "fail"),
        ([allow(action=["s3:*", "ec2:*"], resource="*")], "fail"),
        ([allow(action=["iam:PassRole", "iam:Get*"], resource="*")], "fail"),
        ([allow(action=["*"])], "fail"),
        ([allow(resource="*")], "fail"),
        ([allow(notaction="*", resource="*")], "fail"),
        ([allow(action="${aws:username}", resource="*")], "fail"),
        ([{"Effect": "Deny", "Action": "*", "Resource": "*"}], "fail"),
        ([], "fail"),
        ([{"Effect": UNKNOWN, "Action": "*", "Resource": "*"}], "undecided"),
        ([allow(action="*", resource="*"), {"Effect": "Deny", "Action": UNKNOWN, "Resource": "*"}], "undecided"),
        ([allow(action="*", resource="*"), {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": UNKNOWN}], "undecided"),
        ([allow(notaction=UNKNOWN, resource="*")], "undecided"),
        ([UNKNOWN], "undecided"),
        ([UNKNOWN, allow(action="*", resource="*")], "undecided"),
    ],
)
def test_who_is_administrator(statements: list[Any], answer: str) -> None:
    verdict = is_admin(document(*statements))
    assert verdict.state.value == answer
    assert verdict.message or answer == "fail"


@pytest.mark.parametrize("spell", [json.dumps, lambda whole: whole, lambda whole: {"statements": whole["Statement"]}])
def test_a_document_may_be_text_or_an_object(spell: Any) -> None:
    whole = {"Statement": {"effect": "Allow", "action": "*", "resource": "*"}}
    assert is_admin(View(spell(whole), "policy", View(ABSENT))).state.value == "pass"


@pytest.mark.parametrize(
    ("text", "answer", "message"),
    [("{", "undecided", "policy is no JSON"), (UNKNOWN, "undecided", "policy is unknown"), ("", "fail", ""), ("3", "fail", "")],
)
def test_a_document_that_cannot_be_read(text: object, answer: str, message: str) -> None:
    for question in (is_admin, is_public):
        verdict = question(View(text, "policy", View(ABSENT)))
        assert (verdict.state.value, verdict.message) == (answer, message)


@pytest.mark.parametrize(
    ("principal", "condition", "answer"),
    [
        ("*", None, "pass"),
        (["*"], None, "pass"),
        ({"AWS": "*"}, None, "pass"),
        ({"AWS": ["arn:aws:iam::123456789012:root", " * "]}, None, "pass"),
        ({"Service": "logs.amazonaws.com", "AWS": "*"}, None, "pass"),
        ("*", {}, "pass"),
        ("*", {"Bool": {"aws:SecureTransport": "true"}}, "pass"),
        ("*", {"StringEquals": {"aws:Referer": "https://x"}}, "pass"),
        ("*", {"StringLike": {"aws:PrincipalOrgID": "*"}}, "pass"),
        ("*", {"ArnLike": {"aws:SourceArn": "arn:aws:*:*:*:*"}}, "pass"),
        ("*", {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}, "pass"),
        ("*", {"StringEqualsIfExists": {"aws:SourceVpce": "vpce-1"}}, "pass"),
        ("*", {"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-1"}}, "pass"),
        ("*", {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}, "pass"),
        ("*", {"IpAddress": {"AWS:SourceIP": ["203.0.113.0/24", "::/0"]}}, "pass"),
        ("*", {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, "fail"),
        ("*", {"stringequals": {"AWS:PrincipalOrgId": ["o-1", "o-2"]}}, "fail"),
        ("*", {"StringEquals": {"aws:SourceVpce": "vpce-1"}, "Bool": {"aws:SecureTransport": "true"}}, "fail"),
        ({"AWS": "arn:aws:iam::123456789012:root"}, None, "fail"),
        ({"Service": "logs.amazonaws.com"}, None, "fail"),
        (None, None, "fail"),
        (UNKNOWN, None, "undecided"),
        ({"AWS": [UNKNOWN]}, None, "undecided"),
        ("*", UNKNOWN, "undecided"),
        ("*", {"StringEquals": UNKNOWN}, "undecided"),
        ("*", {"StringEquals": {"aws:SourceVpce": UNKNOWN}}, "undecided"),
        ("*", {"IpAddress": {"aws:SourceIp": [UNKNOWN, "0.0.0.0/0"]}}, "pass"),
    ],
)
def test_who_is_everyone(principal: object, condition: object, answer: str) -> None:
    assert is_public(document({"Effect": "Allow", "Action": "s3:*", "Principal": principal, "Condition": condition})).state.value == answer


@given(place=st.integers(0, 3), harmless=st.lists(st.just(ALLOW_READ), min_size=3, max_size=3))
def test_a_statement_counts_wherever_it_stands(place: int, harmless: list[Any]) -> None:
    open_statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"}
    whole = document(*harmless[:place], open_statement, *harmless[place:])
    assert (is_admin(whole).state.value, is_public(whole).state.value) == ("pass", "pass")
