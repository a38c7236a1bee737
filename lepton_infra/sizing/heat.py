"""How hot a fleet may run: the utilisation that an autoscaler should aim at follows from the fleet's size, it is no constant."""

from lepton_infra.sizing.fleet import Fleet


def target_utilisation(fleet: Fleet) -> float | None:
    """Return the mean share of busy slots up to which the fewest nodes planned keep the promise.

    A larger fleet may run hotter, so what holds for the smallest holds at every hour. None without a promise or without nodes.
    """
    queue = fleet.candidate.node.queue
    running = [nodes for nodes in fleet.nodes if nodes]
    return round(queue.utilisation(min(running) * fleet.candidate.node.replicas), 4) if queue and running else None


def utilisation_told(fleet: Fleet, target: float | None) -> str:
    """Return the sentence about the target; nothing where there is none."""
    queue, replicas = fleet.candidate.node.queue, fleet.candidate.node.replicas
    if queue is None or target is None:
        return ""
    few, many = min(filter(None, fleet.nodes)), max(fleet.nodes)
    waits = f"{queue.promise.wait * queue.seconds:.2g} s" if queue.promise.wait else "at all"
    return (
        f"At most {queue.promise.share:.2%} of requests wait {'longer than ' if queue.promise.wait else ''}{waits}: "
        f"slots may be {target:.0%} busy with {few} nodes and {queue.utilisation(many * replicas):.0%} with {many}."
    )
