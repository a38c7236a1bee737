"""Bills: AWS's Cost and Usage Report in both spellings, and FOCUS, with what such files hold beside the hours of a pool."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from lepton_infra.errors import BadInput
from lepton_infra.sizing.advise.read import read_usage, source
from lepton_infra.sizing.advise.usage import Usage, usages

POOLS = ("chat", "batch")
CUR: dict[str, Any] = {
    "identity/LineItemId": "a1",
    "lineItem/LineItemType": "Usage",
    "lineItem/UsageStartDate": "2026-01-19T00:00:00Z",
    "lineItem/UsageEndDate": "2026-01-19T01:00:00Z",
    "lineItem/ProductCode": "AmazonEC2",
    "lineItem/UsageType": "BoxUsage:p5.4xlarge",
    "lineItem/ResourceId": "i-0123456789abcdef0",
    "lineItem/UsageAmount": "1",
    "lineItem/CurrencyCode": "USD",
    "lineItem/UnblendedCost": "6.88",
    "pricing/unit": "Hrs",
    "product/instanceType": "p5.4xlarge",
    "product/regionCode": "us-east-1",
    "reservation/EffectiveCost": "",
    "savingsPlan/SavingsPlanEffectiveCost": "",
    "resourceTags/user:pool": "chat",
}
FOCUS: dict[str, Any] = {
    "BilledCost": "6.88",
    "BillingCurrency": "USD",
    "ChargeCategory": "Usage",
    "ChargeClass": "",
    "ChargePeriodStart": "2026-01-19T00:00:00Z",
    "ChargePeriodEnd": "2026-01-19T01:00:00Z",
    "CommitmentDiscountStatus": "",
    "ConsumedQuantity": "1",
    "ConsumedUnit": "Hours",
    "EffectiveCost": "6.88",
    "PricingCategory": "Standard",
    "RegionId": "us-east-1",
    "ResourceId": "i-0123456789abcdef0",
    "ServiceCategory": "Compute",
    "SkuPriceDetails": '{"InstanceType": "p5.4xlarge", "OperatingSystem": "Linux"}',
    "Tags": '{"pool": "chat", "team": "inference"}',
}


def text_of(*rows: dict[str, Any]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def read(tmp_path: Path, *contents: str, tag: str = "pool") -> tuple[dict[str, Usage], tuple[str, ...]]:
    names: list[str] = []
    for place, content in enumerate(contents):
        (tmp_path / f"bill{place}").write_text(content)
        names.append(str(tmp_path / f"bill{place}"))
    ledger, remarks = read_usage([source(name) for name in names], POOLS, tag, lambda _: None)
    return usages(ledger), remarks


def refused(tmp_path: Path, *contents: str) -> str:
    with pytest.raises(BadInput) as caught:
        read(tmp_path, *contents)
    return str(caught.value)


def node(place: int, **other: Any) -> dict[str, Any]:
    return {**CUR, "identity/LineItemId": f"n{place}", "lineItem/ResourceId": f"i-{place}", **other}


class TestCostAndUsageReport:
    def test_instances_of_an_hour_add_up_by_how_they_are_paid(self, tmp_path: Path) -> None:
        covered = {"lineItem/LineItemType": "SavingsPlanCoveredUsage", "savingsPlan/SavingsPlanEffectiveCost": "4.13"}
        reserved = {"lineItem/LineItemType": "DiscountedUsage", "lineItem/UnblendedCost": "0", "reservation/EffectiveCost": "4.33"}
        spot = {"lineItem/UsageType": "USE1-SpotUsage:p5.4xlarge", "lineItem/UnblendedCost": "2.5", "lineItem/UsageAmount": "0.5"}
        bill = text_of(
            node(1),
            node(2),
            node(3, **covered),
            node(4, **reserved),
            node(5, **spot),
            node(6, **{"lineItem/LineItemType": "SavingsPlanNegation", "lineItem/UnblendedCost": "-6.88"}),
            node(7, **{"lineItem/LineItemType": "Tax"}),
            node(8, **{"lineItem/UsageType": "EBS:VolumeUsage.gp3", "pricing/unit": "GB-Mo", "product/instanceType": ""}),
            node(9, **{"resourceTags/user:pool": "of another team"}),
            node(10, **{"resourceTags/user:pool": ""}),
        )
        found, remarks = read(tmp_path, bill)
        assert list(found) == ["chat"]
        assert found["chat"].nodes.tolist() == [4.5]
        assert {part.market: (part.nodes.tolist(), part.usd) for part in found["chat"].parts} == {
            "on-demand": ([2], pytest.approx(13.76)),
            "committed": ([2], pytest.approx(8.46)),
            "spot": ([0.5], pytest.approx(2.5)),
        }
        assert {part.machine for part in found["chat"].parts} == {"p5.4xlarge"}
        assert {part.region for part in found["chat"].parts} == {"us-east-1"}
        assert remarks == (
            "bill0: passed over 1 rows of other pools (tag 'pool').",
            "bill0: passed over 1 rows that are no time of a machine.",
            "bill0: passed over 2 rows that are no usage (fees, taxes, credits).",
            "bill0: passed over 1 rows without the tag 'pool'.",
        )

    def test_the_second_format_says_the_same(self, tmp_path: Path) -> None:
        second = {
            "line_item_line_item_type": "Usage",
            "line_item_usage_start_date": "2026-01-19 00:00:00.000",
            "line_item_usage_end_date": "2026-01-19 01:00:00.000",
            "line_item_usage_type": "BoxUsage:p5.4xlarge",
            "line_item_usage_amount": "1",
            "line_item_unblended_cost": "6.88",
            "product_instance_type": "p5.4xlarge",
            "product_region_code": "us-east-1",
            "resource_tags": json.dumps({"user_pool": "chat", "user_name": "x"}),
        }
        one, other = read(tmp_path, text_of(second))[0]["chat"], read(tmp_path, text_of(CUR))[0]["chat"]
        assert (one.hours.tolist(), one.nodes.tolist()) == (other.hours.tolist(), other.nodes.tolist())
        assert one.parts[0].usd == other.parts[0].usd
        assert one.parts[0].market == other.parts[0].market

    def test_a_day_is_spread_over_its_hours(self, tmp_path: Path) -> None:
        daily = {**CUR, "lineItem/UsageEndDate": "2026-01-20T00:00:00Z", "lineItem/UsageAmount": "48", "lineItem/UnblendedCost": "330.24"}
        found = read(tmp_path, text_of(daily))[0]["chat"]
        assert found.nodes.tolist() == [2.0] * 24
        assert found.parts[0].usd == pytest.approx(330.24)

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"lineItem/UsageEndDate": "2026-02-19T00:00:00Z"}, "bill0:2: is about 744 hours; an hour or a day. Export it by the hour."),
            ({"lineItem/UsageAmount": "lots"}, "bill0:2: has the amount 'lots'"),
            ({"lineItem/UsageAmount": "-1"}, "bill0:2: has the amount '-1'"),
            ({"lineItem/CurrencyCode": "EUR"}, "bill0:2: is in 'EUR'; USD."),
            ({"lineItem/UsageStartDate": "soon"}, "bill0:2: has the time 'soon'"),
            ({"resourceTags/user:pool": "other"}, "bill0: has no hour of a machine with the tag 'pool' (1 of other pools (tag 'pool'))"),
        ],
    )
    def test_refused(self, tmp_path: Path, change: dict[str, str], said: str) -> None:
        assert said in refused(tmp_path, text_of({**CUR, **change}))

    def test_the_same_bill_twice(self, tmp_path: Path) -> None:
        assert "bill0: has 1 rows that repeat another; each row of a bill once." in refused(tmp_path, text_of(CUR, CUR))
        assert "repeat" in refused(tmp_path, text_of(CUR), text_of(CUR))

    def test_a_bill_beside_counts(self, tmp_path: Path) -> None:
        counts = "time,pool,nodes\n2026-01-19T00:00:00Z,chat,1\n"
        said = refused(tmp_path, text_of(CUR), counts)
        assert "has 1 hours of chat both counted and billed, from 2026-01-19 00:00 UTC; nodes from one of them" in said
        used = "time,pool,utilisation\n2026-01-19T00:00:00Z,chat,0.5\n"
        assert read(tmp_path, text_of(CUR), used)[0]["chat"].busy.tolist() == [0.5]

    def test_a_column_that_is_missing(self, tmp_path: Path) -> None:
        without = {key: value for key, value in CUR.items() if key not in {"resourceTags/user:pool", "lineItem/UsageEndDate"}}
        said = refused(tmp_path, text_of(without))
        assert "bill0:1: has no column line_item_usage_end_date" in said
        assert "bill0:1: has no column resource_tags_user_pool; the tag that says the pool. Activate it for billing." in said

    def test_another_tag(self, tmp_path: Path) -> None:
        named = {**{key: value for key, value in CUR.items() if "Tags" not in key}, "resourceTags/user:NodePool": "chat"}
        assert read(tmp_path, text_of(named), tag="NodePool")[0]["chat"].nodes.tolist() == [1]


class TestFocus:
    def test_hours_by_how_they_are_paid(self, tmp_path: Path) -> None:
        bill = text_of(
            FOCUS,
            {**FOCUS, "ResourceId": "i-2", "PricingCategory": "Dynamic", "EffectiveCost": "2.5"},
            {
                **FOCUS,
                "ResourceId": "i-3",
                "PricingCategory": "Committed",
                "CommitmentDiscountStatus": "Used",
                "BilledCost": "0",
                "EffectiveCost": "4",
            },
            {**FOCUS, "ResourceId": "", "CommitmentDiscountStatus": "Unused", "ConsumedQuantity": ""},
            {**FOCUS, "ChargeCategory": "Purchase"},
            {**FOCUS, "ChargeClass": "Correction"},
            {**FOCUS, "ConsumedUnit": "GB"},
            {**FOCUS, "SkuPriceDetails": '{"CoreCount": 8}'},
            {**FOCUS, "Tags": "{}"},
            {**FOCUS, "Tags": '{"pool": "search"}'},
        )
        found, remarks = read(tmp_path, bill)
        assert {part.market: (part.nodes.tolist(), part.usd) for part in found["chat"].parts} == {
            "on-demand": ([1], 6.88),
            "spot": ([1], 2.5),
            "committed": ([1], 4),
        }
        assert len(remarks) == 5
        assert "bill0: passed over 2 rows that are no time of a machine." in remarks

    def test_where_the_machine_is_named(self, tmp_path: Path) -> None:
        azure = {**FOCUS, "SkuPriceDetails": "", "x_SkuDetails": '{"ServiceType": "Standard_ND96isr_H100_v5"}', "ConsumedUnit": "1 Hour"}
        assert read(tmp_path, text_of(azure))[0]["chat"].parts[0].machine == "Standard_ND96isr_H100_v5"
        aws = {
            **FOCUS,
            "SkuPriceDetails": "",
            "x_UsageType": "EUW1-BoxUsage:g6e.xlarge",
            "ConsumedUnit": "Seconds",
            "ConsumedQuantity": "7200",
        }
        part = read(tmp_path, text_of(aws))[0]["chat"].parts[0]
        assert (part.machine, part.nodes.tolist()) == ("g6e.xlarge", [2])

    def test_what_is_billed_where_nothing_is_effective(self, tmp_path: Path) -> None:
        assert read(tmp_path, text_of({**FOCUS, "EffectiveCost": ""}))[0]["chat"].parts[0].usd == 6.88

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"BillingCurrency": "GBP"}, "bill0:2: is in 'GBP'; USD."),
            ({"ConsumedQuantity": "NaN"}, "bill0:2: has the amount 'NaN'"),
            ({"ChargePeriodEnd": "2026-01-19T00:00:00"}, "has the time '2026-01-19T00:00:00'; a time like"),
            ({"Tags": "[" * 50_000}, "has no hour of a machine with the tag 'pool' (1 without the tag 'pool')"),
        ],
    )
    def test_refused(self, tmp_path: Path, change: dict[str, str], said: str) -> None:
        assert said in refused(tmp_path, text_of({**FOCUS, **change}))
