"""Rules as cards: one folder per cloud, one file per theme; `shared` holds what several clouds' rules need."""

from lepton_infra.rules.card import Card
from lepton_infra.rules.packs import cards_below
from lepton_policies import aws, azure, gcp, kubernetes, shared

__all__ = ["RULES"]

RULES: tuple[Card, ...] = (*aws.RULES, *azure.RULES, *gcp.RULES, *kubernetes.RULES, *cards_below(shared.__name__))
"""Every rule of this pack; the entry point `lepton.rules` names it."""
