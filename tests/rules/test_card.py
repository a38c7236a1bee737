import pytest

from lepton_infra.errors import BadInput
from lepton_infra.rules.card import Card, On, Setting, Severity, rule
from lepton_infra.rules.page import page
from lepton_infra.rules.values import UNKNOWN, Secret
from lepton_infra.rules.verdict import Verdict
from lepton_infra.rules.view import Resource
from lepton_policies import RULES

VOLUME = "aws:ebs/volume:Volume"


@rule(
    "aws-ebs-encrypted",
    Severity.HIGH,
    VOLUME,
    why="It is read.",
    fix="Encrypt it.",
    references=("checkov:CKV_AWS_3",),
    settings={"maxSize": Setting(5, "the most")},
    good=[On(VOLUME, {"encrypted": True}, provider={"region": "us-east-1"})],
    bad=[{}, On(VOLUME, {"encrypted": Secret("hunter2")})],
    unknown=[{"encrypted": UNKNOWN}],
)
def encrypted(volume: Resource) -> Verdict:
    """A disk is encrypted.

    More of it.
    """
    return volume.encrypted.is_true()


def test_a_card_is_made_of_its_logic() -> None:
    assert (encrypted.id, encrypted.title, encrypted.types) == ("aws-ebs-encrypted", "A disk is encrypted.", (VOLUME,))
    assert [(kind, example.type) for kind, example in encrypted.examples()] == [
        ("good", VOLUME),
        ("bad", VOLUME),
        ("bad", VOLUME),
        ("unknown", VOLUME),
    ]
    assert encrypted.defaults() == {"maxSize": 5}


def test_an_incomplete_card_is_refused_with_every_fault() -> None:
    def nameless(volume: Resource) -> Verdict:
        return volume.encrypted.is_true()

    with pytest.raises(BadInput) as caught:
        rule("Bad_Id", Severity.LOW, "notatoken", why=" ", fix="", good=[], bad=[On("a:b:C", {})], unknown=[])(nameless)
    assert [str(fault) for fault in caught.value.faults] == [
        "rule Bad_Id: is named 'Bad_Id'; lower-case words joined by hyphens. Rename it.",
        "rule Bad_Id: looks at 'notatoken'; a type token such as aws:ebs/volume:Volume. Write the token.",
        "rule Bad_Id: has no docstring; a sentence. Write it.",
        "rule Bad_Id: has no why; a sentence. Write it.",
        "rule Bad_Id: has no fix; a sentence. Write it.",
        "rule Bad_Id: has no good example; one or more. Add one: examples are the tests of a rule.",
        "rule Bad_Id: has no unknown example; one or more. Add one: examples are the tests of a rule.",
        "rule Bad_Id: has a bad example of 'a:b:C'; one of notatoken. Give it one of these types.",
    ]
    with pytest.raises(BadInput, match="has no resource types"):
        rule("aws-x", Severity.LOW, why="w", fix="f", good=[{}], bad=[{}], unknown=[{}])(nameless)
    with pytest.raises(BadInput, match="refers to 'c'; a list of texts"):
        rule("aws-x", Severity.LOW, VOLUME, why="w", fix="f", good=[{}], bad=[{}], unknown=[{}], references="checkov:CKV_AWS_3")(nameless)


def test_the_page_is_the_card() -> None:
    text = page(encrypted)
    for part in (
        "# aws-ebs-encrypted",
        "A disk is encrypted.",
        "high (blocks by default)",
        '{"encrypted": {"$unknown": true}}',
        '{"encrypted": true} provider {"region": "us-east-1"}',
        "`maxSize` (5): the most",
    ):
        assert part in text
    assert "checkov:CKV_AWS_3" in text
    assert '{"$secret": true}' in text
    assert "hunter2" not in text


@pytest.mark.parametrize("card", RULES, ids=lambda card: card.id)
def test_every_card_has_a_page_of_readable_length(card: Card) -> None:
    assert 20 < len(page(card).splitlines()) < 100
