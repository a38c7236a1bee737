"""Databases, caches and search: what retrieval reads from, and what prompts are kept in."""

from typing import Final

from lepton_infra.rules.card import On, Setting, Severity, rule
from lepton_infra.rules.iam import is_public
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, any_of
from lepton_infra.rules.view import Resource
from lepton_policies.shared.production import is_production
from lepton_policies.shared.tls import is_old

_DATABASE: Final = "aws:rds/instance:Instance"
_CLUSTER: Final = "aws:rds/cluster:Cluster"
_MEMBER: Final = "aws:rds/clusterInstance:ClusterInstance"
_REDSHIFT: Final = "aws:redshift/cluster:Cluster"
_CACHE: Final = "aws:elasticache/replicationGroup:ReplicationGroup"
_SEARCH: Final = "aws:opensearch/domain:Domain"
_TABLE: Final = "aws:dynamodb/table:Table"
_PROD: Final = {"environment": "prod"}


@rule(
    "aws-db-public",
    Severity.CRITICAL,
    _DATABASE,
    _MEMBER,
    _REDSHIFT,
    why="A database with a public address is one security group and one password away from everyone.",
    fix="Set `publicly_accessible=False` and place it in private subnets.",
    references=("checkov:CKV_AWS_17", "checkov:CKV_AWS_87", "trivy:AWS-0180", "prowler:rds_instance_no_public_access", "cis-aws-7.0:3.2.3"),
    good=[{}, {"publiclyAccessible": False}, On(_REDSHIFT, {"publiclyAccessible": False})],
    bad=[{"publiclyAccessible": True}, On(_MEMBER, {"publiclyAccessible": "true"}), On(_REDSHIFT, {"publiclyAccessible": True})],
    unknown=[{"publiclyAccessible": UNKNOWN}],
)
def database_is_private(database: Resource) -> Verdict:
    """A database has no public address."""
    return ~database.publiclyAccessible.is_true()


@rule(
    "aws-db-deletion-protection",
    Severity.MEDIUM,
    _DATABASE,
    _CLUSTER,
    "aws:docdb/cluster:Cluster",
    "aws:neptune/cluster:Cluster",
    why="A database is gone by one wrong word in a preview that nobody read to its end.",
    fix="Set `deletion_protection=True`, or `protect=True` among the resource's options.",
    references=("checkov:CKV_AWS_293", "trivy:AWS-0177", "prowler:rds_instance_deletion_protection"),
    good=[{"deletionProtection": True, "tags": _PROD}, On(_CLUSTER, {"deletionProtection": True}), {}],
    bad=[{"tags": _PROD}, On(_CLUSTER, {"deletionProtection": False, "tags": _PROD})],
    unknown=[{"deletionProtection": UNKNOWN, "tags": _PROD}],
)
def database_is_protected(database: Resource) -> Verdict:
    """In production a database is protected from deletion."""
    kept = database.is_protected() | database.deletionProtection.is_true()
    return ~is_production(database) | kept


@rule(
    "aws-db-backups",
    Severity.MEDIUM,
    _DATABASE,
    _CLUSTER,
    why="Without backups the last good state is the one before the mistake, and it is gone.",
    fix="Set `backup_retention_period` to 7 or more.",
    references=("checkov:CKV_AWS_133", "trivy:AWS-0077", "prowler:rds_instance_backup_enabled"),
    settings={"fewestDays": Setting(7, "for how long backups are to be kept at least, in days")},
    good=[{"backupRetentionPeriod": 7}, {"replicateSourceDb": "db-1"}, On(_CLUSTER, {"backupRetentionPeriod": 35})],
    bad=[{}, {"backupRetentionPeriod": 0}, On(_CLUSTER, {"backupRetentionPeriod": 1})],
    unknown=[{"backupRetentionPeriod": UNKNOWN}],
)
def database_is_backed_up(database: Resource) -> Verdict:
    """A database is backed up for a week; a replica is as well kept as its source."""
    replica = database.replicateSourceDb if database.type_token == _DATABASE else database.replicationSourceIdentifier
    return replica.is_set() | (database.backupRetentionPeriod.or_default(0) >= database.its_settings.fewestDays)


