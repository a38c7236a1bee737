"""What a month may cost, and who hears when it does."""

import re
from reprlib import repr as shortened
from typing import Annotated, Final

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from lepton_infra.config.base import Frozen

Dollars = Annotated[float, Field(ge=1, le=1e9)]
_Percent = Annotated[float, Field(gt=0, le=1000)]
_Percents = Annotated[tuple[_Percent, ...], Field(max_length=5)]
_ADDRESS: Final = r"^[^@\s]{1,64}@[^@\s]{1,180}\.[^@\s.]{2,63}$"


def _address(text: str) -> str:
    if not re.fullmatch(_ADDRESS, text):
        message = f"is {shortened(text)}; an e-mail address, as ml-platform@example.com"
        raise ValueError(message)
    return text


_Address = Annotated[str, AfterValidator(_address), Field(json_schema_extra={"pattern": _ADDRESS})]


class Notices(Frozen):
    """Who hears of spending, and at which shares of what a month may cost."""

    contacts: Annotated[tuple[_Address, ...], Field(min_length=1, max_length=10)]
    """E-mail addresses that every notice goes to."""
    actual_percent: _Percents = (50, 80, 100)
    """Percent of the month's dollars at which notice is given of what was spent."""
    forecast_percent: _Percents = (100,)
    """Percent of the month's dollars at which notice is given of what the cloud forecasts for the whole month."""

    @field_validator("contacts", "actual_percent", "forecast_percent")
    @classmethod
    def _once(cls, values: tuple[str | float, ...]) -> tuple[str | float, ...]:
        doubled = [value for place, value in enumerate(values) if value in values[:place]]
        if doubled:
            message = f"has {doubled[0]} more than once; each once"
            raise ValueError(message)
        return values


class Budget(Notices):
    """The month's dollars, and who hears when they run out."""

    usd_per_month: Dollars | None = None
    """Dollars that a month of the stack is to cost: notices count from it, and the rule `cost-stack-budget` holds the planned month to it.
    Where nothing is said, notices count from what nine months in ten of the plan stay below."""
    at_most_usd_per_month: Dollars | None = None
    """Dollars that a month may cost with every autoscaler at its most, which the rule `cost-stack-max` holds it to; a limit of the policy
    pack's own configuration stays. Where neither says anything there is no limit."""

    @field_validator("at_most_usd_per_month")
    @classmethod
    def _above(cls, most: float | None, info: ValidationInfo) -> float | None:
        planned = info.data.get("usd_per_month")
        if most is not None and planned is not None and most < planned:
            message = f"is {most:g}, less than usd_per_month; at least {planned:g}"
            raise ValueError(message)
        return most
