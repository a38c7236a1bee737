"""Access: nobody owns a project who need not, nobody is everyone, and credentials that live for ever are not made."""

import json
import re
from typing import Final

from lepton_infra.rules.card import On, Severity, rule
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict
from lepton_infra.rules.view import Resource
from lepton_policies.gcp.grants import DEFAULT_ACCOUNT, forms, is_granted, is_public

_WIDE: Final = forms("gcp:projects/iAM", "gcp:folder/iAM", "gcp:organizations/iAM")
_MEMBER, _BINDING, _POLICY = _WIDE[:3]
_FOLDER: Final = "gcp:folder/iAMMember:IAMMember"
_RUN: Final = forms("gcp:cloudrunv2/serviceIam", "gcp:cloudrun/iam", "gcp:cloudrunv2/jobIam")
_RUN_SERVICE: Final = "gcp:cloudrunv2/service:Service"
_REPOSITORY: Final = forms("gcp:artifactregistry/repositoryIam")
_MODELS: Final = forms(
    "gcp:vertex/aiEndpointIam",
    "gcp:vertex/aiReasoningEngineIam",
    "gcp:vertex/aiFeatureOnlineStoreIam",
    "gcp:workbench/instanceIam",
    "gcp:colab/runtimeTemplateIam",
    "gcp:bigquery/datasetIam",
    "gcp:secretmanager/secretIam",
    "gcp:secretmanager/regionalSecretIam",
    "gcp:pubsub/topicIAM",
    "gcp:pubsub/subscriptionIAM",
    "gcp:compute/imageIam",
    "gcp:compute/diskIam",
    "gcp:compute/snapshotIam",
    "gcp:compute/machineImageIam",
)
_POOL: Final = "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider"
_BASIC: Final = re.compile(r"\A\s*roles/(owner|editor)\s*\Z", re.IGNORECASE)
_ADMIN: Final = re.compile(r"\A\s*roles/(owner|editor)\s*\Z|admin\s*\Z", re.IGNORECASE)
_ACTS_AS: Final = re.compile(r"\A\s*roles/iam\.(serviceAccountUser|serviceAccountTokenCreator|workloadIdentityUser)\s*\Z", re.IGNORECASE)
_ACCOUNT: Final = re.compile(r"\A\s*serviceAccount:")
_TRIVIAL: Final = re.compile(r"\A\s*(true|1\s*==\s*1)\s*\Z", re.IGNORECASE)
_GITHUB: Final = re.compile(r"token\.actions\.githubusercontent\.com|gitlab\.com", re.IGNORECASE)
_NAMES_OWNER: Final = re.compile(r"repository|owner|namespace|project|group|\bsub\b|subject", re.IGNORECASE)
_TRAINER: Final = "serviceAccount:trainer@p.iam.gserviceaccount.com"
_DEFAULT: Final = "serviceAccount:123456789012-compute@developer.gserviceaccount.com"


def _policy(role: str, *members: str) -> str:
    """Return a policy as JSON, for examples; a harmless binding stands before the one that counts."""
    harmless = {"role": "roles/viewer", "members": ["group:ml@example.com"]}
    return json.dumps({"bindings": [harmless, {"role": role, "members": list(members)}]})


def _given(role: object, *members: object) -> dict[str, object]:
    return {"project": "p", "role": role, "members": list(members)}


@rule(
    "gcp-iam-basic-role",
    Severity.HIGH,
    *_WIDE,
    why="Owner and editor hold thousands of permissions on everything; whoever breaks into one such identity has the project.",
    fix="Set `role` to predefined roles of the services that are used, or to a custom one.",
    references=("checkov:CKV_GCP_117", "trivy:GCP-0007"),
    good=[
        {"project": "p", "role": "roles/storage.objectViewer", "member": _TRAINER},
        On(_BINDING, _given("roles/viewer", "group:ml@example.com")),
        On(_POLICY, {"project": "p", "policyData": _policy("roles/container.developer", _TRAINER)}),
    ],
    bad=[
        {"project": "p", "role": "roles/editor", "member": UNKNOWN},
        {"project": "p", "role": "roles/owner", "member": "user:someone@example.com"},
        On(_BINDING, _given("roles/owner", UNKNOWN, "user:someone@example.com")),
        On(_POLICY, {"project": "p", "policyData": _policy("roles/editor", _TRAINER)}),
        On(_FOLDER, {"folder": "f", "role": "roles/owner", "member": _TRAINER}),
    ],
    unknown=[
        {"project": "p", "role": UNKNOWN, "member": _TRAINER},
        On(_BINDING, {"project": "p", "role": "roles/owner", "members": UNKNOWN}),
        On(_POLICY, {"project": "p", "policyData": UNKNOWN}),
        On(_POLICY, {"project": "p", "policyData": "no JSON"}),
    ],
)
def roles_are_narrow(grant: Resource) -> Verdict:
    """Nobody is made owner or editor of a project, folder or organisation."""
    return ~is_granted(grant, _BASIC)


