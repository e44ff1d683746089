"""``python -m tests.crash``: kill every command, print what was hit, fail where a result differs."""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.crash.commands import installed
from tests.crash.harness import Harness, Outcome, shares

HITS = ("before", "midway", "while writing", "between two writes", "after the last write")


def report(outcomes: list[Outcome]) -> Table:
    """One row per command: kills, and how many of them hit what."""
    table = Table(title="Commands killed with SIGKILL at random moments of their work")
    for name in ("command", "seconds", "kills", *HITS, "at steps", "identical"):
        table.add_column(name, justify="left" if name == "command" else "right")
    for one in outcomes:
        hits = Counter(next(h for h in HITS if kill.hit.startswith(h)) for kill in one.kills)
        steps = [str(kill.step) for kill in one.kills if kill.step is not None]
        cells = {name: str(hits[name] or "") for name in HITS}
        table.add_row(
            one.command, f"{one.duration:.1f}", str(len(one.kills)), *cells.values(), " ".join(steps),
            f"{one.identical} of {len(one.kills)}",
        )  # fmt: skip
    return table


def main(argv: list[str] | None = None) -> int:
    """Run the harness.

    Returns:
        0 where every killed command ended as one left alone, else 1.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="in all")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--only", action="append", help="commands with this in their name")
    parser.add_argument("--workers", type=int, default=1, help="commands at the same time")
    parser.add_argument("--json", type=Path, help="also write the result here")
    asked = parser.parse_args(argv)
    commands = tuple(
        command for command in installed()
        if not asked.only or any(word in command.name for word in asked.only)
    )  # fmt: skip
    if not commands or asked.kills < 1 or asked.workers < 1:
        parser.error(f"no command has {asked.only} in its name, or a number below 1")
    share = shares(commands, asked.kills, asked.seed)
    with tempfile.TemporaryDirectory(prefix="interp-crash-") as folder:
        harness = Harness(Path(folder))

        def attack(name: str) -> Outcome:
            command = next(one for one in commands if one.name == name)
            try:
                outcome = harness.attack(command, share[name], asked.seed)
            except RuntimeError as error:  # it fails even when it is left alone
                outcome = Outcome(name, problems=[str(error)])
            print(
                f"{name}: {outcome.identical} of {len(outcome.kills)}", file=sys.stderr, flush=True
            )
            return outcome

        with ThreadPoolExecutor(asked.workers) as pool:
            outcomes = list(pool.map(attack, [name for name, number in share.items() if number]))
    console = Console(width=200)
    console.print(report(outcomes))
    for one in outcomes:
        for problem in one.problems:
            console.print(f"{one.command}: {problem}", markup=False, style="red")
    kills = sum(len(one.kills) for one in outcomes)
    identical = sum(one.identical for one in outcomes)
    console.print(f"{identical} of {kills} identical")
    if asked.json is not None:
        about = {"seed": asked.seed, "machine": platform.machine(), "kills": kills}
        rows = [asdict(one) for one in outcomes]
        asked.json.write_text(
            json.dumps({**about, "identical": identical, "commands": rows}, indent=1)
        )
    return int(identical < asked.kills or any(one.problems for one in outcomes))


if __name__ == "__main__":
    raise SystemExit(main())
