"""How a pack finds its cards."""

from pathlib import Path

import pytest

from lepton_infra.rules.packs import cards_below

CARD = '''
from lepton_infra.rules.card import Severity, rule
from lepton_infra.rules.values import UNKNOWN


@rule("{id}", Severity.LOW, "aws:ebs/volume:Volume", why="It is read.", fix="Encrypt it.",
      good=[{{"encrypted": True}}], bad=[{{}}], unknown=[{{"encrypted": UNKNOWN}}])
def {name}(volume):
    """A disk is encrypted."""
    return volume.encrypted.is_true()
'''


def card(name: str) -> str:
    return CARD.format(name=name, id=name.replace("_", "-"))


def test_a_file_in_the_folder_is_part_of_the_pack_and_a_borrowed_card_counts_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack = tmp_path / "found_by_being_there"
    (pack / "deeper").mkdir(parents=True)
    (pack / "__init__.py").touch()
    (pack / "deeper" / "__init__.py").write_text(card("elsewhere"))
    (pack / "volume.py").write_text(card("volume_encrypted"))
    (pack / "again.py").write_text(f"from found_by_being_there.volume import volume_encrypted\n{card('again_encrypted')}")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert [card.id for card in cards_below("found_by_being_there")] == ["volume-encrypted", "again-encrypted"]
