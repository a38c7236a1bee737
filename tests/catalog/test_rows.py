"""Every row of the shipped catalogue, held to the names' own words and to the rest of the market."""

import datetime as dt
import re
from collections import defaultdict
from statistics import median

import pytest

from lepton_infra.catalog import Cloud, Machine, load_catalog
from lepton_infra.catalog.book import DATA, KNOWN_ON
from lepton_infra.catalog.services import services

ROWS = load_catalog().machines

# What a family's name means, from the makers' size tables: kind, memory of one in GB.
FAMILIES = {
    r"dl1\.": ("Gaudi", 32),
    r"g4ad\.": ("RadeonProV520", 8),
    r"g4dn\.": ("T4", 16),
    r"g5\.": ("A10G", 24),
    r"g5g\.": ("T4G", 16),
    r"gr?6\.": ("L4", 24),
    r"g6e\.": ("L40S", 48),
    r"g7e\.": ("RTXPRO6000", 96),
    r"inf1\.": ("Inferentia", 8),
    r"inf2\.": ("Inferentia2", 32),
    r"p3\.": ("V100", 16),
    r"p3dn\.": ("V100-32GB", 32),
    r"p4d\.": ("A100", 40),
    r"p4de\.": ("A100-80GB", 80),
    r"p5\.": ("H100", 80),
    r"p5en\.": ("H200", 141),
    r"p6-b200\.": ("B200", 180),
    r"p6-b300\.": ("B300", 288),
    r"trn1n?\.": ("Trainium", 32),
    r"Standard_NC\d+r?s_v3": ("V100", 16),
    r"Standard_NC\d+as_T4_v3": ("T4", 16),
    r"Standard_NC\d+ads_A100_v4": ("A100-80GB", 80),
    r"Standard_NC\d+adi?s_H100_v5": ("H100-NVL", 94),
    r"Standard_ND40rs_v2": ("V100-32GB", 32),
    r"Standard_ND96asr_(A100_)?v4": ("A100", 40),
    r"Standard_ND96amsr?_A100_v4": ("A100-80GB", 80),
    r"Standard_ND96is[a-zA-Z_]*_H100_v5": ("H100", 80),
    r"Standard_ND96isr_H200_v5": ("H200", 141),
    r"Standard_ND96isr?_MI300X_v5": ("MI300X", 192),
    r"Standard_ND128isrf?_NDR_GB200_v6": ("GB200", 186),
    r"Standard_NV\d+adm?s_A10_v5": ("A10", 24),
    r"ct5p-hightpu-": ("TPUv5p", 95),
    r"ct6e-standard-": ("TPUv6e", 32),
    r"f2\.": ("VU47P", 16),
    r"a2-(high|mega)gpu-": ("A100", 40),
    r"a2-ultragpu-": ("A100-80GB", 80),
    r"a3-(high|mega)gpu-": ("H100", 80),
    r"g2-standard-": ("L4", 24),
    r"g4-standard-": ("RTXPRO6000", 96),
}
WITHOUT = re.compile(r"([cmr]7[gi]\.|Standard_[DE]\d+s_v5$|(c3|e2|n2|n4)-standard-)")
# How many accelerators a name means: by its own number, or by the maker's table of sizes.
COUNTS = {
    r"a[23]-\w+gpu-(\d+)g": lambda match: int(match[1]),
    r"ct\w+-\w+-(\d)t": lambda match: int(match[1]),
    r"f2\.(6|12|48)xlarge": lambda match: int(match[1]) // 6,
    r"g2-standard-(\d+)": lambda match: {24: 2, 48: 4, 96: 8}.get(int(match[1]), 1),
    r"g4-standard-(\d+)": lambda match: int(match[1]) / 48,
    r"Standard_NC(\d+)r?s_v3": lambda match: int(match[1]) / 6,
    r"Standard_NC(\d+)as_T4_v3": lambda match: {64: 4}.get(int(match[1]), 1),
    r"Standard_NC(\d+)ads_A100_v4": lambda match: int(match[1]) / 24,
    r"Standard_NC(\d+)adi?s_H100_v5": lambda match: int(match[1]) / 40,
    r"Standard_NV(\d+)adm?s_A10_v5": lambda match: int(match[1]) / 36,
    r"Standard_ND(96|40)\w+": lambda _: 8,
    r"Standard_ND128\w+": lambda _: 4,
    r"(p3dn|p4d|p4de|dl1)\.24xlarge": lambda _: 8,
    r"p\d(en|-b200|-b300)?\.48xlarge": lambda _: 8,
    r"p3\.(2|8|16)xlarge": lambda match: int(match[1]) // 2,
    r"(p5|g5g?|g4dn|g4ad|gr?6e?|g7e)\.(x|2x|4x)large": lambda _: 1,
    r"(g5g?|g4dn|gr?6e?|g7e)\.8xlarge": lambda _: 1,
    r"(g5|g4dn|g6e?)\.16xlarge": lambda _: 1,
    r"g4ad\.(8|16)xlarge": lambda match: int(match[1]) // 4,
    r"g5g\.(16xlarge|metal)": lambda _: 2,
    r"g4dn\.metal": lambda _: 8,
    r"(g4dn\.12|g[56]e?\.12|g[56]e?\.24)xlarge": lambda _: 4,
    r"g[56]e?\.48xlarge": lambda _: 8,
    r"g7e\.(12|24|48)xlarge": lambda match: int(match[1]) // 6,
    r"inf1\.(x|2x|6x|24x)large": lambda match: {"6x": 4, "24x": 16}.get(match[1], 1),
    r"inf2\.(x|8x|24x|48x)large": lambda match: {"24x": 6, "48x": 12}.get(match[1], 1),
    r"trn1n?\.(2|32)xlarge": lambda match: int(match[1]) // 2,
}
REGIONS = {
    Cloud.AWS: re.compile(r"[a-z]{2}(-gov)?-[a-z]+-\d"),
    Cloud.AZURE: re.compile(r"[a-z]+\d?"),
    Cloud.GCP: re.compile(r"[a-z]+-[a-z]+\d{1,2}"),
}


