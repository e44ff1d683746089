"""A view reads its study once, shares what it read, and is of the study as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from interp.plates import Lacking, View, overview
from interp.plates.registry import draw_all
from interp.plates.snapshot import Snapshot
from interp.study import Study, load_study, records
from tests.comparison.test_lape import counted, rates, write
from tests.dashboards.studies import whole


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return whole(tmp_path_factory.mktemp("view") / "s")


def test_every_record_is_read_once_however_many_plates_are_drawn(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []
    reader = records.read_record

    def counting(folder: Path) -> records.RunRecord | None:
        read.append(folder)
        return reader(folder)

    monkeypatch.setattr(records, "read_record", counting)
    view = View.of(study)
    list(draw_all(view, ["study-grid", "forest", "fact-ranks", "mcq-flips", "never-crossed"]))
    assert len(read) == len(set(read)) == len(list((study / "runs").iterdir()))


def test_what_is_read_once_is_shared_and_a_failure_is_tried_again(study: Path) -> None:
    view, calls = View.of(study), []

    def make(view: View, name: str, *, times: int = 1) -> list[str]:
        calls.append(name)
        if name == "none":
            raise view.lacking("klar")
        return [name] * times

    assert view.once(make, "a") is view.once(make, "a")
    assert view.once(make, "a", times=2) == ["a", "a"]
    assert View.of(study).once(make, "a") is not view.once(make, "a")
    for _ in range(2):
        with pytest.raises(Lacking):
            view.once(make, "none")
    assert calls == ["a", "a", "a", "none", "none"]


def test_plates_leave_what_they_share_as_it_was(study: Path) -> None:
    view = View.of(study)
    some = ["study-grid", "verdicts", "fact-ranks", "median-ranks", "accuracy-summary", "mcq-flips"]
    first, second = (  # everything has been read by the second time
        {entry.name: plate for _, entry, plate in draw_all(view, some)} for _ in range(2)
    )
    assert list(first) == list(second) == some
    for name in some:
        assert first[name].reading == second[name].reading
        assert first[name].frame.equals(second[name].frame)
    assert view.every_run.equals(View.of(study).every_run)


def test_a_run_that_comes_later_is_of_the_next_view(tmp_path: Path) -> None:
    folder = whole(tmp_path / "s", stages={"base": "base"})
    first = View.of(folder)
    assert first.runs("lape")
    write(Study.open(folder), "late", counted(rates(), 1), stage="other")
    assert [label for label, _ in first.runs("lape")] == ["base"]
    assert "late" not in overview.grid(first).reading
    assert [label for label, _ in View.of(folder, labels=["late"]).runs("lape")] == ["late"]


def test_a_view_reads_only(study: Path) -> None:
    opened = load_study(study)
    snapshot = Snapshot.of(opened)
    assert Snapshot.of(snapshot) is snapshot and not snapshot.writable
    assert snapshot.records() == opened.records() and snapshot.records() is not snapshot.records()
    assert not View.of(Study.open(study)).study.writable
