"""How far ahead a node is ordered: the lead time as a number, or as the quantile of what its steps take together."""

from math import ceil, exp, log, sqrt
from statistics import NormalDist
from typing import Final

from lepton_infra.config import LeadTime, Pool

_Z95: Final = NormalDist().inv_cdf(0.95)
_SLACK: Final = 1e-9


def lead_minutes(pool: Pool) -> int:
    """Return the whole minutes from ordering a node until it serves that the plan orders ahead by."""
    lead = pool.lead_minutes
    return lead if isinstance(lead, int) else min(ceil(quantile(lead) * (1 - _SLACK)), 24 * 60)


def quantile(lead: LeadTime) -> float:
    """Return the quantile of the lead time in minutes.

    Each step is taken as lognormal with the median and 95 % given, and their sum as lognormal with the sum's mean and variance
    (L. F. Fenton, "The sum of log-normal probability distributions in scatter transmission systems", IRE Transactions on
    Communications Systems 8(1), 1960). Steps are taken as independent.
    """
    mean = variance = 0.0
    for span in filter(None, (lead.node, lead.image, lead.weights)):
        spread = (log(span.p95 / span.median) / _Z95) ** 2
        each = span.median * exp(spread / 2)
        mean += each
        variance += each**2 * (exp(spread) - 1)
    spread = log(1 + variance / mean**2)
    return mean * exp(-spread / 2 + NormalDist().inv_cdf(lead.quantile) * sqrt(spread))


def told(pool: Pool) -> str:
    """Return the sentence that says which quantile was taken; nothing where one number was given."""
    lead = pool.lead_minutes
    if isinstance(lead, int):
        return ""
    half = quantile(lead.model_copy(update={"quantile": 0.5}))
    steps = [name for name in ("node", "image", "weights") if getattr(lead, name)]
    return (
        f"Lead time is the {lead.quantile:.1%} quantile of {' + '.join(steps)}: {lead_minutes(pool)} minutes; "
        f"half of the nodes serve within {half:.1f}."
    )
