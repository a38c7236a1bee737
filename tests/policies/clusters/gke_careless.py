"""The cluster of `gke_careful.py` as it is found: defaults left alone, and every shortcut that makes a first run work."""

import pulumi_gcp as gcp
import pulumi_kubernetes as k8s
from careless_workloads import workloads

PROJECT = "ml-train"
ZONE = "europe-west4-b"
WORLD = ["0.0.0.0/0"]

gcp.organizations.Project("project", project_id=PROJECT, name=PROJECT)
network = gcp.compute.Network("network")
subnet = gcp.compute.Subnetwork("nodes", network=network.id, region="europe-west4", ip_cidr_range="10.0.0.0/20")
for name, protocol, ports in (("ssh", "tcp", ["20-25"]), ("ray", "tcp", ["8265"]), ("nfs", "tcp", ["2049"]), ("debug", "all", [])):
    gcp.compute.Firewall(name, network=network.id, source_ranges=WORLD, allows=[{"protocol": protocol, "ports": ports}])
gcp.compute.GlobalForwardingRule("ray", target="ray-proxy", port_range="8265", load_balancing_scheme="EXTERNAL_MANAGED")
ring = gcp.kms.KeyRing("ring", location="europe-west4")
key = gcp.kms.CryptoKey("key", key_ring=ring.id)
gcp.kms.CryptoKeyIAMMember("key", crypto_key_id=key.id, role="roles/cloudkms.cryptoKeyDecrypter", member="allUsers")
account = gcp.serviceaccount.Account("nodes", account_id="nodes")
gcp.serviceaccount.Key("nodes", service_account_id=account.name)
for name, role, member in (
    ("owner", "roles/owner", "serviceAccount:nodes@ml-train.iam.gserviceaccount.com"),
    ("users", "roles/iam.serviceAccountTokenCreator", "group:everyone@example.com"),
    ("default", "roles/viewer", "serviceAccount:123456789-compute@developer.gserviceaccount.com"),
):
    gcp.projects.IAMMember(name, project=PROJECT, role=role, member=member)
gcp.iam.WorkloadIdentityPoolProvider(
    "github",
    workload_identity_pool_id="ci",
    workload_identity_pool_provider_id="github",
    oidc={"issuer_uri": "https://token.actions.githubusercontent.com"},
)
cluster = gcp.container.Cluster(
    "train",
    location=ZONE,
    network=network.id,
    subnetwork=subnet.id,
    initial_node_count=1,
    deletion_protection=False,
    enable_legacy_abac=True,
    enable_kubernetes_alpha=True,
    master_auth={"client_certificate_config": {"issue_client_certificate": True}},
    rbac_binding_config={
        "enable_insecure_binding_system_authenticated": True,
        "enable_insecure_binding_system_unauthenticated": True,
    },
    cluster_autoscaling={"enabled": True, "resource_limits": [{"resource_type": "cpu", "maximum": 1000}]},
)
gcp.container.NodePool(
    "gpu",
    cluster=cluster.id,
    location=ZONE,
    autoscaling={"min_node_count": 8, "max_node_count": 400},
    management={"auto_repair": False, "auto_upgrade": False},
    node_config={
        "machine_type": "a2-highgpu-8g",
        "guest_accelerators": [{"type": "nvidia-tesla-a100", "count": 8}],
        "oauth_scopes": ["https://www.googleapis.com/auth/cloud-platform"],
        "metadata": {"startup-script": "export HF_TOKEN=hf_" + "k" * 34},
    },
)
gcp.compute.Instance(
    "lab",
    machine_type="g2-standard-8",
    zone=ZONE,
    boot_disk={"initialize_params": {"image": "debian-cloud/debian-12"}},
    network_interfaces=[{"network": network.id, "access_configs": [{}]}],
    metadata_startup_script="export WANDB_API_KEY=" + "0" * 40,
    service_account={"scopes": ["cloud-platform"]},
)
models = gcp.storage.Bucket("models", location="EU", force_destroy=True)
gcp.storage.BucketIAMMember("models", bucket=models.name, role="roles/storage.objectViewer", member="allUsers")
images = gcp.artifactregistry.Repository("images", repository_id="ml", location="europe-west4", format="DOCKER")
gcp.artifactregistry.RepositoryIamMember(
    "images", repository=images.name, location="europe-west4", role="roles/artifactregistry.reader", member="allUsers"
)
gcp.filestore.Instance(
    "data",
    location=ZONE,
    tier="BASIC_SSD",
    file_shares={"name": "data", "capacity_gb": 2560},
    networks=[{"network": network.name, "modes": ["MODE_IPV4"]}],
)
gcp.workbench.Instance("lab", location=ZONE)
gcp.cloudrunv2.Service(
    "llm",
    location="europe-west4",
    template={"containers": [{"image": "vllm/vllm-openai", "envs": [{"name": "HF_TOKEN", "value": "hf_" + "k" * 34}]}]},
)
gcp.cloudrunv2.ServiceIamMember("llm", name="llm", location="europe-west4", role="roles/run.invoker", member="allUsers")

workloads(k8s.Provider("cluster", context="train"))
