"""What stands around a resource: all resources of its stack, by type.

```python
@stack_rule("aws-vpc-flow-logs", Severity.MEDIUM, VPC, ...)
def network_is_logged(vpc: Resource, stack: Stack) -> Verdict:
    \"\"\"Every network has a flow log.\"\"\"
    return vpc.has_some("flow log", (log.vpcId.refers_to(vpc) for log in stack.of(FLOW_LOG)))
```

A stack rule is asked about each resource of its types in turn, so its findings name a resource as any other's do.
"""

from collections.abc import Iterable
from typing import Final

from lepton_infra.rules.outside import NOTHING_OUTSIDE, Bill, Outside
from lepton_infra.rules.subject import plain_type
from lepton_infra.rules.view import Resource


class Stack:
    """The resources of a stack."""

    def __init__(self, resources: Iterable[Resource] = (), outside: Outside = NOTHING_OUTSIDE) -> None:
        self._resources = tuple(resources)
        self._outside = outside
        self._bill: Bill | None = None
        self._by_type: dict[str, list[Resource]] = {}
        for resource in self._resources:
            self._by_type.setdefault(plain_type(resource.type_token), []).append(resource)

    def of(self, *types: str) -> list[Resource]:
        """Return the resources of these types, in the order of the stack, type by type."""
        return [resource for token in types for resource in self._by_type.get(plain_type(token), ())]

    def bill(self) -> Bill | None:
        """Return what the stack costs a month; None where nobody prices it here."""
        if self._bill is None and self._outside.pricing is not None:
            self._bill = self._outside.pricing([resource.its_subject for resource in self._resources])
        return self._bill

    def bill_before(self) -> Bill | None:
        """Return what the stack cost before the change that is judged; None where there is nothing to hold it against."""
        return self._outside.before


NOTHING_AROUND: Final = Stack()
"""Where one resource is looked at alone."""
