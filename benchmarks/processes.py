"""Two processes under torchrun against one: the same study byte for byte, and in which time.

Run ``python benchmarks/processes.py`` (the shipped organism, embedded texts and facts), or with ``--quick`` (fewer
texts, one command). Each command is run as a user types it: ``python -m interp ...`` and
``torchrun --standalone --nproc-per-node 2 -m interp ...``, one thread per process as torchrun sets it, in turns. The time is that of the
whole command, starting Python and reading the checkpoint included: of small runs that is most of it.

Of the two studies every file is compared byte by byte, JSON without its times. The first claim counts the files that differ.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from _record import Claim, finish, parse

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # how processes are started stands with the tests

from tests.parallel.launch import contents  # noqa: E402
from tests.parallel.launch import launch as together  # noqa: E402

MODEL = ROOT / "artifacts" / "base"


def commands(quick: bool) -> dict[str, list[str]]:
    """What is run, beside the checkpoint and the study."""
    if quick:
        return {"lahis": ["lahis", "--limit", "4", "--languages", "en,de"]}
    return {
        "lape": ["lape", "--limit", "240"],
        "lahis": ["lahis", "--limit", "120"],
        "lens": ["lens", "--limit", "200"],
        "mcq": ["eval", "mcq", "--limit", "200"],
    }


def launch(n: int, arguments: list[str], study: Path) -> float:
    """Run a command in ``n`` processes and return the seconds it took.

    Raises:
        SystemExit: where it fails, with what it said.
    """
    rest = ["-m", "interp", *arguments, "--model", MODEL, "--study", study]
    start = time.perf_counter()
    done = together(n, *rest)
    if done.returncode:
        raise SystemExit(f"{' '.join(done.args)} fails:\n{done.stdout}{done.stderr}")
    return time.perf_counter() - start


def differing(one: Path, other: Path) -> tuple[list[str], int]:
    """Names of files that differ or that one study lacks, and how many there are in all."""
    left, right = contents(one), contents(other)
    names = sorted({*left, *right})
    return [name for name in names if left.get(name) != right.get(name)], len(names)


def measure(name: str, arguments: list[str], rounds: int) -> list[Claim]:
    """Run one command in one and in two processes, in turns."""
    ratios, unlike, files = [], set[str](), 0
    for round_ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="interp-processes-") as folder:
            taken = {}
            for n in (1, 2) if round_ % 2 == 0 else (2, 1):
                taken[n] = launch(n, arguments, Path(folder) / str(n) / "study")
            names, files = differing(*(Path(folder) / n / "study" for n in "12"))
            unlike.update(names)
            ratios.append(taken[2] / taken[1])
    print(f"{name}: {files} files, unlike: {', '.join(sorted(unlike)) or 'none'}", flush=True)
    low, middle, high = statistics.quantiles(ratios, n=4) if rounds > 1 else ratios * 3
    shape = f"organism, `interp {' '.join(arguments)}`, fp32"
    return [
        Claim(f"{name}: files that differ / {files} files", shape, len(unlike) / files, limit=0),
        Claim(f"{name}: time of two processes / of one", shape, middle, low, high, rounds),
    ]


def main() -> None:
    """Run the benchmark and print its lines."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one small command")
    parser.add_argument("--rounds", type=int, default=None, help="default: 3, with --quick 1")
    arguments = parse(parser)
    rounds = arguments.rounds or (1 if arguments.quick else 3)
    claims = []
    for name, command in commands(arguments.quick).items():
        claims += measure(name, command, rounds)
    finish(arguments, __file__, claims)


if __name__ == "__main__":
    main()
