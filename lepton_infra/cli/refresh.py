"""`lepton catalog refresh`: prices of today from the clouds' own feeds."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lepton_infra.catalog.feeds import Outcome

KEY = "LEPTON_GOOGLE_API_KEY"
"""Environment variable with the API key that Google's feed asks for."""


def refresh(
    cloud: Annotated[list[str] | None, typer.Option(help="Only this cloud; may be repeated.")] = None,
    region: Annotated[str, typer.Option(help="Pattern of regions; by default those that the shipped catalogue has.")] = "",
    forget: Annotated[bool, typer.Option("--forget", help="Go back to the shipped prices.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Read the clouds' public price feeds and prefer what they say to the shipped prices, on this machine.

    Each cloud's prices are replaced whole or not at all, by rows that satisfy the rules of the shipped ones; a cloud whose feed
    fails keeps what it had. AWS and Azure ask for no account; Google asks for an API key in LEPTON_GOOGLE_API_KEY.
    Plans carry the catalogue's hash: with LEPTON_CATALOG=shipped every machine reads the shipped prices.

    Example: lepton catalog refresh --cloud azure --region eastus
    """
    from lepton_infra.catalog.feeds import Asked, Client, Sites
    from lepton_infra.catalog.feeds import forget as forget_prices
    from lepton_infra.catalog.feeds import refresh as refresh_prices
    from lepton_infra.catalog.model import Cloud
    from lepton_infra.catalog.words import listed
    from lepton_infra.cli import render
    from lepton_infra.errors import BadInput, Fault, FeedError

    wrong = [name for name in cloud or [] if name not in set(Cloud)]
    if wrong:
        raise BadInput(Fault("--cloud", f"is {name[:60]!r}", f"choose {listed(Cloud)}") for name in wrong)
    if forget:
        render.say("refreshed prices removed" if forget_prices() else "there were no refreshed prices")
        return
    asked = Asked(tuple(map(Cloud, dict.fromkeys(cloud or Cloud))), region, os.environ.get(KEY, ""))
    with render.progress() as report:
        outcomes = refresh_prices(asked, Sites(), Client(), report)
    if as_json:
        render.document({"feeds": [_document(one) for one in outcomes]})
    else:
        for line in filter(None, map(_line, outcomes)):
            render.say(line)
    failed = [f"{one.cloud}: {one.fault}" for one in outcomes if one.fault]
    if failed or not any(one.sifted for one in outcomes):
        silent = [f"{one.cloud}: {one.skipped}" for one in outcomes if one.skipped]
        raise FeedError(f"not refreshed: {'; '.join(failed + silent)}; the prices that were there are unchanged.")


def _line(one: "Outcome") -> str:
    if one.skipped:
        return f"{one.cloud}: skipped, {one.skipped}"
    if one.sifted is None:
        return ""
    fresh, left_out = one.sifted.refreshed, one.sifted.left_out
    rest = f"; left out {len(left_out)}, the first: {left_out[0]}" if left_out else ""
    return f"{one.cloud}: {len(fresh.machines)} prices and {sum(map(len, fresh.commitments.values()))} commitments of {fresh.day}{rest}"


def _document(one: "Outcome") -> dict[str, object]:
    fresh = one.sifted.refreshed if one.sifted else None
    return {
        "cloud": one.cloud.value,
        "prices": len(fresh.machines) if fresh else 0,
        "commitments": sum(map(len, fresh.commitments.values())) if fresh else 0,
        "left_out": list(one.sifted.left_out) if one.sifted else [],
        "fault": one.fault or None,
        "skipped": one.skipped or None,
    }
