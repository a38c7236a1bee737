"""The clouds' public price feeds: how they are fetched, what they say, and which of it is believed."""

from lepton_infra.catalog.feeds.http import Client
from lepton_infra.catalog.feeds.refresh import Asked, Outcome, Sites, forget, refresh

__all__ = ["Asked", "Client", "Outcome", "Sites", "forget", "refresh"]
