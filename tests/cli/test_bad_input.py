"""Whatever file is given, each verb that reads a graph answers with a sentence or with its answer, never with a traceback."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lepton_infra.cli.app import main

LEPTON = Path(sys.executable).parent / "lepton"
FINE = {"resources": [{"type": "aws:s3/bucket:Bucket", "name": "fine", "inputs": {}}]}
Run = Callable[[str, Path], tuple[int, str, str]]


def _in(inputs: str) -> bytes:
    return f'{{"resources": [{{"type": "aws:s3/bucket:Bucket", "name": "a", "inputs": {inputs}}}]}}'.encode()


REFUSED = {
    "empty": (b"", "is not JSON"),
    "no JSON": (b"{", "is not JSON"),
    "a list": (b"[]", "has no resources"),
    "no resources": (b'{"resources": []}', "has no resources"),
    "binary": (bytes(range(256)), "cannot be read"),
    "deep": (b"[" * 100_000, "is nested too deeply"),
    "a deep input": (_in('{"a":' * 400 + "1" + "}" * 400), "is nested too deeply, more than 100 levels"),
    "half a character": (_in('{"\\ud800": "a"}'), "holds half a surrogate pair"),
    "an endless number": (_in('{"a": ' + "9" * 5_000 + "}"), "holds what cannot be read"),
    "one name twice": (
        b'{"resources": [{"type": "a:b:C", "urn": "u", "inputs": {}}, {"type": "a:b:C", "urn": "u", "inputs": {}}]}',
        "urn is that",
    ),
}
TAKEN = {
    "no number": _in('{"size": NaN, "iops": -Infinity, "x": 1e400}'),
    "an escaped backslash": _in('{"a": "\\\\ud800"}'),
    "a whole pair": _in('{"a": "\\ud83d\\ude00"}'),
    "as deep as may be": _in('{"a":' * 90 + "1" + "}" * 90),
    "what is no input": _in('{"tags": "no", "bucket": ["x", 1, null, {"a": []}]}'),
    "half a name": b'{"resources": [{"type": "aws:s3/bucket:Bucket::::x", "urn": "::::", "inputs": {}, "dependencies": ["::::", "x"]}]}',
}
VERBS = {
    "check": ["check"],
    "cost": ["cost"],
    "cost, two graphs": ["cost", "--against", "{fine}"],
    "graph": ["graph", "--json"],
    "draw": ["draw", "--format", "svg"],
    "review": [
        "review",
        "--against",
        "{fine}",
        "--out",
        "{folder}/a.md",
        "--html",
        "{folder}/a.html",
        "--sarif",
        "{folder}/a.sarif",
        "--json",
    ],
}


@pytest.fixture
def ran(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return what runs a verb on a file: its exit code, and what it says on stdout and stderr."""
    fine = tmp_path / "fine.json"
    fine.write_text(json.dumps(FINE))

    def run(verb: str, file: Path) -> tuple[int, str, str]:
        arguments = [one.format(fine=fine, folder=tmp_path) for one in VERBS[verb]]
        with pytest.raises(SystemExit) as left:
            main([*arguments, "--graph", str(file)])
        said = capsys.readouterr()
        return int(left.value.code or 0), said.out, said.err

    return run


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_no_graph_is_one_sentence(ran: Run, tmp_path: Path, verb: str, name: str) -> None:
    content, sentence = REFUSED[name]
    file = tmp_path / "bad.json"
    file.write_bytes(content)

    code, out, err = ran(verb, file)

    assert (code, out) == (2, "")
    assert err.startswith("error: bad.json")
    assert sentence in err
    assert len(err.splitlines()) == 1
    assert sorted(one.name for one in tmp_path.iterdir()) == ["bad.json", "fine.json"]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("name", TAKEN)
def test_a_strange_graph_is_answered(ran: Run, tmp_path: Path, verb: str, name: str) -> None:
    file = tmp_path / "strange.json"
    file.write_bytes(TAKEN[name])

    code, out, err = ran(verb, file)

    assert code in {0, 1}
    assert out
    assert "error: " not in err


@pytest.mark.parametrize("verb", VERBS)
def test_a_folder_a_file_that_is_not_there_and_one_that_is_too_large_are_sentences(ran: Run, tmp_path: Path, verb: str) -> None:
    huge = tmp_path / "huge.json"
    with huge.open("wb") as file:
        file.truncate(600 * 1024**2)

    for path, sentence in ((tmp_path, "Is a directory"), (tmp_path / "no.json", "No such file"), (huge, "it is larger than 512 MiB")):
        code, out, err = ran(verb, path)
        assert (code, out) == (2, "")
        assert sentence in err