@rule(
    "aws-redshift-encrypted",
    Severity.HIGH,
    _REDSHIFT,
    why="Whoever gets hold of the disk, or of a snapshot of it, reads what was asked and answered.",
    fix="Set `encrypted=True`, and `kms_key_id` for a key of your own.",
    references=("checkov:CKV_AWS_64", "trivy:AWS-0084", "prowler:redshift_cluster_encrypted_at_rest"),
    good=[{"encrypted": "true"}, {}],
    bad=[{"encrypted": "false"}],
    unknown=[{"encrypted": UNKNOWN}],
)
def warehouse_is_encrypted(warehouse: Resource) -> Verdict:
    """A warehouse is encrypted; Redshift has done so by itself since January 2025."""
    return ~warehouse.encrypted.is_false()


@rule(
    "aws-elasticache-encrypted",
    Severity.HIGH,
    _CACHE,
    why="A cache of prompts and embeddings goes over the network and to disk as it stands unless both are encrypted.",
    fix="Set `at_rest_encryption_enabled=True` and `transit_encryption_enabled=True`.",
    references=("checkov:CKV_AWS_29", "checkov:CKV_AWS_30", "trivy:AWS-0045", "trivy:AWS-0051"),
    good=[{"atRestEncryptionEnabled": True, "transitEncryptionEnabled": True}],
    bad=[{}, {"atRestEncryptionEnabled": "true"}, {"atRestEncryptionEnabled": False, "transitEncryptionEnabled": True}],
    unknown=[{"atRestEncryptionEnabled": UNKNOWN, "transitEncryptionEnabled": True}],
)
def cache_is_encrypted(cache: Resource) -> Verdict:
    """A cache is encrypted at rest and on the way."""
    return cache.atRestEncryptionEnabled.is_true() & cache.transitEncryptionEnabled.is_true()


@rule(
    "aws-opensearch-encrypted",
    Severity.HIGH,
    _SEARCH,
    why="A vector index holds the documents that it was made from; unencrypted it is a copy of them.",
    fix='Set `encrypt_at_rest={"enabled": True}` and `node_to_node_encryption={"enabled": True}`.',
    references=("checkov:CKV_AWS_5", "checkov:CKV_AWS_6", "trivy:AWS-0048", "trivy:AWS-0043"),
    good=[{"encryptAtRest": {"enabled": True}, "nodeToNodeEncryption": {"enabled": True}}],
    bad=[{}, {"encryptAtRest": {"enabled": True}}, {"encryptAtRest": {"enabled": False}, "nodeToNodeEncryption": {"enabled": True}}],
    unknown=[{"encryptAtRest": UNKNOWN, "nodeToNodeEncryption": {"enabled": True}}],
)
def search_is_encrypted(domain: Resource) -> Verdict:
    """A search domain is encrypted at rest and between its nodes."""
    return domain.encryptAtRest.enabled.is_true() & domain.nodeToNodeEncryption.enabled.is_true()


@rule(
    "aws-opensearch-https",
    Severity.HIGH,
    _SEARCH,
    why="Queries, which are people's prompts, go to the domain in the clear or under a version of TLS that is broken.",
    fix='Set `domain_endpoint_options={"enforce_https": True, "tls_security_policy": "Policy-Min-TLS-1-2-2019-07"}`.',
    references=("checkov:CKV_AWS_83", "checkov:CKV_AWS_228", "trivy:AWS-0046", "trivy:AWS-0126"),
    good=[{"domainEndpointOptions": {"enforceHttps": True, "tlsSecurityPolicy": "Policy-Min-TLS-1-2-2019-07"}}],
    bad=[{}, {"domainEndpointOptions": {"enforceHttps": True, "tlsSecurityPolicy": "Policy-Min-TLS-1-0-2019-07"}}],
    unknown=[{"domainEndpointOptions": UNKNOWN}],
)
def search_speaks_tls(domain: Resource) -> Verdict:
    """A search domain speaks TLS 1.2 or later, and nothing else."""
    options = domain.domainEndpointOptions
    return options.enforceHttps.is_true() & ~is_old(options.tlsSecurityPolicy)


