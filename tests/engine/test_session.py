import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lepton_infra.engine import Engine, Operation, Session
from lepton_infra.engine.events import Event, Started
from lepton_infra.errors import BadInput, EngineError

from .conftest import write_project

pytestmark = pytest.mark.engine

THING = "urn:pulumi:dev::tiny::test:index:Thing::one"
ROOT = "urn:pulumi:dev::tiny::pulumi:pulumi:Stack::tiny-dev"

WAITING = """
import asyncio, pathlib, time
import pulumi

async def wait():
    signal = pathlib.Path(__file__).parent / "go"
    deadline = time.monotonic() + 120
    while not signal.exists() and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    return signal.exists()

pulumi.ComponentResource("test:index:Thing", "one")
pulumi.export("went", pulumi.Output.from_input(wait()))
"""

FAILING = """
import pulumi
from pulumi.dynamic import CreateResult, Resource, ResourceProvider


class Provider(ResourceProvider):
    def create(self, props):
        if props["name"] == "bad":
            raise ValueError("the well is dry")
        return CreateResult(props["name"], props)


class Bucket(Resource):
    def __init__(self, name):
        super().__init__(Provider(), name, {"name": name})


Bucket("good")
Bucket("bad")
"""


def snapshot(root: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts}


def test_a_stack_goes_up_and_comes_down_and_the_project_is_not_written(session: Session, project: Path, tmp_path: Path) -> None:
    before = snapshot(project)
    preview = session.run(Operation.PREVIEW)
    up = session.run(Operation.UP)
    state = session.export(tmp_path / "elsewhere" / "state.json")
    again = session.run(Operation.UP)
    refresh = session.run(Operation.REFRESH)
    destroy = session.run(Operation.DESTROY)
    assert [run.ok for run in (preview, up, again, refresh, destroy)] == [True] * 5
    assert preview.changes == up.changes == {"create": 2}
    assert again.changes == refresh.changes == {"same": 2}
    assert destroy.changes == {"delete": 2}
    assert {(change.urn, change.op) for change in up.resources} == {(THING, "create"), (ROOT, "create")}
    resources = json.loads(state.read_text())["deployment"]["resources"]
    assert {resource["urn"] for resource in resources} == {THING, ROOT}
    assert next(one for one in resources if one["urn"] == ROOT)["outputs"] == {"word": "yes"}
    assert snapshot(project) == before


def test_a_violation_is_told_with_its_severity_and_what_ran(session: Session, pack: Path) -> None:
    run = session.run(Operation.PREVIEW, policy_packs=[pack])
    assert not run.ok
    (violation,) = run.violations
    assert (violation.policy, violation.pack, violation.urn) == ("no-one", "tiny", THING)
    assert (violation.severity, violation.level, violation.message) == ("high", "mandatory", "call it two")
    (check,) = run.policies_checked
    assert (check.policy, check.resources, check.failed) == ("no-one", 2, 1)
    assert run.failures
    assert "call it two" in run.output


def test_a_mandatory_policy_stops_an_up(session: Session, pack: Path, tmp_path: Path) -> None:
    assert not session.run(Operation.UP, policy_packs=[pack]).ok
    deployment = json.loads(session.export(tmp_path / "state.json").read_text())["deployment"]
    assert THING not in {resource["urn"] for resource in deployment.get("resources", [])}


def test_a_pack_on_an_operation_that_knows_none_is_an_error_of_the_caller(session: Session, pack: Path) -> None:
    with pytest.raises(ValueError, match="takes no policy packs"):
        session.run(Operation.DESTROY, policy_packs=[pack])


def test_a_resource_that_fails_is_told_with_its_message(engine: Engine, tmp_path: Path) -> None:
    with Session(engine, write_project(tmp_path / "failing", FAILING), "dev", tmp_path / "home") as session:
        run = session.run(Operation.UP)
        assert not run.ok
        failed = {failure.urn.rpartition("::")[2]: failure.message for failure in run.failures}
        assert "the well is dry" in failed["bad"]
        assert "good" not in failed
        assert session.run(Operation.DESTROY).ok


def test_a_program_that_raises_is_told_with_its_traceback(engine: Engine, tmp_path: Path) -> None:
    with Session(engine, write_project(tmp_path / "broken", "raise KeyError('nobody')"), "dev", tmp_path / "home") as session:
        run = session.run(Operation.PREVIEW)
    assert not run.ok
    assert "KeyError: 'nobody'" in "\n".join(failure.message for failure in run.failures)


def test_a_stack_without_settings_and_a_project_found_from_below(engine: Engine, project: Path, tmp_path: Path) -> None:
    with Session(engine, project / "code", "other", tmp_path / "home") as session:
        assert session.run(Operation.PREVIEW).changes == {"create": 2}
    assert not (project / "settings" / "Pulumi.other.yaml").exists()


