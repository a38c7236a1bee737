"""A training and serving cluster on GKE, as a platform engineer writes one who knows the guides."""

import pulumi
import pulumi_gcp as gcp
import pulumi_kubernetes as k8s
from workloads import workloads

PROJECT = "ml-train-prod"
REGION = "europe-west4"
ZONE = "europe-west4-b"
LABELS = {"team": "ml-platform", "owner": "ml-platform", "environment": "prod", "cost-center": "4711"}

pulumi.runtime.register_stack_transformation(
    lambda args: pulumi.ResourceTransformationResult(
        args.props,
        pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(provider=google)) if args.type_.startswith("gcp:") else args.opts,
    )
)
google = gcp.Provider("google", project=PROJECT, region=REGION, default_labels=LABELS)

# Keys, and the agents of services that may use them.
ring = gcp.kms.KeyRing("ring", location=REGION)
key = gcp.kms.CryptoKey(
    "key", key_ring=ring.id, purpose="ENCRYPT_DECRYPT", rotation_period="7776000s", opts=pulumi.ResourceOptions(protect=True)
)
agents = ("container-engine-robot", "compute-system", "gs-project-accounts")
for agent in agents:
    gcp.kms.CryptoKeyIAMMember(
        agent,
        crypto_key_id=key.id,
        role="roles/cloudkms.cryptoKeyEncrypterDecrypter",
        member=f"serviceAccount:service-123456789@{agent}.iam.gserviceaccount.com",
    )

# The network: private, logged, SSH by Identity-Aware Proxy.
network = gcp.compute.Network("network", auto_create_subnetworks=False)
subnet = gcp.compute.Subnetwork(
    "nodes",
    network=network.id,
    region=REGION,
    ip_cidr_range="10.0.0.0/20",
    private_ip_google_access=True,
    log_config={"aggregation_interval": "INTERVAL_10_MIN", "flow_sampling": 0.5, "metadata": "INCLUDE_ALL_METADATA"},
    secondary_ip_ranges=[
        {"range_name": "pods", "ip_cidr_range": "10.16.0.0/14"},
        {"range_name": "services", "ip_cidr_range": "10.32.0.0/20"},
    ],
)
router = gcp.compute.Router("router", network=network.id, region=REGION)
gcp.compute.RouterNat(
    "nat",
    router=router.name,
    region=REGION,
    nat_ip_allocate_option="AUTO_ONLY",
    source_subnetwork_ip_ranges_to_nat="ALL_SUBNETWORKS_ALL_IP_RANGES",
    log_config={"enable": True, "filter": "ERRORS_ONLY"},
)
gcp.compute.Firewall(
    "iap",
    network=network.id,
    source_ranges=["35.235.240.0/20"],
    target_tags=["gke-node"],
    allows=[{"protocol": "tcp", "ports": ["22"]}],
    log_config={"metadata": "INCLUDE_ALL_METADATA"},
)
gcp.compute.Firewall(
    "health",
    network=network.id,
    source_ranges=["130.211.0.0/22", "35.191.0.0/16"],
    target_tags=["gke-node"],
    allows=[{"protocol": "tcp", "ports": ["8000"]}],
    log_config={"metadata": "INCLUDE_ALL_METADATA"},
)

# The cluster, its nodes' own account, and two pools.
nodes = gcp.serviceaccount.Account("nodes", account_id="gke-nodes", display_name="nodes of the cluster")
for role in ("roles/container.defaultNodeServiceAccount", "roles/artifactregistry.reader"):
    gcp.projects.IAMMember(
        f"nodes-{role.rpartition('.')[2]}", project=PROJECT, role=role, member=nodes.email.apply("serviceAccount:{}".format)
    )
