from typing import Any

import pytest

from lepton_infra.errors import BadInput
from lepton_infra.rules.card import Card, Setting, Severity, rule
from lepton_infra.rules.finding import Outcome
from lepton_infra.rules.packs import installed_cards, list_rules
from lepton_infra.rules.runner import Runner
from lepton_infra.rules.stack import Stack
from lepton_infra.rules.subject import Subject, plain_type
from lepton_infra.rules.values import UNKNOWN, Secret
from lepton_infra.rules.verdict import Verdict
from lepton_infra.rules.view import Resource
from lepton_policies import RULES

VOLUME = "aws:ebs/volume:Volume"


def card(name: str, check: Any, *types: str) -> Card:
    def titled(resource: Resource) -> Verdict:
        """It holds."""
        return check(resource)

    settings = {"most": Setting(10, "the most")}
    return rule(name, Severity.LOW, *(types or (VOLUME,)), why="w", fix="f", good=[{}], bad=[{}], unknown=[{}], settings=settings)(titled)


def explode(volume: Resource) -> Verdict:
    raise ZeroDivisionError(str(volume.password.raw_value()))


BROKEN = card("a-broken", explode)
SMALL = card("b-small", lambda volume: volume.size <= volume.its_settings.most)
ENCRYPTED = card("c-encrypted", lambda volume: volume.encrypted.is_true())


def test_a_rule_that_raises_is_an_error_of_its_own_and_tells_no_secret() -> None:
    findings = Runner([BROKEN, SMALL, ENCRYPTED]).evaluate(
        Subject(VOLUME, {"password": Secret("hunter2"), "size": 11, "encrypted": UNKNOWN}, "v")
    )
    assert [(finding.rule, finding.outcome) for finding in findings] == [
        ("a-broken", Outcome.ERROR),
        ("b-small", Outcome.FAIL),
        ("c-encrypted", Outcome.UNDECIDED),
    ]
    assert findings[0].message.startswith("the rule is broken: ZeroDivisionError at test_runner.py:")
    assert "hunter2" not in repr(findings)
    assert (findings[1].path, findings[1].message) == ("size", "size is 11")


def test_a_check_that_returns_no_verdict_is_broken_too() -> None:
    findings = Runner([card("a-bool", lambda _: True), ENCRYPTED]).evaluate(Subject(VOLUME, {}))
    assert [finding.outcome for finding in findings] == [Outcome.ERROR, Outcome.FAIL]


def test_cards_are_found_by_type_and_can_be_switched_off() -> None:
    runner = Runner([SMALL, card("d-bucket", lambda bucket: bucket.x.is_set(), "aws:s3/bucket:Bucket")])
    assert runner.evaluate(Subject("gcp:storage/bucket:Bucket", {})) == []
    assert [finding.rule for finding in runner.evaluate(Subject("aws:s3/bucketV2:BucketV2", {}))] == ["d-bucket"]
    assert runner.evaluate(Subject(VOLUME, {"size": 11}), without=frozenset({"b-small"})) == []


def test_a_stack_is_asked_by_type_whatever_the_version_of_its_api() -> None:
    policy = Resource(Subject("kubernetes:networking.k8s.io/v1beta1:NetworkPolicy", {}))
    assert Stack([policy]).of("kubernetes:networking.k8s.io/v1:NetworkPolicy") == [policy]


def test_settings_are_the_cards_unless_changed() -> None:
    big = Subject(VOLUME, {"size": 11})
    assert Runner([SMALL]).evaluate(big)
    assert Runner([SMALL], {"b-small": {"most": "12"}}).evaluate(big) == []


def test_two_cards_of_one_name_are_refused() -> None:
    with pytest.raises(BadInput, match="rule b-small: is there twice"):
        Runner([SMALL, SMALL])


@pytest.mark.parametrize(
    ("token", "plain"),
    [
        ("azure-native:containerservice/v20250101:ManagedCluster", "azure-native:containerservice:ManagedCluster"),
        ("azure-native:containerservice/v20250102preview:ManagedCluster", "azure-native:containerservice:ManagedCluster"),
        ("aws:s3/bucketV2:BucketV2", "aws:s3/bucket:Bucket"),
        ("aws:s3/bucketAclV2:BucketAclV2", "aws:s3/bucketAcl:BucketAcl"),
        ("aws:wafv2/webAcl:WebAcl", "aws:wafv2/webAcl:WebAcl"),
        ("kubernetes:apps/v1:Deployment", "kubernetes:apps:Deployment"),
        ("kubernetes:apps/v1beta2:Deployment", "kubernetes:apps:Deployment"),
        ("kubernetes:jobset.x-k8s.io/v1alpha2:JobSet", "kubernetes:jobset.x-k8s.io:JobSet"),
        ("kubernetes:core/v1:Pod", "kubernetes:core:Pod"),
        ("", ""),
    ],
)
def test_a_type_has_one_name(token: str, plain: str) -> None:
    assert plain_type(token) == plain


def test_installed_packs_are_found_and_listed_worst_first() -> None:
    assert set(RULES) <= set(installed_cards())
    rows = list_rules(RULES)
    ranks = [("critical", "high", "medium", "low").index(row.severity) for row in rows]
    assert ranks == sorted(ranks)
    assert {row.id for row in rows} == {card.id for card in RULES}
    assert all(row.why and row.types for row in rows)


def test_a_pack_that_does_not_import_is_bad_input(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, target in (("broken", "no_such_module_at_all:RULES"), ("empty", "lepton_infra.errors:Fault")):
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[lepton.rules]\n{name} = {target}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(BadInput) as caught:
        installed_cards()
    messages = [str(fault) for fault in caught.value.faults]
    assert len(messages) == 2
    assert messages[0].startswith("rule pack 'broken': cannot be loaded from 'no_such_module_at_all:RULES'")
    assert messages[1].startswith("rule pack 'empty': offers 'lepton_infra.errors:Fault', which holds no cards")


def test_a_huge_resource_is_judged() -> None:
    many = {"policy": {"Statement": [{"Effect": "Allow", "Action": f"s3:Get{number}", "Resource": "*"} for number in range(20_000)]}}
    assert Runner(RULES).evaluate(Subject("aws:iam/rolePolicy:RolePolicy", many)) == []
