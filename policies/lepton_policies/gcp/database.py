"""Databases and caches behind models: vector stores, prompts, sessions."""

from typing import Final

from lepton_infra.rules.card import On, Severity, rule
from lepton_infra.rules.net import is_world
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict
from lepton_infra.rules.view import Resource

_SQL: Final = "gcp:sql/databaseInstance:DatabaseInstance"
_REDIS: Final = "gcp:redis/instance:Instance"
_CLUSTER: Final = "gcp:redis/cluster:Cluster"


def _sql(settings: object) -> dict[str, object]:
    """Return a database with these IP settings, for examples."""
    return {"databaseVersion": "POSTGRES_16", "settings": {"tier": "db-g1-small", "ipConfiguration": settings}}


def _networks(*values: object) -> list[dict[str, object]]:
    return [{"name": "n", "value": value} for value in values]


@rule(
    "gcp-sql-open",
    Severity.CRITICAL,
    _SQL,
    why="A database that the world reaches is tried with common passwords all day; pgvector's holds what private documents say.",
    fix="Leave `0.0.0.0/0` out of `settings.ip_configuration.authorized_networks`, and connect through the Auth Proxy.",
    references=("checkov:CKV_GCP_11", "trivy:GCP-0017", "prowler:cloudsql_instance_public_access"),
    good=[
        _sql({"ipv4Enabled": False, "privateNetwork": "n"}),
        _sql({"authorizedNetworks": _networks("203.0.113.0/24")}),
        _sql({"ipv4Enabled": False, "authorizedNetworks": _networks("0.0.0.0/0")}),
        {"databaseVersion": "POSTGRES_16"},
    ],
    bad=[
        _sql({"authorizedNetworks": _networks("203.0.113.0/24", "0.0.0.0/0")}),
        _sql({"ipv4Enabled": True, "authorizedNetworks": _networks("0.0.0.0/1", "128.0.0.0/1")}),
        _sql({"authorizedNetworks": _networks(UNKNOWN, "0.0.0.0/0")}),
    ],
    unknown=[_sql({"authorizedNetworks": _networks(UNKNOWN)}), _sql({"authorizedNetworks": UNKNOWN}), {"settings": UNKNOWN}],
)
def database_is_not_open(database: Resource) -> Verdict:
    """The world does not reach a database."""
    config = database.settings.ipConfiguration
    return ~is_world(*(network.value for network in config.authorizedNetworks)) | config.ipv4Enabled.is_false()


@rule(
    "gcp-sql-public-ip",
    Severity.MEDIUM,
    _SQL,
    why="A database with a public address is one list of networks away from everyone.",
    fix="Set `settings.ip_configuration.ipv4_enabled=False` and `private_network`.",
    references=("checkov:CKV_GCP_60", "trivy:GCP-0017", "prowler:cloudsql_instance_public_ip"),
    good=[_sql({"ipv4Enabled": False, "privateNetwork": "n"})],
    bad=[{"databaseVersion": "POSTGRES_16"}, _sql({"privateNetwork": "n"}), _sql({"ipv4Enabled": True})],
    unknown=[_sql({"ipv4Enabled": UNKNOWN}), {"settings": UNKNOWN}],
)
def database_has_no_public_address(database: Resource) -> Verdict:
    """A database has no public address; unless told otherwise it gets one."""
    return database.settings.ipConfiguration.ipv4Enabled.is_false()


@rule(
    "gcp-sql-tls",
    Severity.HIGH,
    _SQL,
    why="Without it passwords and prompts cross the network as they are, if a client does not insist otherwise.",
    fix='Set `settings.ip_configuration.ssl_mode="ENCRYPTED_ONLY"`.',
    references=("checkov:CKV_GCP_6", "trivy:GCP-0015", "prowler:cloudsql_instance_ssl_connections"),
    good=[_sql({"sslMode": "ENCRYPTED_ONLY"}), _sql({"sslMode": "TRUSTED_CLIENT_CERTIFICATE_REQUIRED"})],
    bad=[{"databaseVersion": "POSTGRES_16"}, _sql({"sslMode": "ALLOW_UNENCRYPTED_AND_ENCRYPTED"})],
    unknown=[_sql({"sslMode": UNKNOWN}), {"settings": {"tier": "x", "ipConfiguration": UNKNOWN}}],
)
def database_speaks_tls(database: Resource) -> Verdict:
    """A database takes encrypted connections only."""
    return database.settings.ipConfiguration.sslMode.is_one_of("ENCRYPTED_ONLY", "TRUSTED_CLIENT_CERTIFICATE_REQUIRED")


@rule(
    "gcp-redis-auth",
    Severity.MEDIUM,
    _REDIS,
    _CLUSTER,
    why="Anyone in the network reads and changes a cache that asks for nothing: prompts, sessions, and the queue of jobs.",
    fix='Set `auth_enabled=True`; on a cluster `authorization_mode="AUTH_MODE_IAM_AUTH"`.',
    references=("checkov:CKV_GCP_95",),
    good=[{"memorySizeGb": 4, "authEnabled": True}, On(_CLUSTER, {"authorizationMode": "AUTH_MODE_IAM_AUTH"})],
    bad=[{"memorySizeGb": 4}, {"authEnabled": False}, On(_CLUSTER, {"shardCount": 3, "authorizationMode": "AUTH_MODE_DISABLED"})],
    unknown=[{"authEnabled": UNKNOWN}, On(_CLUSTER, {"authorizationMode": UNKNOWN})],
)
def cache_asks_who_comes(cache: Resource) -> Verdict:
    """A cache asks who comes."""
    if cache.type_token == _CLUSTER:
        return cache.authorizationMode.is_one_of("AUTH_MODE_IAM_AUTH")
    return cache.authEnabled.is_true()


@rule(
    "gcp-redis-tls",
    Severity.MEDIUM,
    _REDIS,
    _CLUSTER,
    why="Prompts and sessions cross the network as they are otherwise, the cache's password with them.",
    fix='Set `transit_encryption_mode="SERVER_AUTHENTICATION"`; on a cluster "TRANSIT_ENCRYPTION_MODE_SERVER_AUTHENTICATION".',
    references=("checkov:CKV_GCP_97",),
    good=[
        {"transitEncryptionMode": "SERVER_AUTHENTICATION"},
        On(_CLUSTER, {"transitEncryptionMode": "TRANSIT_ENCRYPTION_MODE_SERVER_AUTHENTICATION"}),
    ],
    bad=[{"memorySizeGb": 4}, {"transitEncryptionMode": "DISABLED"}, On(_CLUSTER, {"shardCount": 3})],
    unknown=[{"transitEncryptionMode": UNKNOWN}],
)
def cache_speaks_tls(cache: Resource) -> Verdict:
    """A cache encrypts what crosses the network."""
    return cache.transitEncryptionMode.is_one_of("SERVER_AUTHENTICATION", "TRANSIT_ENCRYPTION_MODE_SERVER_AUTHENTICATION")
