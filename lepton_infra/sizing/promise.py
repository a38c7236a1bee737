"""A commitment as the plan's file says it. Light on purpose: a Pulumi program reads plans and weighs nothing."""

import datetime as dt

from lepton_infra.config.model import Frozen


class Promise(Frozen):
    """The best commitment under one program and term."""

    program: str
    """What the cloud calls it."""
    years: int
    """Length of the promise."""
    covers: str
    """`machine`, `family` or `compute`: one machine type, the sizes of a family in the region, or whatever is computed."""
    pools: tuple[str, ...]
    """Pools whose nodes it would pay for."""
    machines: tuple[str, ...]
    """Machines of theirs that it covers."""
    nodes: int | None
    """Nodes to promise; None where several machines are covered by one sum."""
    usd_per_hour: float
    """Dollars per hour that are promised."""
    usd_per_month_saved: float
    """Dollars that it would have saved a month of the history, against on-demand prices."""
    saved: float
    """The same as a share of the on-demand bill of these machines."""
    saved_p10: float
    """Nine of ten histories of resampled days save more."""
    saved_p90: float
    """One of ten saves more."""
    saved_if_quarter_less: float
    """Share saved should need fall by a quarter."""
    breakeven: float
    """Share of the hours in which what is promised must be needed for it to pay."""
    needed: float
    """Share of the hours in which all of it was needed."""
    advised: bool
    """Whether it is the one to sign: believed, and best of those for what it covers."""
    doubts: tuple[str, ...]
    """Why not to sign it."""
    derived: bool
    """Whether its price is the on-demand price less a published discount."""
    price_date: dt.date
    """Day of its price, or of the discount."""
    source: str
    """Where that is published."""
