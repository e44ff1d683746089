"""Commands forked from a server that has imported everything, each in a folder of its own."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
KILLED = -9
_PATIENCE = 900.0


class Running:
    """A command at work.

    Attributes:
        said: standard output and standard error, once it has ended.
    """

    def __init__(self, process: multiprocessing.process.BaseProcess, output: Connection) -> None:
        """Take over a process that has started."""
        self._process, self._began = process, time.monotonic()
        self._pieces: list[bytes] = []
        self._reader = threading.Thread(target=self._read, args=(output,), daemon=True)
        self._reader.start()

    def _read(self, output: Connection) -> None:
        while piece := os.read(output.fileno(), 1 << 16):
            self._pieces.append(piece)
        output.close()

    @property
    def said(self) -> str:
        """Standard output and standard error, once it has ended."""
        self._reader.join(10)
        return b"".join(self._pieces).decode(errors="replace")

    def end(self) -> tuple[int, float]:
        """Wait for its end; return its exit code and its seconds."""
        self._process.join(_PATIENCE)
        seconds = time.monotonic() - self._began
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
        return int(self._process.exitcode or 0), seconds

    def kill_after(self, moment: float) -> bool:
        """Kill it some seconds after its start; False where it had finished by then."""
        self._process.join(moment)
        self._process.kill()
        self._process.join()
        return self._process.exitcode == KILLED


class Server:
    """Forks commands; importing torch and its like is behind them when they start."""

    def __init__(self) -> None:
        """Prepare the environment that the server and its commands inherit."""
        os.environ["PYTHONPATH"] = str(SOURCE)
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
            os.environ[name] = "1"
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["tests.crash.preload"])

    def start(
        self,
        folder: Path,
        arguments: list[str],
        *,
        save_seconds: float = 0.0,
        file_limit: int | None = None,
    ) -> Running:
        """Start ``interp``; return once it is about to parse its arguments.

        Args:
            folder: the working folder.
            arguments: after ``interp``.
            save_seconds: pause between two saves of progress; 0 saves after every batch.
            file_limit: bytes that a file may have at most (``ulimit -f``).
        """
        here, there = self._context.Pipe(duplex=False)
        output, written = self._context.Pipe(duplex=False)
        process = self._context.Process(
            target=_run, args=(there, written, folder, arguments, save_seconds, file_limit)
        )
        process.start()
        there.close()
        written.close()
        here.recv()
        here.close()
        return Running(process, output)


def _run(
    started: Connection,
    written: Connection,
    folder: Path,
    arguments: list[str],
    save_seconds: float,
    file_limit: int | None,
) -> None:
    """Be ``interp`` with these arguments, in a forked process."""
    os.dup2(written.fileno(), 1)
    os.dup2(written.fileno(), 2)
    written.close()
    os.chdir(folder)
    os.environ["INTERP_SAVE_SECONDS"] = str(save_seconds)
    os.environ["INTERP_LOCK_SECONDS"] = "30"
    from interp.cli import main

    if file_limit is not None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))
    started.send(None)
    started.close()
    main(arguments)
