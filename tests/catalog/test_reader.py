"""Rows that cannot be true are refused, all of them at once, with their lines."""

import datetime as dt

import pytest

from lepton_infra.catalog.reader import COLUMNS, read_machines
from lepton_infra.errors import BadInput

GOOD = dict.fromkeys(COLUMNS, "") | {
    "cloud": "aws",
    "region": "us-east-1",
    "machine": "p5.4xlarge",
    "vcpus": "16",
    "memory_gib": "256",
    "gpu": "H100",
    "gpus": "1",
    "gpu_memory_gb": "80",
    "usd_per_hour": "6.88",
    "on_demand": "yes",
    "price_date": "2026-07-20",
    "source": "a table",
}
KNOWN_ON = dt.date(2026, 8, 1)


def table(*rows: dict[str, str]) -> list[str]:
    return [",".join(COLUMNS), *(",".join(row.values()) for row in rows)]


def test_a_good_row_is_a_machine() -> None:
    (machine,) = read_machines(table(GOOD), "t.csv", KNOWN_ON)
    assert machine.key == ("aws", "us-east-1", "p5.4xlarge")
    assert machine.usd_per_gpu_hour == 6.88
    assert machine.spot_usd_per_hour is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"cloud": "acme"}, "cloud 'acme'; aws, azure or gcp"),
        ({"usd_per_hour": "0"}, "usd_per_hour '0'"),
        ({"usd_per_hour": "nan"}, "usd_per_hour 'nan'"),
        ({"usd_per_hour": "dear"}, "usd_per_hour 'dear'"),
        ({"usd_per_hour": "700"}, "placeholder"),
        ({"gpus": ""}, "half a GPU"),
        ({"gpu": ""}, "half a GPU"),
        ({"gpu_memory_gb": ""}, "half a GPU"),
        ({"price_date": "20 July"}, "price_date '20 July'"),
        ({"price_date": "2026-09-01"}, "not after 2026-08-01"),
        ({"spot_usd_per_hour": "3"}, "without its date"),
        ({"spot_usd_per_hour": "6.88", "spot_date": "2026-07-20"}, "not below on-demand"),
        ({"spot_usd_per_hour": "3", "spot_date": "2026-07-20", "spot_mark": "guessed"}, "spot_mark 'guessed'"),
        ({"interruption": "often"}, "interruption 'often'"),
        ({"on_demand": "no"}, "a caveat that says why"),
    ],
)
def test_a_row_that_cannot_be_true_is_refused(change: dict[str, str], said: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_machines(table(GOOD | change), "t.csv", KNOWN_ON)
    assert "t.csv:2" in str(caught.value)
    assert said in str(caught.value)


def test_a_spot_price_without_discount_needs_its_mark() -> None:
    row = GOOD | {"spot_usd_per_hour": "6.88", "spot_date": "2026-07-20", "spot_mark": "no-discount"}
    (machine,) = read_machines(table(row), "t.csv", KNOWN_ON)
    assert machine.spot_mark == "no-discount"


def test_every_fault_is_told_at_once() -> None:
    rows = table(GOOD, GOOD, GOOD | {"region": "us-west-2", "vcpus": "-1"}, GOOD | {"region": ""})
    with pytest.raises(BadInput) as caught:
        read_machines([*rows, "aws,short"], "t.csv", KNOWN_ON)
    assert [fault.where for fault in caught.value.faults] == ["t.csv:3", "t.csv:4", "t.csv:5", "t.csv:6"]
    assert "repeats" in str(caught.value)


def test_another_header_is_refused() -> None:
    with pytest.raises(BadInput, match=r"t\.csv:1: has the columns"):
        read_machines(["a,b,c"], "t.csv", KNOWN_ON)
    with pytest.raises(BadInput, match=r"t\.csv:1"):
        read_machines([], "t.csv", KNOWN_ON)
