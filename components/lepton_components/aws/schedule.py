"""Scheduled scaling: the plan's hours written on an autoscaling group."""

import re

import pulumi
import pulumi_aws as aws

from lepton_components import names
from lepton_components.aws.site import Site
from lepton_components.pool import PoolSpec

_AS_IT_IS = -1
"""What leaves a bound alone; a bound that is absent would become 0 (EC2 Auto Scaling API, "PutScheduledUpdateGroupAction")."""


def when(cron: str) -> str:
    """Return a cron expression as part of a name: `0745` for a daily time, else its fields."""
    daily = re.fullmatch(r"(\d+) (\d+) \* \* \*", cron)
    if daily:
        return f"{int(daily[2]):02}{int(daily[1]):02}"
    return re.sub(r"[^A-Za-z0-9]+", "-", cron.replace("*", "x"))


def schedule(site: Site, pool: PoolSpec, group: pulumi.Input[str], owner: pulumi.Resource) -> None:
    """Set the floor at each of the plan's times; the ceiling stays, so whatever scales on load may go above.

    Where something does scale on load, the size is its: a floor that falls must not take away what demand asks for at that moment, and one
    that rises lifts the size by itself (EC2 Auto Scaling user guide, "Scheduled scaling"). Where nothing does, the floor is the size.

    A name carries its time and not its place in the list, so a change of one hour changes one resource.
    """
    for change in pool.schedule:
        parts = (when(change.cron),) if pool.name == site.name else (pool.name, when(change.cron))
        label = site.part(names.SCHEDULE, *parts)
        aws.autoscaling.Schedule(
            label,
            scheduled_action_name=label,
            autoscaling_group_name=group,
            recurrence=change.cron,
            time_zone="Etc/UTC",
            min_size=change.min_nodes,
            desired_capacity=_AS_IT_IS if pool.follows else change.min_nodes,
            max_size=_AS_IT_IS,
            opts=site.under(owner),
        )
