"""The known errors of a scanner on Google Cloud, Azure and Kubernetes, and their relatives; those on AWS are in `test_known_errors.py`.

Each case is a line with the truth and, in its id, why; "measured" and "by source" are those that the survey found, the others are ours:
what else must not deceive one who compares text, looks at the first of a list, takes any value for a good one, reads a default as an error,
or knows one of the resources by which a cloud says the same.
"""

from typing import Any

import pytest

from lepton_infra.rules.values import UNKNOWN
from tests.policies.test_known_errors import WORLD, outcome

FIREWALL = "gcp:compute/firewall:Firewall"
POLICY_RULE = "gcp:compute/networkFirewallPolicyRule:NetworkFirewallPolicyRule"
GKE = "gcp:container/cluster:Cluster"
TCP_22 = {"protocol": "tcp", "ports": ["22"]}
V2 = {"datapathProvider": "ADVANCED_DATAPATH"}
"""Dataplane V2."""


def fw(ranges: Any = WORLD, *allowed: Any, **more: Any) -> dict[str, Any]:
    return {"sourceRanges": ranges if isinstance(ranges, list) else [ranges], "allows": list(allowed or (TCP_22,)), **more}


def policy(allowed: Any, **match: Any) -> dict[str, Any]:
    return {"action": "allow", "direction": "INGRESS", "match": {"layer4Configs": [allowed], **match}}


def plane(*cidrs: Any, **more: Any) -> dict[str, Any]:
    return {"masterAuthorizedNetworksConfig": {"cidrBlocks": [{"cidrBlock": cidr} for cidr in cidrs]}, **more}


@pytest.mark.parametrize(
    ("rule", "token", "inputs", "truth"),
    [
        pytest.param("gcp-fw-all-open", FIREWALL, fw(WORLD, {"protocol": "tcp"}), "fail", id="measured: tcp without ports is every port"),
        pytest.param("gcp-fw-admin-open", FIREWALL, fw(WORLD, {"protocol": "tcp"}), "fail", id="measured: and so 22 as well"),
        pytest.param("gcp-fw-all-open", FIREWALL, fw(WORLD, {"protocol": "tcp", "ports": []}), "fail", id="an empty list of ports"),
        pytest.param("gcp-fw-all-open", FIREWALL, fw(WORLD, {"protocol": "ALL"}), "fail", id="every protocol, in capitals"),
        pytest.param("gcp-fw-admin-open", FIREWALL, fw(WORLD, {"protocol": "6", "ports": ["22"]}), "fail", id="tcp by its number"),
        pytest.param("gcp-fw-admin-open", FIREWALL, fw(WORLD, {"protocol": "icmp"}, TCP_22), "fail", id="second in the list of protocols"),
        pytest.param("gcp-fw-admin-open", FIREWALL, fw(WORLD, {"protocol": "tcp", "ports": ["443", "20-30"]}), "fail", id="within a range"),
        pytest.param("gcp-fw-admin-open", FIREWALL, fw(WORLD, {"protocol": "tcp", "ports": [22]}), "fail", id="a port as a number"),
        pytest.param("gcp-fw-admin-open", FIREWALL, fw(["0.0.0.0/1", "128.0.0.0/1"]), "fail", id="two halves of the world"),
        pytest.param("gcp-fw-admin-open", FIREWALL, fw(["203.0.113.0/24", "::/0"]), "fail", id="IPv6, second in its list"),
        pytest.param("gcp-fw-admin-open", FIREWALL, {"allows": [TCP_22]}, "fail", id="no source at all is everyone"),
        pytest.param("gcp-fw-admin-open", FIREWALL, fw([], TCP_22), "fail", id="an empty list of sources is everyone"),
        pytest.param("gcp-fw-admin-open", FIREWALL, fw(WORLD, sourceTags=["bastion"]), "fail", id="a tag beside the world narrows nothing"),
        pytest.param("gcp-fw-admin-open", FIREWALL, {"sourceTags": ["bastion"], "allows": [TCP_22]}, "pass", id="a tag alone is no world"),
        pytest.param("gcp-fw-admin-open", FIREWALL, fw(WORLD, disabled=True), "pass", id="a rule that is switched off"),
        pytest.param("gcp-fw-admin-open", FIREWALL, fw(WORLD, direction="EGRESS"), "pass", id="outward"),
        pytest.param("gcp-fw-admin-open", FIREWALL, fw("35.235.240.0/20"), "pass", id="Identity-Aware Proxy"),
        pytest.param("gcp-fw-admin-open", FIREWALL, fw([UNKNOWN]), "undecided", id="a source that is not known yet"),
        pytest.param("gcp-fw-admin-open", POLICY_RULE, policy({"ipProtocol": "tcp"}, srcIpRanges=[WORLD]), "fail", id="a firewall policy"),
        pytest.param("gcp-fw-admin-open", POLICY_RULE, policy({"ipProtocol": "all"}), "fail", id="a policy's rule that names nobody"),
        pytest.param(
            "gcp-fw-admin-open",
            POLICY_RULE,
            {**policy({"ipProtocol": "tcp"}, srcIpRanges=[WORLD]), "action": "goto_next"},
            "pass",
            id="a policy's rule that only passes on",
        ),
        pytest.param("gcp-gke-network-policy", GKE, V2, "pass", id="measured: Dataplane V2 needs no block for network policy"),
        pytest.param("gcp-gke-network-policy", GKE, {"enableAutopilot": True}, "pass", id="Autopilot enforces it"),
        pytest.param("gcp-gke-network-policy", GKE, {"networkPolicy": {"enabled": False}}, "fail", id="a block that says no"),
        pytest.param("gcp-gke-network-policy", GKE, {"datapathProvider": "LEGACY_DATAPATH"}, "fail", id="the old data path alone"),
        pytest.param("gcp-gke-control-plane-open", GKE, {}, "fail", id="by source: no list of networks is everyone"),
        pytest.param("gcp-gke-control-plane-open", GKE, plane("203.0.113.0/24", WORLD), "fail", id="the world, second in its list"),
        pytest.param("gcp-gke-control-plane-open", GKE, plane("0.0.0.0/1", "128.0.0.0/1"), "fail", id="two halves"),
        pytest.param("gcp-gke-control-plane-open", GKE, plane("203.0.113.0/24", UNKNOWN), "undecided", id="an unknown alone"),
        pytest.param(
            "gcp-gke-control-plane-open",
            GKE,
            {"controlPlaneEndpointsConfig": {"ipEndpointsConfig": {"enabled": False}}},
            "pass",
            id="no address at all, names only",
        ),
        pytest.param(
            "gcp-vm-public-ip",
            "gcp:compute/instance:Instance",
            {"networkInterfaces": [{}, {"accessConfigs": [{}]}]},
            "fail",
            id="second interface, empty block",
        ),
        pytest.param(
            "gcp-bucket-public",
            "gcp:storage/bucketIAMBinding:BucketIAMBinding",
            {"members": ["user:a@b.c", "allUsers"]},
            "fail",
            id="second of the members",
        ),
    ],
)
def test_google_cloud_as_it_is(rule: str, token: str, inputs: dict[str, Any], truth: str) -> None:
    assert outcome(rule, token, inputs) == truth


