"""The policy pack, as the engine starts it: `pulumi preview --policy-pack policies`."""

from importlib.metadata import metadata

from lepton_infra.rules.analyzer import serve
from lepton_infra.rules.announce import Pack
from lepton_policies import RULES

about = metadata("lepton-policies")
serve(Pack("lepton-policies", "Lepton policies", about["Version"], about["Summary"], RULES))
