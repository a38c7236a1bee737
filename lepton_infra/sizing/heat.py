"""How hot a fleet may run where requests were promised something: it follows from the fleet's size, it is no constant."""

from lepton_infra.sizing.fleet import Fleet


def promise_told(fleet: Fleet) -> str:
    """Return the sentence about the busy slots up to which the promise is kept; nothing where there is none."""
    queue, replicas = fleet.candidate.node.queue, fleet.candidate.node.replicas
    running = [nodes for nodes in fleet.nodes if nodes]
    if queue is None or not running:
        return ""
    few, many = min(running), max(running)
    waits = f"{queue.promise.wait * queue.seconds:.2g} s" if queue.promise.wait else "at all"
    low, high = queue.utilisation(few * replicas), queue.utilisation(many * replicas)
    return (
        f"At most {queue.promise.share:.2%} of requests wait {'longer than ' if queue.promise.wait else ''}{waits}: "
        f"slots may be {low:.0%} busy with {few} nodes and {high:.0%} with {many}."
    )