def test_secrets_that_cannot_be_read_take_a_placeholder(engine: Engine, project: Path, tmp_path: Path) -> None:
    settings = project / "settings" / "Pulumi.dev.yaml"
    settings.write_text("secretsprovider: awskms://alias/none\nencryptedkey: aaaa\nconfig:\n  tiny:word:\n    secure: v1:abcd\n")
    before = settings.read_bytes()
    with Session(engine, project, "dev", tmp_path / "home") as session:
        assert session.run(Operation.UP).ok
        resources = json.loads(session.export(tmp_path / "state.json").read_text())["deployment"]["resources"]
    assert settings.read_bytes() == before
    assert next(one for one in resources if one["urn"] == ROOT)["outputs"] == {"word": "secret-not-read-in-rehearsal"}


def test_events_are_heard_while_the_engine_runs(engine: Engine, tmp_path: Path) -> None:
    project = write_project(tmp_path / "waiting", WAITING)

    def let_go(event: Event) -> None:
        if isinstance(event, Started) and event.urn == THING:
            (project / "code" / "go").touch()

    with Session(engine, project, "dev", tmp_path / "home") as session:
        assert session.run(Operation.UP, listen=let_go).ok
        resources = json.loads(session.export(tmp_path / "state.json").read_text())["deployment"]["resources"]
    assert next(one for one in resources if one["urn"] == ROOT)["outputs"] == {"went": True}


def test_an_interrupt_in_a_listener_ends_the_engine_and_all_it_started(
    engine: Engine, tmp_path: Path, processes: Callable[[], list[str]]
) -> None:
    seen: list[list[str]] = []

    def interrupt(event: Event) -> None:
        if isinstance(event, Started) and event.urn == THING:
            seen.append(processes())
            raise KeyboardInterrupt

    with Session(engine, write_project(tmp_path / "waiting", WAITING), "dev", tmp_path / "home") as session:
        with pytest.raises(KeyboardInterrupt):
            session.run(Operation.UP, listen=interrupt)
        assert any("pulumi-language-python" in line or "lepton_infra.engine.host" in line for line in seen[0])
        assert processes() == []
        assert session.run(Operation.DESTROY).ok


def test_a_run_that_takes_too_long_is_stopped(engine: Engine, tmp_path: Path, processes: Callable[[], list[str]]) -> None:
    with Session(engine, write_project(tmp_path / "waiting", WAITING), "dev", tmp_path / "home") as session:
        run = session.run(Operation.PREVIEW, seconds=4)
        assert not run.ok
        assert run.failures
        assert processes() == []
        assert session.run(Operation.DESTROY).ok


HOLDER = """
import sys
from pathlib import Path
from lepton_infra.engine import Engine, Operation, Session, Way

root, version, project, home, ready = sys.argv[1:]
def tell(event):
    Path(ready).touch()
with Session(Engine(Path(root), version, Way.PATH), Path(project), "dev", Path(home)) as session:
    session.run(Operation.UP, listen=tell)
"""


@pytest.fixture
def holder(engine: Engine, tmp_path: Path) -> subprocess.Popen[bytes]:
    """A process in the middle of an up that waits for a file."""
    project, ready = write_project(tmp_path / "waiting", WAITING), tmp_path / "ready"
    arguments = [str(engine.root), engine.version, str(project), str(tmp_path / "home"), str(ready)]
    process = subprocess.Popen([sys.executable, "-c", HOLDER, *arguments])
    wait_until(ready.exists)
    return process


def wait_until(happened: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)


@pytest.mark.parametrize("numbers", [[signal.SIGINT], [signal.SIGTERM], [signal.SIGINT] * 4, [signal.SIGTERM, signal.SIGHUP]])
def test_a_signal_leaves_no_process_and_no_lock(
    holder: subprocess.Popen[bytes], numbers: list[signal.Signals], engine: Engine, tmp_path: Path, processes: Callable[[], list[str]]
) -> None:
    for number in numbers:
        holder.send_signal(number)
        time.sleep(0.1)
    assert holder.wait(60) != 0
    assert processes() == []
    (tmp_path / "waiting" / "code" / "go").touch()
    with Session(engine, tmp_path / "waiting", "dev", tmp_path / "home") as session:
        assert session.run(Operation.UP).ok


def test_after_a_hard_kill_nothing_lives_on_and_the_lock_of_the_dead_is_broken(
    holder: subprocess.Popen[bytes], engine: Engine, tmp_path: Path, processes: Callable[[], list[str]]
) -> None:
    (pulumi,) = (int(line.split()[0]) for line in processes() if f"{engine.executable} up" in line)
    os.kill(pulumi, signal.SIGKILL)
    holder.kill()
    holder.wait()
    assert list((tmp_path / "home" / "backend" / ".pulumi" / "locks").rglob("*.json"))
    (tmp_path / "waiting" / "code" / "go").touch()
    with Session(engine, tmp_path / "waiting", "dev", tmp_path / "home") as session:
        assert session.run(Operation.UP).ok
        assert session.run(Operation.DESTROY).ok
    wait_until(lambda: not processes())


