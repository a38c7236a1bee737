"""Access: what roles of the cluster allow, and to whom they are given."""

from typing import Final

from lepton_infra.rules.card import On, Severity, rule
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, any_of, none_of
from lepton_infra.rules.view import Resource
from lepton_policies.kubernetes.roles import (
    BINDING,
    BINDINGS,
    CLUSTER_BINDING,
    CLUSTER_ROLE,
    CLUSTER_ROLES,
    RBAC,
    READS_PODS,
    ROLE,
    ROLES,
    Right,
    allows,
    names_everything,
    role,
    rules_of,
)

_ADMISSION: Final = "admissionregistration.k8s.io"
_EVERYBODY: Final = ("system:anonymous", "system:unauthenticated", "system:authenticated")
"""Who has no name, and, on clusters that let in any account of a cloud, who has any."""
_MIGHTY_ROLES: Final = ("cluster-admin", "admin", "edit", "system:aggregate-to-admin", "system:aggregate-to-edit")
"""Roles that every cluster has and that give away a namespace or more: to be able to bind one is to have it."""
_MIGHTY_NAMES: Final = ("system:masters", "system:admin", "kubernetes-admin", "system:kube-controller-manager")
"""Names that the API server knows as administrators, or as good as."""
_DISCOVERY: Final = ("system:basic-user", "system:discovery", "system:public-info-viewer")
"""Roles that clusters give to everybody from the start: what the API offers, and who one is."""


@rule(
    "k8s-rbac-wildcard",
    Severity.HIGH,
    *ROLES,
    why="A star grants what does not exist yet as well: every kind and every verb that an operator installs next month.",
    fix="Name the verbs, resources and API groups in `rules`.",
    references=(
        "checkov:CKV_K8S_49",
        "trivy:KSV-0044",
        "trivy:KSV-0045",
        "trivy:KSV-0046",
        "prowler:rbac_minimize_wildcard_use_roles",
        "cis-kubernetes-1.12:5.1.3",
        "cis-eks-1.8:4.1.3",
    ),
    good=[READS_PODS, On(ROLE, role(["get"], ["*/scale"], ["apps"])), {"rules": []}, {"aggregationRule": {"clusterRoleSelectors": []}}],
    bad=[
        role(["*"], ["pods"], [""]),
        role(["get", "*"], ["pods"], [""]),
        role(["get"], ["pods", "*"], [""]),
        On(ROLE, role(["get"], ["deployments"], ["apps", "*"])),
        role(["get"], [UNKNOWN, "*/*"], [""]),
    ],
    unknown=[{"rules": UNKNOWN}, role(["get"], [UNKNOWN], [""]), role(UNKNOWN, ["pods"], [""])],
)
def no_star(holder: Resource) -> Verdict:
    """No role grants everything."""
    return none_of(names_everything(one) for one in rules_of(holder))


@rule(
    "k8s-rbac-secrets",
    Severity.HIGH,
    *CLUSTER_ROLES,
    why="Who lists Secrets in every namespace has every team's tokens and every service account's key.",
    fix="Name single objects in `resource_names`, or grant by a `Role` in one namespace.",
    references=(
        "checkov:CKV2_K8S_5",
        "trivy:KSV-0041",
        "prowler:rbac_minimize_secret_access",
        "cis-kubernetes-1.12:5.1.2",
        "cis-eks-1.8:4.1.2",
    ),
    good=[
        READS_PODS,
        role(["get"], ["secrets"], [""], ["registry"]),
        role(["create"], ["secrets"], [""]),
        role(["get"], ["secrets"], ["x.io"]),
    ],
    bad=[
        role(["create", "list"], ["secrets"], [""]),
        role(["watch"], ["configmaps", "secrets"], ["apps", ""]),
        role(["*"], ["*"], ["*"]),
        role(["get"], ["secrets"], [UNKNOWN, ""]),
    ],
    unknown=[{"rules": UNKNOWN}, role(["get"], [UNKNOWN], [""]), role(["get"], ["secrets"], [""], UNKNOWN)],
)
def secrets_are_not_everyones(holder: Resource) -> Verdict:
    """No role reads the Secrets of all namespaces."""
    return ~allows(holder, Right(("get", "list", "watch"), "", ("secrets",)))


