import datetime as dt
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import analyzer_pb2 as rpc
from pulumi.runtime.proto.analyzer_pb2_grpc import AnalyzerStub, add_AnalyzerServicer_to_server

from lepton_infra.rules.analyzer import Analyzer
from lepton_infra.rules.announce import Pack
from lepton_infra.rules.card import Card, Kind, Severity, rule, stack_rule
from lepton_infra.rules.stack import Stack
from lepton_infra.rules.verdict import Verdict
from lepton_infra.rules.view import Resource
from lepton_infra.rules.wire import OUTPUT, SECRET, SIGNATURE
from lepton_policies import RULES

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
VOLUME = "aws:ebs/volume:Volume"
VPC = "aws:ec2/vpc:Vpc"
LOG = "aws:ec2/flowLog:FlowLog"


@rule("test-broken-rule", Severity.CRITICAL, VOLUME, why="w", fix="f", good=[{}], bad=[{}], unknown=[{}])
def broken(volume: Resource) -> Verdict:
    """It raises."""
    raise RuntimeError(str(volume))


@stack_rule("test-flow-log", Severity.HIGH, VPC, why="w", fix="Log it.", good=[{}], bad=[{}], unknown=[{}])
def network_is_logged(vpc: Resource, stack: Stack) -> Verdict:
    """Every network has a flow log."""
    return vpc.has_some("flow log", (log.vpcId.refers_to(vpc) for log in stack.of(LOG)))


FOUND = [card for card in RULES if card.kind is Kind.RESOURCE]


