"""Access: what roles of the cluster allow, and to whom they are given."""

from typing import Final

from lepton_infra.rules.card import On, Severity, rule
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, any_of, none_of
from lepton_infra.rules.view import Resource
from lepton_policies.kubernetes.roles import BINDING, CLUSTER_BINDING, CLUSTER_ROLE, ROLE, Right, allows, names_everything, rules_of

_RBAC: Final = "rbac.authorization.k8s.io"
_ADMISSION: Final = "admissionregistration.k8s.io"
_EVERYBODY: Final = ("system:anonymous", "system:unauthenticated", "system:authenticated")
"""Who has no name, and, on clusters that let in any account of a cloud, who has any."""
_DISCOVERY: Final = ("system:basic-user", "system:discovery", "system:public-info-viewer")
"""Roles that clusters give to everybody from the start: what the API offers, and who one is."""


def _role(verbs: object, resources: object, groups: object, names: object = None) -> dict[str, object]:
    entry = {"verbs": verbs, "resources": resources, "apiGroups": groups, "resourceNames": names}
    return {"rules": [{"verbs": ["get"], "resources": ["pods"], "apiGroups": [""]}, {key: value for key, value in entry.items() if value}]}


_READS_PODS: Final = _role(["get", "list"], ["pods"], [""])


@rule(
    "k8s-rbac-wildcard",
    Severity.HIGH,
    CLUSTER_ROLE,
    ROLE,
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
    good=[_READS_PODS, On(ROLE, _role(["get"], ["*/scale"], ["apps"])), {"rules": []}, {"aggregationRule": {"clusterRoleSelectors": []}}],
    bad=[
        _role(["*"], ["pods"], [""]),
        _role(["get", "*"], ["pods"], [""]),
        _role(["get"], ["pods", "*"], [""]),
        On(ROLE, _role(["get"], ["deployments"], ["apps", "*"])),
        _role(["get"], [UNKNOWN, "*/*"], [""]),
    ],
    unknown=[{"rules": UNKNOWN}, _role(["get"], [UNKNOWN], [""]), _role(UNKNOWN, ["pods"], [""])],
)
def no_star(role: Resource) -> Verdict:
    """No role grants everything."""
    return none_of(names_everything(one) for one in rules_of(role))


@rule(
    "k8s-rbac-secrets",
    Severity.HIGH,
    CLUSTER_ROLE,
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
        _READS_PODS,
        _role(["get"], ["secrets"], [""], ["registry"]),
        _role(["create"], ["secrets"], [""]),
        _role(["get"], ["secrets"], ["x.io"]),
    ],
    bad=[
        _role(["create", "list"], ["secrets"], [""]),
        _role(["watch"], ["configmaps", "secrets"], ["apps", ""]),
        _role(["*"], ["*"], ["*"]),
        _role(["get"], ["secrets"], [UNKNOWN, ""]),
    ],
    unknown=[{"rules": UNKNOWN}, _role(["get"], [UNKNOWN], [""]), _role(["get"], ["secrets"], [""], UNKNOWN)],
)
def secrets_are_not_everyones(role: Resource) -> Verdict:
    """No role reads the Secrets of all namespaces."""
    return ~allows(role, Right(("get", "list", "watch"), "", ("secrets",)))


@rule(
    "k8s-rbac-escalate",
    Severity.HIGH,
    CLUSTER_ROLE,
    ROLE,
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
    good=[_READS_PODS, _role(["get", "list"], ["clusterroles"], [_RBAC]), _role(["bind"], ["clusterroles"], [_RBAC], ["view"])],
    bad=[
        _role(["get", "escalate"], ["clusterroles"], [_RBAC]),
        On(ROLE, _role(["bind"], ["roles", "rolebindings"], [_RBAC])),
        _role(["impersonate"], ["groups"], [""]),
        _role(["impersonate"], ["userextras/scopes"], ["authentication.k8s.io"]),
        _role(["*"], ["*"], ["*"]),
    ],
    unknown=[{"rules": UNKNOWN}, _role([UNKNOWN], ["clusterroles"], [_RBAC]), _role(["bind"], UNKNOWN, [_RBAC])],
)
def nobody_raises_themselves(role: Resource) -> Verdict:
    """No role lets its holders raise their own rights, or be somebody else."""
    return none_of(
        (
            allows(role, Right(("bind", "escalate"), _RBAC, ("roles", "clusterroles"))),
            allows(role, Right(("impersonate",), "", ("users", "groups", "serviceaccounts"))),
            allows(role, Right(("impersonate",), "authentication.k8s.io", ("userextras", "userextras/scopes", "uids"))),
        )
    )


@rule(
    "k8s-rbac-exec",
    Severity.HIGH,
    CLUSTER_ROLE,
    ROLE,
    why="A shell in a pod has all that the pod has, its tokens and its GPUs; the node's proxy reaches every pod there, unaudited.",
    fix="Take pods/exec, pods/attach and nodes/proxy out of `rules`; give shells for a while, by hand.",
    references=(
        "checkov:CKV2_K8S_2",
        "trivy:KSV-0047",
        "trivy:KSV-0053",
        "prowler:rbac_minimize_node_proxy_subresource_access",
        "cis-kubernetes-1.12:5.1.10",
        "cis-eks-1.8:4.1.10",
    ),
    good=[_READS_PODS, _role(["get"], ["pods/log"], [""]), _role(["create"], ["pods"], [""])],
    bad=[
        _role(["create"], ["pods", "pods/exec"], [""]),
        _role(["get"], ["pods/exec"], [""]),
        On(ROLE, _role(["create"], ["pods/attach"], [""])),
        _role(["get"], ["nodes/proxy"], [""]),
        _role(["create"], ["*/exec"], [""]),
        _role(["*"], ["*"], ["*"]),
    ],
    unknown=[{"rules": UNKNOWN}, _role(["create"], ["pods", UNKNOWN], [""]), _role(["create"], ["pods/exec"], UNKNOWN)],
)
def no_shells(role: Resource) -> Verdict:
    """No role opens a shell in pods or a way through nodes."""
    shells = allows(role, Right(("create", "get"), "", ("pods/exec", "pods/attach")))
    return ~(shells | allows(role, Right(("get", "create", "update", "patch", "delete"), "", ("nodes/proxy",))))


@rule(
    "k8s-rbac-webhooks",
    Severity.HIGH,
    CLUSTER_ROLE,
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
        _READS_PODS,
        _role(["get", "list", "watch"], ["mutatingwebhookconfigurations"], [_ADMISSION]),
        _role(["patch"], ["mutatingwebhookconfigurations"], [_ADMISSION], ["kueue"]),
    ],
    bad=[
        _role(["get", "patch"], ["mutatingwebhookconfigurations"], [_ADMISSION]),
        _role(["create"], ["validatingwebhookconfigurations"], [_ADMISSION]),
        _role(["delete"], ["*"], [_ADMISSION]),
        _role(["*"], ["*"], ["*"]),
    ],
    unknown=[{"rules": UNKNOWN}, _role([UNKNOWN], ["mutatingwebhookconfigurations"], [_ADMISSION])],
)
def admission_is_not_rewritten(role: Resource) -> Verdict:
    """No role writes the webhooks that admit objects."""
    things = ("validatingwebhookconfigurations", "mutatingwebhookconfigurations")
    return ~allows(role, Right(("create", "update", "patch", "delete", "deletecollection"), _ADMISSION, things))


@rule(
    "k8s-rbac-cluster-admin",
    Severity.HIGH,
    CLUSTER_BINDING,
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
    CLUSTER_BINDING,
    BINDING,
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
