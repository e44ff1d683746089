"""What a benchmark found, as one JSON file: every claim's ratio, the machine, the versions.

A claim is a ratio, of a contender to a baseline of the same run or of a cost to its limit. Every benchmark ends with
``finish``, which prints its claims, writes them where ``--record`` or ``--out`` asks for it, and fails on
a missed one under ``--strict`` only: on a busy machine a timing proves little. Nothing here imports torch, so that a
process whose children's memory is measured stays small.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from interp.study.provenance import code_version, library_versions

RESULTS = Path(__file__).resolve().parent / "results"
_GIB = 2**30


class Measured(Protocol):
    """What ``_timing.compare`` returns per contender."""

    ratio: float
    low: float
    high: float
    rounds: int


@dataclass(frozen=True)
class Claim:
    """One ratio.

    Attributes:
        what: numerator / denominator, in words.
        shape: of what it was measured: parameters, tokens, type of numbers.
        ratio: median over rounds; ``None`` where it could not be measured.
        low: first quartile over rounds; ``None`` where there is one round.
        high: third quartile.
        rounds: how often it was measured.
        limit: what it is held against; ``None`` for a number that only informs.
        at_least: whether the limit is a lower one.
        note: why it was not measured, or what else belongs to the number.
    """

    what: str
    shape: str
    ratio: float | None
    low: float | None = None
    high: float | None = None
    rounds: int = 1
    limit: float | None = None
    at_least: bool = False
    note: str = ""

    @classmethod
    def of(cls, timing: Measured, what: str, shape: str, **rest: Any) -> Claim:
        """Take ratio, quartiles and rounds from a timing."""
        return cls(what, shape, timing.ratio, timing.low, timing.high, timing.rounds, **rest)

    @property
    def held(self) -> bool | None:
        """Whether the ratio keeps its limit; ``None`` without a ratio or a limit."""
        if self.ratio is None or self.limit is None:
            return None
        return self.ratio >= self.limit if self.at_least else self.ratio <= self.limit

    @property
    def aim(self) -> str:
        """The limit with its sign; a dash where there is none."""
        return "–" if self.limit is None else f"{'≥' if self.at_least else '≤'} {self.limit:g}"

    @property
    def measured(self) -> str:
        """The ratio and its quartiles; that it was not measured, and why."""
        if self.ratio is None:
            return f"not measured{': ' if self.note else ''}{self.note}"
        text = figure(self.ratio)
        if self.low is not None and self.high is not None and self.rounds > 1:
            text += f" [{figure(self.low)}, {figure(self.high)}]"
        return text

    def __str__(self) -> str:
        """Return one readable line."""
        verdict = {None: "", True: ": held", False: ": MISSED"}[self.held]
        rounds = f" over {self.rounds} rounds" if self.rounds > 1 else ""
        aim = "" if self.limit is None else f" (limit {self.aim}{verdict})"
        note = f"; {self.note}" if self.note and self.ratio is not None else ""
        return f"{self.what}: {self.measured}{rounds}{aim}{note}"


def figure(value: float) -> str:
    """Write a ratio: the closer it may be to a limit such as 1.03, the more places."""
    places = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 2 else 3
    return f"{value:,.{places}f}"


def parse(parser: argparse.ArgumentParser, *narrowing: str) -> argparse.Namespace:
    """Add what every benchmark takes, and read the command line.

    Args:
        parser: with the benchmark's own arguments.
        narrowing: those that leave out a part of it or look at something else, such as ``part``:
            a record replaces the one before as a whole, so that it has to be whole, and at full size.
    """
    group = parser.add_argument_group("record")
    group.add_argument("--record", action="store_true", help="write results/<name>.json")
    group.add_argument("--out", type=Path, metavar="FILE", help="write the same to a file")
    group.add_argument("--strict", action="store_true", help="exit code 1 where a limit is missed")
    arguments = parser.parse_args()
    for name in ("quick", *narrowing):
        if arguments.record and getattr(arguments, name, None) not in (None, False):
            option = f"--{name.replace('_', '-')}"
            parser.error(
                f"--record with {option}: a record is of the whole at full size; use --out FILE"
            )
    return arguments


def finish(
    arguments: argparse.Namespace,
    file: str,
    claims: Sequence[Claim],
    details: Mapping[str, Any] | None = None,
) -> None:
    """Print the claims, write the record where asked, and end.

    Args:
        arguments: from ``parse``.
        file: the benchmark's ``__file__``.
        claims: all of them.
        details: further numbers worth keeping, JSON-able.

    Raises:
        SystemExit: with code 1 under ``--strict`` where a limit is missed.
    """
    for claim in claims:
        print(claim)
    for path in save(arguments, file, claims, details):
        print(f"written: {path}")
    if arguments.strict and any(claim.held is False for claim in claims):
        raise SystemExit(1)


def save(
    arguments: argparse.Namespace,
    file: str,
    claims: Sequence[Claim],
    details: Mapping[str, Any] | None = None,
) -> list[Path]:
    """Write the record where it was asked for; long benchmarks do so after each part."""
    name = Path(file).stem
    places = [RESULTS / f"{name}.json"] if arguments.record else []
    places += [arguments.out] if arguments.out else []
    if places:
        found = record(name, claims, vars(arguments), details)
        for path in places:
            write(path, found)
    return places


def record(
    name: str,
    claims: Sequence[Claim],
    arguments: Mapping[str, Any],
    details: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Make the record of a run that ends now."""
    own = {"record", "out", "strict"}
    return {
        "benchmark": name,
        "claims": [{**asdict(claim), "held": claim.held} for claim in claims],
        "machine": machine(),
        "versions": library_versions(),
        "code_version": code_version(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "arguments": {k: _plain(v) for k, v in arguments.items() if k not in own},
        **({"details": dict(details)} if details else {}),
    }


def write(path: Path, found: Mapping[str, Any]) -> None:
    """Write a record, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    beside.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    beside.replace(path)


def claims_of(found: Mapping[str, Any]) -> list[Claim]:
    """The claims of a record."""
    return [Claim(**{k: v for k, v in one.items() if k != "held"}) for one in found["claims"]]


def machine() -> dict[str, Any]:
    """Describe where this runs: processor, cores this process may use, threads, memory, GPU, load."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count()
    torch: Any = sys.modules.get("torch")
    gpu = None
    if torch is not None and torch.cuda.is_available():
        there = torch.cuda.get_device_properties(0)
        gpu = f"{there.name}, {there.total_memory / _GIB:.0f} GiB"
    return {
        "cpu": _cpu(),
        "cores": cores,
        "threads": torch.get_num_threads() if torch is not None else None,
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIB, 1),
        "gpu": gpu,
        "platform": f"{platform.system()} {platform.machine()}",
        "load": round(os.getloadavg()[0], 1),
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