@rule(
    "k8s-rbac-escalate",
    Severity.HIGH,
    *ROLES,
    why="Who may bind or escalate gives out rights that were never given to them, and who may impersonate simply is somebody else.",
    fix="Take the verbs bind, escalate and impersonate out of `rules`, or name single roles and users in `resource_names`.",
    references=(
        "checkov:CKV_K8S_157",
        "checkov:CKV_K8S_158",
        "checkov:CKV2_K8S_3",
        "trivy:KSV-0050",
        "trivy:KSV-0043",
        "cis-kubernetes-1.12:5.1.8",
        "cis-eks-1.8:4.1.8",
    ),
    good=[READS_PODS, role(["get", "list"], ["clusterroles"], [RBAC]), role(["bind"], ["clusterroles"], [RBAC], ["view"])],
    bad=[
        role(["get", "escalate"], ["clusterroles"], [RBAC]),
        On(ROLE, role(["bind"], ["roles", "rolebindings"], [RBAC])),
        role(["impersonate"], ["groups"], [""]),
        role(["impersonate"], ["groups"], [""], ["system:masters"]),
        role(["bind"], ["clusterroles"], [RBAC], ["view", "cluster-admin"]),
        On(f"{CLUSTER_ROLE}Patch", role(["escalate"], ["clusterroles"], [RBAC])),
        role(["impersonate"], ["userextras/scopes"], ["authentication.k8s.io"]),
        role(["*"], ["*"], ["*"]),
    ],
    unknown=[{"rules": UNKNOWN}, role([UNKNOWN], ["clusterroles"], [RBAC]), role(["bind"], UNKNOWN, [RBAC])],
)
def nobody_raises_themselves(holder: Resource) -> Verdict:
    """No role lets its holders raise their own rights, or be somebody else."""
    return none_of(
        (
            allows(holder, Right(("bind", "escalate"), RBAC, ("roles", "clusterroles"), _MIGHTY_ROLES)),
            allows(holder, Right(("impersonate",), "", ("users", "groups", "serviceaccounts"), _MIGHTY_NAMES)),
            allows(holder, Right(("impersonate",), "authentication.k8s.io", ("userextras", "userextras/scopes", "uids"))),
        )
    )


@rule(
    "k8s-rbac-exec",
    Severity.HIGH,
    *ROLES,
    why="A shell in a pod has all that the pod has, its tokens and its GPUs; the node's proxy reaches every pod there, unaudited.",
    fix="Take pods/exec, pods/attach, pods/ephemeralcontainers and nodes/proxy out of `rules`; give shells for a while, by hand.",
    references=(
        "checkov:CKV2_K8S_2",
        "trivy:KSV-0047",
        "trivy:KSV-0053",
        "prowler:rbac_minimize_node_proxy_subresource_access",
        "cis-kubernetes-1.12:5.1.10",
        "cis-eks-1.8:4.1.10",
    ),
    good=[READS_PODS, role(["get"], ["pods/log"], [""]), role(["create"], ["pods"], [""])],
    bad=[
        role(["create"], ["pods", "pods/exec"], [""]),
        role(["get"], ["pods/exec"], [""]),
        On(ROLE, role(["create"], ["pods/attach"], [""])),
        role(["get"], ["nodes/proxy"], [""]),
        role(["create"], ["*/exec"], [""]),
        On(ROLE, role(["patch"], ["pods/ephemeralcontainers"], [""])),
        role(["*"], ["*"], ["*"]),
    ],
    unknown=[{"rules": UNKNOWN}, role(["create"], ["pods", UNKNOWN], [""]), role(["create"], ["pods/exec"], UNKNOWN)],
)
def no_shells(holder: Resource) -> Verdict:
    """No role opens a shell in pods or a way through nodes."""
    shells = allows(holder, Right(("create", "get"), "", ("pods/exec", "pods/attach")))
    added = allows(holder, Right(("update", "patch"), "", ("pods/ephemeralcontainers",)))
    return ~(shells | added | allows(holder, Right(("get", "create", "update", "patch", "delete"), "", ("nodes/proxy",))))


