"""A folder of figures: what is written, what is not and why."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import pytest

from interp.errors import InterpError
from interp.plates import Lacking, Plate, View
from interp.plates.registry import Entry
from interp.printing import folder as writing
from interp.printing.browser import NoPicture
from interp.printing.folder import Wishes, write_figures
from tests.printing.fonts import Machine, write_font
from tests.printing.test_pages import RUNS

FRAME = pd.DataFrame({"lang": ["bn"], "value": [0.123456789012345]})


def plate(name: str, words: str = "abc", *, table: bool = False) -> Plate:
    return Plate(
        name=name,
        title=f"Title of {name} *{words}*",
        figure=None if table else go.Figure(go.Bar(name=name, x=[words], y=[1])),
        frame=FRAME,
        reading=f"Reading of {name} with {words}.",
        runs=RUNS,
        paper="Table 1" if table else "",
        table=pd.DataFrame({"language": ["Bengali | bn"], "value": ["12.3 %"]}) if table else None,
    )


class Seen:
    """A study is not needed where plates are made by hand."""

    def __init__(self, languages: tuple[str, ...] = ("bn",)) -> None:
        self.study = type("Study", (), {"path": Path("some/study")})()
        self.base, self.labels, self.languages = "base", ("base",), languages


@pytest.fixture
def plates(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let these be all the plates there are; a text stands for what the study lacks, or an error."""

    def only(**made: Plate | str | Exception) -> None:
        def drawn(made: Plate | str | Exception) -> Plate:
            if isinstance(made, str):
                raise Lacking(made)
            if isinstance(made, Exception):
                raise made
            return made

        entries = tuple(Entry(name, lambda _, one=one: drawn(one)) for name, one in made.items())
        monkeypatch.setattr("interp.plates.registry.chapters", lambda: {"Chapter": entries})

    return only


@pytest.fixture
def view() -> View:
    return Seen()  # type: ignore[return-value]


