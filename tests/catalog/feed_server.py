"""The clouds' price feeds on this machine: small files with the real fields, made by hand, and every way for a feed to be bad."""

import json
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from lepton_infra.catalog.feeds import Sites

Answer = tuple[int, Mapping[str, str], bytes]
"""Status, headers, body."""
Route = Callable[["Feeds", str], Answer]

OFFERS_HEADER = (
    "SKU,OfferTermCode,RateCode,TermType,PriceDescription,EffectiveDate,Unit,PricePerUnit,Currency,LeaseContractLength,"
    "PurchaseOption,OfferingClass,Product Family,Instance Type,vCPU,Memory,Tenancy,Operating System,License Model,CapacityStatus,"
    "Pre Installed S/W,MarketOption"
)


def offer(machine: str, price: str, term: str = "OnDemand", **cells: str) -> str:
    row = dict.fromkeys(OFFERS_HEADER.split(","), "") | {
        "SKU": "ABC", "TermType": term, "Unit": "Hrs", "PricePerUnit": price, "Currency": "USD", "Instance Type": machine,
        "Tenancy": "Shared", "Operating System": "Linux", "License Model": "No License required",
        "CapacityStatus": "Used", "Pre Installed S/W": "NA",
        "MarketOption": "OnDemand" if term == "OnDemand" else "",
    }  # fmt: skip
    return ",".join(f'"{value}"' for value in (row | cells).values())


def offers(*rows: str) -> bytes:
    preamble = ['"FormatVersion","v1.0"', '"Disclaimer","of our own"', '"Publication Date","2026-11-20T00:00:00Z"', '"Version","1"']
    header = ",".join(f'"{name}"' for name in OFFERS_HEADER.split(","))
    return "\n".join([*preamble, '"OfferCode","AmazonEC2"', header, *rows]).encode() + b"\n"


def reserved(machine: str, price: str, years: str, **cells: str) -> str:
    terms = {"LeaseContractLength": years, "PurchaseOption": "No Upfront", "OfferingClass": "standard"}
    return offer(machine, price, "Reserved", **(terms | cells))


BANDS = ("<5%", "5-10%", "10-15%", "15-20%", ">20%")
ADVICE = {
    "ranges": [{"index": place, "label": label, "dots": place, "max": 100} for place, label in enumerate(BANDS)],
    "spot_advisor": {"us-east-1": {"Linux": {"p5.48xlarge": {"s": 60, "r": 1}, "g6.xlarge": {"s": -10, "r": 4}}, "Windows": {}}},
    "instance_types": {"p5.48xlarge": {"cores": 192, "emr": False, "ram_gb": 2048.0}},
}
AWS_ROWS = (
    offer("p5.48xlarge", "55.0400000000"),
    offer("p5.48xlarge", "90.0", **{"Operating System": "Windows"}),
    offer("p5.48xlarge", "60.0", Tenancy="Dedicated"),
    offer("p5.48xlarge", "0.0", CapacityStatus="AllocatedCapacityReservation"),
    offer("p5.48xlarge", "31.0", MarketOption="CapacityBlock"),
    reserved("p5.48xlarge", "36.0", "1yr"),
    reserved("p5.48xlarge", "24.0", "3yr"),
    reserved("p5.48xlarge", "20.0", "3yr", PurchaseOption="All Upfront"),
    offer("g6.xlarge", "0.8048"),
    offer("never.heard", "1.0"),
)


def azure_item(machine: str, price: float, kind: str = "Consumption", region: str = "eastus", **fields: object) -> dict[str, object]:
    return {
        "currencyCode": "USD", "tierMinimumUnits": 0.0, "retailPrice": price, "unitPrice": price, "armRegionName": region,
        "location": "US East",
        "meterName": "x", "productName": "Virtual Machines NCads H100 v5 Series", "skuName": machine, "serviceName": "Virtual Machines",
        "unitOfMeasure": "1 Hour", "type": kind, "isPrimaryMeterRegion": True, "armSkuName": machine, **fields,
    }  # fmt: skip


T4 = "Standard_NC4as_T4_v3"
AZURE_PAGES = (
    [
        azure_item(T4, 0.526, savingsPlan=[{"unitPrice": 0.4, "retailPrice": 0.4, "term": "1 Year"}]),
        azure_item(T4, 0.9, productName="X Windows"),
    ],
    [azure_item(T4, 0.15, skuName="NC4as Spot"), azure_item(T4, 2000.0, "Reservation", reservationTerm="1 Year")],
)