@rule(
    "gcp-iam-public",
    Severity.CRITICAL,
    *_WIDE,
    *_MODELS,
    why="allUsers is the internet, and allAuthenticatedUsers is everyone who has ever made a Google account.",
    fix="Set `member` to a group, an account, or the domain of your organisation.",
    references=("checkov:CKV_GCP_101",),
    good=[
        {"project": "p", "role": "roles/viewer", "member": "domain:example.com"},
        On(_BINDING, _given("roles/viewer", "group:all@example.com")),
    ],
    bad=[
        {"project": "p", "role": "roles/viewer", "member": "allUsers"},
        On(_BINDING, _given("roles/browser", "group:ml@example.com", "allAuthenticatedUsers")),
        On(_POLICY, {"project": "p", "policyData": _policy("roles/viewer", "allUsers")}),
        On("gcp:vertex/aiEndpointIamBinding:AiEndpointIamBinding", {"role": "roles/aiplatform.user", "members": [UNKNOWN, "allUsers"]}),
    ],
    unknown=[
        {"project": "p", "role": "roles/viewer", "member": UNKNOWN},
        On(_BINDING, _given("roles/viewer", "group:ml@example.com", UNKNOWN)),
    ],
)
def nobody_is_everyone(grant: Resource) -> Verdict:
    """No role is given to everyone: not on projects, and not on images, secrets, models and data."""
    return ~is_public(grant)


@rule(
    "gcp-ar-public",
    Severity.CRITICAL,
    *_REPOSITORY,
    why="Images hold code, and often weights and forgotten credentials; a repository that is open to all gives away every version.",
    fix="Set `member` to the accounts that pull: the nodes' account, the build's account.",
    references=("checkov:CKV_GCP_101",),
    good=[{"repository": "r", "role": "roles/artifactregistry.reader", "member": _TRAINER}],
    bad=[
        {"repository": "r", "role": "roles/artifactregistry.reader", "member": "allUsers"},
        On(_REPOSITORY[1], {"repository": "r", "role": UNKNOWN, "members": [_TRAINER, "allAuthenticatedUsers"]}),
        On(_REPOSITORY[2], {"repository": "r", "policyData": _policy("roles/artifactregistry.reader", "allUsers")}),
    ],
    unknown=[{"repository": "r", "role": "roles/artifactregistry.reader", "member": UNKNOWN}, On(_REPOSITORY[2], {"policyData": UNKNOWN})],
)
def images_are_not_public(grant: Resource) -> Verdict:
    """No role on a repository of images is given to everyone."""
    return ~is_public(grant)


@rule(
    "gcp-iam-sa-user",
    Severity.HIGH,
    *_WIDE,
    why="At the level of a project the role lets its holder act as every service account in it, the most powerful one included.",
    fix="Grant the role on the one account that is needed: `gcp.serviceaccount.IAMMember`.",
    references=("checkov:CKV_GCP_41", "trivy:GCP-0011", "prowler:iam_no_service_roles_at_project_level", "cis-gcp-5.0:1.7"),
    good=[
        {"project": "p", "role": "roles/iam.serviceAccountViewer", "member": _TRAINER},
        On(_BINDING, _given("roles/iam.serviceAccountUser")),
    ],
    bad=[
        {"project": "p", "role": "roles/iam.serviceAccountUser", "member": "user:someone@example.com"},
        On(_BINDING, _given("roles/iam.serviceAccountTokenCreator", _TRAINER)),
        On(_POLICY, {"policyData": _policy("roles/iam.serviceAccountUser", "group:ml@example.com")}),
        On(_FOLDER, {"folder": "f", "role": "roles/iam.serviceAccountTokenCreator", "member": _TRAINER}),
    ],
    unknown=[{"project": "p", "role": UNKNOWN, "member": _TRAINER}, On(_POLICY, {"policyData": UNKNOWN})],
)
def nobody_acts_as_all_accounts(grant: Resource) -> Verdict:
    """Nobody may act as every service account of a project."""
    return ~is_granted(grant, _ACTS_AS)


