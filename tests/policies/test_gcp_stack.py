"""A whole stack on Google Cloud, once as it should be and once as it is found: nothing to say of the one, all of the other."""

from typing import Any

import pytest

from lepton_infra.rules.card import Kind
from lepton_infra.rules.finding import Finding
from lepton_infra.rules.runner import Runner
from lepton_infra.rules.subject import Subject
from lepton_infra.rules.values import UNKNOWN
from lepton_policies import gcp

KEY = "projects/p/locations/europe-west4/keyRings/r/cryptoKeys/k"
NODES = "gke-nodes@p.iam.gserviceaccount.com"
LABELS = {"owner": "ml-platform", "team": "inference", "environment": "prod"}
CLUSTER = "urn:pulumi:s::p::gcp:container/cluster:Cluster::cluster"
SUBNET = "urn:pulumi:s::p::gcp:compute/subnetwork:Subnetwork::subnet"

CAREFUL: dict[tuple[str, str], dict[str, Any]] = {
    ("gcp:compute/network:Network", "net"): {"autoCreateSubnetworks": False},
    ("gcp:compute/subnetwork:Subnetwork", "subnet"): {
        "network": UNKNOWN,
        "ipCidrRange": "10.0.0.0/20",
        "privateIpGoogleAccess": True,
        "logConfig": {"flowSampling": 0.5},
    },
    ("gcp:compute/firewall:Firewall", "iap"): {
        "network": UNKNOWN,
        "sourceRanges": ["35.235.240.0/20"],
        "allows": [{"protocol": "tcp", "ports": ["22"]}],
        "logConfig": {"metadata": "INCLUDE_ALL_METADATA"},
    },
    ("gcp:container/cluster:Cluster", "cluster"): {
        "location": "europe-west4",
        "subnetwork": UNKNOWN,
        "resourceLabels": LABELS,
        "removeDefaultNodePool": True,
        "initialNodeCount": 1,
        "privateClusterConfig": {"enablePrivateNodes": True, "enablePrivateEndpoint": True},
        "masterAuthorizedNetworksConfig": {"cidrBlocks": [{"cidrBlock": "10.0.0.0/8"}]},
        "workloadIdentityConfig": {"workloadPool": "p.svc.id.goog"},
        "datapathProvider": "ADVANCED_DATAPATH",
        "databaseEncryption": {"state": "ENCRYPTED", "keyName": KEY},
        "binaryAuthorization": {"evaluationMode": "PROJECT_SINGLETON_POLICY_ENFORCE"},
        "enableIntranodeVisibility": True,
        "costManagementConfig": {"enabled": True},
        "releaseChannel": {"channel": "REGULAR"},
    },
    ("gcp:container/nodePool:NodePool", "system"): {
        "cluster": UNKNOWN,
        "nodeConfig": {
            "machineType": "n4-standard-8",
            "serviceAccount": NODES,
            "workloadMetadataConfig": {"mode": "GKE_METADATA"},
            "shieldedInstanceConfig": {"enableSecureBoot": True},
            "resourceLabels": LABELS,
        },
        "autoscaling": {"totalMinNodeCount": 1, "totalMaxNodeCount": 4},
    },
    ("gcp:container/nodePool:NodePool", "gpus"): {
        "cluster": UNKNOWN,
        "nodeLocations": ["europe-west4-b"],
        "nodeConfig": {
            "machineType": "a3-highgpu-8g",
            "serviceAccount": NODES,
            "workloadMetadataConfig": {"mode": "GKE_METADATA"},
            "resourceLabels": LABELS,
            "reservationAffinity": {"consumeReservationType": "SPECIFIC_RESERVATION", "key": "k", "values": ["r"]},
        },
        "autoscaling": {"totalMinNodeCount": 0, "totalMaxNodeCount": 16},
    },
    ("gcp:storage/bucket:Bucket", "models"): {
        "location": "EU",
        "name": "lepton-models",
        "labels": LABELS,
        "uniformBucketLevelAccess": True,
        "publicAccessPrevention": "enforced",
        "versioning": {"enabled": True},
        "logging": {"logBucket": "logs"},
        "encryption": {"defaultKmsKeyName": KEY},
        "lifecycleRules": [{"action": {"type": "Delete"}, "condition": {"numNewerVersions": 3}}],
    },
    ("gcp:kms/cryptoKey:CryptoKey", "key"): {"keyRing": "r", "rotationPeriod": "7776000s", "deletionPolicy": "PREVENT"},
    ("gcp:billing/budget:Budget", "budget"): {
        "billingAccount": "b",
        "amount": {"specifiedAmount": {"units": "50000"}},
        "thresholdRules": [{"thresholdPercent": 0.8}],
    },
    ("gcp:projects/iAMMember:IAMMember", "logs"): {"project": "p", "role": "roles/logging.logWriter", "member": f"serviceAccount:{NODES}"},
}

