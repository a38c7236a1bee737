"""AWS Budgets: a month's dollars over the stack's tag, and an encrypted topic for its notices."""

import pulumi
import pulumi_aws as aws

from lepton_components import names
from lepton_components.aws import documents
from lepton_components.aws.site import Site
from lepton_components.contract import BudgetFacts, BudgetSpec


def budget(name: str, spec: BudgetSpec, parent: pulumi.Resource) -> BudgetFacts:
    """Make the topic, the right to publish on it, and the budget.

    The budget counts what has the tag `stack` with this stack's name. AWS counts by a tag only once it is activated as a cost allocation
    tag, which the organisation's payer does once for all stacks (AWS Billing user guide, "Activating user-defined cost allocation tags");
    stacks of one name in two projects of an account are counted together.
    Credits and refunds are left out: they would hide a pool that grows by mistake until they are used up.
    """
    site = Site.of("budget", name, spec.scope, parent)
    topic = aws.sns.Topic(
        site.part(names.TOPIC, "notices"),
        kms_master_key_id=spec.key,
        tags=site.tags("notices"),
        opts=site.child(),
    )
    published = aws.sns.TopicPolicy(
        site.part(names.PLAIN, "notices"),
        arn=topic.arn,
        policy=topic.arn.apply(lambda arn: documents.budget_topic(arn, site.account, site.arn("budgets", "*", region=""))),
        opts=site.under(topic),
    )
    made = aws.budgets.Budget(
        site.part(names.BUDGET, "month"),
        budget_type="COST",
        time_unit="MONTHLY",
        limit_amount=f"{spec.usd_per_month:.2f}",
        limit_unit="USD",
        cost_filters=[{"name": "TagKeyValue", "values": [f"user:stack${spec.scope.stack}"]}],
        cost_types={"include_credit": False, "include_refund": False},
        notifications=[
            *(_notice("ACTUAL", percent, spec, topic.arn) for percent in spec.actual_percent),
            *(_notice("FORECASTED", percent, spec, topic.arn) for percent in spec.forecast_percent),
        ],
        tags=site.tags("month"),
        # A notice before there is a right to publish it would be lost.
        opts=site.child(published),
    )
    return BudgetFacts(name=made.name, topic=pulumi.Output.all(topic.arn, published.id).apply(lambda ready: ready[0]))


def _notice(kind: str, percent: float, spec: BudgetSpec, topic: pulumi.Output[str]) -> aws.budgets.BudgetNotificationArgsDict:
    return {
        "comparison_operator": "GREATER_THAN",
        "notification_type": kind,
        "threshold": percent,
        "threshold_type": "PERCENTAGE",
        "subscriber_email_addresses": list(spec.contacts),
        "subscriber_sns_topic_arns": [topic],
    }
