"""The catalogue that every room reads: the shipped rows, or the refreshed ones where there are any."""

from collections.abc import Mapping
from functools import cache

from lepton_infra.catalog.book import Catalog, shipped_catalog
from lepton_infra.catalog.kept import refreshed_path, shipped_alone
from lepton_infra.catalog.model import Machine
from lepton_infra.catalog.refreshed import Refreshed, read_refreshed


@cache
def load_catalog() -> Catalog:
    """Return the catalogue, read once: refreshed rows before shipped ones, and shipped ones alone with `LEPTON_CATALOG=shipped`.

    Raises:
        BadInput: the file of refreshed prices is damaged.
    """
    return shipped_catalog() if shipped_alone() else merged(shipped_catalog(), read_refreshed(refreshed_path()))


def merged(book: Catalog, clouds: Mapping[str, Refreshed]) -> Catalog:
    """Return the catalogue with each refreshed row in place of the one of the same cloud, region and machine."""
    if not clouds:
        return book
    rows = {one.key: one for one in book.machines}
    for fresh in clouds.values():
        # An answer that is older than the shipped table must not undo it.
        rows |= {one.key: one for one in fresh.machines if one.key not in rows or one.price_date >= rows[one.key].price_date}
    published = {key: made for fresh in clouds.values() for key, made in fresh.commitments.items()}
    return Catalog(tuple(rows.values()), published, {name: fresh.day for name, fresh in clouds.items()})


def machine(cloud: str, name: str, region: str | None = None) -> Machine | None:
    """Return a machine type of the catalogue: `machine("aws", "p5.48xlarge")`."""
    return load_catalog().machine(cloud, name, region)