@pytest.fixture
def engine() -> Any:
    """Yield a client of the pack, over a real connection."""
    with ThreadPoolExecutor(2) as pool:
        server = grpc.server(pool)
        cards: tuple[Card, ...] = (broken, network_is_logged, *FOUND)
        add_AnalyzerServicer_to_server(Analyzer(Pack("pack", "Pack", "1.2.3", "It guards.", cards), lambda: dt.date(2026, 11, 21)), server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield AnalyzerStub(channel)
        server.stop(None).wait()


def struct(values: Any) -> Struct:
    message = Struct()
    message.update(values)
    return message


def request(type_token: str, inputs: Any, provider: Any = None, name: str = "it") -> rpc.AnalyzeRequest:
    message = rpc.AnalyzeRequest(type=type_token, name=name, urn=f"urn:{name}", properties=struct(inputs))
    if provider is not None:
        message.provider.CopyFrom(rpc.AnalyzerProviderResource(properties=struct(provider)))
    return message


def found(response: rpc.AnalyzeResponse) -> dict[str, tuple[int, str]]:
    return {diagnostic.policyName: (diagnostic.enforcementLevel, diagnostic.message) for diagnostic in response.diagnostics}


def test_every_card_is_a_policy_of_the_pack(engine: Any) -> None:
    engine.Handshake(rpc.AnalyzerHandshakeRequest(engine_address="127.0.0.1:1"))
    assert engine.GetPluginInfo(Empty()).version == "1.2.3"
    info = engine.GetAnalyzerInfo(Empty())
    policies = {policy.name: policy for policy in info.policies}
    assert set(policies) == {"undecided", "exemptions", "test-broken-rule", "test-flow-log", *(card.id for card in FOUND)}
    assert policies["test-flow-log"].policy_type == rpc.POLICY_TYPE_STACK
    disk = policies["aws-ebs-encrypted"]
    assert (disk.severity, disk.enforcementLevel, disk.policy_type) == (rpc.POLICY_SEVERITY_HIGH, rpc.MANDATORY, rpc.POLICY_TYPE_RESOURCE)
    assert disk.remediation_steps.startswith("Set `encrypted=True`")
    assert policies["cost-owner-tag"].enforcementLevel == rpc.ADVISORY
    assert policies["cost-gpu-max-bound"].configSchema.properties["maxGpus"]["default"] == 1024


def test_nothing_is_remedied_and_nothing_said_to_have_passed_by_it(engine: Any) -> None:
    response = engine.Remediate(request(VOLUME, {}))
    assert list(response.remediations) == []
    assert {entry.policy_name for entry in response.not_applicable} == {
        "test-broken-rule",
        "test-flow-log",
        *(card.id for card in FOUND),
    }


def test_a_violation_comes_with_level_severity_path_and_fix(engine: Any) -> None:
    response = engine.Analyze(request(VOLUME, {"encrypted": False, "kmsKeyId": "k"}, {"defaultTags": '{"tags": {"owner": "x"}}'}))
    violations = {diagnostic.policyName: diagnostic for diagnostic in response.diagnostics}
    assert set(violations) == {"aws-ebs-encrypted", "test-broken-rule"}
    disk = violations["aws-ebs-encrypted"]
    assert (disk.enforcementLevel, disk.severity, disk.urn, disk.policyPackVersion) == (
        rpc.MANDATORY,
        rpc.POLICY_SEVERITY_HIGH,
        "urn:it",
        "1.2.3",
    )
    assert disk.message.startswith("encrypted is false. Set `encrypted=True`")


def test_a_broken_rule_advises_and_the_others_are_heard(engine: Any) -> None:
    level, message = found(engine.Analyze(request(VOLUME, {})))["test-broken-rule"]
    assert level == rpc.ADVISORY
    assert message.startswith("the rule is broken: RuntimeError at test_analyzer.py:")


def test_what_does_not_apply_or_cannot_be_told_is_not_counted_as_passed(engine: Any) -> None:
    response = engine.Analyze(request(VOLUME, {"encrypted": UNKNOWN, "tags": {"owner": "x"}}))
    reasons = {entry.policy_name: entry.reason for entry in response.not_applicable}
    assert reasons["aws-ebs-encrypted"] == "cannot tell yet: encrypted is unknown"
    assert "aws-s3-acl-public" in reasons
    assert "cost-owner-tag" not in reasons
    elsewhere = engine.Analyze(request("random:index/randomId:RandomId", {}))
    assert {entry.policy_name for entry in elsewhere.not_applicable} == {"test-broken-rule", *(card.id for card in FOUND)}


def test_what_cannot_be_told_is_one_advisory_at_the_end(engine: Any) -> None:
    engine.ConfigureStack(rpc.AnalyzerStackConfigureRequest(stack="s", project="p", dry_run=True))
    assert engine.AnalyzeStack(rpc.AnalyzeStackRequest()) == rpc.AnalyzeResponse()
    for number in range(14):
        engine.Analyze(request(VOLUME, {"encrypted": {SIGNATURE: OUTPUT}, "tags": {"owner": "x"}}, name=f"disk-{number:02}"))
    (diagnostic,) = engine.AnalyzeStack(rpc.AnalyzeStackRequest()).diagnostics
    lines = diagnostic.message.splitlines()
    assert (diagnostic.policyName, diagnostic.enforcementLevel) == ("undecided", rpc.ADVISORY)
    assert lines[0] == "cannot tell yet: 14 checks wait for values that `pulumi up` will know"
    assert lines[1] == "  aws-ebs-encrypted on disk-00: encrypted is unknown"
    assert lines[-1] == "  and 2 more"
    engine.ConfigureStack(rpc.AnalyzerStackConfigureRequest(stack="s", project="p", dry_run=False))
    assert engine.AnalyzeStack(rpc.AnalyzeStackRequest()) == rpc.AnalyzeResponse()


@pytest.mark.parametrize(("strict", "level"), [(True, rpc.MANDATORY), (False, rpc.ADVISORY)])
def test_what_cannot_be_told_blocks_only_where_that_is_asked_for(engine: Any, *, strict: bool, level: int) -> None:
    both = {
        "all": rpc.PolicyConfig(enforcementLevel=rpc.MANDATORY),
        "undecided": rpc.PolicyConfig(enforcementLevel=rpc.MANDATORY, properties=struct({"strict": strict})),
    }
    engine.Configure(rpc.ConfigureAnalyzerRequest(policyConfig=both))
    engine.Analyze(request(VOLUME, {"encrypted": UNKNOWN, "tags": {"owner": "x"}}))
    (diagnostic,) = engine.AnalyzeStack(rpc.AnalyzeStackRequest()).diagnostics
    assert diagnostic.enforcementLevel == level


def test_levels_and_settings_come_from_the_packs_configuration(engine: Any) -> None:
    config = {
        "all": rpc.PolicyConfig(enforcementLevel=rpc.ADVISORY),
        "test-broken-rule": rpc.PolicyConfig(enforcementLevel=rpc.DISABLED),
        "undecided": rpc.PolicyConfig(enforcementLevel=rpc.DISABLED),
        "cost-owner-tag": rpc.PolicyConfig(enforcementLevel=rpc.MANDATORY, properties=struct({"ownerTag": "Team"})),
    }
    engine.Configure(rpc.ConfigureAnalyzerRequest(policyConfig=config))
    bad = found(engine.Analyze(request(VOLUME, {"kmsKeyId": "k", "tags": {"owner": "x"}})))
    assert {name: level for name, (level, _) in bad.items()} == {"aws-ebs-encrypted": rpc.ADVISORY, "cost-owner-tag": rpc.MANDATORY}
    assert list(found(engine.Analyze(request(VOLUME, {"encrypted": UNKNOWN, "kmsKeyId": "k", "tags": {"team": "x"}})))) == []
    assert engine.AnalyzeStack(rpc.AnalyzeStackRequest()) == rpc.AnalyzeResponse()


def test_a_configuration_that_would_be_passed_over_is_refused_with_all_its_faults(engine: Any) -> None:
    config = {
        "aws-ebs-encryptd": rpc.PolicyConfig(),
        "x": rpc.PolicyConfig(),
        "all": rpc.PolicyConfig(),
        "cost-gpu-max-bound": rpc.PolicyConfig(properties=struct({"maxGpu": 5})),
    }
    with pytest.raises(grpc.RpcError) as caught:
        engine.Configure(rpc.ConfigureAnalyzerRequest(policyConfig=config))
    details = caught.value.details()  # type: ignore[attr-defined] (grpc types the error without its call)
    assert details.splitlines() == [
        "policy pack config: configures 'aws-ebs-encryptd', which is no rule; such as 'aws-ebs-encrypted'. See `lepton rules`.",
        "policy pack config: cost-gpu-max-bound sets 'maxGpu'; enforcementLevel, maxGpus. Take it out or spell it so.",
        "policy pack config: configures 'x', which is no rule; all, undecided, exemptions or the id of a rule. See `lepton rules`.",
    ]


def test_no_secret_leaves_the_pack(engine: Any) -> None:
    secret = {SIGNATURE: SECRET, "value": "public-read"}
    bucket = engine.Analyze(request("aws:s3/bucket:Bucket", {"acl": secret, "tags": {"owner": "x"}}))
    assert found(bucket)["aws-s3-acl-public"][1].startswith("acl is a secret. ")
    assert "public-read" not in str(bucket)


def declared(engine: Any, *vpcs: str) -> list[rpc.AnalyzerResource]:
    """Tell the pack of VPCs and of a flow log of the first, and return what the engine sends at the end."""
    resources: list[rpc.AnalyzerResource] = []
    provider = rpc.AnalyzerProviderResource(type="pulumi:providers:aws", urn="urn:aws")
    for name in vpcs:
        urn = f"urn:pulumi:s::p::{VPC}::{name}"
        engine.Analyze(rpc.AnalyzeRequest(type=VPC, name=name, urn=urn, properties=struct({"tags": {"owner": "x"}})))
        resources.append(rpc.AnalyzerResource(type=VPC, name=name, urn=urn, properties=struct({"arn": UNKNOWN}), provider=provider))
    log = f"urn:pulumi:s::p::{LOG}::log"
    engine.Analyze(rpc.AnalyzeRequest(type=LOG, name="log", urn=log, properties=struct({"vpcId": UNKNOWN, "tags": {"owner": "x"}})))
    of_first = {"vpcId": rpc.AnalyzerPropertyDependencies(urns=[resources[0].urn])}
    resources.append(
        rpc.AnalyzerResource(
            type=LOG, name="log", urn=log, properties=struct({"vpcId": UNKNOWN}), provider=provider, propertyDependencies=of_first
        )
    )
    return resources


def test_a_stack_rule_is_judged_at_the_end_on_relations_that_are_known_before_any_id_is(engine: Any) -> None:
    engine.ConfigureStack(rpc.AnalyzerStackConfigureRequest(stack="s", project="p", dry_run=True))
    response = engine.AnalyzeStack(rpc.AnalyzeStackRequest(resources=declared(engine, "logged", "dark")))
    (diagnostic,) = [one for one in response.diagnostics if one.policyName == "test-flow-log"]
    assert diagnostic.urn.endswith("::dark")
    assert diagnostic.message == "has no flow log. Log it."
    assert diagnostic.enforcementLevel == rpc.MANDATORY


def exempting(rule: str = "test-flow-log", expires: str = "2026-11-21", urn: str = "*::dark") -> dict[str, str]:
    one = {"rule": rule, "urn": urn, "reason": "a test", "owner": "me", "expires": expires}
    return {"lepton:exemptions": json.dumps([one])}


def test_what_is_exempt_is_no_violation_until_the_day_after(engine: Any) -> None:
    engine.ConfigureStack(rpc.AnalyzerStackConfigureRequest(stack="s", project="p", dry_run=True, config=exempting()))
    response = engine.AnalyzeStack(rpc.AnalyzeStackRequest(resources=declared(engine, "logged", "dark")))
    assert list(response.diagnostics) == []
    assert [entry.reason for entry in response.not_applicable] == ["exempt until 2026-11-21: a test (me)"]

    engine.ConfigureStack(rpc.AnalyzerStackConfigureRequest(stack="s", project="p", dry_run=True, config=exempting(expires="2026-11-20")))
    response = engine.AnalyzeStack(rpc.AnalyzeStackRequest(resources=declared(engine, "logged", "dark")))
    assert set(found(response)) == {"test-flow-log", "exemptions"}
    assert found(response)["exemptions"] == (
        rpc.ADVISORY,
        "exemptions to be renewed or taken out:\n  test-flow-log on *::dark: ran out after 2026-11-20 (me)",
    )


def test_a_resource_rule_is_exempt_where_it_is_judged(engine: Any) -> None:
    config = exempting("aws-ebs-encrypted", "2027-01-01", "urn:it")
    engine.ConfigureStack(rpc.AnalyzerStackConfigureRequest(stack="s", project="p", dry_run=True, config=config))
    assert "aws-ebs-encrypted" not in found(engine.Analyze(request(VOLUME, {"tags": {"owner": "x"}})))
    assert list(engine.AnalyzeStack(rpc.AnalyzeStackRequest()).diagnostics) == []


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (exempting("aws-ebs-encryptd"), "lepton:exemptions[0].rule: is 'aws-ebs-encryptd'; one of aws-ebs-encrypted, "),
        ({"lepton:exemptions": "[{"}, "lepton:exemptions: is not JSON"),
        ({"lepton:exemptions": '{"rule": "x"}'}, "lepton:exemptions: is dict; a list of exemptions"),
    ],
)
def test_exemptions_that_cannot_be_meant_stop_the_run(engine: Any, config: dict[str, str], message: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        engine.ConfigureStack(rpc.AnalyzerStackConfigureRequest(stack="s", project="p", config=config))
    assert caught.value.details().startswith(message)  # type: ignore[attr-defined] (grpc types the error without its call)
