"""``interp dashboard``: quick, for this machine only, gone when it is ended."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from interp.cli import serve
from tests.cli.conftest import refused
from tests.command import Interp

ROOT = Path(__file__).parent.parent.parent
DEMO = ROOT / "artifacts" / "demo"
HOST = "127.0.0.1"
SECONDS = 10 * float(os.environ.get("INTERP_PATIENCE", "1"))
"""Within which a fresh clone shows its study."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def answers(port: int, host: str = HOST) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


def _as_in_a_terminal() -> None:
    """A shell lets what it runs in the background ignore Control-C, and so would its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the command in a process group of its own, ended with the test."""
    begun: list[subprocess.Popen[str]] = []

    def go(*arguments: str, cwd: Path = ROOT) -> subprocess.Popen[str]:
        begun.append(
            subprocess.Popen(
                [sys.executable, "-c", "from interp.cli import main; main()", "dashboard",
                 "--no-browser", *arguments],
                cwd=cwd, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                start_new_session=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
                preexec_fn=_as_in_a_terminal,
            )
        )  # fmt: skip
        return begun[-1]

    yield go
    for process in begun:
        for kind in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(process.pid, kind)
            except ProcessLookupError:
                break
        process.wait(timeout=20)


def wait_for(port: int, process: subprocess.Popen[str], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not answers(port):
        assert process.poll() is None, "the command ended"
        assert time.monotonic() < end, "the server does not answer in time"
        time.sleep(0.05)


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_answers_soon_on_this_machine_alone_and_ends(start, kind: signal.Signals):
    port = free_port()
    process = start("--port", str(port))
    wait_for(port, process, SECONDS)
    with urllib.request.urlopen(f"http://{HOST}:{port}/_stcore/health", timeout=10) as answer:
        assert answer.read() == b"ok"
    listening = _listening(port)
    assert listening == {HOST}, listening
    process.send_signal(kind)
    assert process.wait(timeout=20) == 0
    assert not answers(port)
    with pytest.raises(ProcessLookupError):  # nobody of its group is left
        os.killpg(process.pid, 0)


def _listening(port: int) -> set[str]:
    """The addresses that listen on a port, of both kinds of addresses."""
    found = set()
    for name, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
            local, state = line.split()[1], line.split()[3]
            address, at = local.split(":")
            if int(at, 16) == port and state == "0A":
                words = bytes.fromhex(address)
                packed = b"".join(words[i : i + 4][::-1] for i in range(0, len(words), 4))
                found.add(socket.inet_ntop(family, packed))
    return found


def test_a_taken_port_is_one_line(interp: Interp):
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        refused(interp("dashboard", "--no-browser", "--port", port), str(port), "--port")


@pytest.mark.parametrize("missing", ["streamlit", "plotly"])
def test_what_is_not_installed_is_one_line(
    interp: Interp, monkeypatch: pytest.MonkeyPatch, missing: str
):
    found = serve.find_spec
    monkeypatch.setattr(serve, "find_spec", lambda name: None if name == missing else found(name))
    refused(interp("dashboard", "--no-browser"), missing, "pip install")


@pytest.mark.parametrize("given", ["here/my study", "~/my study", "./here/../here/my study"])
def test_a_study_is_found_however_its_path_is_written(
    interp: Interp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: str
):
    """What the server is started with, from the folder in which it is started."""
    (tmp_path / "here").mkdir()
    for parent in (tmp_path, tmp_path / "here"):
        (parent / "my study").mkdir()
        shutil.copy(DEMO / "study.json", parent / "my study")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    started: list[list[str]] = []

    class Server:
        def __init__(self, arguments: list[str], **options: object) -> None:
            started.append(arguments)
            assert "cwd" not in options

        def wait(self, timeout: float | None = None) -> int:
            return 0

        def poll(self) -> int:
            return 0

        def terminate(self) -> None:
            pass

        kill = terminate

    monkeypatch.setattr(serve.subprocess, "Popen", Server)
    said = interp("dashboard", "--no-browser", "--study", given)
    assert said.code == 0, said.err
    (arguments,) = started
    asked = arguments[arguments.index("--study") + 1]
    assert (Path(asked) / "study.json").exists()


def test_no_page_imports_torch():
    """In a process of its own: every page of the demo study, then what was imported."""
    code = """
import json, sys
from tests.dashboards.app import DEMO, walk
pages = ("overview", "lens", "heads", "neurons", "statistics", "training", "facts")
seen = walk(pages, DEMO)
print(json.dumps({"torch": "torch" in sys.modules, "transformers": "transformers" in sys.modules,
                  "failures": {page: one.failures for page, one in seen.items() if one.failures},
                  "charts": {page: len(one.charts) for page, one in seen.items()}}))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert not found["failures"]
    assert all(found["charts"].values())
    assert not found["torch"] and not found["transformers"]
