"""Runs taken out of a study and brought back; what rests on them goes with them, and is said."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from interp.errors import InterpError
from interp.study import Study, load_study
from interp.study.manage import (
    Selection,
    candidates,
    in_trash,
    only_in_trash,
    remove_runs,
    restore_run,
)
from tests.study import managed

FIRST = managed.spec("base").run_id
NEWEST = f"{FIRST}-2"
GRPO = managed.spec("grpo").run_id


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return managed.make(tmp_path / "s")


def run_ids(study: Study) -> set[str]:
    return set(load_study(study.path).runs()["run_id"])


def test_the_listing_says_size_rows_users_and_comparisons(study: Study) -> None:
    before = managed.tree(study.path)
    rows = candidates(study.path, Selection(runs=(NEWEST, FIRST))).set_index("run_id")
    assert rows["status"].to_dict() == {NEWEST: "current", FIRST: "superseded"}
    assert rows["rows"].tolist() == [2, 2] and rows["comparisons"].tolist() == [1, 1]
    users = rows["used_by"][NEWEST]
    assert len(users) == 2 and all("ablation" in user for user in users)
    assert rows["used_by"][FIRST] == []
    folder = study.path / "runs" / FIRST
    assert rows["bytes"][FIRST] == sum(p.stat().st_size for p in folder.iterdir())
    # A user that goes as well is not left without what it names.
    both = candidates(study.path, Selection(label="base")).set_index("run_id")
    assert len(both["used_by"][NEWEST]) == 1
    assert managed.tree(study.path) == before


def test_to_the_trash_and_back(study: Study) -> None:
    before, whole = managed.seen(study.path), managed.tree(study.path)
    done = remove_runs(study.path, Selection(runs=(NEWEST,)))
    assert done.runs == (NEWEST,) and done.comparisons == 1 and done.facts == ()
    assert done.place is not None and (done.place / NEWEST / "run.json").exists()
    assert NEWEST not in run_ids(study)
    # The earlier result is current again, and its comparison stays.
    assert load_study(study.path).table("neurons", label="base")["entropy"][0] == 0.25
    left = load_study(study.path).table("comparisons")
    assert left["base_run"].tolist() == [FIRST, ""]
    trash = in_trash(study.path)
    assert trash["run_id"].tolist() == [NEWEST] and trash["label"].tolist() == ["base"]
    assert restore_run(study.path, NEWEST) == NEWEST
    assert managed.seen(study.path) == before and not (study.path / "trash").exists()
    after = managed.tree(study.path)
    whole.pop("comparisons.parquet"), after.pop("comparisons.parquet")
    assert after == whole


def test_a_removed_ordinal_does_not_hide_the_newer_result(study: Study) -> None:
    remove_runs(study.path, Selection(runs=(FIRST,)))
    with study.run(managed.spec("base")) as run:
        assert run.already_finished and run.run_id == NEWEST
    with study.run(managed.spec("base"), overwrite=True) as run:
        assert run.run_id == f"{FIRST}-3"  # the name of what is in the trash stays its own
        run.write_table("neurons", managed.samples.neurons())


def test_superseded_and_unfinished_and_a_folder_without_a_record(study: Study) -> None:
    with pytest.raises(KeyboardInterrupt), study.run(managed.spec("sft")) as run:
        run.save_progress(1, {}, force=True)
        raise KeyboardInterrupt
    (study.path / "runs" / "killed-lape-default-00000000").mkdir()
    rows = candidates(study.path, Selection(unfinished=True))
    assert rows["status"].tolist() == ["no record", "unfinished"]
    assert remove_runs(study.path, Selection(superseded=True)).runs == (FIRST,)
    gone = remove_runs(study.path, Selection(unfinished=True))
    assert gone.runs == ("killed-lape-default-00000000", run.run_id)
    assert restore_run(study.path, run.run_id) == run.run_id  # its progress comes back with it
    with study.run(managed.spec("sft")) as again:
        assert again.load_progress() is not None
        again.write_table("neurons", managed.samples.neurons())


def test_a_label_goes_with_all_comparisons_that_name_it(study: Study) -> None:
    done = remove_runs(study.path, Selection(label="grpo"))
    assert set(load_study(study.path).runs()["label"]) == {"base"}
    assert done.comparisons == 3 and load_study(study.path).table("comparisons").empty


def test_facts_stay_unless_asked_and_come_back_with_their_run(study: Study) -> None:
    mcq = managed.spec(analysis="mcq", data_hash=managed.FACTS_HASH).run_id
    done = remove_runs(study.path, Selection(runs=(FIRST,)), facts=True)
    assert done.facts == ()  # a run uses them
    done = remove_runs(study.path, Selection(runs=(mcq,)), facts=True)
    assert done.facts == ("sha256_f",) and load_study(study.path).table("facts").empty
    restore_run(study.path, mcq)
    assert len(load_study(study.path).facts(managed.FACTS_HASH)) == 2
    remove_runs(study.path, Selection(runs=(mcq,)))
    assert len(load_study(study.path).facts(managed.FACTS_HASH)) == 2


def test_purged_is_gone_also_from_the_trash(study: Study) -> None:
    remove_runs(study.path, Selection(runs=(FIRST,)))
    done = remove_runs(study.path, Selection(runs=(FIRST, GRPO)), purge=True)
    assert done.runs == (GRPO,) and done.place is None
    assert in_trash(study.path).empty and not (study.path / "trash").exists()
    assert not (study.path / ".purged").exists()
    with pytest.raises(InterpError, match="unknown run in the trash"):
        restore_run(study.path, GRPO)


def test_restored_beside_a_newer_result_of_its_name(study: Study) -> None:
    remove_runs(study.path, Selection(runs=(GRPO,)))
    managed.write(study, managed.spec("grpo"), 0.0)
    assert restore_run(study.path, GRPO) == f"{GRPO}-2"
    reader = load_study(study.path)
    assert reader.table("neurons", run_id=f"{GRPO}-2")["entropy"][0] == 0.75
    assert set(reader.table("neurons", run_id=f"{GRPO}-2")["run_id"]) == {f"{GRPO}-2"}
    # It was computed earlier, so the other one is current.
    assert reader.table("neurons", label="grpo")["entropy"][0] == 0.0
    assert restore_run(study.path, GRPO) == f"{GRPO}-2"  # again says the same


def test_the_last_removed_of_a_name_comes_back_first(study: Study) -> None:
    remove_runs(study.path, Selection(runs=(GRPO,)))
    managed.write(study, managed.spec("grpo"), 0.0)
    remove_runs(study.path, Selection(runs=(GRPO,)))
    assert in_trash(study.path)["run_id"].tolist() == [GRPO, GRPO]
    assert restore_run(study.path, GRPO) == GRPO
    assert load_study(study.path).table("neurons", label="grpo")["entropy"][0] == 0.0
    assert len(in_trash(study.path)) == 1


def test_an_identical_result_is_not_doubled_by_restoring(study: Study) -> None:
    remove_runs(study.path, Selection(runs=(GRPO,)))
    managed.write(study, managed.spec("grpo"), 0.75)
    assert restore_run(study.path, GRPO) == GRPO
    assert in_trash(study.path).empty
    assert sum(name.startswith(GRPO) for name in run_ids(study)) == 1


def test_bad_selections_are_refused_and_nothing_changes(study: Study) -> None:
    before = managed.tree(study.path)
    for selection in ({}, {"label": "base", "superseded": True}):
        with pytest.raises(InterpError, match="expected exactly one"):
            Selection(**selection)
    for selection, said in (
        (Selection(runs=("x",)), "unknown run in study"),
        (Selection(runs=("../runs",)), "unknown run in study"),
        (Selection(runs=(FIRST, "..")), "unknown run in study"),
        (Selection(label="x"), "unknown label in study .* expected one of base, grpo"),
    ):
        with pytest.raises(InterpError, match=said) as caught:
            remove_runs(study.path, selection, purge=True)
        assert "\n" not in str(caught.value)
    with pytest.raises(InterpError, match="no study at"):
        remove_runs(study.path / "nowhere", Selection(superseded=True))
    with pytest.raises(InterpError, match="unknown run in the trash"):
        restore_run(study.path, "../runs/" + FIRST)
    assert managed.tree(study.path) == before
    assert not (study.path / "nowhere").exists()


def test_restoring_below_a_newer_schema_asks_for_a_migration(study: Study) -> None:
    managed.older(study.path)
    manifest = study.path / "study.json"
    manifest.write_text(manifest.read_text().replace('"schema_version": 1', '"schema_version": 2'))
    remove_runs(study.path, Selection(runs=(GRPO,)))
    with pytest.raises(InterpError, match="interp study migrate"):
        restore_run(study.path, GRPO)
    from interp.study.manage import migrate

    assert f"/{GRPO}" in "".join(migrate(study.path).files["what"])
    assert restore_run(study.path, GRPO) == GRPO


def test_a_full_disk_can_be_freed(mount_disk: Callable[[str], Path]) -> None:
    disk = mount_disk("512k")
    study = managed.make(disk / "s")
    with pytest.raises(OSError), (disk / "ballast").open("wb", buffering=0) as ballast:
        while True:
            ballast.write(b"x" * 512)
    with pytest.raises(InterpError, match="no space left"):
        Study.open(study.path)
    assert remove_runs(study.path, Selection(superseded=True), purge=True).runs == (FIRST,)
    Study.open(study.path)


def test_a_missing_comparisons_table_is_no_obstacle(study: Study) -> None:
    (study.path / "comparisons.parquet").unlink()
    rows = candidates(study.path, Selection(superseded=True))
    assert rows["comparisons"].tolist() == [0]
    assert remove_runs(study.path, Selection(superseded=True)).comparisons == 0
    pd.testing.assert_series_equal(
        load_study(study.path).runs()["status"], pd.Series(["current"] * 6, name="status")
    )


def test_a_purge_of_a_run_in_the_study_leaves_its_namesake_in_the_trash(study: Study) -> None:
    remove_runs(study.path, Selection(runs=(GRPO,)))
    managed.write(study, managed.spec("grpo"), 0.0)
    assert only_in_trash(study.path, Selection(runs=(GRPO,)), [GRPO]).empty
    done = remove_runs(study.path, Selection(runs=(GRPO,)), purge=True)
    assert done.runs == (GRPO,) and done.from_trash == ()
    assert in_trash(study.path)["run_id"].tolist() == [GRPO]
    # Now it is only there: what goes is listed and said.
    assert len(only_in_trash(study.path, Selection(runs=(GRPO, FIRST)), [FIRST])) == 1
    done = remove_runs(study.path, Selection(runs=(GRPO,)), purge=True)
    assert done.runs == () and done.from_trash == (GRPO,) and in_trash(study.path).empty


@pytest.mark.parametrize("copies", [0, 2])
def test_a_killed_purge_of_single_runs_goes_on_and_takes_no_more(
    tmp_path: Path, copies: int
) -> None:
    original = managed.make(tmp_path / "o", small=True)
    managed.write(original, managed.spec("sft"), 0.5)
    for value in range(copies or 1):
        remove_runs(original.path, Selection(runs=(FIRST,)))
        if not copies or value < copies - 1:
            managed.write(original, managed.spec(), float(value))

    def purge(path: Path) -> object:
        return remove_runs(path, Selection(runs=(FIRST,)), purge=True)

    shutil.copytree(original.path, tmp_path / "whole")
    steps = managed.count_steps(lambda: purge(tmp_path / "whole"))
    after = managed.tree(tmp_path / "whole")
    assert len(in_trash(tmp_path / "whole")) == (0 if copies else 1)
    for step in range(1, steps + 1):
        place = tmp_path / f"killed-{step}"
        shutil.copytree(original.path, place)
        managed.killed_at(step, lambda place=place: purge(place))
        going = [place / "runs" / FIRST, place / ".purged" / FIRST]
        if copies or any(folder.exists() for folder in going):
            with contextlib.suppress(InterpError):  # all done: the run is unknown now
                purge(place)
            assert managed.tree(place) == after, step


def test_facts_that_went_after_their_run_come_back_with_it(study: Study) -> None:
    mcq = managed.spec(analysis="mcq", data_hash=managed.FACTS_HASH).run_id
    remove_runs(study.path, Selection(runs=(mcq,)))
    done = remove_runs(study.path, Selection(superseded=True), facts=True)
    assert done.facts == ("sha256_f",)
    restore_run(study.path, mcq)
    assert len(load_study(study.path).facts(managed.FACTS_HASH)) == 2


def test_a_rerun_finds_the_current_result_after_an_older_one_came_back(study: Study) -> None:
    remove_runs(study.path, Selection(runs=(GRPO,)))
    managed.write(study, managed.spec("grpo"), 0.0)
    assert restore_run(study.path, GRPO) == f"{GRPO}-2"
    with study.run(managed.spec("grpo")) as run:
        assert run.already_finished and run.run_id == GRPO
        current = load_study(study.path).runs().set_index("run_id")["current"]
        assert current[run.run_id]