@rule(
    "aws-opensearch-vpc",
    Severity.HIGH,
    _SEARCH,
    why="A domain outside your network has a public address, and its policy is all that stands before the index.",
    fix="Set `vpc_options` with private subnets and a security group; it cannot be changed later.",
    references=("checkov:CKV_AWS_137", "prowler:opensearch_service_domains_not_publicly_accessible"),
    good=[{"vpcOptions": {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]}}],
    bad=[{}, {"vpcOptions": {"subnetIds": []}}],
    unknown=[{"vpcOptions": UNKNOWN}],
)
def search_is_in_the_network(domain: Resource) -> Verdict:
    """A search domain stands in your network."""
    return domain.vpcOptions.subnetIds.is_set()


@rule(
    "aws-opensearch-public",
    Severity.CRITICAL,
    _SEARCH,
    "aws:opensearch/domainPolicy:DomainPolicy",
    why="Everyone may read and change the index.",
    fix="Name the roles in `access_policies`.",
    references=("prowler:opensearch_service_domains_not_publicly_accessible",),
    good=[
        {},
        {"accessPolicies": '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "es:*"}]}', "vpcOptions": {"subnetIds": ["s"]}},
    ],
    bad=[{"accessPolicies": '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "es:*"}]}'}],
    unknown=[{"accessPolicies": UNKNOWN}],
)
def search_is_not_public(domain: Resource) -> Verdict:
    """No search domain outside your network is everyone's."""
    return ~is_public(domain.accessPolicies) | domain.vpcOptions.subnetIds.is_set()


@rule(
    "aws-dynamodb-recovery",
    Severity.MEDIUM,
    _TABLE,
    why="A table of sessions or features that a job has overwritten can be taken back to the second before, if that was switched on.",
    fix='Set `point_in_time_recovery={"enabled": True}`.',
    references=("checkov:CKV_AWS_28", "trivy:AWS-0024", "prowler:dynamodb_tables_pitr_enabled"),
    good=[{"pointInTimeRecovery": {"enabled": True}}],
    bad=[{}, {"pointInTimeRecovery": {"enabled": False}}],
    unknown=[{"pointInTimeRecovery": UNKNOWN}],
)
def table_can_be_taken_back(table: Resource) -> Verdict:
    """A table can be taken back in time."""
    return table.pointInTimeRecovery.enabled.is_true()


@rule(
    "aws-db-iam-auth",
    Severity.LOW,
    _DATABASE,
    _CLUSTER,
    why="A password is copied into every job that reads; a token of IAM is good for a quarter of an hour.",
    fix="Set `iam_database_authentication_enabled=True`.",
    references=("checkov:CKV_AWS_161", "checkov:CKV_AWS_162", "trivy:AWS-0176"),
    good=[{"engine": "postgres", "iamDatabaseAuthenticationEnabled": True}, {"engine": "sqlserver-ex"}, {"engine": "oracle-se2"}],
    bad=[
        {"engine": "postgres"},
        {"engine": "mysql", "iamDatabaseAuthenticationEnabled": False},
        On(_CLUSTER, {"engine": "aurora-postgresql"}),
    ],
    unknown=[{"engine": "postgres", "iamDatabaseAuthenticationEnabled": UNKNOWN}, {"engine": UNKNOWN}],
)
def database_knows_roles(database: Resource) -> Verdict:
    """A database that can takes tokens of IAM."""
    can = any_of(database.engine.is_one_of(engine) for engine in ("postgres", "mysql", "mariadb", "aurora-postgresql", "aurora-mysql"))
    return can.implies(database.iamDatabaseAuthenticationEnabled.is_true())
