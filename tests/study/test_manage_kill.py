"""Every change of a study, killed before every step it takes, and read at every step."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from interp.errors import InterpError
from interp.study import Study, load_study
from interp.study.manage import (
    Selection,
    merge_studies,
    migrate,
    remove_runs,
    rename_label,
    rename_study,
    restore_run,
)
from tests.study import managed

Work = Callable[[Path], object]


def _rename(study: Path) -> object:
    return rename_label(study, "base", "b2")


def _rename_study(study: Path) -> object:
    return rename_study(study, "other")


def _remove(study: Path) -> object:
    return remove_runs(study, Selection(label="base"))


def _purge(study: Path) -> object:
    return remove_runs(study, Selection(superseded=True), purge=True, facts=True)


def _merge(study: Path) -> object:
    return merge_studies(study, [study.parent / "given"])


def _restore(study: Path) -> object:
    return restore_run(study, managed.spec("grpo").run_id)


def _migrate(study: Path) -> object:
    return migrate(study)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("original")
    study = managed.make(folder / "s")
    with pytest.raises(KeyboardInterrupt), study.run(managed.spec("sft")) as run:
        run.save_progress(1, {}, force=True)
        raise KeyboardInterrupt
    given = Study.open(folder / "given")
    given.add_facts(load_study(folder / "s").facts(managed.FACTS_HASH), managed.FACTS_HASH)
    managed.write(given, managed.spec("sft"), 0.125)
    managed.write(given, managed.spec("grpo"), 0.875)  # another result of a request of the target
    return folder


def _prepared(original: Path, target: Path, work: Work) -> Path:
    shutil.copytree(original, target)
    study = target / "s"
    if work is _migrate:
        managed.older(study)
    if work is _restore:
        remove_runs(study, Selection(runs=(managed.spec("grpo").run_id,)))
        managed.write(Study.open(study), managed.spec("grpo"), 0.0)  # takes its name
    return study


CHANGES = [_rename, _rename_study, _remove, _purge, _merge, _restore, _migrate]
LOSES = {_remove, _purge}
GAINS = {_merge, _restore}


@pytest.mark.parametrize("work", CHANGES, ids=lambda work: work.__name__.strip("_"))
def test_killed_before_some_steps_the_same_command_completes_it(
    original: Path, tmp_path: Path, work: Work
) -> None:
    _kill(original, tmp_path, work, at_most=4)


@pytest.mark.slow
@pytest.mark.parametrize("work", CHANGES, ids=lambda work: work.__name__.strip("_"))
def test_killed_before_any_step_the_same_command_completes_it(
    original: Path, tmp_path: Path, work: Work
) -> None:
    _kill(original, tmp_path, work, at_most=1000)


def _kill(original: Path, tmp_path: Path, work: Work, at_most: int) -> None:
    fresh = _prepared(original, tmp_path / "fresh", work)
    whole = tmp_path / "whole"
    shutil.copytree(fresh.parent, whole)
    before = managed.seen(whole / "s")
    steps = managed.count_steps(lambda: work(whole / "s"))
    after, expected = managed.seen(whole / "s"), managed.tree(whole / "s")
    assert steps > 3 and all(n == 1 for n in (before | after).values())
    victim = tmp_path / "victim"
    # The last steps, at which the change takes effect and its traces go, and some before.
    spread = {round(1 + k * (steps - 1) / (at_most - 1)) for k in range(at_most)}
    for step in sorted({*spread, steps, steps - 1} & set(range(1, steps + 1))):
        shutil.copytree(fresh.parent, victim)
        study = victim / "s"
        assert managed.killed_at(step, lambda study=study: work(study))
        between = managed.seen(study)
        if work in LOSES:
            assert after <= between <= before
        elif work in GAINS:
            assert before <= between <= after
        else:
            assert between == before == after
        # Labels never mix: a reader sees the runs under the old name or the new one.
        labels = set(load_study(study).runs()["label"])
        assert labels != {"base", "b2", "grpo"}
        work(study)
        assert managed.tree(study) == expected, step
        shutil.rmtree(victim)


@pytest.mark.parametrize(
    "work",
    [
        work if work in (_rename, _merge) else pytest.param(work, marks=pytest.mark.slow)
        for work in CHANGES
    ],
    ids=lambda work: work.__name__.strip("_"),
)
def test_a_reader_at_every_step_sees_every_run_once(
    original: Path, tmp_path: Path, work: Work
) -> None:
    study = _prepared(original, tmp_path / "t", work)
    before = managed.seen(study)
    looks = []
    with managed.before_every_step(lambda step: looks.append(managed.seen(study))):
        work(study)
    after = managed.seen(study)
    for found in looks:
        assert found <= (before | after) and found >= (before & after)


def test_until_it_is_completed_nobody_else_writes_and_everybody_reads(
    original: Path, tmp_path: Path
) -> None:
    study = _prepared(original, tmp_path / "t", _rename)
    copy = tmp_path / "count" / "s"
    shutil.copytree(study, copy)
    steps = managed.count_steps(lambda: _rename(copy))
    step = steps
    while not (study / "pending.json").exists():
        shutil.rmtree(study)
        shutil.copytree(original / "s", study)
        step -= 1
        assert managed.killed_at(step, lambda: _rename(study))
    for attempt in (
        lambda: Study.open(study),
        lambda: rename_label(study, "grpo", "g2"),
        lambda: rename_label(study, "base", "b3"),
        lambda: remove_runs(study, Selection(superseded=True)),
        lambda: restore_run(study, "x"),
        lambda: merge_studies(study, [original / "given"]),
        lambda: migrate(study),
    ):
        with pytest.raises(InterpError) as caught:
            attempt()
        assert f"`interp study rename --study {study} base b2` again" in str(caught.value)
    assert set(load_study(study).runs()["label"]) == {"b2", "grpo"}
    assert _rename(study).resumed and not (study / "pending.json").exists()
    Study.open(study)


def test_a_damaged_pending_change_is_named(original: Path, tmp_path: Path) -> None:
    study = _prepared(original, tmp_path / "t", _rename)
    (study / "pending.json").write_text("{")
    with pytest.raises(InterpError, match=r"pending\.json is damaged"):
        load_study(study).runs()


def test_a_reader_that_is_overtaken_by_a_change_reads_again(
    original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The change comes after the folders were listed and before their records are read."""
    from interp.study import records

    study = _prepared(original, tmp_path / "t", _rename)
    before, read, calls = managed.seen(study), records.read_record, []

    def overtaken(folder: Path) -> records.RunRecord | None:
        calls.append(folder)
        if len(calls) == 1:
            with monkeypatch.context() as undo:
                undo.setattr(records, "read_record", read)
                rename_label(study, "base", "b2")
        return read(folder)

    monkeypatch.setattr(records, "read_record", overtaken)
    assert managed.seen(study) == before and len(calls) > 7
    assert set(load_study(study).runs()["label"]) == {"b2", "grpo"}


def test_a_study_that_never_stands_still_is_said(
    original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from itertools import count

    from interp.study import records

    study = _prepared(original, tmp_path / "t", _rename)
    moments = count()
    monkeypatch.setattr(records, "_moment", lambda folder: (b"", next(moments)))
    monkeypatch.setattr(records, "_ATTEMPTS", 3)
    with pytest.raises(InterpError, match="is being changed all the time"):
        load_study(study).runs()


def test_leftovers_of_killed_changes_go_with_the_next_one(original: Path, tmp_path: Path) -> None:
    study = _prepared(original, tmp_path / "t", _rename)
    for folder in (".purged/x", ".staging/y"):
        (study / folder).mkdir(parents=True)
        (study / folder / "neurons.parquet").write_bytes(b"half")
    parts = [study / ".study.json.a.part", study / "facts" / ".f.parquet.b.part"]
    for part in parts:
        part.write_bytes(b"half")
    rename_study(study, "other")
    assert not any((study / name).exists() for name in (".purged", ".staging"))
    assert not any(part.exists() for part in parts)
