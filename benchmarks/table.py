"""The table of everything recorded in ``benchmarks/results``, as it stands in the README.

Run ``python benchmarks/table.py`` to print it, ``--write`` to put it between the two comments
``<!-- benchmarks -->`` and ``<!-- /benchmarks -->`` of the README, ``--check`` to hold what stands there against
the records (exit code 1 where they differ). A benchmark without a record is a line that says so. Nothing is timed.
"""

from __future__ import annotations

import argparse
import ast
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from _record import RESULTS, Claim, claims_of

HERE = Path(__file__).resolve().parent
README = HERE.parent / "README.md"
BEGIN, END = "<!-- benchmarks -->", "<!-- /benchmarks -->"
_NAMED = ("torch", "transformers", "numpy")
"""Libraries that a machine's line names; the record has all."""


def records(folder: Path = RESULTS) -> dict[str, dict[str, Any]]:
    """Read all records: name of the benchmark to its record."""
    found = {
        file.stem: json.loads(file.read_text(encoding="utf-8")) for file in folder.glob("*.json")
    }
    return dict(sorted(found.items()))


def benchmarks() -> dict[str, str]:
    """Name to the first sentence of every benchmark's docstring."""
    files = sorted(file for file in HERE.glob("[a-z]*.py") if file.name != Path(__file__).name)
    texts = {
        file.stem: ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) for file in files
    }
    return {name: (text or name).split("\n")[0].rstrip(".") for name, text in texts.items()}


def table(names: Mapping[str, str], found: Mapping[str, Mapping[str, Any]]) -> str:
    """Lay the records out in Markdown.

    Args:
        names: benchmarks and what they are about, from ``benchmarks``.
        found: records, from ``records``.

    Returns:
        The table, and below it a line for every machine.
    """
    where = machines(found)
    rows = ["| in `benchmarks/` | ratio | measured | limit | of |", "|---|---|---|---|---|"]
    for name, about in names.items():
        if name not in found:
            rows.append(f"| `{name}.py` | {_cell(about)} | not measured | – | – |")
            continue
        mark = "" if len(where) == 1 else f" ({_number(where, found[name])})"
        rows += [row(name, claim, mark) for claim in claims_of(found[name])]
    notes = [f"({place}) {text}" if len(where) > 1 else text
             for place, text in enumerate(where.values(), 1)]  # fmt: skip
    if notes:
        about = "Medians, in brackets the quartiles over rounds in which the contenders take turns."
        rows += ["", " ".join([about, *notes])]
    return "\n".join(rows)


def row(name: str, claim: Claim, mark: str) -> str:
    """One claim as a line of the table."""
    aim = f"{claim.aim}, **missed**" if claim.held is False else claim.aim
    what = claim.what if claim.ratio is None or not claim.note else f"{claim.what}; {claim.note}"
    cells = (f"`{name}.py`{mark}", what, claim.measured, aim, claim.shape or "–")
    return f"| {' | '.join(map(_cell, cells))} |"


def machines(found: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Every machine with its libraries once: what tells it apart, and a sentence."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for one in found.values():
        groups.setdefault(_same(one), []).append(one)
    return {key: _sentence(members) for key, members in groups.items()}


def _same(one: Mapping[str, Any]) -> str:
    at, versions = one["machine"], one["versions"]
    if at is None:
        return "not recorded"
    libraries = ", ".join(f"{name} {versions[name]}" for name in _NAMED if name in versions)
    memory = f"{at['memory_gib']:.0f} GiB"
    gpu = f"; {at['gpu']}" if at["gpu"] else ""
    return f"{at['cores']} cores of {at['cpu']}, {memory}{gpu}; Python {versions['python']}, {libraries}"


def _sentence(members: Sequence[Mapping[str, Any]]) -> str:
    days = sorted({one["date"][:10] for one in members})
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    if members[0]["machine"] is None:
        return f"The machine was not recorded (shares do not depend on it); {when}."
    return f"Measured on {_same(members[0])}; {when}."


def _number(where: Mapping[str, str], one: Mapping[str, Any]) -> int:
    return list(where).index(_same(one)) + 1


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def block(text: str) -> tuple[str, str, str]:
    """Cut the README at its two comments: before, between, after.

    Raises:
        SystemExit: where a comment is not there.
    """
    before, begin, rest = text.partition(BEGIN)
    between, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{README.name} lacks the comments {BEGIN} and {END}")
    return before + BEGIN, between.strip(), END + after


def main() -> None:
    """Print, write or check the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", action="store_true", help="put it into the README")
    parser.add_argument("--check", action="store_true", help="hold the README's against it")
    parser.add_argument(
        "--quick", action="store_true", help="as every benchmark takes it; the same"
    )
    arguments = parser.parse_args()
    made = table(benchmarks(), records())
    print(made)
    if not (arguments.write or arguments.check):
        return
    before, between, after = block(README.read_text(encoding="utf-8"))
    if arguments.write:
        README.write_text(f"{before}\n\n{made}\n\n{after}", encoding="utf-8")
    elif between != made:
        raise SystemExit(
            f"{README.name} does not show what is recorded: benchmarks/table.py --write"
        )


if __name__ == "__main__":
    main()
