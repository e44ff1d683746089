"""Studies brought together: every finished run once, under a name that is its own."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from interp.errors import InterpError
from interp.study import RunSpec, Study, load_study
from interp.study.manage import merge_studies
from interp.study.manage.insert import ADDED, ANOTHER, THERE
from tests.study import managed, samples

BASE = managed.spec("base").run_id
GRPO = managed.spec("grpo").run_id


@pytest.fixture
def target(tmp_path: Path) -> Study:
    return managed.make(tmp_path / "target")


@pytest.fixture
def given(tmp_path: Path) -> Study:
    """Another result of grpo, which an ablation names; a new label; an unfinished run."""
    study = Study.open(tmp_path / "given")
    study.add_facts(samples.fact_rows(), managed.FACTS_HASH)
    study.add_facts(samples.fact_rows(), "sha256:other")
    source = managed.write(study, managed.spec("grpo"), 0.875)
    managed.write(study, managed.spec("sft"), 0.125)
    with study.run(managed.ablation_spec("sft", source, "grpo")) as run:
        run.record("text", {"text_hash": "texthash"})
        run.write_table("ablations", managed.ablations())
    with pytest.raises(KeyboardInterrupt), study.run(managed.spec("sft", seed=9)):
        raise KeyboardInterrupt
    return study


def test_into_a_new_study_everything_keeps_its_name(given: Study, tmp_path: Path) -> None:
    before = managed.tree(given.path)
    done = merge_studies(tmp_path / "new", [given.path]).set_index("run_id")
    assert managed.tree(given.path) == before
    finished = done[done["what"] == ADDED]
    assert (finished["becomes"] == finished.index).all() and len(finished) == 3
    assert done["what"].tolist().count("unfinished: left") == 1
    assert managed.seen(tmp_path / "new") == managed.seen(given.path)
    for name in finished.index:
        for path in (given.path / "runs" / name).iterdir():
            if path.name != "run.json":
                assert path.read_bytes() == (tmp_path / "new/runs" / name / path.name).read_bytes()
    assert len(list((tmp_path / "new" / "facts").iterdir())) == 2
    assert load_study(tmp_path / "new").name == "new"


def test_other_results_of_a_request_stand_beside_each_other(target: Study, given: Study) -> None:
    before = managed.seen(target.path)
    done = merge_studies(target.path, [given.path]).set_index("run_id")
    assert done["what"][GRPO] == ANOTHER and done["becomes"][GRPO] == f"{GRPO}-2"
    after = managed.seen(target.path)
    assert before < after and sum(after.values()) == sum(before.values()) + 3
    reader = load_study(target.path)
    frame = reader.table("neurons", run_id=f"{GRPO}-2")
    assert frame["entropy"][0] == 0.875 and set(frame["run_id"]) == {f"{GRPO}-2"}
    # What named the run names it under its new name, and a request that says so finds it.
    asked = managed.ablation_spec("sft", f"{GRPO}-2", "grpo")
    assert reader.spec(asked.run_id)["arguments"]["source"] == f"{GRPO}-2"
    assert [
        r.data["merged_from"]["study"] for r in reader.records() if "merged_from" in r.data
    ] == ["given"] * 3
    # Whatever was there is as it was.
    assert reader.table("neurons", run_id=GRPO)["entropy"][0] == 0.75


def test_a_second_time_everything_is_there_already(target: Study, given: Study) -> None:
    merge_studies(target.path, [given.path])
    whole = managed.tree(target.path)
    done = merge_studies(target.path, [given.path])
    assert set(done["what"]) == {THERE, "unfinished: left"}
    assert managed.tree(target.path) == whole


def test_arrays_alone_make_another_result(target: Study, tmp_path: Path) -> None:
    other = Study.open(tmp_path / "o")
    with other.run(managed.spec("grpo")) as run:
        run.write_table("neurons", samples.neurons(0.75))
        counts = {"counts": np.arange(24, dtype=np.uint16).reshape(2, 3, 4) + 1}
        run.write_tensors("counts", {**counts, "tokens": np.arange(6)}, {"axes": ["a", "b"]})
    assert merge_studies(target.path, [other.path])["what"].tolist() == [ANOTHER]


def test_ordinals_are_kept_where_they_are_free(target: Study, tmp_path: Path) -> None:
    done = merge_studies(tmp_path / "new", [target.path]).set_index("run_id")
    assert done["becomes"][f"{BASE}-2"] == f"{BASE}-2"
    assert load_study(tmp_path / "new").table("neurons", label="base")["entropy"][0] == 0.5


def test_one_label_for_two_checkpoints_is_refused_unless_renamed(
    target: Study, tmp_path: Path
) -> None:
    other = Study.open(tmp_path / "o")
    model = {"model": "/x", "weights_hash": "sha256:elsewhere"}
    source = managed.write(other, managed.spec("base", model=model), 0.1)
    with other.run(managed.ablation_spec("grpo", source, "base")) as run:
        run.record("text", {"text_hash": "texthash"})
        run.write_table("ablations", managed.ablations())
    before = managed.tree(target.path)
    with pytest.raises(InterpError, match=r"label 'base' .* has other weights .*--rename base="):
        merge_studies(target.path, [other.path])
    with pytest.raises(InterpError, match="other weights"):
        merge_studies(target.path, [other.path], {"base": "grpo"})
    assert managed.tree(target.path) == before
    done = merge_studies(target.path, [other.path], {"base": "theirs"}).set_index("run_id")
    asked = managed.spec("theirs", stage="base", model=model)
    assert done["becomes"][source] == asked.run_id
    again = managed.ablation_spec("grpo", asked.run_id, "theirs")
    with Study.open(target.path).run(again) as run:
        assert run.already_finished


def test_two_sources_with_one_label_for_two_checkpoints_are_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        model = {"model": "/x", "weights_hash": f"sha256:{name}"}
        managed.write(Study.open(tmp_path / name), managed.spec(model=model), 0.1)
    with pytest.raises(InterpError, match="other weights"):
        merge_studies(tmp_path / "new", [tmp_path / "a", tmp_path / "b"])
    assert not (tmp_path / "new").exists()


def test_a_training_log_hashes_other_files_than_an_analysis(target: Study, tmp_path: Path) -> None:
    other = Study.open(tmp_path / "o")
    log = managed.spec(analysis="train", model={"weights_hash": "sha256:adapter"})
    with other.run(log) as run:
        run.write_table("neurons", samples.neurons())
    assert merge_studies(target.path, [other.path])["what"].tolist() == [ADDED]


def test_bad_input_is_refused_before_anything_is_written(
    target: Study, given: Study, tmp_path: Path
) -> None:
    before = managed.tree(target.path)
    older = tmp_path / "older"
    shutil.copytree(given.path, older)
    managed.older(older)
    (tmp_path / "empty").mkdir()
    for sources, labels, said in (
        ([], {}, "no study to merge"),
        ([target.path], {}, "is the target itself"),
        ([tmp_path / "x" / ".." / "target"], {}, "is the target itself"),
        ([given.path, given.path], {}, "given twice"),
        ([older], {}, "interp study migrate --study .*older"),
        ([tmp_path / "empty"], {}, "is not a study"),
        ([tmp_path / "absent"], {}, "no study at"),
        ([given.path], {"nobody": "x"}, "unknown label in the studies to merge 'nobody'"),
        ([given.path], {"sft": "../x"}, "cannot name a folder"),
    ):
        with pytest.raises(InterpError, match=said) as caught:
            merge_studies(target.path, sources, labels)
        assert "\n" not in str(caught.value)
    assert managed.tree(target.path) == before


def test_damage_on_either_side_is_named(target: Study, given: Study) -> None:
    path = given.path / "runs" / managed.spec("sft").run_id / "counts.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    with pytest.raises(InterpError, match=r"given.*counts\.safetensors is damaged"):
        merge_studies(target.path, [given.path])
    reader = load_study(target.path)
    assert managed.spec("sft").run_id not in set(reader.runs()["run_id"])
    assert not (target.path / ".staging").exists()
    held = target.path / "runs" / GRPO / "counts.safetensors"
    twin = Study.open(given.path.parent / "twin")
    managed.write(twin, managed.spec("grpo"), 0.75)
    held.write_bytes(b"")
    with pytest.raises(InterpError, match=r"target.*counts\.safetensors is damaged"):
        merge_studies(target.path, [twin.path])


def test_facts_of_one_hash_that_differ_are_refused(target: Study, tmp_path: Path) -> None:
    other = Study.open(tmp_path / "o")
    other.add_facts(samples.fact_rows().assign(answer="x"), managed.FACTS_HASH)
    with pytest.raises(InterpError, match="of one hash and hold other facts"):
        merge_studies(target.path, [other.path])


def test_a_full_or_read_only_target_is_one_line_and_nothing_half(
    mount_disk: Callable[[str], Path], given: Study, tmp_path: Path
) -> None:
    disk = mount_disk("256k")
    target = managed.make(disk / "s", small=True)
    big = {"counts": np.random.default_rng(0).normal(size=1 << 15)}
    with given.run(RunSpec(**{**managed.spec("zz").to_dict()})) as run:
        run.write_tensors("counts", big)
    before = managed.seen(target.path)
    with pytest.raises(InterpError, match="no space left") as caught:
        merge_studies(target.path, [given.path])
    assert "\n" not in str(caught.value)
    assert before <= managed.seen(target.path) and not (target.path / ".staging").exists()
    assert not any(r.spec["label"] == "zz" for r in load_study(target.path).records())
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    with pytest.raises(InterpError, match="Read-only file system"):
        merge_studies(target.path, [given.path])


def _imported(folder: Path, name: str | None, n_layers: int = 5) -> Path:
    """A study with one imported run, whose weights nobody knows."""
    study = Study.open(folder)
    asked = managed.spec(data_hash=f"sha256:{name}{n_layers}", model={"model": name})
    with study.run(asked) as run:
        run.record("shape", {"n_layers": n_layers, "d_mlp": None})
    return folder


def test_imported_results_of_two_checkpoints_under_one_label_are_refused(tmp_path: Path) -> None:
    first = _imported(tmp_path / "a", "x/one")
    for number, (name, layers, said) in enumerate(
        [("x/two", 5, r"another model .*x/two and x/one"), (None, 6, r"another n_layers .*6 and 5")]
    ):
        other = _imported(tmp_path / f"b{number}", name, layers)
        for sources in ([first, other], [other, first]):
            with pytest.raises(InterpError, match="two checkpoints need two labels") as no:
                merge_studies(tmp_path / "new", sources)
        assert "\n" not in str(no.value) and not (tmp_path / "new").exists()
        with pytest.raises(InterpError, match=said):
            merge_studies(first, [other])
    done = merge_studies(first, [other], {"base": "other"})
    assert done["what"].tolist() == [ADDED]


def test_imported_results_are_merged_where_nothing_speaks_against_it(tmp_path: Path) -> None:
    first = _imported(tmp_path / "a", "x/one")
    (other,) = merge_studies(first, [_imported(tmp_path / "b", None)])["what"]
    assert other == ADDED
    # Computed here (weights known) and imported: the name decides.
    here = Study.open(tmp_path / "here")
    managed.write(here, managed.spec(model={"model": "x/one", "weights_hash": "sha256:w"}), 0.5)
    assert merge_studies(first, [here.path])["what"].tolist() == [ADDED]
    # The label has the same weights in both: an import beside them is as the source says.
    _imported(tmp_path / "here", "x/alias")
    again = merge_studies(first, [here.path])
    assert sorted(again["what"]) == [ADDED, THERE]
    assert set(merge_studies(first, [here.path])["what"]) == {THERE}
