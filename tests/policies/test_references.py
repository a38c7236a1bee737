"""What the cards say of themselves elsewhere: every reference is of a form that leads somewhere, and `lepton rules --json` hands it on."""

import json
import re

import pytest
from typer.testing import CliRunner

from lepton_infra.cli.app import app
from lepton_infra.rules.card import Card
from lepton_policies import RULES
from tests.policies.test_frameworks import SIZES

FORMS = {
    "checkov": r"CKV2?_(AWS|AZURE|GCP|K8S)_\d+",
    "trivy": r"(AWS|AZU|GCP|KSV|KCV)-\d{4,5}",
    "prowler": r"[a-z][a-zA-Z0-9]+(_[a-zA-Z0-9]+)+",
    "https": r"//[\w.-]+/\S*",
    **dict.fromkeys(SIZES, r"(A\.|[A-Z]+-|CC)?\d+(\.\d+)*"),
    **dict.fromkeys(("custodian", "gatekeeper", "infracost", "pulumi"), r"[a-zA-Z0-9-]+"),
}
"""By what stands before the colon, what may follow."""


@pytest.mark.parametrize("card", RULES, ids=lambda card: card.id)
def test_every_reference_leads_somewhere(card: Card) -> None:
    split = [reference.partition(":") for reference in card.references]
    assert [whole for whole in split if not re.fullmatch(FORMS.get(whole[0], r"(?!)"), whole[2])] == []
    assert len(set(card.references)) == len(card.references)


def test_every_rule_about_security_names_where_its_subject_is_told() -> None:
    assert [card.id for card in RULES if not card.references and not card.id.startswith("cost-")] == []


def test_the_list_hands_the_references_on() -> None:
    answer = CliRunner().invoke(app, ["rules", "--json"])
    listed = {rule["id"]: tuple(rule["references"]) for rule in json.loads(answer.stdout)}
    assert listed == {card.id: card.references for card in RULES}
