"""Machines and the templates that make them: who gets at their identity, who reaches them, what their start scripts give away."""

import re
from typing import Final

from lepton_infra.rules.card import IT, On, Ref, Severity, rule, stack_rule
from lepton_infra.rules.stack import Stack
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, all_of, any_of, none_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.shared.credentials import holds_credential

_TEMPLATE: Final = "aws:ec2/launchTemplate:LaunchTemplate"
_INSTANCE: Final = "aws:ec2/instance:Instance"
_SPOT: Final = "aws:ec2/spotInstanceRequest:SpotInstanceRequest"
_CONFIGURATION: Final = "aws:ec2/launchConfiguration:LaunchConfiguration"
_NODE_GROUP: Final = "aws:eks/nodeGroup:NodeGroup"
_GROUP: Final = "aws:autoscaling/group:Group"

_WHY_IMDS: Final = "Version 1 of the metadata service answers any request; one forged through a model server fetches the machine's keys."
_CARELESS_IMAGE: Final = re.compile(r"\A(AL2_|WINDOWS_)")
"""Machine images of EKS that leave version 1 open (EKS User Guide, "Upgrade from Amazon Linux 2 to Amazon Linux 2023")."""
_ASKED: Final = {"httpTokens": "required"}
_LEAK: Final = "#!/bin/sh\nexport AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE\n"
"""The key that AWS's own documentation shows."""
_LEAK_ENCODED: Final = "IyEvYmluL3NoCmV4cG9ydCBBV1NfQUNDRVNTX0tFWV9JRD1BS0lBSU9TRk9ETk43RVhBTVBMRQo="
_WHY_LEAK: Final = "Start scripts are read by everyone who may describe the machine, and by every process on it."
_FIX_LEAK: Final = "Keep the credential in Secrets Manager, let the machine's role read it, and fetch it at start."


def _asks_for_tokens(options: View) -> Verdict:
    return options.httpTokens.is_one_of("required") | options.httpEndpoint.is_one_of("disabled")


@rule(
    "aws-lt-imdsv2",
    Severity.HIGH,
    _TEMPLATE,
    _CONFIGURATION,
    why=_WHY_IMDS,
    fix='Set `metadata_options={"http_tokens": "required"}`.',
    references=("checkov:CKV_AWS_79", "trivy:AWS-0130", "prowler:ec2_launch_template_imdsv2_required", "cis-aws-7.0:6.7"),
    good=[{"metadataOptions": _ASKED}, {"metadataOptions": {"httpEndpoint": "disabled"}}, On(_CONFIGURATION, {"metadataOptions": _ASKED})],
    bad=[{}, {"metadataOptions": {"httpTokens": "optional"}}, {"metadataOptions": {"httpEndpoint": "enabled"}}],
    unknown=[{"metadataOptions": UNKNOWN}, {"metadataOptions": {"httpTokens": UNKNOWN}}],
)
def template_asks_for_tokens(template: Resource) -> Verdict:
    """The machines of a template ask for a token before they give out their identity."""
    return _asks_for_tokens(template.metadataOptions)


@rule(
    "aws-ec2-imdsv2",
    Severity.HIGH,
    _INSTANCE,
    _SPOT,
    why=_WHY_IMDS,
    fix='Set `metadata_options={"http_tokens": "required"}`.',
    references=("checkov:CKV_AWS_79", "trivy:AWS-0028", "prowler:ec2_instance_imdsv2_enabled", "cis-aws-7.0:6.7"),
    good=[{"metadataOptions": _ASKED}, {"launchTemplate": {"id": "lt-1"}}],
    bad=[{}, {"metadataOptions": {"httpTokens": "optional"}, "launchTemplate": {"id": "lt-1"}}],
    unknown=[{"metadataOptions": UNKNOWN}],
)
def machine_asks_for_tokens(machine: Resource) -> Verdict:
    """A machine asks for a token before it gives out its identity; one that does not say does what its template says."""
    options = machine.metadataOptions
    return _asks_for_tokens(options) | options.is_absent() & machine.launchTemplate.is_set()


