"""Roles and identities: who may do everything, where, and who may act as whom."""

import re
from collections.abc import Mapping
from typing import Final

from lepton_infra.rules.card import Severity, rule
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, any_of
from lepton_infra.rules.view import Resource
from lepton_policies.azure.words import means

_ASSIGNMENT: Final = "azure-native:authorization:RoleAssignment"
_DEFINITION: Final = "azure-native:authorization:RoleDefinition"
_CREDENTIAL: Final = "azure-native:managedidentity:FederatedIdentityCredential"
_SUBSCRIPTION: Final = "/subscriptions/0b1c2d3e-0000-0000-0000-000000000000"
_OWNER: Final = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
_CONTRIBUTOR: Final = "b24988ac-6180-42a0-ab88-20f7382dd24c"
_READER: Final = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
_POWERFUL: Final = re.compile(
    rf"({_OWNER}|{_CONTRIBUTOR}|18d7d88d-d35e-4fb5-a5c3-7773c20a72d9|f58310d9-a9f6-439a-9e8d-f62e7b41a168)\s*\Z", re.IGNORECASE
)
"""Owner, Contributor, User Access Administrator, Role Based Access Control Administrator (Azure, "Built-in roles")."""
_OWNING: Final = re.compile(rf"({_OWNER}|18d7d88d-d35e-4fb5-a5c3-7773c20a72d9|f58310d9-a9f6-439a-9e8d-f62e7b41a168)\s*\Z", re.IGNORECASE)
"""Those of them that hand out roles."""
_WIDE: Final = re.compile(r"\A\s*(/|/subscriptions/[^/]+/?|/providers/Microsoft\.Management/managementGroups/[^/]+/?)\s*\Z", re.IGNORECASE)
"""A whole subscription, a management group, or the tenant."""
_GITHUB: Final = re.compile(r"token\.actions\.githubusercontent\.com", re.IGNORECASE)
_ANY_PULL_REQUEST: Final = re.compile(r":pull_request\s*\Z")
_DEFAULT_ACCOUNT: Final = re.compile(r"\A\s*system:serviceaccount:[^:]+:default\s*\Z")


def _role(role: object, scope: object, more: Mapping[str, object] | None = None) -> dict[str, object]:
    prefix = "/providers/Microsoft.Authorization/roleDefinitions/"
    return {"principalId": "p", "roleDefinitionId": f"{prefix}{role}" if isinstance(role, str) else role, "scope": scope, **(more or {})}


@rule(
    "az-role-wide",
    Severity.HIGH,
    _ASSIGNMENT,
    why="Whoever takes over this identity, or a pod that runs as it, does whatever it likes in the whole subscription.",
    fix="Assign a role for the task, such as AcrPull, with the resource or its group as `scope`.",
    references=(
        "prowler:iam_role_user_access_admin_restricted",
        "https://learn.microsoft.com/azure/role-based-access-control/best-practices",
    ),
    good=[
        _role(_READER, _SUBSCRIPTION),
        _role(_CONTRIBUTOR, f"{_SUBSCRIPTION}/resourceGroups/gpu"),
        _role(_READER, UNKNOWN),
    ],
    bad=[
        _role(_OWNER, _SUBSCRIPTION),
        _role(_CONTRIBUTOR.upper(), f"{_SUBSCRIPTION}/"),
        _role(_OWNER, "/providers/Microsoft.Management/managementGroups/root"),
        {**_role(_OWNER, "/"), "roleDefinitionId": f"{_SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{_OWNER}"},
    ],
    unknown=[_role(_OWNER, UNKNOWN), _role(UNKNOWN, _SUBSCRIPTION)],
)
def power_is_narrow(assignment: Resource) -> Verdict:
    """Nobody owns or changes a whole subscription."""
    return ~(assignment.roleDefinitionId.text_matches(_POWERFUL) & assignment.scope.text_matches(_WIDE))


