"""Starts the dashboard's server and, when it answers, the browser."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import time
import webbrowser
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from interp.cli.tables import console
from interp.errors import InterpError

HOST = "127.0.0.1"
_FIRST, _PORTS = 8501, 50
_PATIENCE = 60.0
"""Seconds until a server that does not answer is given up."""


def serve(study: Path | None, port: int, *, open_browser: bool) -> int:
    """Run the dashboard until it is interrupted.

    Args:
        study: folder of the study; one that is not there is explained on the page.
        port: 0 takes a free one.
        open_browser: whether the browser is opened when the page can be seen.

    Returns:
        The server's exit status; 0 after an interrupt (SIGINT, SIGTERM, SIGHUP).

    Raises:
        InterpError: Streamlit or Plotly is not installed, or the port is taken.
    """
    app = app_path()
    port = port or _free_port()
    if not _is_free(port):
        raise InterpError(
            f"port {port} is taken: give another with --port, or none to take a free one"
        )
    arguments = [sys.executable, "-m", "streamlit", "run", str(app), "--server.port", str(port)]
    arguments += ["--", "--study", str(study.expanduser())] if study is not None else []
    address = f"http://{HOST}:{port}"
    with _interrupted_by(signal.SIGTERM, signal.SIGHUP):
        server = subprocess.Popen(arguments, stdout=subprocess.DEVNULL)
        try:
            if _answers(server, port):
                console().print(f"Dashboard: {address} (Control-C ends it)")
                if open_browser:
                    webbrowser.open(address)
            return server.wait()
        except KeyboardInterrupt:
            return 0
        finally:
            _end(server)


@contextlib.contextmanager
def _interrupted_by(*signals: signal.Signals) -> Iterator[None]:
    """Treat these like Control-C, so that the server ends with the command and not after it."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = {one: signal.signal(one, interrupt) for one in signals}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _end(server: subprocess.Popen[bytes]) -> None:
    """End the server; by force where it does not go within seconds."""
    server.terminate()
    try:
        server.wait(timeout=5)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def app_path() -> Path:
    """Find the dashboard's script.

    Raises:
        InterpError: what it needs is not installed.
    """
    missing = [name for name in ("streamlit", "plotly", "dashboards") if find_spec(name) is None]
    if missing:
        raise InterpError(
            f"the dashboard needs {', '.join(missing)}: pip install 'interp[dashboard]', in a clone "
            "pip install -e '.[dashboard]'"
        )
    spec = find_spec("dashboards")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).with_name("app.py")


def _answers(server: subprocess.Popen[bytes], port: int) -> bool:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and server.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), 0.2):
            return True
        time.sleep(0.1)
    return False


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    for port in range(_FIRST, _FIRST + _PORTS):
        if _is_free(port):
            return port
    raise InterpError(
        f"ports {_FIRST} to {_FIRST + _PORTS - 1} are all taken: give another with --port"
    )