@stack_rule(
    "aws-lt-imds-hop",
    Severity.LOW,
    _TEMPLATE,
    why="With two hops every pod on a node reaches the node's identity, and so does whoever breaks into the model server in it.",
    fix='Set `metadata_options={"http_put_response_hop_limit": 1}` and give pods that call AWS an identity of their own (Pod Identity).',
    references=("checkov:CKV_AWS_341",),
    good=[
        On(
            _TEMPLATE, {"metadataOptions": {"httpPutResponseHopLimit": 1}}, around={"pool": On(_NODE_GROUP, {"launchTemplate": {"id": IT}})}
        ),
        {"metadataOptions": {"httpPutResponseHopLimit": 2}},
    ],
    bad=[
        On(
            _TEMPLATE, {"metadataOptions": {"httpPutResponseHopLimit": 2}}, around={"pool": On(_NODE_GROUP, {"launchTemplate": {"id": IT}})}
        ),
        On(_TEMPLATE, {}, around={"pool": On(_NODE_GROUP, {"launchTemplate": {"name": IT}})}),
    ],
    unknown=[
        On(
            _TEMPLATE,
            {"metadataOptions": {"httpPutResponseHopLimit": 2}},
            around={"p": On(_NODE_GROUP, {"launchTemplate": {"id": UNKNOWN}})},
        ),
        On(_TEMPLATE, {"metadataOptions": UNKNOWN}, around={"pool": On(_NODE_GROUP, {"launchTemplate": {"id": IT}})}),
    ],
)
def pods_do_not_reach_the_node(template: Resource, stack: Stack) -> Verdict:
    """Pods do not reach their node's identity; EKS sets two hops where a template does not say."""
    pools = stack.of(_NODE_GROUP)
    makes_nodes = template.has_some("node group", (made_by(pool, template) for pool in pools))
    return makes_nodes.implies(template.metadataOptions.httpPutResponseHopLimit.or_default(2) <= 1)


def made_by(pool: Resource, template: Resource) -> Verdict:
    """Return whether a pool's machines are made by a template."""
    ways = [pool.launchTemplate.id, pool.launchTemplate.name]
    if pool.type_token == _GROUP:
        mixed = pool.mixedInstancesPolicy.launchTemplate.launchTemplateSpecification
        ways += [mixed.launchTemplateId, mixed.launchTemplateName]
    return any_of(way.refers_to(template) for way in ways)


@stack_rule(
    "aws-eks-ng-imdsv2",
    Severity.HIGH,
    _NODE_GROUP,
    why=_WHY_IMDS,
    fix='Give the group a `launch_template` with `metadata_options={"http_tokens": "required"}`.',
    references=("checkov:CKV_AWS_79", "https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html"),
    good=[
        On(_NODE_GROUP, {"launchTemplate": {"id": Ref("t"), "version": "1"}}, around={"t": On(_TEMPLATE, {"metadataOptions": _ASKED})}),
        {"launchTemplate": {"id": "lt-0123456789abcdef0", "version": "1"}},
        {"instanceTypes": ["p5.48xlarge"], "amiType": "AL2023_x86_64_NVIDIA"},
        {},
    ],
    bad=[
        On(_NODE_GROUP, {"launchTemplate": {"id": Ref("t")}}, around={"t": On(_TEMPLATE, {"metadataOptions": {"httpTokens": "optional"}})}),
        {"instanceTypes": ["p5.48xlarge"], "amiType": "AL2_x86_64_GPU"},
    ],
    unknown=[
        {"launchTemplate": UNKNOWN, "amiType": "AL2_x86_64_GPU"},
        On(_NODE_GROUP, {"launchTemplate": {"id": UNKNOWN}}, around={"t": On(_TEMPLATE, {"metadataOptions": {"httpTokens": "optional"}})}),
    ],
)
def nodes_ask_for_tokens(pool: Resource, stack: Stack) -> Verdict:
    """The nodes of a group ask for a token before they give out their identity; images since AL2023 do so by themselves."""
    by_itself = pool.launchTemplate.is_set() | ~pool.amiType.text_matches(_CARELESS_IMAGE)
    templates = stack.of(_TEMPLATE)
    return by_itself & all_of(made_by(pool, template).implies(_asks_for_tokens(template.metadataOptions)) for template in templates)


