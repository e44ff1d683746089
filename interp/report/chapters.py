"""The plates of a study, chapter by chapter, numbered, with why the others are not there."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from interp.plates.plate import Plate
from interp.plates.registry import Entry, Failed, chapters, draw_all
from interp.plates.view import View
from interp.progress import progress_bar
from interp.report.cells import Table, table_of
from interp.report.charts import Chart, chart_of

_MARKUP = re.compile(r"</?(?:b|i|em|sub|sup|span)(?: [^>]*)?>")
_TO_ADD = re.compile(r"^(.*?); (to [a-z ]+): (interp .+)$", re.DOTALL)


@dataclass(frozen=True)
class Shown:
    """A plate as the page shows it.

    Attributes:
        anchor: its place in the page.
        number: e.g. ``Figure 3``.
        title: plain text.
        reading: what the numbers are.
        caption: where they come from.
        paper: the figure of the paper whose form it has; empty for our own.
        chart: None of a table.
        table: of a table, what is read.
        numbers: the tidy frame behind it; None where the table shows the same.
    """

    anchor: str
    number: str
    title: str
    reading: str
    caption: str
    paper: str
    chart: Chart | None
    table: Table | None
    numbers: Table | None

    @property
    def label(self) -> str:
        """What a reader who does not see the chart is told of it."""
        return f"{self.title}. {self.reading}"


@dataclass(frozen=True)
class Missing:
    """What a study lacks, for one or several plates.

    Attributes:
        names: of the plates.
        why: in words.
        how: what the command is for, e.g. ``to add it``; empty where there is none.
        command: as it can be typed; may be empty.
    """

    names: tuple[str, ...]
    why: str
    how: str
    command: str


@dataclass(frozen=True)
class Chapter:
    """One chapter.

    Attributes:
        title: of the chapter.
        anchor: its place in the page.
        shown: figures and tables, in the order of reading.
        missing: what the study lacks.
        failed: what could not be drawn though nothing is lacking.
    """

    title: str
    anchor: str
    shown: tuple[Shown, ...]
    missing: tuple[Missing, ...]
    failed: tuple[Missing, ...] = ()


def draw_chapters(view: View, *, progress: str = "") -> tuple[Chapter, ...]:
    """Draw every plate there is of a study.

    Args:
        view: the study, and what of it is shown.
        progress: title of the progress bar on standard error; empty shows none.

    Returns:
        Every chapter, also one of which nothing could be drawn.
    """
    numbers = {"Figure": 0, "Table": 0}
    titled = chapters()
    shown: dict[str, list[Shown]] = {title: [] for title in titled}
    lacking: dict[str, dict[str, list[str]]] = {title: {} for title in titled}
    failed: dict[str, dict[str, list[str]]] = {title: {} for title in titled}
    with progress_bar(progress, total=sum(map(len, titled.values()))) as advance:
        for title, entry, drawn in draw_all(view):
            if isinstance(drawn, Plate):
                kind = "Table" if drawn.figure is None else "Figure"
                numbers[kind] += 1
                shown[title].append(_shown(entry, drawn, f"{kind} {numbers[kind]}"))
            else:
                refused = failed if isinstance(drawn, Failed) else lacking
                refused[title].setdefault(str(drawn), []).append(entry.name)
            advance()
    return tuple(
        Chapter(
            title,
            f"chapter-{_anchor(title)}",
            tuple(shown[title]),
            _missing(lacking[title]),
            _missing(failed[title]),
        )
        for title in titled
    )


def _shown(entry: Entry, plate: Plate, number: str) -> Shown:
    table = None
    if plate.figure is None:
        table = table_of(plate.frame if plate.table is None else plate.table)
    twice = table is not None and plate.table is None
    return Shown(
        anchor=f"plate-{entry.name}",
        number=number,
        title=plain_title(plate.title),
        reading=plate.reading,
        caption=plate.caption,
        paper=plate.paper or entry.paper,
        chart=None if plate.figure is None else chart_of(plate.figure),
        table=table,
        numbers=None if twice else table_of(plate.frame),
    )


def plain_title(title: str) -> str:
    """Take out of a figure's title what plotly reads as markup."""
    text = re.sub(r"\s*<br\s*/?>\s*", ", ", title)
    return html.unescape(_MARKUP.sub("", text))


def _missing(refused: dict[str, list[str]]) -> tuple[Missing, ...]:
    """Take the command out of each reason, which several plates may share."""
    found = []
    for why, names in refused.items():
        parts = _TO_ADD.match(why)
        words = (why, "", "") if parts is None else (parts[1], parts[2], parts[3])
        found.append(Missing(tuple(names), *words))
    return tuple(found)


def _anchor(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
