"""The words that belong to figures, for a paper's captions: ``captions.json`` and ``figures.md``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from interp.plates.plate import Plate
from interp.plates.view import View
from interp.study.atomic import write_bytes

JSON = "captions.json"
MARKDOWN = "figures.md"

_ROWS = 60
"""Of a table, above which the Markdown file names the CSV instead."""

_PICTURES = (".svg", ".png")


@dataclass(frozen=True)
class Caption:
    """The words of one figure or table.

    Attributes:
        name: of its files.
        chapter: in which notebooks and report show it.
        paper: the figure or table of the paper whose form it has; empty where the form is our own.
        title: from metadata.
        reading: what its numbers say.
        provenance: where they come from.
        runs: ids of the runs behind it.
        files: that were written, beside this one.
        table: as Markdown; empty for a figure.
    """

    name: str
    chapter: str
    paper: str
    title: str
    reading: str
    provenance: str
    runs: tuple[str, ...]
    files: tuple[str, ...]
    table: str = ""

    @classmethod
    def of(cls, plate: Plate, chapter: str, files: Sequence[str]) -> Caption:
        """Take the words from a plate.

        Args:
            plate: that was written.
            chapter: its chapter's title.
            files: names of its files.
        """
        shown = plate.table if plate.table is not None else plate.frame
        return cls(
            name=plate.name,
            chapter=chapter,
            paper=plate.paper,
            title=plate.title,
            reading=plate.reading,
            provenance=plate.caption,
            runs=tuple(plate.runs["run_id"]),
            files=tuple(files),
            table=_markdown(shown) if plate.figure is None and len(shown) <= _ROWS else "",
        )

    def has(self, ending: str) -> bool:
        """Whether a file of this format was written."""
        return any(file.endswith(f".{ending}") for file in self.files)


def merged(reasons: Mapping[str, str]) -> list[tuple[str, str]]:
    """Gather the figures that one reason keeps out.

    Args:
        reasons: name to why it is not there.

    Returns:
        Names, separated by commas, and the reason; in the order of first names.
    """
    found: dict[str, list[str]] = {}
    for name, why in reasons.items():
        found.setdefault(why, []).append(name)
    return [(", ".join(names), why) for why, names in found.items()]


def write_captions(
    view: View,
    folder: Path,
    captions: Sequence[Caption],
    lacking: Mapping[str, str],
    failed: Mapping[str, str],
) -> None:
    """Write the words beside the figures.

    Captions of figures that an earlier call wrote into the folder stay, where it was about the same view.

    Args:
        view: what was shown.
        folder: that holds the figures.
        captions: of those that were written now, in order.
        lacking: name to what the study lacks for it.
        failed: name to why it could not be drawn though nothing is lacking.
    """
    about = {
        "study": str(view.study.path),
        "base": view.base,
        "labels": list(view.labels),
        "languages": list(view.languages),
    }
    kept = _earlier(folder / JSON, about)
    for caption in captions:
        kept[caption.name] = asdict(caption)
    for name in (
        *lacking,
        *failed,
    ):  # what an earlier call wrote of them is not what this one would show
        kept.pop(name, None)
    ordered = [kept[name] for name in _order() if name in kept]
    whole = {**about, "figures": ordered, "lacking": dict(lacking), "failed": dict(failed)}
    write_bytes(folder / JSON, (json.dumps(whole, ensure_ascii=False, indent=1) + "\n").encode())
    write_bytes(folder / MARKDOWN, _pages(about, ordered, lacking, failed).encode())


def _order() -> list[str]:
    from interp.plates.registry import chapters

    return [entry.name for entries in chapters().values() for entry in entries]


def _earlier(path: Path, about: Mapping[str, Any]) -> dict[str, Any]:
    """Captions of an earlier call about the same view whose files are still there."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if any(found[name] != value for name, value in about.items()):
            return {}
        return {
            one["name"]: one
            for one in found["figures"]
            if all((path.parent / file).is_file() for file in one["files"])
        }
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _pages(
    about: Mapping[str, Any],
    captions: Sequence[Mapping[str, Any]],
    lacking: Mapping[str, str],
    failed: Mapping[str, str],
) -> str:
    lines = [
        f"# Figures of {about['study']}",
        "",
        f"Checkpoints: {', '.join(about['labels'])}; base: {about['base']}; "
        f"languages: {', '.join(about['languages'])}.",
        "",
    ]
    chapter = ""
    for one in captions:
        if one["chapter"] != chapter:
            chapter = one["chapter"]
            lines += [f"## {chapter}", ""]
        lines += [f"### {_plain(one['title'])}", ""]
        pictures = [file for file in one["files"] if file.endswith(_PICTURES)]
        if pictures:
            lines += [f"![{_plain(one['title'])}]({pictures[0]})", ""]
        form = f"{one['paper']}’s form. " if one["paper"] else ""
        if one["table"]:
            lines += [one["table"], ""]
        lines += [f"{form}{_plain(one['reading'])}", "", f"*{_plain(one['provenance'])}*", ""]
        lines += ["Files: " + ", ".join(f"[{file}]({file})" for file in one["files"]), ""]
    for title, reasons in (("Left out", lacking), ("Failed", failed)):
        if reasons:
            lines += [f"## {title}", ""]
            lines += [f"- {names}: {_plain(why)}" for names, why in merged(reasons)]
            lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _markdown(table: pd.DataFrame) -> str:
    rows = [[str(name) for name in table.columns], ["---"] * len(table.columns)]
    rows += [
        ["–" if pd.isna(cell) else str(cell) for cell in row]
        for row in table.itertuples(index=False, name=None)
    ]
    return "\n".join("| " + " | ".join(map(_plain, row)) + " |" for row in rows)


def _plain(text: str) -> str:
    """Words of a study are no markup."""
    for sign in "\\`*_[]<>$|":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())
