"""What a role lets its holder make: things that carry other people's rights with them."""

from typing import Final

from lepton_infra.rules.card import On, Severity, rule
from lepton_infra.rules.subject import plain_type
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, none_of
from lepton_infra.rules.view import Resource
from lepton_policies.kubernetes.roles import CLUSTER_ROLE, CLUSTER_ROLES, READS_PODS, ROLE, ROLES, Right, allows, role

_WIDE: Final = tuple(map(plain_type, CLUSTER_ROLES))
_CERTIFICATES: Final = "certificates.k8s.io"
_MAKES: Final = ("create", "update", "patch")
_KINDS: Final = (
    ("apps", ("deployments", "statefulsets", "daemonsets", "replicasets")),
    ("batch", ("jobs", "cronjobs")),
    ("", ("replicationcontrollers", "podtemplates")),
)
"""What makes pods of its own, by group of the API."""
_CLIENTS: Final = ("kubernetes.io/kube-apiserver-client", "kubernetes.io/*")
"""Signers whose certificates the API server takes for who they say they are."""


@rule(
    "k8s-rbac-pods",
    Severity.MEDIUM,
    *ROLES,
    why="A pod mounts any Secret and runs as any account of its namespace: who makes pods has what all of them may do.",
    fix="Grant Deployments or Jobs by a `Role` in one namespace, to the pipeline that needs them, and leave bare pods out of `rules`.",
    references=("prowler:rbac_minimize_pod_creation_access", "cis-kubernetes-1.12:5.1.4", "cis-eks-1.8:4.1.4"),
    good=[
        READS_PODS,
        role(["create"], ["configmaps"], [""]),
        On(ROLE, role(["create", "patch"], ["deployments", "jobs"], ["apps", "batch"])),
        role(["delete"], ["pods"], [""]),
    ],
    bad=[
        role(["get", "create"], ["pods"], [""]),
        On(ROLE, role(["create"], ["services", "pods"], [""])),
        role(["patch"], ["daemonsets"], ["apps"]),
        role(["create"], ["jobs"], [UNKNOWN, "batch"]),
        role(["*"], ["*"], ["*"]),
        On(f"{CLUSTER_ROLE}Patch", role(["create"], ["pods"], [""])),
    ],
    unknown=[{"rules": UNKNOWN}, role([UNKNOWN], ["pods"], [""]), On(ROLE, role(["create"], [UNKNOWN], [""]))],
)
def few_make_pods(holder: Resource) -> Verdict:
    """No role makes bare pods, and none of the whole cluster makes what makes pods."""
    bare = allows(holder, Right(("create",), "", ("pods",)))
    if plain_type(holder.type_token) not in _WIDE:
        return ~bare
    return none_of((bare, *(allows(holder, Right(_MAKES, group, kinds)) for group, kinds in _KINDS)))


@rule(
    "k8s-rbac-volumes",
    Severity.MEDIUM,
    *CLUSTER_ROLES,
    why="A persistent volume may be any directory of any node: who makes one reads the node's files past every rule about pods.",
    fix="Take persistentvolumes out of `rules`; a storage class makes volumes for those who claim them.",
    references=("prowler:rbac_minimize_pv_creation_access", "cis-kubernetes-1.12:5.1.9", "cis-eks-1.8:4.1.9"),
    good=[READS_PODS, role(["create"], ["persistentvolumeclaims"], [""]), role(["get", "delete"], ["persistentvolumes"], [""])],
    bad=[role(["create"], ["persistentvolumeclaims", "persistentvolumes"], [""]), role(["*"], ["*"], ["", "apps"])],
    unknown=[{"rules": UNKNOWN}, role(["create"], [UNKNOWN], [""]), role([UNKNOWN], ["persistentvolumes"], [""])],
)
def few_make_volumes(holder: Resource) -> Verdict:
    """No role makes persistent volumes."""
    return ~allows(holder, Right(("create",), "", ("persistentvolumes",)))


@rule(
    "k8s-rbac-tokens",
    Severity.HIGH,
    *ROLES,
    why="Who asks for the token of a service account is that account, and of all of them one is the strongest.",
    fix="Name the accounts in `resource_names`, or take serviceaccounts/token out of `rules`.",
    references=("prowler:rbac_minimize_service_account_token_creation", "cis-kubernetes-1.12:5.1.13", "cis-eks-1.8:4.1.12"),
    good=[
        READS_PODS,
        role(["create"], ["serviceaccounts"], [""]),
        On(ROLE, role(["create"], ["serviceaccounts/token"], [""], ["trainer"])),
    ],
    bad=[
        role(["create"], ["serviceaccounts/token"], [""]),
        On(ROLE, role(["create"], ["pods", "*/token"], [""])),
        role(["*"], ["*"], ["*"]),
    ],
    unknown=[{"rules": UNKNOWN}, role(["create"], [UNKNOWN], [""]), role(["create"], ["serviceaccounts/token"], [""], UNKNOWN)],
)
def few_make_tokens(holder: Resource) -> Verdict:
    """No role makes tokens of whatever service account there is."""
    return ~allows(holder, Right(("create",), "", ("serviceaccounts/token",)))


@rule(
    "k8s-rbac-certificates",
    Severity.HIGH,
    *CLUSTER_ROLES,
    why="Who approves requests for certificates makes an administrator out of whoever asked, and no binding shows it.",
    fix="Take certificatesigningrequests/approval out of `rules`; where signers stand, name one of your own in `resource_names`.",
    references=("prowler:rbac_minimize_csr_approval_access", "cis-kubernetes-1.12:5.1.11"),
    good=[
        READS_PODS,
        role(["create", "get"], ["certificatesigningrequests"], [_CERTIFICATES]),
        role(["approve"], ["signers"], [_CERTIFICATES], ["example.com/inference"]),
    ],
    bad=[
        role(["update"], ["certificatesigningrequests/approval"], [_CERTIFICATES]),
        role(["patch"], ["*/approval"], [_CERTIFICATES]),
        role(["approve"], ["signers"], [_CERTIFICATES]),
        role(["sign"], ["signers"], [_CERTIFICATES], ["kubernetes.io/kube-apiserver-client"]),
        role(["*"], ["*"], ["*"]),
    ],
    unknown=[{"rules": UNKNOWN}, role([UNKNOWN], ["signers"], [_CERTIFICATES]), role(["approve"], ["signers"], [_CERTIFICATES], UNKNOWN)],
)
def few_approve_certificates(holder: Resource) -> Verdict:
    """No role approves certificates by which one is somebody else."""
    approves = Right(("update", "patch"), _CERTIFICATES, ("certificatesigningrequests/approval",))
    return none_of((allows(holder, approves), allows(holder, Right(("approve", "sign"), _CERTIFICATES, ("signers",), _CLIENTS))))
