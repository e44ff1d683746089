"""Drawing all plates: one that fails is one line, and the others are drawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from interp.errors import InterpError
from interp.plates import Lacking, View
from interp.plates.registry import Entry, Failed, chapters, draw_all, failed, named
from tests.dashboards.studies import whole


def _raising(error: Exception):
    def draw(view: View):
        raise error

    return draw


def test_a_plate_that_fails_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = View.of(whole(tmp_path / "s", stages={"base": "base"}, languages=("en", "ar")))
    real = next(
        one for entries in chapters().values() for one in entries if one.name == "study-grid"
    )
    entries = (
        Entry("lacks", _raising(Lacking("no lens run"))),
        Entry("damaged", _raising(InterpError("file x.parquet is damaged"))),
        Entry("broken", _raising(KeyError("lang"))),
        Entry("silent", _raising(ValueError())),
        real,
    )
    monkeypatch.setattr("interp.plates.registry.chapters", lambda: {"One": entries[:2], "Two": entries[2:]})  # fmt: skip
    found = {entry.name: (title, drawn) for title, entry, drawn in draw_all(view)}
    assert [(title, type(drawn).__name__) for title, drawn in found.values()] == [
        ("One", "Lacking"), ("One", "Failed"), ("Two", "Failed"), ("Two", "Failed"), ("Two", "Plate"),
    ]  # fmt: skip
    assert str(found["damaged"][1]) == "file x.parquet is damaged"
    assert str(found["broken"][1]).startswith("KeyError: 'lang' (test_registry.py, line ")
    assert str(found["broken"][1]).endswith("), a defect of interp: please report it")
    assert str(found["silent"][1]).startswith("ValueError (test_registry.py")
    with pytest.raises(InterpError, match="unknown figure 'won'"):
        list(draw_all(view, ["won"]))


def test_leaving_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def leave(view: View):
        raise KeyboardInterrupt

    monkeypatch.setattr("interp.plates.registry.chapters", lambda: {"One": (Entry("one", leave),)})
    with pytest.raises(KeyboardInterrupt):
        list(draw_all(None))  # type: ignore[arg-type]


def test_a_failure_is_one_line_and_keeps_its_cause() -> None:
    error = InterpError("one\n  two")
    found = failed(error)
    assert isinstance(found, Failed) and str(found) == "one two" and found.__cause__ is error


@pytest.mark.parametrize(
    ("asked", "plates"),
    [
        ("Figure 7", {"head-overlap"}),
        ("fig. 15", {"neuron-cumulative"}),
        ("Figure 16", {"head-deltas-raw"}),
        ("figure 17", {"head-deltas-raw"}),
        ("Figure 4a", {"trained-and-held-out"}),
        ("Table 1", {"accuracy-summary"}),
        ("head-moves", {"head-moves"}),
    ],
)
def test_plates_are_found_by_the_papers_names(asked: str, plates: set[str]) -> None:
    assert named([asked]) == plates


def test_a_figure_has_its_parts_and_no_other_number() -> None:
    forms = {entry.name: entry.paper for entries in chapters().values() for entry in entries}
    parts = {name for name, form in forms.items() if form in ("Figure 4a", "Figure 4b")}
    assert named(["Figure 4"]) == parts and len(parts) > 1
    assert named(None) == set(forms)
    for unknown in ("Figure 1", "Table 7", "Figure", "Table 4b", "overlap"):
        with pytest.raises(InterpError, match=r"unknown figure .*expected one of .*Figure 7"):
            named([unknown])
