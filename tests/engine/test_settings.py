import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lepton_infra.engine.settings import PLACEHOLDER, salt_of, without_secrets
from lepton_infra.errors import BadInput

SETTINGS = """\
# ours
secretsprovider: awskms://alias/none
encryptedkey: aaaa
config:
  app:word: yes
  app:version: "1.30"
  app:octal: 0755
  app:date: 2026-01-01
  app:long: {long}
  app:password:
    secure: v1:abc
  app:list:
    - secure: v1:def
    - {{name: x, secure: kept}}
""".format(long="word " * 60)


def test_every_scalar_keeps_its_spelling() -> None:
    text = without_secrets(SETTINGS, "", "x.yaml")
    for line in ("app:word: yes\n", 'app:version: "1.30"\n', "app:octal: 0755\n", "app:date: 2026-01-01\n"):
        assert line in text.replace("'1.30'", '"1.30"')


def test_secrets_are_replaced_and_what_only_looks_like_one_is_not() -> None:
    config = yaml.safe_load(without_secrets(SETTINGS, "", "x.yaml"))["config"]
    assert config["app:password"] == PLACEHOLDER
    assert config["app:list"] == [PLACEHOLDER, {"name": "x", "secure": "kept"}]


def test_the_provider_of_secrets_gives_way_to_a_salt() -> None:
    document = yaml.safe_load(without_secrets(SETTINGS, "v1:salt", "x.yaml"))
    assert set(document) == {"config", "encryptionsalt"}
    assert salt_of(without_secrets(SETTINGS, "v1:salt", "x.yaml"), "x.yaml") == "v1:salt"


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
def test_a_file_that_says_nothing_is_fine(text: str) -> None:
    assert yaml.safe_load(without_secrets(text, "v1:salt", "x.yaml")) == {"encryptionsalt": "v1:salt"}
    assert salt_of(text, "x.yaml") == ""


def test_a_mapping_in_braces_takes_a_salt_as_well() -> None:
    document = yaml.safe_load(without_secrets('{"config": {"a:b": 1}}', "v1:salt", "x.yaml"))
    assert document == {"config": {"a:b": 1}, "encryptionsalt": "v1:salt"}


def test_anchors_survive() -> None:
    text = "config:\n  a:x: &one {k: 1}\n  a:y: *one\n"
    assert yaml.safe_load(without_secrets(text, "", "x.yaml")) == yaml.safe_load(text)


@pytest.mark.parametrize("text", ["a: [", "- a\n- b\n", "word", "a: 1\n---\nb: 2\n", "a: *nobody\n"])
def test_what_is_no_mapping_is_bad_input(text: str) -> None:
    with pytest.raises(BadInput, match=r"x\.yaml"):
        without_secrets(text, "", "x.yaml")


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcdefg:", min_size=1, max_size=6), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(["app:a", "app:b"]), PLAIN))
def test_settings_without_secrets_mean_the_same(config: dict[str, object]) -> None:
    text = yaml.safe_dump({"config": config}, allow_unicode=True)
    assert yaml.safe_load(without_secrets(text, "", "x.yaml")) == {"config": config}
