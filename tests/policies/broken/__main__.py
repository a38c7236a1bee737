"""The pack beside a rule that raises: the others must be heard."""

from lepton_infra.rules.analyzer import serve
from lepton_infra.rules.announce import Pack
from lepton_infra.rules.card import Severity, rule
from lepton_infra.rules.verdict import Verdict
from lepton_infra.rules.view import Resource
from lepton_policies import RULES


@rule(
    "test-broken-rule",
    Severity.CRITICAL,
    *sorted({token for card in RULES for token in card.types}),
    why="Rules are written by people.",
    fix="Mend the rule.",
    good=[{}],
    bad=[{}],
    unknown=[{}],
)
def broken(resource: Resource) -> Verdict:
    """It raises."""
    raise RuntimeError(resource.type_token)


serve(Pack("broken", "Broken", "0.0.1", "It raises.", (broken, *RULES)))