NSG = "azure-native:network:NetworkSecurityGroup"
NSG_RULE = "azure-native:network:SecurityRule"
AKS = "azure-native:containerservice:ManagedCluster"
OLD_AKS = "azure-native:containerservice/v20240901:ManagedCluster"
ACCOUNT = "azure-native:storage:StorageAccount"


def let(**more: Any) -> dict[str, Any]:
    plain = {"access": "Allow", "direction": "Inbound", "protocol": "Tcp", "priority": 100, "destinationAddressPrefix": "*"}
    return {**plain, "sourceAddressPrefix": "*", "destinationPortRange": "22", **more}


def network(**profile: Any) -> dict[str, Any]:
    return {"networkProfile": profile}


def ranges(*cidrs: Any, **more: Any) -> dict[str, Any]:
    return {"apiServerAccessProfile": {"authorizedIPRanges": list(cidrs), **more}}


@pytest.mark.parametrize(
    ("rule", "token", "inputs", "truth"),
    [
        pytest.param("az-aks-network-policy", AKS, network(networkPolicy="none"), "fail", id="measured: none is a policy's name, and none"),
        pytest.param("az-aks-network-policy", OLD_AKS, network(networkPolicy="none"), "fail", id="by an older version of the API"),
        pytest.param("az-aks-network-policy", AKS, network(networkPolicy="None"), "fail", id="in capitals"),
        pytest.param("az-aks-network-policy", AKS, network(networkPlugin="azure"), "fail", id="nothing said"),
        pytest.param("az-aks-network-policy", AKS, network(networkPolicy="cilium"), "pass", id="Cilium"),
        pytest.param("az-aks-network-policy", AKS, network(networkDataplane="cilium"), "pass", id="Cilium's data plane enforces by itself"),
        pytest.param("az-aks-network-policy", AKS, network(networkPolicy=UNKNOWN), "undecided", id="a policy that is not known yet"),
        pytest.param("az-nsg-admin-open", NSG_RULE, let(sourceAddressPrefix="Internet"), "fail", id="the internet by its tag"),
        pytest.param("az-nsg-admin-open", NSG_RULE, let(sourceAddressPrefix="internet"), "fail", id="the tag in small letters"),
        pytest.param("az-nsg-admin-open", NSG_RULE, let(sourceAddressPrefix="0.0.0.0/0"), "fail", id="a network instead of a star"),
        pytest.param("az-nsg-admin-open", NSG_RULE, let(sourceAddressPrefix="::/0"), "fail", id="IPv6"),
        pytest.param(
            "az-nsg-admin-open",
            NSG_RULE,
            let(sourceAddressPrefix=None, sourceAddressPrefixes=["203.0.113.0/24", "0.0.0.0/1", "128.0.0.0/1"]),
            "fail",
            id="halves in a list",
        ),
        pytest.param(
            "az-nsg-admin-open",
            NSG_RULE,
            let(destinationPortRange=None, destinationPortRanges=["443", "20-30"]),
            "fail",
            id="a range, second in its list",
        ),
        pytest.param("az-nsg-admin-open", NSG_RULE, let(destinationPortRange="*"), "fail", id="every port"),
        pytest.param("az-nsg-admin-open", NSG_RULE, let(protocol="*"), "fail", id="every protocol"),
        pytest.param("az-nsg-admin-open", NSG_RULE, let(protocol="tcp", access="allow", direction="inbound"), "fail", id="small letters"),
        pytest.param(
            "az-nsg-admin-open", NSG, {"securityRules": [let(destinationPortRange="443"), let()]}, "fail", id="second rule of a group"
        ),
        pytest.param(
            "az-nsg-admin-open", NSG_RULE, let(protocol="*", destinationPortRange="443"), "pass", id="every protocol minds the port"
        ),
        pytest.param("az-nsg-admin-open", NSG_RULE, let(protocol="Icmp"), "pass", id="ping"),
        pytest.param("az-nsg-admin-open", NSG_RULE, let(access="Deny"), "pass", id="a rule that denies"),
        pytest.param("az-nsg-admin-open", NSG_RULE, let(sourceAddressPrefix="VirtualNetwork"), "pass", id="a tag that is no world"),
        pytest.param("az-nsg-admin-open", NSG_RULE, let(sourceAddressPrefix=UNKNOWN), "undecided", id="a source that is not known yet"),
        pytest.param("az-aks-api-open", AKS, ranges("0.0.0.0/0"), "fail", id="any range is not a good range"),
        pytest.param("az-aks-api-open", AKS, ranges("203.0.113.0/24", "0.0.0.0/1", "128.0.0.0/1"), "fail", id="halves beside an office"),
        pytest.param("az-aks-api-open", AKS, ranges(), "fail", id="an empty list is everyone"),
        pytest.param("az-aks-api-open", AKS, ranges(WORLD, enablePrivateCluster=True), "pass", id="a private cluster has no such address"),
        pytest.param("az-aks-api-open", AKS, ranges("203.0.113.0/24", UNKNOWN), "undecided", id="a range that is not known yet"),
        pytest.param(
            "az-aks-node-public-ip",
            AKS,
            {"agentPoolProfiles": [{"enableNodePublicIP": False}, {"enableNodePublicIP": True}]},
            "fail",
            id="by source: second pool",
        ),
        pytest.param("az-storage-tls", ACCOUNT, {"minimumTlsVersion": "TLS1_1"}, "fail", id="an old version"),
        pytest.param("az-storage-default-deny", ACCOUNT, {"publicNetworkAccess": "Disabled"}, "pass", id="no network, no rules of it"),
    ],
)
def test_azure_as_it_is(rule: str, token: str, inputs: dict[str, Any], truth: str) -> None:
    assert outcome(rule, token, inputs) == truth


