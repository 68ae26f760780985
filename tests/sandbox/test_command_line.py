"""The commands against a running sandbox, the flag of `serve`, and that the page describes every key."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import msgspec
import pytest
from tests.channels.platform import running_platform
from typer.testing import CliRunner

from onepool.cli import app
from onepool.clock import SystemClock
from onepool.collect import doubles
from onepool.sandbox import Sandbox, SandboxError, known, load
from onepool.sandbox import running as serving
from onepool.sandbox.accounts import of_scenario
from onepool.sandbox.doubles import DOUBLES
from onepool.sandbox.scenario import Behaviour, Buying, Line, Named, People, Place, Scenario, Staff, Time
from onepool.sandbox.server import listen
from onepool.serve import ServeError, _beside
from onepool.workspace import SANDBOX_ADDRESS, Workspace, init_workspace

PAGE = Path(__file__).parents[2] / "docs/how-to/sandbox.md"


@pytest.fixture
def port() -> Iterator[str]:
    scenario = load("two_shops")
    box = Sandbox(scenario, of_scenario(scenario), SystemClock())
    with serving(box, "http://127.0.0.1:9") as url:
        yield url.rpartition(":")[2]


def _run(*words: str) -> str:
    result = CliRunner().invoke(app, ["sandbox", *words])
    assert result.exit_code == 0, result.output
    return result.output


def test_acting_and_looking(port: str) -> None:
    done = json.loads(_run("act", "follow", "code=store_01", "--account", "oa", "--person", "p1", "--port", port))
    assert done["openid"].startswith("o")
    assert "follow" in _run("acts", "--port", port)
    (line,) = json.loads(_run("ledger", "--json", "--direction", "out", "--port", port))
    assert (line["touchpoint"], line["what"]) == ("oa", "subscribe")
    assert "oa" in _run("ledger", "--port", port)
    assert json.loads(_run("inbox", "--json", "--port", port)) == []
    assert json.loads(_run("inbox", "--twice", "--port", port)) == []
    assert len(json.loads(_run("people", "--json", "--limit", "3", "--port", port))) == 3
    assert "rough_day" in _run("scenarios")


def test_where_no_sandbox_runs_the_hint_says_how_to_start_one() -> None:
    result = CliRunner().invoke(app, ["sandbox", "acts", "--port", "9"])
    assert result.exit_code == 1
    assert "onepool sandbox" in str(result.exception)


def test_another_server_on_that_port_is_not_taken_for_one() -> None:
    with running_platform({"/_/people": "hello"}) as platform:
        for command in ("acts", "people"):
            result = CliRunner().invoke(app, ["sandbox", command, "--port", platform.url.rpartition(":")[2]])
            assert "something else" in str(result.exception)


def _workspace(folder: Path, *, sandbox: bool, address: str = "") -> Workspace:
    workspace = init_workspace(folder)
    if address:
        workspace.settings = workspace.settings.model_copy(update={"sandbox": address})
    settings = {"appid": "wx00000000000000aa", "token": "env:T"}
    body = {"touchpoint": "oa", "channel": "wechat_oa", "settings": settings, "sandbox": sandbox}
    workspace.save("touchpoint", "oa", body, author="test")
    return workspace


def _free_with_neighbour() -> tuple[socket.socket, int]:
    """A port that is held and whose neighbour is free, below those that other tests are given by the system."""
    for usual in range(12_000 + os.getpid() % 500 * 20, 32_000, 2):
        try:
            taken = listen(usual)
        except SandboxError:
            continue
        try:
            listen(usual + 1).close()
        except SandboxError:
            taken.close()
            continue
        return taken, usual
    raise AssertionError("no two ports side by side are free")


def test_serve_starts_it_where_nothing_is_set_and_nowhere_but_on_this_machine(tmp_path: Path) -> None:
    plain = init_workspace(tmp_path / "a")
    taken, usual = _free_with_neighbour()
    with patch.object(doubles, "DEFAULT", f"http://127.0.0.1:{usual}"):
        other = _beside(plain, 8000, "all")
        assert other.port != usual
        taken.close()
        same = _beside(plain, 8000, "all")
        assert same.port == usual
    with known(plain.data, other.port):
        assert plain.sandbox == f"http://127.0.0.1:{other.port}"
    other.stop()
    same.stop()
    assert plain.sandbox is None
    plain.close()
    for address in ("http://sandbox.example:8100", "http://127.0.0.1"):
        using = _workspace(tmp_path / f"b{len(address)}", sandbox=True, address=address)
        with pytest.raises(ServeError, match="this machine"):
            _beside(using, 8000, "all")
        using.close()
    using = _workspace(tmp_path / "c", sandbox=True, address="http://127.0.0.1:8100")
    with pytest.raises(ServeError, match="collectors"):
        _beside(using, 8000, "work")
    using.close()


def test_the_page_names_every_key_and_every_act() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for struct in (Scenario, Time, People, Named, Staff, Behaviour, Buying, Line, Place):
        for one in msgspec.structs.fields(struct):
            assert f"{one.name}:" in page or f"`{one.name}`" in page, f"{struct.__name__}.{one.name}"
    for kind in DOUBLES.values():
        for act in kind.acts():
            # A click at an Official Account is the same as its menu.
            assert act in page, f"{kind.channel}: {act}"


def test_the_example_on_the_page_is_one(tmp_path: Path) -> None:
    text = PAGE.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    (tmp_path / "page.yaml").write_text(text)
    scenario = load(tmp_path / "page.yaml")
    assert set(Sandbox(scenario, of_scenario(scenario), SystemClock()).doubles) == {"oa"}


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_alone_it_is_known_to_its_workspace_until_it_ends(tmp_path: Path, ending: signal.Signals) -> None:
    init_workspace(tmp_path / "ws").close()
    address = tmp_path / "ws" / "data" / SANDBOX_ADDRESS
    command = [sys.executable, "-c", "from onepool.cli import main; main()", "sandbox", "-w", str(tmp_path / "ws")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            # What it says first of all is said once its port is open.
            assert "sandbox" in process.stderr.readline()
            assert doubles.runs(address.read_text())
            process.send_signal(ending)
            process.communicate(timeout=60)
        finally:
            process.kill()
    assert not address.exists()