def test_an_engine_that_is_killed_under_us_is_told_and_the_next_run_goes_on(
    engine: Engine, tmp_path: Path, processes: Callable[[], list[str]]
) -> None:
    def kill(event: Event) -> None:
        if isinstance(event, Started) and event.urn == THING:
            (pulumi,) = (int(line.split()[0]) for line in processes() if f"{engine.executable} up" in line)
            os.kill(pulumi, signal.SIGKILL)

    project = write_project(tmp_path / "waiting", WAITING)
    with Session(engine, project, "dev", tmp_path / "home") as session:
        killed = session.run(Operation.UP, listen=kill)
        assert not killed.ok
        assert [failure.message for failure in killed.failures] == ["the engine was ended by signal 9"]
        assert processes() == []
        (project / "code" / "go").touch()
        assert session.run(Operation.UP).ok


def test_two_sessions_do_not_share_a_home(session: Session, engine: Engine, project: Path, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="another run uses it"):
        Session(engine, project, "dev", tmp_path / "home")
    session.close()
    Session(engine, project, "dev", tmp_path / "home").close()


@pytest.mark.parametrize("name", ["", "../dev", "a b", "-s", "x" * 101, "de\nv"])
def test_a_name_that_no_stack_can_have_is_bad_input(engine: Engine, project: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match="stack"):
        Session(engine, project, name, tmp_path / "home")
    assert not (tmp_path / "home").exists()


def test_settings_that_are_not_yaml_are_bad_input(session: Session, project: Path) -> None:
    (project / "settings" / "Pulumi.dev.yaml").write_text("config: [\n")
    with pytest.raises(BadInput, match=r"Pulumi\.dev\.yaml:2: is not YAML"):
        session.run(Operation.PREVIEW)
    (project / "settings" / "Pulumi.dev.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput, match=r"Pulumi\.dev\.yaml: cannot be read"):
        session.run(Operation.PREVIEW)


def test_a_home_that_cannot_be_made_is_bad_input(engine: Engine, project: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot be written"):
        Session(engine, project, "dev", tmp_path / "file" / "home")


def test_the_ambient_pulumi_does_not_leak_in(engine: Engine, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "https://nowhere.invalid")
    monkeypatch.setenv("PULUMI_ACCESS_TOKEN", "nobody")
    monkeypatch.setenv("PULUMI_STACK", "another")
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with Session(engine, project, "dev", tmp_path / "home") as session:
        assert session.run(Operation.PREVIEW).ok


def test_what_goes_wrong_before_the_engine_runs_is_told(session: Session, tmp_path: Path) -> None:
    run = session.run(Operation.PREVIEW, policy_packs=[tmp_path / "no-such-pack"])
    assert not run.ok
    assert "no-such-pack" in "\n".join(failure.message for failure in run.failures)


PROTECTED = """
import pulumi
pulumi.ComponentResource("test:index:Thing", "one", opts=pulumi.ResourceOptions(protect=True))
"""


def test_what_is_protected_stays_until_it_is_unprotected(engine: Engine, tmp_path: Path) -> None:
    with Session(engine, write_project(tmp_path / "protected", PROTECTED), "dev", tmp_path / "home") as session:
        session.unprotect()
        assert session.run(Operation.UP).ok
        kept = session.run(Operation.DESTROY)
        assert not kept.ok
        assert "protect" in "\n".join(failure.message for failure in kept.failures)
        session.unprotect()
        assert session.run(Operation.DESTROY).changes == {"delete": 2}


def test_an_export_that_cannot_be_written_is_told_in_the_engines_words(session: Session, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    with pytest.raises(EngineError, match=r"pulumi stack export: .*is a directory"):
        session.export(tmp_path / "state")


def test_secrets_of_the_user_are_read_where_the_passphrase_is_at_hand(
    engine: Engine, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = project / "settings" / "Pulumi.dev.yaml"
    environment = {**os.environ, "PULUMI_CONFIG_PASSPHRASE": "theirs", "PULUMI_BACKEND_URL": (tmp_path / "their").as_uri()}
    (tmp_path / "their").mkdir()
    for arguments in (["stack", "init", "dev"], ["config", "set", "--secret", "word", "told", "--stack", "dev"]):
        subprocess.run([engine.executable, *arguments], cwd=project, env=environment, check=True, capture_output=True)
    before = settings.read_bytes()
    assert b"secure:" in before
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "theirs")
    with Session(engine, project, "dev", tmp_path / "a home") as session:
        run = session.run(Operation.UP)
        assert run.ok
        assert "[secret]" in run.output
        assert session.run(Operation.UP).changes == {"same": 2}
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE")
    with Session(engine, project, "dev", tmp_path / "another home") as session:
        assert session.run(Operation.UP).ok
    assert settings.read_bytes() == before


def test_a_home_keeps_its_last_logs(session: Session, tmp_path: Path) -> None:
    logs = tmp_path / "home" / "logs"
    for number in range(1, 31):
        (logs / f"{number:06d}-preview.jsonl").touch()
    (logs / "note.txt").touch()
    session.run(Operation.PREVIEW)
    names = sorted(path.name for path in logs.iterdir())
    assert names[-2:] == ["000031-preview.jsonl", "note.txt"]
    assert len(names) == 21