@rule(
    "az-role-owner-workload",
    Severity.HIGH,
    _ASSIGNMENT,
    why="A program that may hand out roles makes itself whatever it wants to be: one injected prompt or package is then the administrator.",
    fix='Take Contributor of the group, or a role for the task, for `principal_type="ServicePrincipal"`; or bound it by a `condition`.',
    references=("https://learn.microsoft.com/azure/role-based-access-control/delegate-role-assignments-overview",),
    good=[
        _role(_OWNER, "/subscriptions/s/resourceGroups/gpu", {"principalType": "Group"}),
        _role(_CONTRIBUTOR, "/subscriptions/s/resourceGroups/gpu", {"principalType": "ServicePrincipal"}),
        _role(
            _OWNER,
            "/subscriptions/s/resourceGroups/gpu",
            {"principalType": "ServicePrincipal", "condition": "@Request[...] ...", "conditionVersion": "2.0"},
        ),
    ],
    bad=[_role(_OWNER, "/subscriptions/s/resourceGroups/gpu", {"principalType": "servicePrincipal"})],
    unknown=[
        _role(_OWNER, "/subscriptions/s/resourceGroups/gpu", {"principalType": UNKNOWN}),
        _role(UNKNOWN, "/", {"principalType": "ServicePrincipal"}),
    ],
)
def programs_hand_out_no_roles(assignment: Resource) -> Verdict:
    """No program hands out roles without a bound."""
    hands_out = assignment.roleDefinitionId.text_matches(_OWNING)
    return ~(hands_out & means(assignment.principalType, "ServicePrincipal")) | assignment.condition.is_set()


@rule(
    "az-role-custom-star",
    Severity.HIGH,
    _DEFINITION,
    why="A role of one's own that allows `*` is a second Owner that no review of owners finds.",
    fix='List what is needed in `actions`, such as "Microsoft.ContainerService/managedClusters/read".',
    references=("checkov:CKV_AZURE_39", "trivy:AZU-0030", "prowler:iam_subscription_roles_owner_custom_not_created"),
    good=[
        {"permissions": [{"actions": ["*/read", "Microsoft.Compute/virtualMachines/*"]}], "assignableScopes": [_SUBSCRIPTION]},
        {"permissions": [{"notActions": ["*"], "dataActions": ["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"]}]},
    ],
    bad=[
        {"permissions": [{"actions": ["Microsoft.Compute/*/read"]}, {"actions": ["Microsoft.Network/*/read", " * "]}]},
        {"permissions": [{"actions": ["Microsoft.Authorization/*"]}]},
        {"permissions": [{"actions": ["*"], "notActions": ["Microsoft.Compute/*"]}]},
    ],
    unknown=[{"permissions": UNKNOWN}, {"permissions": [{"actions": [UNKNOWN]}]}],
)
def role_lists_what_it_allows(role: Resource) -> Verdict:
    """A role of one's own allows neither everything nor the handing out of roles."""
    actions = (action for permission in role.permissions for action in permission.actions)
    return ~any_of(means(action, "*", "*/*", "*/write", "Microsoft.Authorization/*") for action in actions)


@rule(
    "az-federated-subject",
    Severity.HIGH,
    _CREDENTIAL,
    why="Code of a pull request that nobody has read yet, or any pod that names no service account, then acts as this identity.",
    fix="Name a branch or an environment (`repo:org/name:environment:prod`), or one service account, in `subject`.",
    references=("https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations",),
    good=[
        {"issuer": "https://token.actions.githubusercontent.com", "subject": "repo:org/infra:environment:prod"},
        {"issuer": UNKNOWN, "subject": "system:serviceaccount:serving:vllm"},
        {"issuer": "https://idp.example.com", "subject": "job:pull_request"},
    ],
    bad=[
        {"issuer": "https://token.actions.githubusercontent.com", "subject": "repo:org/infra:pull_request"},
        {"issuer": UNKNOWN, "subject": "system:serviceaccount:default:default"},
        {"issuer": "https://oidc.prod-aks.azure.com/t/c/", "subject": "system:serviceaccount:serving:default"},
    ],
    unknown=[
        {"issuer": "https://token.actions.githubusercontent.com", "subject": UNKNOWN},
        {"issuer": UNKNOWN, "subject": "repo:org/infra:pull_request"},
    ],
)
def only_one_may_be_it(credential: Resource) -> Verdict:
    """An identity is lent to reviewed code and to a service account of its own."""
    subject = credential.subject
    pulls = credential.issuer.text_matches(_GITHUB) & subject.text_matches(_ANY_PULL_REQUEST)
    return ~(pulls | subject.text_matches(_DEFAULT_ACCOUNT))
