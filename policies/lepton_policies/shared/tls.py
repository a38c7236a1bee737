"""TLS: which versions and policies are too old to keep a secret."""

import re
from typing import Final

from lepton_infra.rules.verdict import Verdict
from lepton_infra.rules.view import View

_OLD: Final = re.compile(r"TLS[-_ ]?v?1([-_.][01])?([-_.]\D|[-_.]20\d\d|\Z)|2015|2016-08\Z|\b1\.[01]\b|SSL", re.IGNORECASE)
"""TLS 1.0 and 1.1 by the names that clouds give them: `TLS1_0`, `Policy-Min-TLS-1-0-2019-07`, `ELBSecurityPolicy-2016-08`, `TLSv1`."""


def is_old(policy: View) -> Verdict:
    """Return whether a version of TLS, or a named policy, allows 1.1 or older (deprecated by RFC 8996)."""
    return policy.text_matches(_OLD)