@pytest.mark.parametrize("option", ["--state", "--preview"])
@pytest.mark.parametrize("name", ["empty", "no JSON", "a list", "binary", "deep", "a deep input"])
def test_states_and_previews_too(tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, name: str) -> None:
    file = tmp_path / "bad.json"
    file.write_bytes(REFUSED[name][0])

    with pytest.raises(SystemExit) as left:
        main(["check", option, str(file)])

    said = capsys.readouterr()
    assert (left.value.code, said.out) == (2, "")
    assert said.err.startswith("error: bad.json")


def test_a_graph_comes_through_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen([LEPTON, "draw", "--graph", pipe], stdout=subprocess.PIPE, text=True) as draw:
        pipe.write_text(json.dumps(FINE))
        out, _ = draw.communicate(timeout=60)

    assert (draw.returncode, out.splitlines()[0]) == (0, "flowchart TB")


def _pack(folder: Path, name: str, code: str) -> None:
    (folder / f"{name}.py").write_text(code)
    about = folder / f"{name}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[lepton.rules]\n{name} = {name}:RULES\n")


@pytest.mark.parametrize("verb", [["check", "--graph", "{fine}"], ["review", "--graph", "{fine}", "--against", "{fine}"], ["rules"]])
def test_every_pack_that_cannot_be_used_is_named(tmp_path: Path, verb: list[str]) -> None:
    fine = tmp_path / "fine.json"
    fine.write_text(json.dumps(FINE))
    packs = {"absent": "import no_such_module", "raising": "raise ValueError('no luck')", "cardless": "RULES = [1]", "broken": "RULES = ("}
    for name, code in packs.items():
        _pack(tmp_path, name, code)

    ran = subprocess.run(
        [LEPTON, *(one.format(fine=fine) for one in verb)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )

    assert (ran.returncode, ran.stdout) == (2, "")
    assert "Traceback" not in ran.stderr
    for sentence in (
        "rule pack 'absent': cannot be loaded from 'absent:RULES': No module named 'no_such_module'",
        "rule pack 'raising': cannot be loaded from 'raising:RULES': ValueError: no luck",
        "rule pack 'cardless': offers 'cardless:RULES', which holds no cards",
        "rule pack 'broken': cannot be loaded from 'broken:RULES': SyntaxError: ",
    ):
        assert sentence in ran.stderr


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Return a project with one stack, whose program makes a disk."""
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime:\n  name: python\n  options:\n    toolchain: uv\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}\n")
    (tmp_path / "__main__.py").write_text('import pulumi\npulumi.CustomResource("aws:ebs/volume:Volume", "disk", {"encrypted": True})\n')
    (tmp_path / "base.json").write_text(json.dumps(FINE))
    return tmp_path


@pytest.mark.parametrize("verb", [["check", "dev"], ["review", "dev", "--against", "base.json"]])
def test_an_exemption_from_a_rule_that_does_not_exist_is_answered_with_the_nearest(
    small: Path, verb: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    exempt = "{rule: aws-ebs-encripted, urn: '*', reason: a test, owner: me, expires: 2999-01-01}"
    (small / "Pulumi.dev.yaml").write_text(f"config:\n  lepton:exemptions:\n    - {exempt}\n")
    monkeypatch.chdir(small)

    with pytest.raises(SystemExit) as left:
        main(verb)

    said = capsys.readouterr()
    assert (left.value.code, said.out) == (2, "")
    assert "[0].rule: is 'aws-ebs-encripted'; one of aws-ebs-encrypted" in said.err


@pytest.mark.parametrize("verb", [["check"], ["cost"], ["graph"], ["draw"], ["review", "--against", "base.json"]])
def test_a_program_that_raises_is_told_with_its_line(
    small: Path, verb: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (small / "__main__.py").write_text("import pulumi\n\nraise RuntimeError('no luck')\n")
    monkeypatch.chdir(small)

    with pytest.raises(SystemExit) as left:
        main([verb[0], "dev", *verb[1:]])

    said = capsys.readouterr()
    assert (left.value.code, said.out) == (2, "")
    assert "error: __main__.py:3: raised RuntimeError: no luck" in said.err
