"""A monthly budget: the neutral component."""

from typing import NotRequired, TypedDict

import pulumi

from lepton_components.border import ScopeArgs, read
from lepton_components.contract import BudgetSpec, cloud


class BudgetArgs(TypedDict):
    """Arguments of `Budget`."""

    scope: ScopeArgs
    """Whose money it is: the budget counts what has the stack's tag."""
    usd_per_month: float
    """Dollars that a month of the stack may cost."""
    contacts: list[str]
    """E-mail addresses that every notice goes to, 1 to 10."""
    actual_percent: NotRequired[list[float]]
    """Percent of the month's dollars at which notice is given of what was spent; 50, 80 and 100 where it is not said."""
    forecast_percent: NotRequired[list[float]]
    """Percent of the month's dollars at which notice is given of what the cloud forecasts; 100 where it is not said."""
    key: pulumi.Input[str]
    """Key for messages, from `Keys`."""


class Budget(pulumi.ComponentResource):
    """What a month of the stack may cost: people hear of it by mail, machines on an encrypted topic. It stops nothing by itself."""

    budget: pulumi.Output[str]
    """The budget, by the cloud's name."""
    topic: pulumi.Output[str]
    """What to subscribe to in order to hear its notices."""

    def __init__(self, name: str, args: BudgetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        spec = read(BudgetSpec, args, name)
        chosen = cloud(spec.scope.cloud)
        super().__init__("lepton:index:Budget", name, {}, opts)
        facts = chosen.budget(name, spec, self)
        self.budget = facts.name
        self.topic = facts.topic
        self.register_outputs({"budget": self.budget, "topic": self.topic})
