"""Load balancers of Google Cloud that answer the world for what stands behind them."""

import re
from collections.abc import Iterator
from typing import Final

from lepton_infra.rules.card import On, Severity, rule
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, any_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.shared.ports import AI

_GLOBAL: Final = "gcp:compute/globalForwardingRule:GlobalForwardingRule"
_REGIONAL: Final = "gcp:compute/forwardingRule:ForwardingRule"
_FROM_TO: Final = re.compile(r"\A\s*(\d+)\s*-\s*(\d+)\s*\Z")


@rule(
    "gcp-lb-ai-ports-public",
    Severity.CRITICAL,
    _GLOBAL,
    _REGIONAL,
    why="A proxy reaches its backends from Google's own addresses: the firewall lets it in, and the world with it, past any password.",
    fix="Set `load_balancing_scheme` to INTERNAL_MANAGED, or serve on 443 with Identity-Aware Proxy on the backend service.",
    references=("https://cloud.google.com/load-balancing/docs/firewall-rules",),
    good=[
        {"target": UNKNOWN, "portRange": "443", "loadBalancingScheme": "EXTERNAL_MANAGED"},
        {"target": UNKNOWN, "portRange": "8265", "loadBalancingScheme": "INTERNAL_MANAGED"},
        On(_REGIONAL, {"backendService": UNKNOWN, "portRange": "8265", "loadBalancingScheme": "EXTERNAL"}),
    ],
    bad=[
        {"target": UNKNOWN, "portRange": "8265"},
        {"target": UNKNOWN, "portRange": 8888, "loadBalancingScheme": "EXTERNAL_MANAGED"},
        {"target": UNKNOWN, "portRange": "8000-8100", "loadBalancingScheme": "EXTERNAL"},
        On(_REGIONAL, {"target": UNKNOWN, "portRange": "11434", "loadBalancingScheme": "EXTERNAL_MANAGED"}),
        {"target": "projects/p/global/targetHttpProxies/ray", "portRange": "8265", "loadBalancingScheme": "EXTERNAL_MANAGED"},
    ],
    unknown=[
        {"target": UNKNOWN, "portRange": UNKNOWN},
        {"target": UNKNOWN, "portRange": "8265", "loadBalancingScheme": UNKNOWN},
    ],
)
def proxy_serves_no_tool(forwarding: Resource) -> Verdict:
    """No proxy answers the world on a port of an AI tool; what is passed through, not proxied, the firewall judges."""
    scheme = forwarding.loadBalancingScheme
    regional = forwarding.type_token == _REGIONAL
    public = scheme.is_one_of("EXTERNAL_MANAGED") if regional else scheme.or_default("EXTERNAL").is_one_of("EXTERNAL", "EXTERNAL_MANAGED")
    return ~(any_of(_reached(forwarding)) & public)


def _reached(forwarding: Resource) -> Iterator[Verdict]:
    """Iterate over whether each port of an AI tool is within what it listens on."""
    listens: View = forwarding.portRange
    text = listens.raw_value()
    found = _FROM_TO.match(text) if isinstance(text, str) else None
    if found is None:
        yield listens.is_one_of(*AI)
        return
    first, last = int(found[1]), int(found[2])
    held = [port for port in AI if first <= port <= last]
    yield listens.pass_because(f"holds {held[0]}") if held else listens.fail_because()
