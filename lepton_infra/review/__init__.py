"""What a change of infrastructure means, for whoever has to say yes to it: changes, money, broken rules, a picture.

```
model     the record: `Review`, a finding with all that is known of it     make      graphs, verdicts and bills -> a record
markdown  for the pull request            page      one HTML page, for a phone too
sarif     for code scanning               junit     for test reports          github   annotations beside the code
words     texts that nobody can break out of
```
"""

from lepton_infra.review.github import as_annotations
from lepton_infra.review.junit import as_junit
from lepton_infra.review.make import make_review
from lepton_infra.review.markdown import as_markdown
from lepton_infra.review.model import Noted, Review, Side
from lepton_infra.review.page import as_page
from lepton_infra.review.record import as_record
from lepton_infra.review.sarif import as_sarif

__all__ = ["Noted", "Review", "Side", "as_annotations", "as_junit", "as_markdown", "as_page", "as_record", "as_sarif", "make_review"]
