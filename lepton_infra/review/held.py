"""What is in a resource that goes when the resource goes: data, workloads, or all that a key encrypts.

By the last word of the type, and where a word means several things (an `Instance` may be a machine or a database) by package and module.
The words are those of the providers `aws`, `gcp`, `azure-native` and `kubernetes`.
"""

from typing import Final

from lepton_infra.graph.model import Resource
from lepton_infra.rules.subject import plain_type

DATA: Final = "the data in it"
WORKLOADS: Final = "all that runs on it"
ENCRYPTED: Final = "all that it encrypts"

_WORDS: Final = {
    DATA: (
        "Bucket BucketV2 DirectoryBucket StorageAccount BlobContainer FileShare Volume Disk RegionDisk FileSystem LustreFileSystem "
        "OpenZfsFileSystem OpenZfsVolume OntapFileSystem OntapVolume WindowsFileSystem AmlFilesystem CapacityPool FileCache "
        "DatabaseInstance DatabaseAccount GlobalCluster ReplicationGroup FlexibleServer SqlDatabase ManagedInstance "
        "PersistentVolume PersistentVolumeClaim Snapshot Table"
    ),
    WORKLOADS: (
        "ManagedCluster NodeGroup NodePool AgentPool InstanceGroupManager RegionInstanceGroupManager VirtualMachine VirtualMachineScaleSet"
    ),
    ENCRYPTED: "CryptoKey ManagedHsm",
}
_MODULES: Final = {
    DATA: {
        "Cluster": "aws:rds aws:docdb aws:neptune aws:redshift aws:elasticache aws:memorydb aws:msk aws:dsql gcp:alloydb gcp:redis",
        "Database": (
            "azure-native:dbformysql azure-native:dbforpostgresql azure-native:redisenterprise azure-native:sql "
            "gcp:firestore gcp:spanner gcp:sql"
        ),
        "Dataset": "gcp:bigquery",
        "Domain": "aws:opensearch aws:elasticsearch",
        "Instance": (
            "aws:rds gcp:alloydb gcp:bigtable gcp:filestore gcp:lustre gcp:memcache gcp:memorystore gcp:parallelstore gcp:redis gcp:spanner"
        ),
        "Redis": "azure-native:redis azure-native:cache",
        "Registry": "azure-native:containerregistry gcp:container",
        "Repository": "aws:ecr aws:codecommit gcp:artifactregistry",
        "Secret": "aws:secretsmanager azure-native:keyvault gcp:secretmanager",
        "Server": "azure-native:sql azure-native:dbforpostgresql azure-native:dbformysql",
        "Vault": "aws:backup aws:glacier azure-native:recoveryservices azure-native:keyvault",
    },
    WORKLOADS: {
        "Cluster": "aws:eks aws:ecs gcp:container",
        "Group": "aws:autoscaling",
        "Instance": "aws:ec2 gcp:compute",
        "Namespace": "kubernetes:core",
    },
    ENCRYPTED: {"Key": "aws:kms azure-native:keyvault"},
}
_BY_WORD: Final = {word: held for held, words in _WORDS.items() for word in words.split()}
_BY_MODULE: Final = {
    (module, word): held for held, words in _MODULES.items() for word, modules in words.items() for module in modules.split()
}


def held_by(resource: Resource) -> str:
    """Return what goes with a resource, as a phrase; empty where nothing does that a new one would not have."""
    token = plain_type(resource.type)
    package, _, rest = token.partition(":")
    module = f"{package}:{rest.partition(':')[0].partition('/')[0]}"
    return _BY_MODULE.get((module, resource.kind)) or _BY_WORD.get(resource.kind, "")
