"""What a pretend account answers to the components' data sources, and what AWS computes: for programs run by `testing.build`."""

from typing import Any

from lepton_components.testing import Answers, Built, Values

ACCOUNT = "123456789012"
"""The account of AWS's own documentation."""
_LETTERS = "abcdef"


def _identity(_: Values) -> dict[str, Any]:
    return {"accountId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:user/deployer", "id": ACCOUNT, "userId": "AIDAEXAMPLE"}


def zones(region: str, count: int) -> dict[str, Any]:
    """Return what AWS answers of a region with so many zones, in no order."""
    return {
        "id": region,
        "names": [f"{region}{letter}" for letter in reversed(_LETTERS[:count])],
        "zoneIds": [f"{region}-az{place}" for place in range(count)],
        "groupNames": [region],
    }


def _addon(asked: Values) -> dict[str, Any]:
    return {**asked, "id": asked["addonName"], "version": f"v{asked['kubernetesVersion']}.1-eksbuild.1"}


def _parameter(asked: Values) -> dict[str, Any]:
    value = "ami-0123456789abcdef0"
    return {"id": asked["name"], "name": asked["name"], "arn": "", "type": "String", "version": 1, "value": value, "insecureValue": value}


ANSWERS: Answers = {
    "aws:eks/getAddonVersion:getAddonVersion": _addon,
    "aws:index/getAvailabilityZones:getAvailabilityZones": lambda _: zones("us-east-1", 6),
    "aws:index/getCallerIdentity:getCallerIdentity": _identity,
    "aws:index/getRegion:getRegion": lambda _: {
        "id": "us-east-1",
        "name": "us-east-1",
        "region": "us-east-1",
        "description": "",
        "endpoint": "",
    },
    "aws:ssm/getParameter:getParameter": _parameter,
}


def outputs(built: Built) -> dict[str, Any]:
    """Return what AWS computes for a resource, in the shape that the components read."""
    kind = built.type.rpartition(":")[2]
    name = built.inputs.get("name", built.name)
    computed: dict[str, Any] = {"arn": f"arn:aws:{built.type.split(':')[1].partition('/')[0]}:us-east-1:{ACCOUNT}:{name}", "name": name}
    match kind:
        case "Bucket":
            computed["bucket"] = name
        case "Cluster":
            computed |= {
                "endpoint": "https://example.eks.amazonaws.com",
                "certificateAuthority": {"data": "Y2VydA=="},
                "vpcConfig": {**built.inputs["vpcConfig"], "clusterSecurityGroupId": "sg-cluster"},
            }
        case "Key":
            computed["keyId"] = f"{built.name}-id"
        case "LaunchTemplate":
            computed["latestVersion"] = 1
        case "NodeGroup":
            computed |= {"nodeGroupName": name, "resources": [{"autoscalingGroups": [{"name": f"eks-{name}"}]}]}
        case "VpcEndpoint":
            computed["prefixListId"] = "pl-storage"
        case _:
            pass
    return computed