@rule(
    "gcp-iam-sa-admin",
    Severity.HIGH,
    *_WIDE,
    why="A service account is a program: what it may do, whoever breaks into the program may do, day and night.",
    fix="Set `role` to the narrow role that the program needs.",
    references=("checkov:CKV_GCP_42", "prowler:iam_sa_no_administrative_privileges", "cis-gcp-5.0:1.6"),
    good=[
        {"project": "p", "role": "roles/storage.objectUser", "member": _TRAINER},
        {"project": "p", "role": "roles/container.admin", "member": "group:platform@example.com"},
    ],
    bad=[
        {"project": "p", "role": "roles/storage.admin", "member": _TRAINER},
        {"project": "p", "role": "roles/editor", "member": _TRAINER},
        On(_BINDING, _given("roles/resourcemanager.projectIamAdmin", "group:platform@example.com", _TRAINER)),
        On(_POLICY, {"policyData": _policy("roles/compute.admin", _TRAINER)}),
    ],
    unknown=[{"project": "p", "role": "roles/storage.admin", "member": UNKNOWN}, On(_BINDING, _given(UNKNOWN, _TRAINER))],
)
def programs_are_no_admins(grant: Resource) -> Verdict:
    """No service account is administrator at the level of a project or above."""
    return ~is_granted(grant, _ADMIN, _ACCOUNT)


@rule(
    "gcp-iam-default-sa",
    Severity.MEDIUM,
    *_WIDE,
    why="What the default account may do, every machine may do that names no account: nobody will know which of them did.",
    fix="Make an account for the program and set `member` to it.",
    references=("checkov:CKV_GCP_46", "trivy:GCP-0006"),
    good=[{"project": "p", "role": "roles/storage.objectViewer", "member": _TRAINER}],
    bad=[
        {"project": "p", "role": "roles/storage.objectViewer", "member": _DEFAULT},
        On(_BINDING, _given("roles/logging.logWriter", _TRAINER, "serviceAccount:p@appspot.gserviceaccount.com")),
        On(_POLICY, {"policyData": _policy("roles/logging.logWriter", _DEFAULT)}),
    ],
    unknown=[{"project": "p", "role": "roles/storage.objectViewer", "member": UNKNOWN}],
)
def default_accounts_get_nothing(grant: Resource) -> Verdict:
    """No role is given to an account that the project was born with."""
    return ~is_granted(grant, re.compile(""), DEFAULT_ACCOUNT)


@rule(
    "gcp-iam-sa-key",
    Severity.HIGH,
    "gcp:serviceaccount/key:Key",
    why="A key file works from anywhere for ten years, and its private half stands in the stack's state.",
    fix="Use workload identity, in GKE or by federation from elsewhere; where a key must be, upload its public half as `public_key_data`.",
    references=("checkov:CKV2_GCP_3", "prowler:iam_sa_no_user_managed_keys", "cis-gcp-5.0:1.5"),
    good=[{"serviceAccountId": "a", "publicKeyData": "TUlJ"}],
    bad=[{"serviceAccountId": "a"}, {"serviceAccountId": UNKNOWN, "keyAlgorithm": "KEY_ALG_RSA_2048"}],
    unknown=[{"serviceAccountId": "a", "publicKeyData": UNKNOWN}],
)
def no_key_is_made(key: Resource) -> Verdict:
    """No key of a service account is made; an uploaded one has its private half elsewhere."""
    return key.publicKeyData.is_set()


