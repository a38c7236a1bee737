"""`lepton catalog refresh` as a user sees it, and what refreshed or old prices change in what is shown."""

import json
import os
import subprocess
import sys
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest

from lepton_infra.catalog import load_catalog
from lepton_infra.catalog.feeds import Asked, Client, Sites, refresh
from lepton_infra.catalog.kept import refreshed_path
from lepton_infra.catalog.model import Cloud
from lepton_infra.cli.app import main

from .feed_server import Feeds, serving


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Path]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("LEPTON_CATALOG")
    monkeypatch.delenv("LEPTON_GOOGLE_API_KEY", raising=False)
    load_catalog.cache_clear()
    yield tmp_path / "cache"
    load_catalog.cache_clear()


@pytest.fixture
def feeds(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Feeds]:
    assert not cache.exists()
    with serving() as served:
        monkeypatch.setattr("lepton_infra.catalog.feeds.Sites", lambda: served.sites)
        yield served


def verb(*arguments: str) -> int | str | None:
    try:
        main(["catalog", *arguments])
    except SystemExit as left:
        return left.code
    return 0


def test_offline_it_says_every_cause_in_one_sentence_and_changes_nothing(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Port 1 of this machine: nothing listens there, as where there is no network.
    nowhere = "http://127.0.0.1:1"
    monkeypatch.setattr("lepton_infra.catalog.feeds.Sites", lambda: Sites(nowhere, nowhere, nowhere, nowhere))
    assert verb("refresh") == 1
    said = capsys.readouterr()
    (line,) = [line for line in said.err.splitlines() if line.startswith("error:")]
    assert "aws: cannot be reached" in line
    assert "azure: cannot be reached" in line
    assert "gcp: its price feed asks for an API key; set LEPTON_GOOGLE_API_KEY" in line
    assert line.endswith("the prices that were there are unchanged.")
    assert not cache.exists()
    assert not load_catalog().refreshed


def test_it_says_what_it_read_and_what_it_did_not_ask(feeds: Feeds, capsys: pytest.CaptureFixture[str]) -> None:
    assert verb("refresh") == 0
    out = capsys.readouterr().out
    assert "aws: 2 prices and 2 commitments of " in out
    assert "azure: 1 prices and 2 commitments of " in out
    assert "gcp: skipped, its price feed asks for an API key" in out
    assert feeds.asked
    assert verb("p5.48xlarge") == 0
    shown = capsys.readouterr()
    assert "36.000" in shown.out
    assert "aws: prices read from its feed on" in shown.err
    assert verb("refresh", "--forget") == 0
    assert "removed" in capsys.readouterr().out
    assert not refreshed_path().exists()


def test_it_answers_in_one_document_also_when_a_feed_fails(feeds: Feeds, capsys: pytest.CaptureFixture[str]) -> None:
    feeds.routes["/api/retail/prices"] = lambda _, __: (404, {}, b"")
    assert verb("refresh", "--json") == 1
    told = {one["cloud"]: one for one in json.loads(capsys.readouterr().out)["feeds"]}
    assert (told["aws"]["prices"], told["aws"]["fault"]) == (2, None)
    assert (told["azure"]["prices"], told["azure"]["fault"]) == (0, "answered 404 Not Found")
    assert set(load_catalog().refreshed) == {"aws"}


def test_an_unknown_cloud_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert verb("refresh", "--cloud", "acme") == 2
    assert "--cloud: is 'acme'; choose aws, azure or gcp." in capsys.readouterr().err


def test_a_plan_made_elsewhere_is_told_why_it_is_stale_here(feeds: Feeds, project: Path) -> None:
    refresh(Asked((Cloud.AWS,)), feeds.sites, replace(Client(), seconds=5.0), lambda _: None)
    command = [str(Path(sys.executable).parent / "lepton"), "plan", "serve-aws", "--check", "--project", str(project)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert ran.returncode == 2
    assert "the price catalogue (refreshed on this machine: aws " in ran.stderr
    assert "LEPTON_CATALOG=shipped reads the shipped one" in ran.stderr
    shipped = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ) | {"LEPTON_CATALOG": "shipped"})
    assert (shipped.returncode, shipped.stderr) == (0, "")


def test_a_region_that_no_feed_has_is_told_and_one_that_some_have_is_read(feeds: Feeds, capsys: pytest.CaptureFixture[str]) -> None:
    assert verb("refresh", "--region", "mars-*") == 1
    assert "aws: it has no region like 'mars-*'; azure: it has no region like 'mars-*'" in capsys.readouterr().err
    assert verb("refresh", "--region", "eastus") == 0
    assert "aws: skipped, it has no region like 'eastus'" in capsys.readouterr().out
    assert set(load_catalog().refreshed) == {"azure"}
    assert feeds.asked