def sku(description: str, nanos: int, use: str = "OnDemand", *, units: str = "0") -> dict[str, object]:
    price = {"currencyCode": "USD", "units": units, "nanos": nanos}
    return {
        "skuId": "0000-0000-0000", "description": description, "serviceRegions": ["us-central1"], "serviceProviderName": "Google",
        "category": {"serviceDisplayName": "Compute Engine", "resourceFamily": "Compute", "resourceGroup": "CPU", "usageType": use},
        "pricingInfo": [{"pricingExpression": {"usageUnit": "h", "tieredRates": [{"startUsageAmount": 0, "unitPrice": price}]}}],
    }  # fmt: skip


GCP_PAGES = (
    [sku("A2 Instance Core running in Americas", 31_611_000), sku("A2 Instance Ram running in Americas", 4_237_000)],
    [
        sku("Nvidia Tesla A100 GPU running in Americas", 933_908_000, units="2"),
        sku("Commitment v1: A2 Cpu in Americas for 1 Year", 1_000, "Commit1Yr"),
        sku("G2 Instance Core running in Americas", 24_988_000), sku("G2 Instance Ram running in Americas", 2_927_000),
    ],
)  # fmt: skip


class Feeds:
    """What the server answers; a test replaces a route by a bad one."""

    def __init__(self) -> None:
        self.site = ""
        self.asked: list[str] = []
        self.headers: list[Mapping[str, str]] = []
        self.routes: dict[str, Route] = {
            "/spot-advisor-data.json": lambda _, __: reply(ADVICE),
            "/offers/v1.0/aws/AmazonEC2/current/region_index.json": lambda _, __: reply(index("us-east-1", "eu-west-1")),
            "/offers/v1.0/aws/AmazonEC2/1/us-east-1/index.csv": lambda _, __: (200, {}, offers(*AWS_ROWS)),
            "/offers/v1.0/aws/AmazonEC2/1/eu-west-1/index.csv": lambda _, __: (200, {}, offers(offer("p5.48xlarge", "60.5"))),
            "/api/retail/prices": azure_page,
            "/v1/services/6F81-5844-456A/skus": gcp_page,
        }

    @property
    def sites(self) -> Sites:
        return Sites(self.site, self.site, self.site, self.site)


def index(*regions: str) -> dict[str, object]:
    def entry(region: str) -> dict[str, str]:
        return {"regionCode": region, "currentVersionUrl": f"/offers/v1.0/aws/AmazonEC2/1/{region}/index.json"}

    return {"formatVersion": "v1.0", "disclaimer": "", "publicationDate": "2026-11-20", "regions": {name: entry(name) for name in regions}}


def reply(document: object) -> Answer:
    return 200, {"Content-Type": "application/json"}, json.dumps(document).encode()


def azure_page(feeds: Feeds, path: str) -> Answer:
    query = parse_qs(urlsplit(path).query)
    if "'eastus'" not in query["$filter"][0]:
        return reply({"Items": [], "NextPageLink": None, "Count": 0})
    page = int(query.get("$skip", ["0"])[0])
    last = page + 1 == len(AZURE_PAGES)
    link = None if last else f"{feeds.site}{path}&$skip={page + 1}"
    return reply({"BillingCurrency": "USD", "Items": AZURE_PAGES[page], "NextPageLink": link, "Count": len(AZURE_PAGES[page])})


def gcp_page(_: Feeds, path: str) -> Answer:
    page = int(parse_qs(urlsplit(path).query).get("pageToken", ["0"])[0])
    return reply({"skus": GCP_PAGES[page], "nextPageToken": "" if page + 1 == len(GCP_PAGES) else str(page + 1)})


@contextmanager
def serving() -> Generator[Feeds]:
    feeds = Feeds()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            feeds.asked.append(self.path)
            feeds.headers.append(dict(self.headers))
            route = feeds.routes.get(urlsplit(self.path).path)
            status, headers, body = route(feeds, self.path) if route else (404, {}, b"<html>nothing here</html>")
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | dict(headers)).items():
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(body)
            except ConnectionError:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    feeds.site = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield feeds
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