KUBE_POD = "kubernetes:core/v1:Pod"
OLD_INGRESS = "kubernetes:networking.k8s.io/v1beta1:Ingress"
CRON = "kubernetes:batch/v1:CronJob"
RAY = "kubernetes:ray.io/v1:RayCluster"
SERVICE = "kubernetes:core/v1:Service"
ROLE = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"
PRIVILEGED = {"securityContext": {"privileged": True}}
TOKEN = {"env": [{"name": "HF_TOKEN", "value": "hf_" + "z" * 34}]}


def pod(*containers: Any, **spec: Any) -> dict[str, Any]:
    return {"spec": {"containers": list(containers), **spec}}


def may(verbs: Any, resources: Any, groups: Any = ("",), **more: Any) -> dict[str, Any]:
    return {"rules": [{"verbs": list(verbs), "resources": list(resources), "apiGroups": list(groups), **more}]}


@pytest.mark.parametrize(
    ("rule", "token", "inputs", "truth"),
    [
        pytest.param("k8s-privileged", KUBE_POD, pod({}, PRIVILEGED), "fail", id="second container"),
        pytest.param("k8s-privileged", KUBE_POD, pod({}, initContainers=[PRIVILEGED]), "fail", id="a container that runs before"),
        pytest.param("k8s-privileged", KUBE_POD, pod({}, ephemeralContainers=[PRIVILEGED]), "fail", id="a container to look inside"),
        pytest.param(
            "k8s-privileged", CRON, {"spec": {"jobTemplate": {"spec": {"template": pod(PRIVILEGED)}}}}, "fail", id="a job by the clock"
        ),
        pytest.param(
            "k8s-privileged",
            RAY,
            {"spec": {"headGroupSpec": {"template": pod({})}, "workerGroupSpecs": [{}, {"template": pod(PRIVILEGED)}]}},
            "fail",
            id="a second group of Ray workers",
        ),
        pytest.param("k8s-privileged", KUBE_POD, pod(UNKNOWN, PRIVILEGED), "fail", id="beside an unknown"),
        pytest.param("k8s-privileged", KUBE_POD, pod(UNKNOWN), "undecided", id="an unknown alone"),
        pytest.param("k8s-privileged", KUBE_POD, pod({"securityContext": {"privileged": "true"}}), "fail", id="a flag as text"),
        pytest.param("k8s-secret-literal", KUBE_POD, pod({}, initContainers=[TOKEN]), "fail", id="a token where the model is fetched"),
        pytest.param(
            "k8s-secret-literal", KUBE_POD, pod({"args": ["--hf-token=" + "hf_" + "z" * 34]}), "fail", id="a token in an argument"
        ),
        pytest.param("k8s-secret-literal", "kubernetes:core/v1:ConfigMap", {"data": {"WANDB_API_KEY": "x1"}}, "fail", id="in a ConfigMap"),
        pytest.param(
            "k8s-secret-literal",
            KUBE_POD,
            pod({"env": [{"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "hf", "key": "t"}}}]}),
            "pass",
            id="from a Secret",
        ),
        pytest.param("k8s-secret-literal", KUBE_POD, pod({"env": [{"name": "EOS_TOKEN", "value": "</s>"}]}), "pass", id="of a vocabulary"),
        pytest.param("k8s-run-as-root", KUBE_POD, pod({}, securityContext={"runAsNonRoot": True}), "pass", id="said of the pod, for all"),
        pytest.param(
            "k8s-run-as-root",
            KUBE_POD,
            pod({"securityContext": {"runAsUser": 0, "runAsNonRoot": False}}, securityContext={"runAsNonRoot": True}),
            "fail",
            id="taken back by a container",
        ),
        pytest.param("k8s-image-latest", KUBE_POD, pod({"image": "host:5000/vllm"}), "fail", id="a port is no tag"),
        pytest.param("k8s-image-latest", KUBE_POD, pod({"image": "vllm@sha256:" + "0" * 64}), "pass", id="a digest needs no tag"),
        pytest.param(
            "k8s-docker-socket", KUBE_POD, pod(volumes=[{}, {"hostPath": {"path": "/var//run/"}}]), "fail", id="the directory above"
        ),
        pytest.param("k8s-rbac-secrets", ROLE, may(["get"], ["*"]), "fail", id="a star holds Secrets"),
        pytest.param("k8s-rbac-secrets", ROLE, may(["get"], ["secrets"], resourceNames=["registry"]), "pass", id="one Secret by its name"),
        pytest.param("k8s-rbac-secrets", ROLE, may(["get"], ["secrets"], ["example.com"]), "pass", id="another group's secrets"),
        pytest.param("k8s-rbac-exec", ROLE, may(["create"], ["*/exec"]), "fail", id="a subresource of everything"),
        pytest.param(
            "k8s-rbac-escalate",
            ROLE,
            may(["bind"], ["clusterroles"], ["rbac.authorization.k8s.io"], resourceNames=["cluster-admin"]),
            "fail",
            id="the one role that is all it takes",
        ),
        pytest.param(
            "k8s-lb-public",
            SERVICE,
            {"spec": {"type": "LoadBalancer", "loadBalancerSourceRanges": ["0.0.0.0/1", "128.0.0.0/1"]}},
            "fail",
            id="two halves of the world",
        ),
        pytest.param(
            "k8s-lb-public",
            SERVICE,
            {"spec": {"type": "LoadBalancer", "loadBalancerClass": "service.k8s.aws/nlb"}},
            "pass",
            id="internal by default",
        ),
        pytest.param(
            "k8s-ingress-snippets",
            OLD_INGRESS,
            {"metadata": {"annotations": {"nginx.ingress.kubernetes.io/server-snippet": "x"}}},
            "fail",
            id="by an older version of the API",
        ),
    ],
)
def test_kubernetes_as_it_is(rule: str, token: str, inputs: dict[str, Any], truth: str) -> None:
    assert outcome(rule, token, inputs) == truth
