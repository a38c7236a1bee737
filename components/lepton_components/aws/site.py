"""Where one component's resources go on AWS, and what each of them is told: its name, its tags, its parent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import pulumi
import pulumi_aws as aws

from lepton_components import names
from lepton_components.border import BadArgs
from lepton_components.contract import Scope
from lepton_infra.errors import Fault


@dataclass(frozen=True, slots=True)
class Site:
    """A component's place: account, region and partition, the component's name, and the resource that its parts belong to."""

    scope: Scope
    component: str
    name: str
    account: str
    parent: pulumi.Resource

    @classmethod
    def of(cls, component: str, name: str, scope: Scope, parent: pulumi.Resource) -> Self:
        """Ask AWS whose account this is, and whether the provider goes where the scope says.

        Raises:
            BadArgs: the provider's region is another one, so that names and resources would part.
        """
        asking = pulumi.InvokeOptions(parent=parent)
        identity, there = aws.get_caller_identity(opts=asking), aws.get_region(opts=asking).region
        if there != scope.region:
            remedy = "Pass the provider of that region in the options, or name the provider's region"
            raise BadArgs(Fault(f"{name}.scope.region", f"is {scope.region!r}", f"the provider goes to {there}", remedy))
        return cls(scope, component, name, identity.account_id, parent)

    @property
    def partition(self) -> str:
        """Return the part of the AWS world that the region is in (AWS General Reference, "ARN format")."""
        if self.scope.region.startswith("cn-"):
            return "aws-cn"
        return "aws-us-gov" if self.scope.region.startswith("us-gov-") else "aws"

    def arn(self, service: str, resource: str, region: str | None = None) -> str:
        """Return the ARN of something in this account; services without regions pass an empty one."""
        where = self.scope.region if region is None else region
        return f"arn:{self.partition}:{service}:{where}:{self.account}:{resource}"

    def managed_policy(self, path: str) -> str:
        """Return the ARN of a policy that AWS maintains."""
        return f"arn:{self.partition}:iam::aws:policy/{path}"

    def part(self, kind: names.Kind, *parts: str) -> str:
        """Return the logical name of a part."""
        return names.part(kind, self.name, *parts)

    def tags(self, *parts: str) -> dict[str, str]:
        """Return the tags of a part."""
        return names.tags(self.scope, self.component, "-".join((self.scope.stack, self.name, *parts)))

    def machine_tags(self, pool: str, *parts: str) -> dict[str, str]:
        """Return the tags of machines and their disks: a bill tells the pools of a stack apart by the last one."""
        return {**self.tags(*parts), names.POOL_TAG: pool}

    def under(self, owner: pulumi.Resource, *after: pulumi.Resource, ignore: Sequence[str] = ()) -> pulumi.ResourceOptions:
        """Return the options of what belongs to one part; protection of its owner, which Pulumi would pass on, ends there."""
        return pulumi.ResourceOptions(parent=owner, depends_on=list(after), protect=False, ignore_changes=list(ignore) or None)

    def child(self, *after: pulumi.Resource, protect: bool = False, ignore: Sequence[str] = ()) -> pulumi.ResourceOptions:
        """Return the options of a part that waits for `after` and leaves the properties in `ignore` to whoever changed them."""
        return pulumi.ResourceOptions(
            parent=self.parent, depends_on=list(after), protect=protect or None, ignore_changes=list(ignore) or None
        )
