"""A study of schema 1 brought to the schema of today, and what refuses or reads it before."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from interp.errors import InterpError
from interp.study import SCHEMA_VERSION, TABLES, Study, load_study
from interp.study.manage import migrate
from interp.study.manage.steps import STEPS
from interp.study.tables import arrow_schema
from tests.study import managed, samples

MCQ = managed.spec(analysis="mcq", data_hash=managed.FACTS_HASH).run_id


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A study of schema 1; how it was before stands beside it."""
    managed.make(tmp_path / "s")
    shutil.copytree(tmp_path / "s", tmp_path / "new")
    managed.older(tmp_path / "s")
    return tmp_path / "s"


def test_there_is_a_step_away_from_every_older_version() -> None:
    assert sorted(STEPS) == list(range(1, SCHEMA_VERSION))


def test_an_older_study_is_read_and_refused_for_writing(older: Path) -> None:
    reader = load_study(older)
    assert len(reader.runs()) == 7 and len(reader.table("neurons")) == 4
    with pytest.raises(InterpError, match=rf"run `interp study migrate --study {older}` first"):
        Study.open(older)


def test_migrated_is_byte_for_byte_what_this_version_writes(older: Path) -> None:
    before = {name: load_study(older).table(name, current=False) for name in ("neurons", "facts")}
    done = migrate(older)
    assert done.found == 1
    fresh, now = managed.tree(older.parent / "new"), managed.tree(older)
    assert now.pop("trash/comparisons.parquet") and "comparisons.parquet" not in now
    fresh.pop("comparisons.parquet")
    manifest, _ = now.pop("study.json"), fresh.pop("study.json")
    assert now == fresh and manifest
    for name, frame in before.items():
        pd.testing.assert_frame_equal(load_study(older).table(name, current=False), frame)
    for path in older.glob("runs/*/*.parquet"):
        wanted = arrow_schema(TABLES[path.stem])
        stored = pq.read_schema(path)
        assert stored.metadata == wanted.metadata and stored.names == wanted.names
        assert [f.nullable for f in stored] == [f.nullable for f in wanted]
    assert json.loads((older / "study.json").read_text())["migrated_from"] == [1]
    Study.open(older)
    assert migrate(older).files.empty


def test_a_dry_run_says_the_same_and_touches_nothing(older: Path) -> None:
    before = managed.tree(older)
    said = migrate(older, dry_run=True)
    assert managed.tree(older) == before
    pd.testing.assert_frame_equal(said.files, migrate(older).files)


def test_alignment_is_derived_from_the_facts_or_left_and_said(older: Path) -> None:
    copy = older.parent / "copy"
    shutil.copytree(older, copy)
    migrate(older)
    assert load_study(older).notes(MCQ)["options_aligned"] is True
    facts = copy / "facts" / "sha256_f.parquet"
    facts.unlink()
    said = migrate(copy).files.set_index("what")["action"]
    assert "does not say whether options are aligned" in said[f"runs/{MCQ}"]
    assert "options_aligned" not in load_study(copy).notes(MCQ)


def test_shuffled_options_are_not_aligned(tmp_path: Path) -> None:
    study = Study.open(tmp_path / "s")
    ids = [["JPY", "unaligned-1"], ["JPY", "unaligned-1"]]
    study.add_facts(samples.fact_rows().assign(option_ids=ids), managed.FACTS_HASH)
    with study.run(managed.spec(analysis="mcq", data_hash=managed.FACTS_HASH)) as run:
        run.write_table("predictions", managed.predictions())
    managed.older(study.path)
    migrate(study.path)
    assert load_study(study.path).notes(MCQ)["options_aligned"] is False


def test_unfinished_runs_are_left_and_begin_again(tmp_path: Path) -> None:
    study = Study.open(tmp_path / "s")
    with pytest.raises(KeyboardInterrupt), study.run(managed.spec()) as run:
        run.save_progress(1, {}, force=True)
        raise KeyboardInterrupt
    managed.older(study.path)
    said = migrate(study.path).files.set_index("what")["action"]
    assert "left: unfinished" in said[f"runs/{run.run_id}"]
    managed.write(Study.open(study.path), managed.spec(), 0.5)
    assert migrate(study.path).files.empty


def test_a_run_of_this_schema_in_an_older_study_is_kept_as_it_is(older: Path) -> None:
    fresh = older.parent / "new" / "runs" / managed.spec("grpo").run_id
    shutil.rmtree(older / "runs" / fresh.name)
    shutil.copytree(fresh, older / "runs" / fresh.name)
    assert f"runs/{fresh.name}" not in set(migrate(older).files["what"])


def test_a_reader_with_an_older_record_reads_the_rewritten_file(older: Path) -> None:
    record = load_study(older).records()[0]
    migrate(older)
    assert len(record.read_file("ablations.parquet")) > 0  # not called damaged


def test_a_reader_of_a_run_that_went_is_told(older: Path) -> None:
    record = load_study(older).records()[0]
    shutil.rmtree(record.folder)
    with pytest.raises(InterpError, match=rf"run {record.run_id} is gone: it was renamed"):
        record.read_file("ablations.parquet")


def test_comparisons_of_other_columns_name_the_cure(older: Path) -> None:
    path = older / "comparisons.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["method"]), path)
    with pytest.raises(InterpError, match="interp study migrate"):
        load_study(older).table("comparisons")
    migrate(older)
    assert load_study(older).table("comparisons").empty
    assert (older / "trash" / "schema-1" / "comparisons.parquet").exists()


def test_damage_is_named_and_the_study_stays_older(older: Path) -> None:
    path = older / "runs" / managed.spec("grpo").run_id / "neurons.parquet"
    path.write_bytes(path.read_bytes()[:-9])
    before = managed.tree(older)
    for dry_run in (True, False):
        with pytest.raises(InterpError, match=r"neurons\.parquet is damaged"):
            migrate(older, dry_run=dry_run)
        if dry_run:
            assert managed.tree(older) == before
    assert json.loads((older / "study.json").read_text())["schema_version"] == 1
    assert len(load_study(older).table("ablations")) == 6  # the others are read as before


def test_a_newer_study_or_none_is_refused(older: Path) -> None:
    manifest = older / "study.json"
    newer = {**json.loads(manifest.read_text()), "schema_version": SCHEMA_VERSION + 1}
    manifest.write_text(json.dumps(newer))
    with pytest.raises(InterpError, match="update interp"):
        migrate(older)
    with pytest.raises(InterpError, match="no study at"):
        migrate(older / "absent")
    assert not (older / "absent").exists()


def test_another_writer_is_refused(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from interp.study.locking import writer_lock

    monkeypatch.setenv("INTERP_LOCK_SECONDS", "0.1")
    with writer_lock(older, "a test"), pytest.raises(InterpError, match="is being written by"):
        migrate(older)


def test_a_table_takes_only_the_steps_it_has_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kill leaves rewritten tables beside a record of the older schema."""
    import pyarrow as pa

    from interp.study.manage.migrate import _through

    taken: list[str] = []

    def step(name: str, table: pa.Table) -> pa.Table:
        taken.append(name)
        return table

    monkeypatch.setitem(_through.__globals__, "STEPS", {1: STEPS[1].__class__("", step, None)})
    for version in (b"1", b"2"):
        _through("t" + version.decode(), pa.table({"a": [1]}).replace_schema_metadata(
            {b"schema_version": version}), 1)  # fmt: skip
    assert taken == ["t1"]
