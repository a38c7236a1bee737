"""The provider: one region, and the stack's tags on whatever is created through it."""

import pulumi_aws as aws

from lepton_components import names
from lepton_components.contract import Scope


def provider(name: str, scope: Scope) -> aws.Provider:
    """Make the provider of the scope's region."""
    return aws.Provider(name, region=scope.region, default_tags={"tags": names.owner_tags(scope)})
