"""What is built of a fleet's spot parts: bought as spot alone, kept apart from what may not be interrupted."""

import json
from typing import Any

from syrupy.assertion import SnapshotAssertion

from lepton_components import AutoscalingGroup, GpuCluster

SAID = ("capacityType", "taints", "mixedInstancesPolicy", "capacityRebalance", "launchTemplate")


def test_spot_parts_are_this_list_and_say_so_to_the_cloud(rig: Any, snapshot: SnapshotAssertion) -> None:
    pools = [rig.pool(), rig.pool(name="chat-spot", spot=True)]

    def program() -> None:
        GpuCluster("cluster", rig.cluster(pools=pools))
        AutoscalingGroup("group", rig.group(pool=rig.pool(name="batch", spot=True)))

    graph = rig.build(program)

    lines = [line for line in graph.lines() if "schedule:Schedule" not in line]
    kept = [(one.name, {key: one.inputs[key] for key in SAID if key in one.inputs}) for one in graph.resources if one.custom]
    said = [f"{name} {json.dumps(inputs, sort_keys=True)}" for name, inputs in kept if set(inputs) - {"launchTemplate"}]
    assert "\n".join([*lines, "", *sorted(said)]) == snapshot