@rule(
    "k8s-rbac-webhooks",
    Severity.HIGH,
    *CLUSTER_ROLES,
    why="Who writes admission webhooks sees every object on its way in, Secrets included, and may change it.",
    fix="Take validatingwebhookconfigurations and mutatingwebhookconfigurations out of `rules`, or allow reading only.",
    references=(
        "checkov:CKV_K8S_155",
        "trivy:KSV-0114",
        "prowler:rbac_minimize_webhook_config_access",
        "cis-kubernetes-1.12:5.1.12",
        "cis-eks-1.8:4.1.11",
    ),
    good=[
        READS_PODS,
        role(["get", "list", "watch"], ["mutatingwebhookconfigurations"], [_ADMISSION]),
        role(["patch"], ["mutatingwebhookconfigurations"], [_ADMISSION], ["kueue"]),
    ],
    bad=[
        role(["get", "patch"], ["mutatingwebhookconfigurations"], [_ADMISSION]),
        role(["create"], ["validatingwebhookconfigurations"], [_ADMISSION]),
        role(["delete"], ["*"], [_ADMISSION]),
        role(["*"], ["*"], ["*"]),
    ],
    unknown=[{"rules": UNKNOWN}, role([UNKNOWN], ["mutatingwebhookconfigurations"], [_ADMISSION])],
)
def admission_is_not_rewritten(holder: Resource) -> Verdict:
    """No role writes the webhooks that admit objects."""
    things = ("validatingwebhookconfigurations", "mutatingwebhookconfigurations")
    return ~allows(holder, Right(("create", "update", "patch", "delete", "deletecollection"), _ADMISSION, things))


@rule(
    "k8s-rbac-cluster-admin",
    Severity.HIGH,
    CLUSTER_BINDING,
    f"{CLUSTER_BINDING}Patch",
    why="cluster-admin may do everything to everything; a token with it, in one pod, is the cluster.",
    fix="Bind a role that names what is needed in `role_ref`.",
    references=("trivy:KSV-0111", "prowler:rbac_cluster_admin_usage", "cis-kubernetes-1.12:5.1.1", "cis-eks-1.8:4.1.1"),
    good=[{"roleRef": {"kind": "ClusterRole", "name": "view"}, "subjects": [{"kind": "Group", "name": "ml"}]}],
    bad=[
        {"roleRef": {"kind": "ClusterRole", "name": "cluster-admin"}, "subjects": [{"kind": "ServiceAccount", "name": "ci"}]},
        {"roleRef": {"name": "cluster-admin"}, "subjects": UNKNOWN},
    ],
    unknown=[{"roleRef": {"kind": "ClusterRole", "name": UNKNOWN}}, {"roleRef": UNKNOWN}],
)
def no_new_administrators(binding: Resource) -> Verdict:
    """Nobody is made administrator of the cluster."""
    return ~binding.roleRef.name.is_one_of("cluster-admin")


@rule(
    "k8s-rbac-anonymous",
    Severity.CRITICAL,
    *BINDINGS,
    why="These groups hold whoever reaches the API server; on GKE `system:authenticated` holds everybody with a Google account.",
    fix="Name users, groups of your own or service accounts in `subjects`.",
    references=("trivy:KSV-0122", "trivy:KSV-01011", "cis-gke-1.9:4.1.8", "cis-gke-1.9:4.1.10"),
    good=[
        {"roleRef": {"name": "view"}, "subjects": [{"kind": "Group", "name": "ml-platform"}]},
        {"roleRef": {"name": "system:discovery"}, "subjects": [{"kind": "Group", "name": "system:authenticated"}]},
        On(BINDING, {"roleRef": {"name": "view"}, "subjects": []}),
    ],
    bad=[
        {"roleRef": {"name": "view"}, "subjects": [{"kind": "Group", "name": "ml"}, {"kind": "Group", "name": "system:authenticated"}]},
        {"roleRef": {"name": "view"}, "subjects": [{"kind": "User", "name": "system:anonymous"}]},
        On(BINDING, {"roleRef": {"name": "edit"}, "subjects": [UNKNOWN, {"kind": "Group", "name": "system:unauthenticated"}]}),
    ],
    unknown=[
        {"roleRef": {"name": "view"}, "subjects": [{"kind": "Group", "name": UNKNOWN}]},
        {"roleRef": {"name": UNKNOWN}, "subjects": [{"kind": "Group", "name": "system:authenticated"}]},
        On(BINDING, {"roleRef": {"name": "view"}, "subjects": UNKNOWN}),
    ],
)
def not_for_everybody(binding: Resource) -> Verdict:
    """No role is given to everybody."""
    everybody = any_of(subject.name.is_one_of(*_EVERYBODY) for subject in binding.subjects)
    return ~everybody | binding.roleRef.name.is_one_of(*_DISCOVERY)
