"""Whole training clusters, written with care and without: nothing grave to say of the one, all that is grave said of the other.

The programs in `clusters/` are run as `lepton graph` runs them. The careless ones make the same things, with the defaults left alone and
the shortcuts taken.
"""

import shutil
from pathlib import Path

import pytest

from lepton_infra.rules.card import Kind
from lepton_infra.rules.finding import Finding, Outcome
from lepton_infra.rules.runner import Runner
from lepton_infra.rules.subject import subjects_of
from lepton_policies import RULES
from tests.graph.conftest import run, write_project

CLUSTERS = Path(__file__).parent / "clusters"
SHARED = ("workloads.py", "careless_workloads.py")
RUNNER = Runner(RULES)

CARELESS_WORKLOADS = """
    k8s-ai-ingress-open k8s-ai-ports-public k8s-cap-sys-admin k8s-docker-socket k8s-external-ips k8s-gpu-device-hostpath
    k8s-gpu-visible-devices k8s-host-ipc k8s-host-network k8s-ingress-snippets k8s-lb-public k8s-privileged k8s-ray-head-public
    k8s-rbac-anonymous k8s-rbac-certificates k8s-rbac-cluster-admin k8s-rbac-escalate k8s-rbac-exec k8s-rbac-secrets k8s-rbac-tokens
    k8s-rbac-webhooks k8s-rbac-wildcard k8s-secret-literal
"""
CARELESS = {
    "eks": """
        aws-ebs-encrypted aws-ecr-public aws-efs-encrypted aws-eks-endpoint-open aws-eks-ng-imdsv2 aws-eks-ng-private aws-eks-ng-ssh-open
        aws-iam-admin-document aws-iam-managed-admin aws-iam-privesc aws-iam-star-action aws-iam-trust-star aws-kms-public
        aws-lt-ebs-encrypted aws-lt-imdsv2 aws-lt-public-ip aws-lt-userdata-secrets aws-nlb-ai-ports-public aws-s3-acl-public
        aws-s3-pab-flags aws-s3-policy-public aws-sagemaker-notebook-imdsv2 aws-sagemaker-notebook-internet aws-sg-admin-open
        aws-sg-ai-ports-open aws-sg-all-open aws-sg-data-ports-open aws-trail-off
    """,
    "gke": """
        gcp-ar-public gcp-bucket-pap gcp-bucket-public gcp-env-secrets gcp-fw-admin-open gcp-fw-ai-ports-open gcp-fw-all-open
        gcp-fw-data-ports-open gcp-gke-alpha gcp-gke-anonymous-binding gcp-gke-client-cert gcp-gke-control-plane-open gcp-gke-legacy-abac
        gcp-gke-metadata-server gcp-gke-private-nodes gcp-gke-workload-identity gcp-iam-basic-role gcp-iam-sa-admin gcp-iam-sa-key
        gcp-iam-sa-user gcp-iam-wif-condition gcp-kms-public gcp-lb-ai-ports-public gcp-project-default-network gcp-run-public
        gcp-vm-default-sa gcp-vm-full-scope gcp-vm-public-ip gcp-vm-startup-secrets gcp-workbench-default-sa gcp-workbench-public-ip
    """,
    "aks": """
        az-acr-admin az-acr-anonymous az-aks-api-open az-aks-node-public-ip az-aks-rbac az-appgw-ai-ports-public az-container-env-secrets
        az-disk-public az-federated-subject az-kv-network az-ml-compute-public-ip az-ml-compute-ssh az-ml-deployment-env-secrets
        az-nsg-admin-open az-nsg-ai-ports-open az-nsg-all-open az-nsg-data-ports-open az-openai-public az-role-custom-star
        az-role-owner-workload az-role-wide az-storage-anonymous az-storage-container-public az-storage-default-deny az-storage-https
        az-storage-tls az-vmss-custom-data-secrets az-vmss-extension-secrets az-vmss-password az-vmss-public-ip
    """,
}
"""By cluster, the critical and high rules about security that its careless program breaks; those about money are `cost-*`."""


def findings(name: str, root: Path) -> tuple[int, list[Finding]]:
    """Return how many resources a program makes and what the rules find in them."""
    write_project(root, (CLUSTERS / f"{name}.py").read_text(encoding="utf-8"))
    for file in SHARED:
        shutil.copy(CLUSTERS / file, root)
    subjects = list(subjects_of(run(root).graph))
    return len(subjects), RUNNER.evaluate_stack(subjects, tuple(Kind))


def grave(found: list[Finding]) -> set[str]:
    """Return the critical and high rules that are broken."""
    return {one.rule for one in found if one.outcome is Outcome.FAIL and one.severity.blocks}


@pytest.mark.parametrize("cluster", CARELESS)
def test_a_careful_cluster_breaks_no_grave_rule(cluster: str, tmp_path: Path) -> None:
    made, found = findings(f"{cluster}_careful", tmp_path)
    assert made >= 30
    assert grave(found) == set()
    assert [one for one in found if one.outcome is Outcome.ERROR] == []


@pytest.mark.parametrize(("cluster", "expected"), CARELESS.items())
def test_a_careless_cluster_breaks_these_rules_and_no_other(cluster: str, expected: str, tmp_path: Path) -> None:
    made, found = findings(f"{cluster}_careless", tmp_path)
    assert made >= 30
    assert {rule for rule in grave(found) if not rule.startswith("cost-")} == {*expected.split(), *CARELESS_WORKLOADS.split()}
    assert [one for one in found if one.outcome is Outcome.ERROR] == []
