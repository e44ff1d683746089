"""Damaged files of a study: named with what to do, and everything else stays usable."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from interp.errors import InterpError
from interp.study import Study, load_study, study_summary
from interp.study.manage import Selection, check_study, remove_runs, rename_label, restore_run
from interp.study.progress import PROGRESS
from tests.cli.conftest import fingerprint, refused
from tests.command import Interp
from tests.study import managed, samples

GRPO = managed.spec("grpo").run_id
BASE = managed.spec("base").run_id


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def noise(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 3)


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return managed.make(tmp_path / "s")


DAMAGES = (truncate, empty, noise)


@pytest.mark.parametrize("damage", DAMAGES)
def test_one_damaged_record_costs_itself_only(
    study: Study, damage: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    before = {run for run in study.runs()["run_id"]}
    damage(study.path / "runs" / GRPO / "run.json")
    reader = load_study(study.path)
    assert set(reader.runs()["run_id"]) == before - {GRPO}
    assert len(reader.table("neurons", label="base")) == 2
    assert len(reader.table("comparisons")) == 3
    err = capsys.readouterr().err
    assert err.count("\n") == 1, "said once in a process"
    assert f"runs/{GRPO}/run.json is damaged" in err and "restore it" in err
    assert f"interp study remove --study {study.path} --run {GRPO} --yes" in err
    shown = study_summary(reader).set_index("run_id")
    assert shown.loc[GRPO, "status"] == "damaged"
    assert set(shown.index) == before | {GRPO}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_new_result_never_goes_into_a_damaged_folder(
    study: Study, damage: Callable[[Path], None]
) -> None:
    folder = study.path / "runs" / GRPO
    damage(folder / "run.json")
    before = fingerprint(folder)
    run_id = managed.write(study, managed.spec("grpo"), 0.125)
    assert run_id == f"{GRPO}-2" and fingerprint(folder) == before
    with study.run(managed.spec("grpo")) as run:
        assert run.already_finished and run.run_id == run_id


def test_a_damaged_run_is_removed_and_comes_back_when_it_is_mended(study: Study) -> None:
    record = study.path / "runs" / GRPO / "run.json"
    whole = record.read_bytes()
    truncate(record)
    with pytest.raises(InterpError, match=rf"{GRPO}/run.json is damaged"):
        rename_label(study.path, "base", "b2")  # which runs are concerned cannot be known
    done = remove_runs(study.path, Selection(runs=(GRPO,)))
    assert done.runs == (GRPO,) and done.place is not None
    rename_label(study.path, "base", "b2")
    moved = done.place / GRPO / "run.json"
    with pytest.raises(InterpError, match=r"run\.json is damaged"):
        restore_run(study.path, GRPO)
    moved.write_bytes(whole)
    assert restore_run(study.path, GRPO) == GRPO
    assert GRPO in set(study.runs()["run_id"])


def test_removing_others_leaves_what_a_damaged_run_needs(study: Study) -> None:
    """Its facts and its comparisons: nobody can know that they are not used."""
    only_user = managed.spec(analysis="mcq", data_hash=managed.FACTS_HASH).run_id
    for run_id in (GRPO, only_user):
        truncate(study.path / "runs" / run_id / "run.json")
    done = remove_runs(study.path, Selection(superseded=True), facts=True)
    assert done.facts == () and len(list((study.path / "facts").glob("*.parquet"))) == 1
    assert done.comparisons == 1  # the row that rested on the superseded run
    assert set(study.table("comparisons")["statistic"]) == {"neurons", "(all)"}


FILES = {
    "record": f"runs/{GRPO}/run.json",
    "table": f"runs/{GRPO}/neurons.parquet",
    "tensors": f"runs/{GRPO}/counts.safetensors",
    "facts": "facts/sha256_f.parquet",
    "comparisons": "comparisons.parquet",
}


def _read(study: Study, what: str) -> object:
    return {
        "record": lambda: study.table("neurons", run_id=GRPO),
        "table": lambda: study.table("neurons", run_id=GRPO),
        "tensors": lambda: study.tensors(GRPO, "counts"),
        "facts": lambda: study.facts(managed.FACTS_HASH),
        "comparisons": lambda: study.table("comparisons"),
    }[what]()


@pytest.mark.parametrize("damage", [truncate, flip, empty, noise])
@pytest.mark.parametrize("what", FILES)
def test_what_is_damaged_is_named_and_the_rest_is_read(
    study: Study, what: str, damage: Callable[[Path], None]
) -> None:
    path = study.path / FILES[what]
    whole = path.read_bytes()
    damage(path)
    if damage is flip and what in ("record", "facts", "comparisons"):
        # No hash is recorded of these; a bit of parquet's own padding or of a text may pass.
        path.write_bytes(whole.replace(b"PAR1", b"PAR2").replace(b"sha256:", b"sha256\xff"))
    with pytest.raises(InterpError) as caught:
        _read(study, what)
    said = str(caught.value)
    assert "\n" not in said
    assert GRPO in said if what == "record" else str(path) in said
    for other in FILES:
        if other != what and (what, other) not in {("record", "table"), ("record", "tensors"),
                                                   ("table", "record")}:  # fmt: skip
            _read(study, other)
    found = check_study(study.path).set_index("what")
    assert found.loc[FILES[what], "state"] == "damaged" and found.loc[FILES[what], "cure"]
    assert (found.drop(FILES[what])["state"] == "sound").all()


@pytest.mark.parametrize("damage", [truncate, flip, empty, noise])
def test_damaged_progress_starts_over_and_says_so(
    study: Study, damage: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    import numpy as np

    asked = samples.spec(label="late")
    with pytest.raises(KeyboardInterrupt), study.run(asked) as run:
        run.save_progress(3, {"x": np.ones(4)}, state={"k": 1}, force=True)
        raise KeyboardInterrupt
    path = run.folder / PROGRESS
    damage(path)
    if damage is flip:  # of numbers: no reader can see it, so of the header here
        path.write_bytes(path.read_bytes().replace(b"F64", b"F6x"))
    with study.run(asked) as run:
        assert run.load_progress() is None
        assert f"{path} is damaged" in capsys.readouterr().err
        run.write_table("neurons", samples.neurons())
    assert not path.exists()


def test_progress_that_a_kill_left_behind_a_finished_run_goes_with_the_next_call(
    study: Study,
) -> None:
    path = study.path / "runs" / GRPO / PROGRESS
    path.write_bytes(b"left between the last two steps of finishing")
    with study.run(managed.spec("grpo")) as run:
        assert run.already_finished
    assert not path.exists()


def test_a_living_writers_file_is_no_leftover(tmp_path: Path) -> None:
    from interp.study.atomic import remove_leftovers, whole_file

    dead = tmp_path / ".x.json.abc.part"
    dead.write_bytes(b"half")
    other = tmp_path / ".y.json.abc.part"
    other.write_bytes(b"half")
    with whole_file(tmp_path / "x.json") as temporary:
        temporary.write_text("{}")
        assert not dead.exists() and other.exists(), "its own leftovers only"
        remove_leftovers(tmp_path)
        assert temporary.exists() and not other.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]


def test_the_commands_go_on_beside_a_damaged_run(
    study: Study, interp: Interp, tmp_path: Path
) -> None:
    (study.path / "runs" / GRPO / "run.json").write_text("{")
    said = interp("study", "check", "--study", study.path)
    assert said.code == 2 and f"runs/{GRPO}/run.json" in said.out
    assert said.err.strip().splitlines()[-1].startswith("error: ") and "1 of" in said.err
    said = interp("show", "--study", study.path)
    assert said.code == 0 and "damaged" in said.out and GRPO in said.out
    said = interp("study", "remove", "--study", study.path, "--run", GRPO)
    assert said.code == 0 and "damaged" in said.out and "--yes" in said.out
    assert interp("study", "remove", "--study", study.path, "--run", GRPO, "--yes").code == 0
    said = interp("study", "check", "--study", study.path)
    assert said.code == 0 and "are what was written" in said.out
    refused(interp("study", "check", "--study", tmp_path / "none"), "no study at")


@pytest.mark.slow
def test_compare_report_and_figures_go_on_beside_a_damaged_run(
    interp: Interp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from interp.study import records
    from tests.dashboards.studies import whole

    folder = whole(tmp_path / "study", stages={"base": "base", "sft": "sft", "grpo": "grpo"})
    (damaged,) = folder.glob("runs/sft-lape-*/run.json")
    damaged.write_text('{"spec": ')
    quick = ("--draws", 100, "--permutations", 99, "--splits", 20)
    for command in (
        ("compare", *quick),
        ("transition", "--draws", 100),
        ("report", "--out", tmp_path / "report.html"),
        ("figures", "--out", tmp_path / "figures", "--only", "study-grid,verdicts"),
        ("show",),
    ):
        monkeypatch.setattr(records, "_TOLD", set())
        said = interp(*command, "--study", folder)
        assert said.code == 0, (command, said.err)
        assert said.err.count(f"{damaged} is damaged") == 1, command
    rows = load_study(folder).table("comparisons")
    assert {"lape", "lahis"} <= set(rows[rows["label"] == "grpo"]["analysis"])
    assert "lape" not in set(rows[(rows["label"] == "sft") & (rows["value"].notna())]["analysis"])


def test_a_damaged_manifest_is_named(study: Study, interp: Interp) -> None:
    manifest = study.path / "study.json"
    data = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(data)[:20])
    for command in (("show",), ("study", "check"), ("report",)):
        refused(interp(*command, "--study", study.path), "study.json is damaged", "restore")