@rule(
    "aws-lt-public-ip",
    Severity.HIGH,
    _TEMPLATE,
    _CONFIGURATION,
    why="A GPU node with a public address is one security group away from the internet, and some group is always too wide.",
    fix="Set `associate_public_ip_address=False` on every entry of `network_interfaces`, and place the group in private subnets.",
    references=("checkov:CKV_AWS_88", "prowler:ec2_launch_template_no_public_ip"),
    good=[{}, {"networkInterfaces": [{"associatePublicIpAddress": False}, {"deviceIndex": 1}]}],
    bad=[
        {"networkInterfaces": [{"associatePublicIpAddress": "false"}, {"associatePublicIpAddress": "true"}]},
        On(_CONFIGURATION, {"associatePublicIpAddress": True}),
    ],
    unknown=[{"networkInterfaces": [{"associatePublicIpAddress": UNKNOWN}]}, {"networkInterfaces": UNKNOWN}],
)
def template_gives_no_public_address(template: Resource) -> Verdict:
    """The machines of a template have no public address."""
    own = template.associatePublicIpAddress
    return none_of((own.is_true(), *(nic.associatePublicIpAddress.is_true() for nic in template.networkInterfaces)))


@rule(
    "aws-ec2-public-ip",
    Severity.HIGH,
    _INSTANCE,
    _SPOT,
    why="A machine with a public address is one security group away from the internet, and some group is always too wide.",
    fix="Set `associate_public_ip_address=False`, and reach the machine by Session Manager.",
    references=("checkov:CKV_AWS_88", "prowler:ec2_instance_public_ip"),
    good=[{}, {"associatePublicIpAddress": False}],
    bad=[{"associatePublicIpAddress": True}, On(_SPOT, {"associatePublicIpAddress": "true"})],
    unknown=[{"associatePublicIpAddress": UNKNOWN}],
)
def machine_has_no_public_address(machine: Resource) -> Verdict:
    """A machine has no public address."""
    return ~machine.associatePublicIpAddress.is_true()


@rule(
    "aws-lt-userdata-secrets",
    Severity.CRITICAL,
    _TEMPLATE,
    _CONFIGURATION,
    why=_WHY_LEAK,
    fix=_FIX_LEAK,
    references=("checkov:CKV_AWS_46", "trivy:AWS-0129", "prowler:ec2_launch_template_no_secrets"),
    good=[{}, {"userData": "IyEvYmluL3NoCmVjaG8gaGVsbG8K"}],
    bad=[{"userData": _LEAK_ENCODED}, On(_CONFIGURATION, {"userData": _LEAK}), On(_CONFIGURATION, {"userDataBase64": _LEAK_ENCODED})],
    unknown=[{"userData": UNKNOWN}],
)
def template_script_holds_no_credential(template: Resource) -> Verdict:
    """The start script of a template holds no credential."""
    return none_of((holds_credential(template.userData), holds_credential(template.userDataBase64)))


@rule(
    "aws-ec2-userdata-secrets",
    Severity.CRITICAL,
    _INSTANCE,
    _SPOT,
    why=_WHY_LEAK,
    fix=_FIX_LEAK,
    references=("checkov:CKV_AWS_46", "trivy:AWS-0029", "prowler:ec2_instance_secrets_user_data"),
    good=[{}, {"userData": "#!/bin/sh\necho hello\n"}],
    bad=[{"userData": _LEAK}, {"userDataBase64": _LEAK_ENCODED}, {"userData": "export HF_TOKEN=hf_" + "a" * 34}],
    unknown=[{"userData": UNKNOWN}],
)
def machine_script_holds_no_credential(machine: Resource) -> Verdict:
    """The start script of a machine holds no credential."""
    return none_of((holds_credential(machine.userData), holds_credential(machine.userDataBase64)))


