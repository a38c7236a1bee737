"""Front doors: load balancers and function URLs, through which models are called."""

from typing import Final

from lepton_infra.rules.card import Severity, rule
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, all_of, any_of, none_of
from lepton_infra.rules.view import Resource
from lepton_policies.shared.credentials import no_secret_among, secrets_in
from lepton_policies.shared.production import is_production
from lepton_policies.shared.tls import is_old

_LISTENER: Final = "aws:lb/listener:Listener"
_BALANCER: Final = "aws:lb/loadBalancer:LoadBalancer"
_MODERN: Final = "ELBSecurityPolicy-TLS13-1-2-2021-06"


@rule(
    "aws-lb-http",
    Severity.HIGH,
    _LISTENER,
    why="Prompts, answers and the tokens that pay for them go over plain HTTP for anyone on the way to read.",
    fix='Set `protocol="HTTPS"` with a certificate; keep an HTTP listener only to redirect to it.',
    references=("checkov:CKV_AWS_2", "trivy:AWS-0054", "prowler:elbv2_ssl_listeners"),
    good=[
        {"protocol": "HTTPS", "port": 443},
        {
            "protocol": "HTTP",
            "port": 80,
            "defaultActions": [{"type": "redirect", "redirect": {"protocol": "HTTPS", "statusCode": "HTTP_301"}}],
        },
        {"protocol": "TLS"},
        {"protocol": "TCP"},
    ],
    bad=[
        {"protocol": "HTTP", "port": 80, "defaultActions": [{"type": "redirect", "redirect": {"protocol": "HTTP"}}]},
        {"protocol": "HTTP", "port": 80, "defaultActions": [{"type": "forward", "targetGroupArn": UNKNOWN}]},
        {"protocol": "HTTP", "defaultActions": [{"type": "redirect", "redirect": {"protocol": "HTTP", "statusCode": "HTTP_301"}}]},
    ],
    unknown=[{"protocol": UNKNOWN}, {"protocol": "HTTP", "defaultActions": UNKNOWN}],
)
def listener_speaks_tls(listener: Resource) -> Verdict:
    """A load balancer speaks HTTPS, or redirects to it."""
    redirects = any_of(
        action.type.is_one_of("redirect") & action.redirect.protocol.is_one_of("HTTPS") for action in listener.defaultActions
    )
    return ~listener.protocol.is_one_of("HTTP") | redirects


@rule(
    "aws-lb-tls-policy",
    Severity.MEDIUM,
    _LISTENER,
    why="TLS 1.0 and 1.1 can be read by who records them.",
    fix=f'Set `ssl_policy="{_MODERN}"`.',
    references=("checkov:CKV_AWS_103", "trivy:AWS-0047", "prowler:elbv2_insecure_ssl_ciphers"),
    good=[{"protocol": "HTTPS", "sslPolicy": _MODERN}, {"protocol": "TCP"}],
    bad=[
        {"protocol": "HTTPS", "sslPolicy": "ELBSecurityPolicy-2016-08"},
        {"protocol": "TLS"},
        {"protocol": "HTTPS", "sslPolicy": "ELBSecurityPolicy-TLS-1-1-2017-01"},
    ],
    unknown=[{"protocol": "HTTPS", "sslPolicy": UNKNOWN}],
)
def listener_speaks_new_tls(listener: Resource) -> Verdict:
    """A load balancer speaks TLS 1.2 or later; without a policy it takes the one of 2016."""
    encrypts = listener.protocol.is_one_of("HTTPS", "TLS")
    return ~encrypts | ~is_old(listener.sslPolicy.or_default("ELBSecurityPolicy-2016-08"))


@rule(
    "aws-lb-logs",
    Severity.LOW,
    _BALANCER,
    why="Without a log of requests nobody can say who called a model, how often, and what came back.",
    fix='Set `access_logs={"bucket": ..., "enabled": True}`.',
    references=("checkov:CKV_AWS_91", "prowler:elbv2_logging_enabled"),
    good=[{"accessLogs": {"bucket": "logs", "enabled": True}}],
    bad=[{}, {"accessLogs": {"bucket": "logs"}}],
    unknown=[{"accessLogs": UNKNOWN}],
)
def balancer_keeps_a_log(balancer: Resource) -> Verdict:
    """A load balancer logs its requests."""
    return balancer.accessLogs.enabled.is_true()