def test_the_snapshot_has_all_its_rows() -> None:
    assert len(ROWS) == 2774
    assert sum(1 for row in ROWS if row.gpu) == 1289
    assert {row.cloud for row in ROWS} == set(Cloud)


def test_no_row_repeats_another() -> None:
    assert len({row.key for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("cloud", Cloud)
def test_regions_are_written_as_the_cloud_writes_them(cloud: Cloud) -> None:
    assert not [row.key for row in ROWS if row.cloud == cloud and not REGIONS[cloud].fullmatch(row.region)]


def test_prices_are_above_nothing_and_below_every_placeholder() -> None:
    assert not [row.key for row in ROWS if not 0 < row.usd_per_hour < 500]
    assert not [row.key for row in ROWS if row.spot_usd_per_hour is not None and not 0 < row.spot_usd_per_hour < 500]


def test_no_spot_price_reaches_on_demand() -> None:
    assert not [row.key for row in ROWS if row.spot_usd_per_hour is not None and row.spot_usd_per_hour >= row.usd_per_hour]


def test_spot_prices_of_another_day_are_marked() -> None:
    unlike = [row for row in ROWS if row.spot_date is not None and row.spot_date != row.price_date]
    assert unlike
    assert {row.spot_mark for row in unlike} == {"derived"}
    assert all((row.spot_usd_per_hour is None) == (row.spot_date is None) for row in ROWS)


def test_dates_are_before_the_snapshot() -> None:
    assert dt.datetime.now(dt.UTC).date() >= KNOWN_ON
    for row in ROWS:
        assert dt.date(2025, 1, 1) < row.price_date <= KNOWN_ON
        assert row.spot_date is None or dt.date(2025, 1, 1) < row.spot_date <= KNOWN_ON


def family(row: Machine) -> tuple[str, int] | None:
    found = [meaning for pattern, meaning in FAMILIES.items() if re.match(pattern, row.name)]
    assert len(found) <= 1, row.name
    return found[0] if found else None


def test_every_accelerator_is_what_the_name_says() -> None:
    wrong = [(row.name, row.gpu, row.gpu_memory_gb) for row in ROWS if row.gpu and family(row) != (row.gpu, row.gpu_memory_gb)]
    assert not wrong
    assert not [row.name for row in ROWS if not row.gpu and not WITHOUT.match(row.name)]
    assert not [row.name for row in ROWS if not row.gpu and (row.gpus or row.gpu_memory_gb)]


def test_counts_are_what_the_name_says() -> None:
    for row in ROWS:
        meant = [count(match) for pattern, count in COUNTS.items() if (match := re.fullmatch(pattern, row.name))]
        assert len(meant) == bool(row.gpu), row.name
        assert row.gpus == pytest.approx(sum(meant), abs=1e-6), row.name


def test_sizes_of_a_machine_are_the_same_in_every_region() -> None:
    sizes = defaultdict(set)
    for row in ROWS:
        sizes[row.cloud, row.name].add((row.vcpus, row.memory_gib, row.gpu, row.gpus, row.gpu_memory_gb))
    assert not [name for name, seen in sizes.items() if len(seen) > 1]


def test_google_prices_hold_host_and_accelerator() -> None:
    # An A2 host alone costs 0.74 $/h; what is left of the price has to pay for the accelerator.
    floors = {"A100": 2.0, "A100-80GB": 3.0, "H100": 6.0, "L4": 0.5, "RTXPRO6000": 2.0, "TPUv5p": 3.0, "TPUv6e": 2.0}
    google = [row for row in ROWS if row.cloud == Cloud.GCP and row.gpu]
    assert google
    assert not [row.key for row in google if (row.usd_per_gpu_hour or 0) < floors[row.gpu or ""]]


def test_no_accelerator_costs_five_times_what_its_kind_does() -> None:
    prices = defaultdict(list)
    for row in ROWS:
        if row.gpu:
            prices[row.gpu].append(row.usd_per_gpu_hour)
    for row in ROWS:
        if row.gpu:
            assert 0.2 < (row.usd_per_gpu_hour or 0) / median(prices[row.gpu]) < 5, row.key


def test_aws_machines_are_whole() -> None:
    # The rehearsal answers questions about instance types from these rows.
    assert not [row.name for row in ROWS if row.cloud == Cloud.AWS and row.memory_gib is None]


def test_what_cannot_be_ordered_says_why() -> None:
    closed = [row for row in ROWS if not row.on_demand]
    assert {row.name.split("_")[0] for row in closed} == {"Standard", "a3-highgpu-1g", "a3-highgpu-2g", "a3-highgpu-4g"}
    assert all(row.caveat for row in closed)


def test_every_source_is_written_down() -> None:
    text = (DATA / "SOURCES.md").read_text(encoding="utf-8")
    for source in {row.source for row in ROWS}:
        assert f"| {source} |" in text


def test_services_are_priced_where_the_stack_stands() -> None:
    needed = {
        "eks-cluster",
        "kms-key",
        "vpc-interface-endpoint",
        "ebs-gp3",
        "s3-standard",
        "cloudwatch-logs-ingestion",
        "nat-gateway",
        "vpc-flow-logs",
    }
    found = {price.service for price in services() if price.cloud == "aws" and price.region == "us-east-1"}
    assert needed <= found
    for price in services():
        assert price.usd > 0 or price.note.endswith("no charge")
        assert price.as_of <= KNOWN_ON
        assert price.source.startswith(("https://", "infracost:"))
        assert price.unit