@rule(
    "gcp-iam-wif-condition",
    Severity.HIGH,
    _POOL,
    why="Without a condition every identity of the issuer comes in: for GitHub that is every repository in the world.",
    fix="Set `attribute_condition`, for instance to \"assertion.repository_owner == 'my-org'\".",
    references=(
        "trivy:GCP-0068",
        "checkov:CKV_GCP_125",
        "https://cloud.google.com/iam/docs/best-practices-for-using-workload-identity-federation",
    ),
    good=[
        {
            "oidc": {"issuerUri": "https://token.actions.githubusercontent.com"},
            "attributeCondition": "assertion.repository_owner == 'my-org'",
        },
        {"aws": {"accountId": "123456789012"}, "attributeCondition": "attribute.aws_role == 'trainer'"},
        {"oidc": {"issuerUri": "https://idp.example.com"}, "disabled": True},
    ],
    bad=[
        {"oidc": {"issuerUri": "https://token.actions.githubusercontent.com"}},
        {"oidc": {"issuerUri": "https://idp.example.com"}, "attributeCondition": "true"},
        {"oidc": {"issuerUri": "https://token.actions.githubusercontent.com"}, "attributeCondition": "assertion.ref == 'refs/heads/main'"},
    ],
    unknown=[
        {"oidc": {"issuerUri": "https://idp.example.com"}, "attributeCondition": UNKNOWN},
        {"disabled": UNKNOWN},
    ],
)
def federation_is_narrowed(provider: Resource) -> Verdict:
    """A federation lets in some identities of its issuer; where the issuer is shared by the world, the condition names an owner."""
    condition = provider.attributeCondition
    says_something = condition.is_set() & ~condition.text_matches(_TRIVIAL)
    narrowed = provider.oidc.issuerUri.text_matches(_GITHUB).implies(condition.text_matches(_NAMES_OWNER))
    return provider.disabled.is_true() | says_something & narrowed


@rule(
    "gcp-run-public",
    Severity.HIGH,
    *_RUN,
    _RUN_SERVICE,
    why="A model behind an open URL answers everyone: strangers run up the GPU bill, and find out what it was told.",
    fix="Grant roles/run.invoker to the callers' accounts, or set `iap_enabled=True`, or `ingress` to the load balancer.",
    references=("checkov:CKV_GCP_102", "https://cloud.google.com/run/docs/authenticating/overview"),
    good=[
        {"name": "llm", "role": "roles/run.invoker", "member": _TRAINER},
        On(_RUN_SERVICE, {"location": "europe-west4"}),
        On(_RUN_SERVICE, {"invokerIamDisabled": True, "ingress": "INGRESS_TRAFFIC_INTERNAL_ONLY"}),
        On(_RUN_SERVICE, {"invokerIamDisabled": True, "iapEnabled": True}),
    ],
    bad=[
        {"name": "llm", "role": "roles/run.invoker", "member": "allUsers"},
        On(
            "gcp:cloudrun/iamBinding:IamBinding",
            {"service": "llm", "role": "roles/run.invoker", "members": [_TRAINER, "allAuthenticatedUsers"]},
        ),
        On(_RUN_SERVICE, {"invokerIamDisabled": True}),
        On(_RUN_SERVICE, {"invokerIamDisabled": True, "ingress": "INGRESS_TRAFFIC_ALL"}),
    ],
    unknown=[
        {"name": "llm", "role": "roles/run.invoker", "member": UNKNOWN},
        On(_RUN_SERVICE, {"invokerIamDisabled": UNKNOWN}),
        On(_RUN_SERVICE, {"invokerIamDisabled": True, "ingress": UNKNOWN}),
    ],
)
def service_asks_who_calls(resource: Resource) -> Verdict:
    """A Cloud Run service asks who calls."""
    if resource.type_token != _RUN_SERVICE:
        return ~is_public(resource)
    open_to_all = resource.ingress.or_default("INGRESS_TRAFFIC_ALL").is_one_of("INGRESS_TRAFFIC_ALL")
    return ~(resource.invokerIamDisabled.is_true() & open_to_all) | resource.iapEnabled.is_true()


@rule(
    "gcp-api-key-unrestricted",
    Severity.HIGH,
    "gcp:projects/apiKey:ApiKey",
    why="An API key asks for no identity: one that is good for every service, Gemini included, is spent by whoever finds it in a page.",
    fix="Set `restrictions.api_targets` to the services that it is for, and restrict who may call: addresses, referrers or apps.",
    references=("prowler:apikeys_api_restrictions_configured",),
    good=[{"restrictions": {"apiTargets": [{"service": "maps-backend.googleapis.com"}]}}],
    bad=[{}, {"restrictions": {"browserKeyRestrictions": {"allowedReferrers": ["example.com"]}}}, {"restrictions": {"apiTargets": []}}],
    unknown=[{"restrictions": UNKNOWN}, {"restrictions": {"apiTargets": UNKNOWN}}],
)
def api_key_is_for_something(key: Resource) -> Verdict:
    """An API key is good for named services only."""
    return key.restrictions.apiTargets.is_set()