CARELESS: dict[tuple[str, str], dict[str, Any]] = {
    ("gcp:compute/firewall:Firewall", "ray"): {
        "network": "net",
        "sourceRanges": ["0.0.0.0/1", "128.0.0.0/1"],
        "allows": [{"protocol": "tcp"}],
    },
    ("gcp:container/cluster:Cluster", "cluster"): {
        "location": "europe-west4",
        "masterAuth": {"clientCertificateConfig": {"issueClientCertificate": True}},
    },
    ("gcp:container/nodePool:NodePool", "gpus"): {"cluster": UNKNOWN, "nodeConfig": {"machineType": "a3-highgpu-8g"}, "nodeCount": 200},
    ("gcp:storage/bucketIAMMember:BucketIAMMember", "open"): {
        "bucket": UNKNOWN,
        "role": "roles/storage.objectViewer",
        "member": "allUsers",
    },
    ("gcp:projects/iAMMember:IAMMember", "editor"): {"project": "p", "role": "roles/editor", "member": UNKNOWN},
    ("gcp:workbench/instance:Instance", "notebook"): {"location": "europe-west4-a", "gceSetup": {"machineType": "g2-standard-8"}},
}
BAD = {
    ("gcp-fw-admin-open", "ray"),
    ("gcp-fw-all-open", "ray"),
    ("gcp-fw-ai-ports-open", "ray"),
    ("gcp-fw-data-ports-open", "ray"),
    ("gcp-gke-control-plane-open", "cluster"),
    ("gcp-gke-private-nodes", "cluster"),
    ("gcp-gke-workload-identity", "cluster"),
    ("gcp-gke-client-cert", "cluster"),
    ("gcp-gke-metadata-server", "gpus"),
    ("cost-gcp-gpu-max-bound", "gpus"),
    ("cost-gcp-gpu-min-zero", "gpus"),
    ("gcp-bucket-public", "open"),
    ("gcp-iam-basic-role", "editor"),
    ("gcp-workbench-public-ip", "notebook"),
    ("gcp-workbench-default-sa", "notebook"),
}


def subjects(stack: dict[tuple[str, str], dict[str, Any]]) -> list[Subject]:
    """Return a stack as a preview has it: what a pool's cluster will be is unknown, and where it comes from is known."""
    origins = {"cluster": (CLUSTER,), "subnetwork": (SUBNET,)}
    return [
        Subject(
            type=token,
            inputs=inputs,
            name=name,
            urn=f"urn:pulumi:s::p::{token}::{name}",
            sources={key: origins.get(key, ()) for key in inputs},
            dependencies=tuple(urn for key in inputs for urn in origins.get(key, ())),
        )
        for (token, name), inputs in stack.items()
    ]


def findings(stack: dict[tuple[str, str], dict[str, Any]]) -> list[Finding]:
    return Runner(gcp.RULES).evaluate_stack(subjects(stack), tuple(Kind))


def test_of_a_careful_stack_there_is_nothing_to_say() -> None:
    assert [f"{one.rule} of {one.name}: {one.message}" for one in findings(CAREFUL)] == []


def test_of_a_careless_stack_everything_grave_is_said() -> None:
    grave = {(one.rule, one.name) for one in findings(CARELESS) if one.outcome.value == "fail" and one.severity.blocks}
    assert grave == BAD


@pytest.mark.parametrize("key", [key for key, inputs in CAREFUL.items() if "cluster" not in inputs], ids=str)
def test_what_is_alone_is_judged_as_in_its_stack(key: tuple[str, str]) -> None:
    assert [one for one in findings({key: CAREFUL[key]}) if one.severity.blocks] == []
