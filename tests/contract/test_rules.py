"""Our own stack breaks none of our own rules, before and after it is built."""

from typing import Any

import pytest

from lepton_infra.rules.packs import installed_cards
from lepton_infra.rules.runner import Finding, Outcome, Runner, Subject
from lepton_infra.rules.wire import decode_json


def _findings(graph: Any) -> list[Finding]:
    runner = Runner(installed_cards())
    return [
        finding
        for one in graph.resources
        for finding in runner.evaluate(Subject(one.type, {key: decode_json(value) for key, value in one.inputs.items()}, one.name, one.urn))
    ]


@pytest.mark.parametrize("preview", [False, True])
def test_no_rule_is_broken(rig: Any, *, preview: bool) -> None:
    findings = _findings(rig.stack(preview=preview))

    assert len(installed_cards()) >= 6
    assert [finding for finding in findings if finding.outcome is not Outcome.UNDECIDED] == []


def test_once_built_no_rule_is_undecided(rig: Any) -> None:
    assert _findings(rig.stack()) == []