cluster = gcp.container.Cluster(
    "train",
    location=REGION,
    network=network.id,
    subnetwork=subnet.id,
    resource_labels=LABELS,
    remove_default_node_pool=True,
    initial_node_count=1,
    deletion_protection=True,
    networking_mode="VPC_NATIVE",
    ip_allocation_policy={"cluster_secondary_range_name": "pods", "services_secondary_range_name": "services"},
    datapath_provider="ADVANCED_DATAPATH",
    enable_intranode_visibility=True,
    enable_shielded_nodes=True,
    release_channel={"channel": "REGULAR"},
    private_cluster_config={"enable_private_nodes": True, "enable_private_endpoint": True, "master_ipv4_cidr_block": "172.16.0.0/28"},
    master_authorized_networks_config={
        "cidr_blocks": [{"cidr_block": "10.0.0.0/8", "display_name": "company"}],
        "gcp_public_cidrs_access_enabled": False,
    },
    workload_identity_config={"workload_pool": f"{PROJECT}.svc.id.goog"},
    database_encryption={"state": "ENCRYPTED", "key_name": key.id},
    binary_authorization={"evaluation_mode": "PROJECT_SINGLETON_POLICY_ENFORCE"},
    logging_config={"enable_components": ["SYSTEM_COMPONENTS", "WORKLOADS", "APISERVER", "SCHEDULER", "CONTROLLER_MANAGER"]},
    monitoring_config={"enable_components": ["SYSTEM_COMPONENTS", "DCGM"], "managed_prometheus": {"enabled": True}},
    master_auth={"client_certificate_config": {"issue_client_certificate": False}},
    rbac_binding_config={
        "enable_insecure_binding_system_authenticated": False,
        "enable_insecure_binding_system_unauthenticated": False,
    },
    cost_management_config={"enabled": True},
    security_posture_config={"mode": "BASIC", "vulnerability_mode": "VULNERABILITY_BASIC"},
)
CARE = {"auto_repair": True, "auto_upgrade": True}
SHIELD = {"enable_secure_boot": True, "enable_integrity_monitoring": True}
gcp.container.NodePool(
    "system",
    cluster=cluster.id,
    location=REGION,
    management=CARE,
    autoscaling={"min_node_count": 1, "max_node_count": 3},
    node_config={
        "machine_type": "n2-standard-4",
        "image_type": "COS_CONTAINERD",
        "service_account": nodes.email,
        "oauth_scopes": ["https://www.googleapis.com/auth/cloud-platform"],
        "workload_metadata_config": {"mode": "GKE_METADATA"},
        "shielded_instance_config": SHIELD,
        "boot_disk_kms_key": key.id,
        "tags": ["gke-node"],
        "resource_labels": LABELS,
    },
)
gcp.container.NodePool(
    "gpu",
    cluster=cluster.id,
    location=REGION,
    node_locations=[ZONE],
    management=CARE,
    autoscaling={"min_node_count": 0, "max_node_count": 8},
    placement_policy={"type": "COMPACT"},
    node_config={
        "machine_type": "a2-highgpu-8g",
        "image_type": "COS_CONTAINERD",
        "service_account": nodes.email,
        "oauth_scopes": ["https://www.googleapis.com/auth/cloud-platform"],
        "guest_accelerators": [
            {"type": "nvidia-tesla-a100", "count": 8, "gpu_driver_installation_config": {"gpu_driver_version": "LATEST"}}
        ],
        "workload_metadata_config": {"mode": "GKE_METADATA"},
        "shielded_instance_config": SHIELD,
        "boot_disk_kms_key": key.id,
        "gvnic": {"enabled": True},
        "reservation_affinity": {
            "consume_reservation_type": "SPECIFIC_RESERVATION",
            "key": "compute.googleapis.com/reservation-name",
            "values": ["a100-2026"],
        },
        "taints": [{"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}],
        "tags": ["gke-node"],
        "resource_labels": LABELS,
    },
)

# Data: a bucket for weights and checkpoints, a registry, a file share, and who may use them.
logs = gcp.storage.Bucket(
    "logs",
    location=REGION,
    uniform_bucket_level_access=True,
    public_access_prevention="enforced",
    lifecycle_rules=[{"action": {"type": "Delete"}, "condition": {"age": 400}}],
)
models = gcp.storage.Bucket(
    "models",
    location=REGION,
    uniform_bucket_level_access=True,
    public_access_prevention="enforced",
    versioning={"enabled": True},
    encryption={"default_kms_key_name": key.id},
    logging={"log_bucket": logs.name},
    lifecycle_rules=[{"action": {"type": "Delete"}, "condition": {"num_newer_versions": 3}}],
)
trainer = gcp.serviceaccount.Account("trainer", account_id="trainer", display_name="training jobs")
gcp.storage.BucketIAMMember(
    "trainer", bucket=models.name, role="roles/storage.objectUser", member=trainer.email.apply("serviceAccount:{}".format)
)
gcp.serviceaccount.IAMMember(
    "trainer",
    service_account_id=trainer.name,
    role="roles/iam.workloadIdentityUser",
    member=f"serviceAccount:{PROJECT}.svc.id.goog[training/trainer]",
)
gcp.artifactregistry.Repository(
    "images",
    repository_id="ml",
    location=REGION,
    format="DOCKER",
    kms_key_name=key.id,
    docker_config={"immutable_tags": True},
    vulnerability_scanning_config={"enablement_config": "INHERITED"},
)
gcp.filestore.Instance(
    "data",
    location=ZONE,
    tier="ZONAL",
    kms_key_name=key.id,
    deletion_protection_enabled=True,
    file_shares={
        "name": "data",
        "capacity_gb": 10240,
        "nfs_export_options": [{"ip_ranges": ["10.0.0.0/20"], "access_mode": "READ_WRITE", "squash_mode": "ROOT_SQUASH"}],
    },
    networks=[{"network": network.name, "modes": ["MODE_IPV4"]}],
)
gcp.billing.Budget(
    "gpus",
    billing_account="012345-567890-ABCDEF",
    amount={"specified_amount": {"currency_code": "USD", "units": "250000"}},
    threshold_rules=[{"threshold_percent": 0.8, "spend_basis": "FORECASTED_SPEND"}],
    all_updates_rule={"pubsub_topic": f"projects/{PROJECT}/topics/budget"},
)

workloads(k8s.Provider("cluster", context="train"), {"networking.gke.io/load-balancer-type": "Internal"})
