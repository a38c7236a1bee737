"""What a rehearsal's report leaves out, and says that it does."""

from lepton_infra.cli.reports import rules_told
from lepton_infra.engine.runs import PolicyCheck


def test_rules_that_found_nothing_in_the_whole_stack_are_counted_and_others_listed() -> None:
    checks = [
        PolicyCheck(name, "pack", resources, failed) for name, resources, failed in [("a", 3, 0), ("b", 0, 0), ("c", 0, 1), ("d", 0, 0)]
    ]

    assert rules_told(checks) == ([("a", 3, 0), ("c", 0, 1)], 2)