@rule(
    "aws-lb-invalid-headers",
    Severity.MEDIUM,
    _BALANCER,
    why="Model servers parse headers by their own rules; a malformed one smuggles a second request past the first.",
    fix="Set `drop_invalid_header_fields=True`.",
    references=("checkov:CKV_AWS_131", "trivy:AWS-0052"),
    good=[{"dropInvalidHeaderFields": True}, {"loadBalancerType": "network"}],
    bad=[{}, {"loadBalancerType": "application", "dropInvalidHeaderFields": False}],
    unknown=[{"dropInvalidHeaderFields": UNKNOWN}, {"loadBalancerType": UNKNOWN}],
)
def malformed_headers_are_dropped(balancer: Resource) -> Verdict:
    """An application load balancer drops malformed headers."""
    is_application = balancer.loadBalancerType.or_default("application").is_one_of("application")
    return is_application.implies(balancer.dropInvalidHeaderFields.is_true())


@rule(
    "aws-lb-deletion-protection",
    Severity.LOW,
    _BALANCER,
    why="With a load balancer goes the address that every client has.",
    fix="Set `enable_deletion_protection=True`.",
    references=("checkov:CKV_AWS_150", "prowler:elbv2_deletion_protection"),
    good=[{"enableDeletionProtection": True, "tags": {"environment": "prod"}}, {}],
    bad=[{"tags": {"environment": "prod"}}],
    unknown=[{"enableDeletionProtection": UNKNOWN, "tags": {"environment": "prod"}}],
)
def balancer_is_protected(balancer: Resource) -> Verdict:
    """In production a load balancer is protected from deletion."""
    return ~is_production(balancer) | balancer.is_protected() | balancer.enableDeletionProtection.is_true()


@rule(
    "aws-lambda-url-open",
    Severity.HIGH,
    "aws:lambda/functionUrl:FunctionUrl",
    why="Anyone who has the address runs the function, and pays for its model calls with your account.",
    fix='Set `authorization_type="AWS_IAM"`.',
    references=("checkov:CKV_AWS_258", "prowler:awslambda_function_url_public"),
    good=[{"authorizationType": "AWS_IAM"}],
    bad=[{"authorizationType": "NONE"}],
    unknown=[{"authorizationType": UNKNOWN}],
)
def function_url_asks_who_calls(url: Resource) -> Verdict:
    """The URL of a function asks who calls."""
    return url.authorizationType.is_one_of("AWS_IAM")


@rule(
    "aws-lambda-env-secrets",
    Severity.CRITICAL,
    "aws:lambda/function:Function",
    why="The environment of a function is shown to everyone who may describe it.",
    fix="Keep the credential in Secrets Manager and let the function's role read it.",
    references=("checkov:CKV_AWS_45", "prowler:awslambda_function_no_secrets_in_variables"),
    good=[{"environment": {"variables": {"MODEL": "llama"}}}, {}],
    bad=[
        {"environment": {"variables": {"MODEL": "llama", "KEY": "AKIAIOSFODNN7EXAMPLE"}}},
        {"environment": {"variables": {"DB_PASSWORD": "tiger"}}},
    ],
    unknown=[{"environment": {"variables": {"KEY": UNKNOWN}}}, {"environment": UNKNOWN}],
)
def function_environment_holds_no_credential(function: Resource) -> Verdict:
    """The environment of a function holds no credential."""
    return none_of(secrets_in(function.environment.variables))


@rule(
    "aws-ecs-env-secrets",
    Severity.CRITICAL,
    "aws:ecs/taskDefinition:TaskDefinition",
    why="A task definition is shown to everyone who may describe it, in every revision that there ever was.",
    fix="Name the secret in `secrets` of the container definition instead of its value in `environment`.",
    references=("trivy:AWS-0036", "prowler:ecs_task_definitions_no_environment_secrets"),
    good=[{"containerDefinitions": '[{"name": "serve", "environment": [{"name": "MODEL", "value": "llama"}]}]'}],
    bad=[
        {
            "containerDefinitions": '[{"name": "a"}, {"name": "serve", "environment": [{"name": "A", "value": "1"}, '
            '{"name": "KEY", "value": "AKIAIOSFODNN7EXAMPLE"}]}]'
        },
        {"containerDefinitions": '[{"name": "serve", "environment": [{"name": "WANDB_API_KEY", "value": "changeme"}]}]'},
    ],
    unknown=[{"containerDefinitions": UNKNOWN}],
)
def task_environment_holds_no_credential(task: Resource) -> Verdict:
    """The environment of a container holds no credential."""
    containers = task.containerDefinitions.json_inside()
    if containers.raw_value() is UNKNOWN:
        return task.containerDefinitions.undecided_because()
    return all_of(no_secret_among(container.environment) for container in containers)
