"""Following load by a table of sizes: the plan's loop in what CloudWatch and EC2 Auto Scaling can do.

EC2 knows nothing of requests, so workers say how busy they are: each publishes `METRIC` in `NAMESPACE` once a minute, which their role
allows. The sum of it is the load, the count of it the workers that serve. Alarms look up in the table what is enough for the load of a
window, and hand it on.

While an alarm is on, it invokes its policy every minute, and metrics are late. So a policy for more nodes sets the size itself, which may
be said twice without harm, and the policy for fewer waits out its cooldown. Until a worker publishes, no alarm has data and nothing
changes, so that the floors alone serve; a group at zero nodes stays there until its schedule raises it. EC2 takes nothing away while
workers warm up (EC2 Auto Scaling user guide, "Set the default instance warmup").
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import pulumi
import pulumi_aws as aws

from lepton_components import names
from lepton_components.aws.site import Site
from lepton_components.pool import LoopSpec, StepSpec

NAMESPACE = "lepton"
"""Where workers publish how busy they are."""
METRIC = "Utilisation"
"""Percent of its capacity that is asked of a worker, above 100 where requests wait, with the dimension `AutoScalingGroupName`; its own
serving process publishes it."""
MOST_STEPS = 20
"""Steps of a step scaling policy (EC2 Auto Scaling user guide, "Quotas")."""

_Query = aws.cloudwatch.MetricAlarmMetricQueryArgsDict


@dataclass(frozen=True, slots=True)
class _Followed:
    """A group and how it follows load."""

    site: Site
    group: aws.autoscaling.Group
    loop: LoopSpec


def follow(site: Site, group: aws.autoscaling.Group, loop: LoopSpec, lead_minutes: int) -> None:
    """Set the size that the table says when load asks for more, and let a share go when less would do."""
    it = _Followed(site, group, loop)
    for place, first in enumerate(range(0, len(loop.steps), MOST_STEPS), start=1):
        _out(it, first, lead_minutes, f"{place}")
    _in(it)


def table(steps: Sequence[tuple[int, float]]) -> str:
    """Return the expression that looks up a size for `load`: the first one, and more for each load that is passed.

    Args:
        steps: each size, and the load above which it is too small; nothing is above the last.
    """
    passed = [f"IF(load > {above:.6f}, {after - nodes}, 0)" for (nodes, above), (after, _) in pairwise(steps)]
    return " + ".join([f"{steps[0][0]}", *(passed or ["0 * load"])])


def _out(it: _Followed, first: int, lead_minutes: int, label: str) -> None:
    """Order the size for a load whose size is one of 20, where fewer serve; for other loads there are other policies."""
    steps = it.loop.steps
    here, last = steps[first : first + MOST_STEPS], first + MOST_STEPS >= len(steps)
    policy = aws.autoscaling.Policy(
        it.site.part(names.SCHEDULE, "load", label),
        autoscaling_group_name=it.group.name,
        policy_type="StepScaling",
        adjustment_type="ExactCapacity",
        metric_aggregation_type="Maximum",
        estimated_instance_warmup=lead_minutes * 60,
        step_adjustments=_adjustments(here),
        opts=it.site.under(it.group),
    )
    order = "IF(enough > serving, enough, 0)"
    order = order if last else f"IF(load <= {here[-1].out_above:.6f}, {order}, 0)"
    order = order if not first else f"IF(load > {steps[first - 1].out_above:.6f}, {order}, 0)"
    sizes = table([(step.nodes, step.out_above) for step in here])
    _alarm(it, policy, label, [("enough", sizes), ("order", order)], here[0].nodes)


def _adjustments(steps: Sequence[StepSpec]) -> list[aws.autoscaling.PolicyStepAdjustmentArgsDict]:
    """Return a step for each size: bounds count from the alarm's threshold, the first size; the last one is open above."""
    first, sizes = steps[0].nodes, [step.nodes for step in steps]
    made: list[aws.autoscaling.PolicyStepAdjustmentArgsDict] = []
    for nodes, after in zip(sizes, [*sizes[1:], None], strict=True):
        step: aws.autoscaling.PolicyStepAdjustmentArgsDict = {
            "scaling_adjustment": nodes,
            "metric_interval_lower_bound": f"{nodes - first}",
        }
        if after is not None:
            step["metric_interval_upper_bound"] = f"{after - first}"
        made.append(step)
    return made


def _in(it: _Followed) -> None:
    """Let a share of the nodes go where what is left is enough to come down to, and then wait."""
    percent = it.loop.release_percent
    policy = aws.autoscaling.Policy(
        it.site.part(names.SCHEDULE, "load", "in"),
        autoscaling_group_name=it.group.name,
        policy_type="SimpleScaling",
        adjustment_type="PercentChangeInCapacity",
        scaling_adjustment=-percent,
        min_adjustment_magnitude=1,
        cooldown=it.loop.wait_minutes * 60,
        opts=it.site.under(it.group),
    )
    # One expression holds 2,048 characters, so a long table is looked up in parts, each of which adds to the one before it.
    steps = [(step.nodes, step.in_below) for step in it.loop.steps]
    parts = [table(steps[at : at + MOST_STEPS + 1]) for at in range(0, max(len(steps) - 1, 1), MOST_STEPS)]
    kept = [(f"keep{at}", part if not at else f"{part} - {steps[at * MOST_STEPS][0]}") for at, part in enumerate(parts)]
    share = f"FLOOR(serving * {percent} / 100)"
    computed = [
        *kept,
        ("keep", " + ".join(name for name, _ in kept)),
        ("gone", f"IF({share} > 1, {share}, 1)"),
        ("spare", "IF(serving - gone >= keep, 1, 0)"),
    ]
    _alarm(it, policy, "in", computed, 1)


def _alarm(it: _Followed, policy: aws.autoscaling.Policy, label: str, expressions: Sequence[tuple[str, str]], threshold: int) -> None:
    """Invoke the policy when the last expression is at the threshold or above it in a window."""
    minutes, group = it.loop.window_minutes, it.group.name
    computed = [("load", f"busy / {100 * minutes}"), ("serving", f"told / {minutes}"), *expressions]
    answer = expressions[-1][0]
    aws.cloudwatch.MetricAlarm(
        it.site.part(names.PLAIN, "load", label),
        alarm_description=f"Group {it.site.name}: {'fewer' if label == 'in' else 'more'} nodes for its load",
        comparison_operator="GreaterThanOrEqualToThreshold",
        threshold=threshold,
        evaluation_periods=1,
        treat_missing_data="notBreaching",
        metric_queries=[
            _published(group, "busy", "Sum", minutes),
            _published(group, "told", "SampleCount", minutes),
            *(_computed(name, text, answers=name == answer) for name, text in computed),
        ],
        alarm_actions=[policy.arn],
        tags=it.site.tags("load", label),
        opts=it.site.under(it.group),
    )


def _computed(name: str, expression: str, *, answers: bool) -> _Query:
    return {"id": name, "expression": expression, "label": name, "return_data": answers}


def _published(group: pulumi.Input[str], name: str, statistic: str, minutes: int) -> _Query:
    return {
        "id": name,
        "return_data": False,
        "metric": {
            "namespace": NAMESPACE,
            "metric_name": METRIC,
            "dimensions": {"AutoScalingGroupName": group},
            "period": minutes * 60,
            "stat": statistic,
            "unit": "Percent",
        },
    }
