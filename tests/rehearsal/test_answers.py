"""Data sources answered with no pretend cloud standing, as `lepton graph` asks them."""

import pytest

from lepton_infra.rehearsal.answers import pretend_answer

REGION = {"region": "eu-west-1"}


def test_what_an_account_says_of_itself_is_answered_for_the_providers_region() -> None:
    zones = pretend_answer("aws:index/getAvailabilityZones:getAvailabilityZones", {"state": "available"}, REGION)
    identity = pretend_answer("aws:index/getCallerIdentity:getCallerIdentity", {}, REGION)

    assert zones is not None
    assert identity is not None
    assert zones["names"] == ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
    assert identity["accountId"] == "123456789012"


@pytest.mark.parametrize("token", ["aws:ec2/getInstances:getInstances", "nowhere:a/b:c", "odd"])
def test_what_nobody_knows_is_left_open(token: str) -> None:
    assert pretend_answer(token, {}, REGION) is None


def test_a_question_about_nothing_finds_nothing() -> None:
    with pytest.raises(LookupError, match="region 'mars-1'"):
        pretend_answer("aws:index/getRegion:getRegion", {"name": "mars-1"}, REGION)
