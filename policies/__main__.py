"""The policy pack, as the engine starts it: `pulumi preview --policy-pack policies`."""

from collections.abc import Sequence
from importlib.metadata import metadata

from lepton_infra.rules.analyzer import serve
from lepton_infra.rules.announce import Pack
from lepton_infra.rules.outside import Bill
from lepton_infra.rules.subject import Subject
from lepton_policies import RULES


def pricing(subjects: Sequence[Subject]) -> Bill:
    """Price a stack for the rules that ask: what prices it is loaded then, and no engine waits for it at the start."""
    from lepton_infra.cost.pricing import pricing as priced  # noqa: PLC0415 (see above)

    return priced(subjects)


about = metadata("lepton-policies")
serve(Pack("lepton-policies", "Lepton policies", about["Version"], about["Summary"], RULES, pricing))
