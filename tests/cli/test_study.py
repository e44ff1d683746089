"""``interp study`` as a user calls it: what it prints, what it refuses, what it leaves alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from interp.study import load_study
from tests.cli.conftest import fingerprint, refused
from tests.command import Interp
from tests.study import managed

FIRST = managed.spec("base").run_id
GRPO = managed.spec("grpo").run_id


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return managed.make(tmp_path / "s").path


def test_rename_says_every_new_name_and_what_to_ask_for(interp: Interp, folder: Path) -> None:
    said = interp("study", "rename", "--study", folder, "base", "b2")
    assert said.code == 0 and said.err == ""
    for run in load_study(folder).records():
        if run.spec["label"] == "b2":
            assert f"is now {run.run_id}" in said.out
    assert "--label b2 --stage base" in said.out
    again = interp("study", "rename", "--study", folder, "base", "b2")
    assert again.code == 0 and "completed what had been interrupted" in again.out


def test_the_study_itself_is_renamed(interp: Interp, folder: Path) -> None:
    said = interp("study", "rename", "--study", folder, "--study-name", "mine")
    assert said.code == 0 and "s is now mine" in said.out
    assert load_study(folder).name == "mine"


def test_remove_lists_first_and_its_line_does_it(interp: Interp, folder: Path) -> None:
    before = fingerprint(folder)
    said = interp("study", "remove", "--study", folder, "--run", FIRST)
    assert said.code == 0 and fingerprint(folder) == before
    assert FIRST in said.out and "superseded" in said.out and "nothing was touched" in said.out
    line = next(part for part in said.out.splitlines() if "to do it: " in part)
    command = line.split("to do it: ")[1].split()
    assert command == f"interp study remove --study {folder} --run {FIRST} --yes".split()
    done = interp(*command[1:])
    assert done.code == 0 and f"removed {FIRST}" in done.out
    assert "removed 1 rows of comparisons" in done.out
    assert f"interp study restore --study {folder} {FIRST}" in done.out
    listed = interp("study", "restore", "--study", folder)
    assert FIRST in listed.out
    back = interp("study", "restore", "--study", folder, FIRST)
    assert f"{FIRST} is back" in back.out and (folder / "runs" / FIRST / "run.json").exists()
    assert "is empty" in interp("study", "restore", "--study", folder).out


def test_a_purge_lists_and_says_what_goes_from_the_trash(interp: Interp, folder: Path) -> None:
    purge = ("study", "remove", "--study", folder, "--run", FIRST, "--purge")
    interp("study", "remove", "--study", folder, "--run", FIRST, "--yes")
    before = fingerprint(folder)
    said = interp("study", "remove", "--study", folder, "--run", FIRST)
    assert "--purge deletes what is in the trash" in said.out
    said = interp(*purge)
    assert "from the trash" in said.out and FIRST in said.out and "to do it: " in said.out
    assert fingerprint(folder) == before
    assert f"deleted {FIRST} from the trash" in interp(*purge, "--yes").out


def test_restoring_what_was_never_removed_says_so(interp: Interp, folder: Path) -> None:
    before = fingerprint(folder)
    said = interp("study", "restore", "--study", folder, FIRST)
    assert said.code == 0 and "is in the study" in said.out and "nothing to restore" in said.out
    assert "is back" not in said.out and fingerprint(folder) == before


def test_nothing_to_remove_says_so(interp: Interp, folder: Path) -> None:
    said = interp("study", "remove", "--study", folder, "--unfinished")
    assert said.code == 0 and "no run of study" in said.out


def test_merge_says_what_became_of_every_run(interp: Interp, folder: Path, tmp_path: Path) -> None:
    other = managed.make(tmp_path / "other").path
    before = fingerprint(other)
    said = interp("study", "merge", "--study", folder, other, "--rename", "grpo=g2")
    assert said.code == 0, said.err
    assert "added" in said.out and "there already" in said.out and fingerprint(other) == before
    assert set(load_study(folder).runs()["label"]) == {"base", "grpo", "g2"}


def test_migrate_tells_first_and_does_it_then(interp: Interp, folder: Path) -> None:
    managed.older(folder)
    before = fingerprint(folder)
    dry = interp("study", "migrate", "--study", folder, "--dry-run")
    assert dry.code == 0 and "nothing was touched" in dry.out and fingerprint(folder) == before
    refused(
        interp("study", "rename", "--study", folder, "base", "b2"),
        f"`interp study migrate --study {folder}` first",
    )
    done = interp("study", "migrate", "--study", folder)
    assert done.code == 0 and "version raised, last of all" in done.out
    assert "nothing to do" in interp("study", "migrate", "--study", folder).out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rename"], ["expected the label and its new name"]),
        (["rename", "base"], ["expected the label and its new name"]),
        (["rename", "base", "grpo"], ["label 'grpo' is taken"]),
        (["rename", "base", "../x"], ["cannot name a folder"]),
        (["rename", "base", "x", "--study-name", "y"], ["expected one of them"]),
        (["remove"], ["--superseded", "expected exactly one"]),
        (["remove", "--label", "base", "--superseded"], ["2 of --run", "expected exactly one"]),
        (["remove", "--run", "../.."], ["unknown run", FIRST]),
        (["remove", "--label", "sft", "--yes"], ["unknown label", "base, grpo"]),
        (["restore", "nothing"], ["unknown run in the trash"]),
        (["merge", "nowhere"], ["no study at nowhere"]),
        (["merge", "nowhere", "--rename", "a"], ["expected old=new"]),
        (["merge"], ["see 'interp study merge --help'"]),
        (["migrate", "--to", "3"], ["--to"]),
    ],
)
def test_mistakes_are_one_line_and_touch_nothing(
    interp: Interp, folder: Path, arguments: list[str], words: list[str]
) -> None:
    before = fingerprint(folder)
    verb, *rest = arguments
    refused(interp("study", verb, "--study", folder, *rest), *words)
    assert fingerprint(folder) == before
