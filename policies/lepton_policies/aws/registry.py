"""Image registries: an image stays what it was, is looked through, is nobody else's, and goes when it is old."""

from typing import Final

from lepton_infra.rules.card import IT, On, Severity, rule, stack_rule
from lepton_infra.rules.iam import is_public
from lepton_infra.rules.stack import Stack
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, any_of
from lepton_infra.rules.view import Resource
from lepton_policies.shared.keys import EXAMPLE_KEY, WHY_OWN_KEY

_REPOSITORY: Final = "aws:ecr/repository:Repository"
_POLICY: Final = "aws:ecr/repositoryPolicy:RepositoryPolicy"
_SCANNING: Final = "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration"
_LIFECYCLE: Final = "aws:ecr/lifecyclePolicy:LifecyclePolicy"


@rule(
    "aws-ecr-mutable",
    Severity.MEDIUM,
    _REPOSITORY,
    why="A tag that can be moved is another image on the node that starts after it was moved.",
    fix='Set `image_tag_mutability="IMMUTABLE"`, or with exclusions for tags such as `latest`.',
    references=("checkov:CKV_AWS_51", "trivy:AWS-0031", "prowler:ecr_repositories_tag_immutability"),
    good=[{"imageTagMutability": "IMMUTABLE"}, {"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"}],
    bad=[{}, {"imageTagMutability": "MUTABLE"}, {"imageTagMutability": "MUTABLE_WITH_EXCLUSION"}],
    unknown=[{"imageTagMutability": UNKNOWN}],
)
def tags_stay(repository: Resource) -> Verdict:
    """A tag of an image stays on that image."""
    return repository.imageTagMutability.is_one_of("IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION")


@stack_rule(
    "aws-ecr-scan",
    Severity.MEDIUM,
    _REPOSITORY,
    why="CUDA images carry a whole distribution; nobody knows of its holes unless somebody looks.",
    fix='Set `image_scanning_configuration={"scan_on_push": True}`, or scan the registry by `aws.ecr.RegistryScanningConfiguration`.',
    references=("checkov:CKV_AWS_163", "trivy:AWS-0030", "prowler:ecr_repositories_scan_images_on_push_enabled", "cis-eks-1.8:5.1.1"),
    good=[
        {"imageScanningConfiguration": {"scanOnPush": True}},
        On(_REPOSITORY, {}, around={"all": On(_SCANNING, {"scanType": "ENHANCED", "rules": [{"scanFrequency": "CONTINUOUS_SCAN"}]})}),
    ],
    bad=[
        {},
        {"imageScanningConfiguration": {"scanOnPush": False}},
        On(_REPOSITORY, {}, around={"all": On(_SCANNING, {"scanType": "BASIC"})}),
    ],
    unknown=[{"imageScanningConfiguration": UNKNOWN}, On(_REPOSITORY, {}, around={"all": On(_SCANNING, {"rules": UNKNOWN})})],
)
def images_are_scanned(repository: Resource, stack: Stack) -> Verdict:
    """Images are looked through for known holes."""
    registry = (one.rules.is_set() for one in stack.of(_SCANNING))
    return repository.imageScanningConfiguration.scanOnPush.is_true() | repository.has_some("scan", registry)


@rule(
    "aws-ecr-cmk",
    Severity.LOW,
    _REPOSITORY,
    why=WHY_OWN_KEY,
    fix='Set `encryption_configurations=[{"encryption_type": "KMS", "kms_key": ...}]`; it cannot be changed later.',
    references=("checkov:CKV_AWS_136", "trivy:AWS-0033"),
    good=[{"encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": EXAMPLE_KEY}]}],
    bad=[{}, {"encryptionConfigurations": [{"encryptionType": "AES256"}]}],
    unknown=[{"encryptionConfigurations": UNKNOWN}],
)
def images_have_a_key(repository: Resource) -> Verdict:
    """Images are under a key of KMS."""
    found = any_of(one.encryptionType.is_one_of("KMS", "KMS_DSSE") for one in repository.encryptionConfigurations)
    return found if found.facts else repository.encryptionConfigurations.fail_because()


@rule(
    "aws-ecr-public",
    Severity.CRITICAL,
    _POLICY,
    why="Anyone can pull the images, with the code, weights and configuration that are in them, or push others under their names.",
    fix="Name the accounts or roles, or demand `aws:PrincipalOrgID`.",
    references=("checkov:CKV_AWS_32", "trivy:AWS-0032", "prowler:ecr_repositories_not_publicly_accessible", "cis-eks-1.8:5.1.2"),
    good=[
        {"policy": {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "ecr:*"}]}},
    ],
    bad=[{"policy": {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}]}}],
    unknown=[{"policy": UNKNOWN}],
)
def repository_is_not_public(policy: Resource) -> Verdict:
    """No repository of images is everyone's."""
    return ~is_public(policy.policy)


@stack_rule(
    "cost-ecr-lifecycle",
    Severity.LOW,
    _REPOSITORY,
    why="Every build leaves 10 to 20 GB of CUDA image behind, and the registry keeps them all.",
    fix="Add an `aws.ecr.LifecyclePolicy` that keeps the last few images.",
    references=("prowler:ecr_repositories_lifecycle_policy_enabled",),
    good=[On(_REPOSITORY, {"name": "serve"}, around={"l": On(_LIFECYCLE, {"repository": IT})})],
    bad=[{"name": "serve"}, On(_REPOSITORY, {"name": "serve"}, around={"l": On(_LIFECYCLE, {"repository": "train"})})],
    unknown=[On(_REPOSITORY, {"name": "serve"}, around={"l": On(_LIFECYCLE, {"repository": UNKNOWN})})],
)
def old_images_go(repository: Resource, stack: Stack) -> Verdict:
    """Old images are removed."""
    return repository.has_some("lifecycle policy", (one.repository.refers_to(repository) for one in stack.of(_LIFECYCLE)))