@pytest.fixture
def blocked(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    why = "SVG, PDF and PNG need Chrome: get it"
    monkeypatch.setattr(writing, "why_no_images", lambda: why)
    yield why


def test_every_file_and_its_words(tmp_path: Path, plates: Callable[..., None], view: View) -> None:
    plates(one=plate("one"), two="no lens run", three=plate("three", table=True))
    told: list[str] = []
    steps: list[int] = []
    written = write_figures(
        view, tmp_path / "new" / "out", done=lambda: steps.append(1), tell=told.append
    )
    out = tmp_path / "new" / "out"
    assert {path.name for path in out.iterdir()} == {
        "one.html", "one.csv", "three.csv", "plotly.min.js", "captions.json", "figures.md"
    }  # fmt: skip
    assert len(steps) == 3 and told == ["two left out: no lens run"]
    assert written.lacking == {"two": "no lens run"}
    pd.testing.assert_frame_equal(pd.read_csv(out / "one.csv"), FRAME, rtol=0, atol=0)
    said = json.loads((out / "captions.json").read_text("utf-8"))
    assert [one["name"] for one in said["figures"]] == ["one", "three"]
    assert said["figures"][0]["reading"] == "Reading of one with abc."
    assert said["figures"][0]["files"] == ["one.html", "one.csv"]
    assert said["figures"][0]["runs"] == ["r1"] and said["study"] == "some/study"
    pages = (out / "figures.md").read_text("utf-8")
    assert "Title of one \\*abc\\*" in pages and "Reading of three" in pages
    assert "| Bengali \\| bn | 12.3 % |" in pages and "- two: no lens run" in pages


def test_what_fails_costs_one_figure(
    tmp_path: Path, plates: Callable[..., None], view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In drawing, in writing its page, and in checking its files; the rest and the captions are written."""
    plates(
        damaged=InterpError("file x is damaged"), broken=TypeError("NoneType"), page=plate("page"),
        boxes=plate("boxes"), one=plate("one"), two="no lens run", three="no lens run",
    )  # fmt: skip
    make, check = writing.page, writing._unprinted

    def fails(plate: Plate, **options: bool) -> str:
        if plate.name == "page":
            raise ZeroDivisionError("division by zero")
        return make(plate, **options)

    def boxed(path: Path, *rest: object) -> set[str]:
        if path.stem == "boxes":
            raise InterpError("2 glyphs are empty boxes")
        return check(path, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(writing, "page", fails)
    monkeypatch.setattr(writing, "_unprinted", boxed)
    told: list[str] = []
    steps: list[int] = []
    written = write_figures(view, tmp_path, done=lambda: steps.append(1), tell=told.append)
    assert len(steps) == 7 and [one.name for one in written.captions] == ["one"]
    assert list(written.failed) == ["damaged", "broken", "page", "boxes"]
    assert told[0] == "damaged failed: file x is damaged"
    assert told[1].startswith("broken failed: TypeError: NoneType (test_folder.py, line ")
    assert told[2].startswith("page failed: ZeroDivisionError: division by zero (")
    assert told[3] == "boxes failed: 2 glyphs are empty boxes"
    assert told[4:] == ["two, three left out: no lens run"]
    said = json.loads((tmp_path / "captions.json").read_text("utf-8"))
    assert said["failed"] == written.failed and [one["name"] for one in said["figures"]] == ["one"]
    pages = (tmp_path / "figures.md").read_text("utf-8")
    assert "## Failed" in pages and "- damaged: file x is damaged" in pages
    assert "- two, three: no lens run" in pages
    assert not (tmp_path / "page.csv").exists()


def test_a_chrome_that_does_not_draw_the_first_picture_ends_it(
    tmp_path: Path, plates: Callable[..., None], view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else every figure would wait for it; one that fails later costs one figure."""
    plates(one=plate("one"), two=plate("two"), three=plate("three"))
    monkeypatch.setattr(writing, "why_no_images", lambda: None)
    monkeypatch.setattr(writing, "_unprinted", lambda *_: set())
    for bad, drawn in (("Title of one", []), ("Title of two", ["one", "three"])):
        calls: list[str] = []

        def draw(
            figure: go.Figure, forms: list[str], bad: str = bad, **_: object
        ) -> dict[str, bytes]:
            calls.append(figure.data[0].name)  # noqa: B023
            if f"Title of {calls[-1]}" == bad:  # noqa: B023
                raise NoPicture("Chrome did not draw a figure")
            return {form: b"" for form in forms}

        monkeypatch.setattr(writing, "pictures", draw)
        folder = tmp_path / f"out{len(drawn)}"
        if not drawn:
            with pytest.raises(NoPicture, match="did not draw"):
                write_figures(view, folder, wishes=Wishes(formats=("svg",)))
            assert calls == ["one"]
        else:
            written = write_figures(view, folder, wishes=Wishes(formats=("svg",)))
            assert [one.name for one in written.captions] == drawn
            assert written.failed == {"two": "Chrome did not draw a figure"}


def test_numbers_can_stay_away_but_tables_are_their_numbers(
    tmp_path: Path, plates: Callable[..., None], view: View
) -> None:
    plates(one=plate("one"), three=plate("three", table=True))
    write_figures(view, tmp_path, wishes=Wishes(numbers=False))
    assert not (tmp_path / "one.csv").exists()
    assert pd.read_csv(tmp_path / "three.csv")["language"].tolist() == ["Bengali | bn"]


def test_each_page_can_stand_alone(tmp_path: Path, plates: Callable[..., None], view: View) -> None:
    plates(one=plate("one"))
    write_figures(view, tmp_path, wishes=Wishes(shared=False))
    assert not (tmp_path / "plotly.min.js").exists()
    assert (tmp_path / "one.html").stat().st_size > 3_000_000


def test_without_chrome_pages_are_written_all_the_same(
    tmp_path: Path, plates: Callable[..., None], view: View, blocked: str
) -> None:
    plates(one=plate("one"))
    written = write_figures(view, tmp_path, wishes=Wishes(formats=("svg", "html")))
    assert written.blocked == blocked
    assert (tmp_path / "one.html").exists() and not (tmp_path / "one.svg").exists()
    with pytest.raises(InterpError, match="need Chrome: get it"):
        write_figures(view, tmp_path / "other", wishes=Wishes(formats=("svg", "pdf")))
    assert not (tmp_path / "other").exists()


def test_a_missing_font_is_said_once(
    tmp_path: Path, plates: Callable[..., None], view: View, machine: Machine
) -> None:
    machine(
        write_font(
            tmp_path / "a.ttf", "Noto Sans", "abcdefghijklmnopqrstuvwxyz0123456789.,−-+%×kMGTmµneক"
        )
    )
    plates(one=plate("one", "খগ"), two=plate("two", "গখ"), three=plate("three", "ঘ"))
    told: list[str] = []
    written = write_figures(view, tmp_path / "out", tell=told.append)
    assert len(told) == 2 and written.fonts == told
    assert "2 characters of Bengali script" in told[0] and "খ গ" in told[0]
    assert "1 character of Bengali script" in told[1] and "ঘ" in told[1]


def test_japanese_leads_where_there_is_no_chinese() -> None:
    assert writing._japanese_first(Seen(("en", "ja")))  # type: ignore[arg-type]
    assert not writing._japanese_first(Seen(("ja", "zh")))  # type: ignore[arg-type]
    assert not writing._japanese_first(Seen(("en",)))  # type: ignore[arg-type]


def test_captions_of_an_earlier_call_stay_while_their_files_do(
    tmp_path: Path, plates: Callable[..., None], view: View
) -> None:
    def named() -> list[str]:
        said = json.loads((tmp_path / "captions.json").read_text("utf-8"))
        return [one["name"] for one in said["figures"]]

    plates(one=plate("one"), two=plate("two"))
    write_figures(view, tmp_path, names=["two"])
    assert named() == ["two"]
    write_figures(view, tmp_path, names=["one"])
    assert named() == ["one", "two"]
    (tmp_path / "two.html").unlink()
    write_figures(view, tmp_path, names=["one"])
    assert named() == ["one"]
    write_figures(view, tmp_path, names=["two"])
    write_figures(Seen(("de",)), tmp_path, names=["one"])  # type: ignore[arg-type]
    assert named() == ["one"]  # of another view
    (tmp_path / "captions.json").write_text("{broken")
    write_figures(view, tmp_path, names=["one"])
    assert named() == ["one"]


def test_names_and_folders_are_checked(
    tmp_path: Path, plates: Callable[..., None], view: View
) -> None:
    plates(one=plate("one"))
    with pytest.raises(InterpError, match="unknown figure 'won': expected one of one"):
        write_figures(view, tmp_path / "out", names=["won"])
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(InterpError, match=r"cannot write .*file.*--out"):
        write_figures(view, file)


def test_nothing_half_written_is_left(
    tmp_path: Path, plates: Callable[..., None], view: View
) -> None:
    plates(one=plate("one"))
    write_figures(view, tmp_path)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