@rule(
    "aws-ec2-instance-profile",
    Severity.MEDIUM,
    _INSTANCE,
    why="A machine without a role gets its keys from a file, and keys in files are copied, committed and never changed.",
    fix="Set `iam_instance_profile` to a profile whose role may do what the machine needs.",
    references=("checkov:CKV2_AWS_41", "prowler:ec2_instance_profile_attached", "cis-aws-7.0:2.16"),
    good=[{"iamInstanceProfile": "node"}, {"iamInstanceProfile": UNKNOWN, "launchTemplate": {"id": "lt-1"}}],
    bad=[{}, {"iamInstanceProfile": ""}],
    unknown=[{"iamInstanceProfile": UNKNOWN}],
)
def machine_has_a_role(machine: Resource) -> Verdict:
    """A machine has a role of its own, or its template's."""
    return machine.iamInstanceProfile.is_set() | machine.launchTemplate.is_set()


@rule(
    "aws-ec2-monitoring",
    Severity.LOW,
    _INSTANCE,
    _TEMPLATE,
    why="At five minutes a point, a GPU machine that hangs has burnt dollars before a graph shows it.",
    fix='Set `monitoring=True` (on a template `monitoring={"enabled": True}`).',
    references=("checkov:CKV_AWS_126", "prowler:ec2_instance_detailed_monitoring_enabled"),
    good=[{"monitoring": True}, On(_TEMPLATE, {"monitoring": {"enabled": True}})],
    bad=[{}, {"monitoring": False}, On(_TEMPLATE, {"monitoring": {"enabled": False}}), On(_TEMPLATE, {})],
    unknown=[{"monitoring": UNKNOWN}, On(_TEMPLATE, {"monitoring": {"enabled": UNKNOWN}})],
)
def machine_is_watched_by_the_minute(machine: Resource) -> Verdict:
    """A machine is measured every minute."""
    return machine.monitoring.is_true() | machine.monitoring.enabled.is_true()


@rule(
    "aws-asg-launch-template",
    Severity.MEDIUM,
    _GROUP,
    why="Launch configurations know neither capacity reservations nor EFA nor several machine types, and AWS takes no new ones.",
    fix="Replace `launch_configuration` by `launch_template` or `mixed_instances_policy`.",
    references=("checkov:CKV_AWS_315",),
    good=[{"maxSize": 4, "launchTemplate": {"id": "lt-1"}}, {"mixedInstancesPolicy": {"launchTemplate": {"overrides": []}}}],
    bad=[{"launchConfiguration": "old"}],
    unknown=[{"launchConfiguration": UNKNOWN}],
)
def group_has_a_template(group: Resource) -> Verdict:
    """An autoscaling group makes its machines from a launch template."""
    return group.launchConfiguration.is_absent()


@rule(
    "aws-ami-public",
    Severity.HIGH,
    "aws:ec2/amiLaunchPermission:AmiLaunchPermission",
    why="An image given to all is copied by all, with every weight and key that was left on its disk.",
    fix="Set `account_id`, `organization_arn` or `organizational_unit_arn` in place of `group`.",
    references=("checkov:CKV_AWS_205", "prowler:ec2_ami_public"),
    good=[{"imageId": "ami-1", "accountId": "123456789012"}],
    bad=[{"imageId": "ami-1", "group": "all"}],
    unknown=[{"imageId": "ami-1", "group": UNKNOWN}],
)
def image_is_not_public(permission: Resource) -> Verdict:
    """A machine image is not given to everyone."""
    return ~permission.group.is_one_of("all")
