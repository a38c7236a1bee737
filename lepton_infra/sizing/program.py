"""What a Pulumi program starts from: the stack that is wanted and the plan that was reviewed for it."""

import pulumi

from lepton_infra.config import StackFile
from lepton_infra.config.program import running_stack
from lepton_infra.errors import LeptonError
from lepton_infra.sizing.lock import fresh_plan
from lepton_infra.sizing.plan import Plan


def running() -> tuple[StackFile, Plan]:
    """Return the running stack and its plan, before anything is created.

    Raises:
        pulumi.RunError: the stack is bad, or its plan is missing or stale; Pulumi shows the sentences without a traceback.
    """
    try:
        stack_file = running_stack()
        return stack_file, fresh_plan(stack_file)
    except LeptonError as error:
        raise pulumi.RunError(str(error)) from None
