"""Files of a study that name other files: no name in them leads out of the study."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from interp.errors import InterpError
from interp.study import Study, load_study
from interp.study.manage import merge_studies, rename_label, rename_study
from interp.study.manage.rewrite import carry
from tests.study import managed

BASE = managed.spec("base").run_id


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return managed.make(tmp_path / "s", small=True)


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A file of the user beside the study."""
    (tmp_path / "mine").mkdir()
    path = tmp_path / "mine" / "thesis.txt"
    path.write_text("years of work")
    return path


def edit(path: Path, change: Callable[[Any], Any]) -> None:
    data = json.loads(path.read_text())
    path.write_text(json.dumps(change(data) or data))


def refused(work: Callable[[], object], *words: str) -> None:
    with pytest.raises(InterpError) as caught:
        work()
    said = str(caught.value)
    assert "is damaged" in said and "\n" not in said, said
    assert all(word in said for word in words), said


@pytest.mark.parametrize("through", ["absolute", "up", "hidden", "inside", "empty", "nul"])
def test_a_record_cannot_name_a_file_elsewhere(
    study: Study, victim: Path, tmp_path: Path, through: str
) -> None:
    name = {
        "absolute": str(victim), "up": "../../../mine/thesis.txt", "hidden": ".lock",
        "inside": "x/y.safetensors", "empty": "", "nul": "a\0b",
    }[through]  # fmt: skip
    about = {"sha256": hashlib.sha256(victim.read_bytes()).hexdigest(), "bytes": 1}
    edit(study.path / "runs" / BASE / "run.json", lambda d: d["files"].update({name: about}))
    refused(lambda: merge_studies(tmp_path / "new", [study.path]), "run.json", "files names")
    refused(lambda: rename_label(study.path, "base", "b2"), "run.json")
    assert load_study(study.path).runs().empty  # passed over, never trusted
    assert victim.read_text() == "years of work" and not (tmp_path / "new").exists()


@pytest.mark.parametrize("link", [True, False])
def test_a_copy_never_writes_over_a_file(victim: Path, tmp_path: Path, link: bool) -> None:
    source = tmp_path / "source"
    source.write_text("other")
    with pytest.raises(FileExistsError):
        carry(source, victim, None, link=link)
    assert victim.read_text() == "years of work"


def _interrupted(runs: dict[str, Any], hidden: list[Any], **state: Any) -> dict[str, Any]:
    whole = {"labels": {"base": "b2"}, "runs": runs, "stages": ["base"], "shown": "old", **state}
    return {"arguments": ["rename", "base", "b2"], "hidden": hidden, "state": whole}


@pytest.mark.parametrize(
    "change",
    [
        _interrupted({"../../mine": BASE}, []),
        _interrupted({"../../mine": BASE}, [], shown="new"),
        _interrupted({BASE: "../../mine"}, []),
        _interrupted({BASE: "x"}, ["../x"]),
        _interrupted({BASE: "x"}, [["x"]]),
        _interrupted({BASE: 3}, []),
        _interrupted({".": BASE}, []),
        _interrupted({BASE: BASE}, []),
        _interrupted({BASE: "x"}, [], labels={"base": "c"}),
        _interrupted({BASE: "x"}, [], shown="both"),
        _interrupted({BASE: "x"}, [], stages=[[]]),
        _interrupted({BASE: "x"}, []) | {"state": {}},
        _interrupted({BASE: "x"}, []) | {"state": []},
        _interrupted({BASE: "x"}, []) | {"hidden": "x"},
        _interrupted({BASE: "x"}, []) | {"arguments": "rename"},
        _interrupted({BASE: "x"}, []) | {"arguments": []},
        {"arguments": ["rename", "--study-name", "n"], "hidden": [], "state": {}},
        [],
        {},
    ],
)
def test_a_pending_change_cannot_name_a_folder_elsewhere(
    study: Study, victim: Path, change: Any
) -> None:
    (study.path / "pending.json").write_text(json.dumps(change))
    refused(lambda: rename_label(study.path, "base", "b2"), "pending.json")
    refused(lambda: rename_study(study.path, "n"), "pending.json")
    refused(lambda: load_study(study.path).runs(), "pending.json")
    assert victim.read_text() == "years of work"
    assert (study.path / "runs" / BASE / "run.json").exists()


@pytest.mark.parametrize("shown", ["old", "new"])
def test_a_run_whose_new_folder_is_lost_is_kept(study: Study, shown: str) -> None:
    change = _interrupted({BASE: "lost"}, [], shown=shown)
    (study.path / "pending.json").write_text(json.dumps(change))
    refused(lambda: rename_label(study.path, "base", "b2"), "lost")
    assert (study.path / "runs" / BASE / "neurons.parquet").exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda d: {"spec": {"label": "x"}, "digest": "y"},
        lambda d: d["spec"].pop("seed"),
        lambda d: d["spec"].update(label=3),
        lambda d: d["spec"].update(label="../x"),
        lambda d: d["spec"].update(arguments=[]),
        lambda d: d["spec"].update(model="m"),
        lambda d: d["spec"].update(other=1),
        lambda d: d.update(spec=[]),
        lambda d: d.update(files=[]),
        lambda d: d.update(files={"x.parquet": {}}),
        lambda d: d.update(notes=3),
        lambda d: d.update(finished_at=3),
        lambda d: d.update(schema_version="2"),
        lambda d: d.update(renamed_from=["x"]),
        lambda d: [d],
    ],
)
def test_a_record_without_what_readers_need_is_named(
    study: Study, change: Callable[[Any], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    path = study.path / "runs" / BASE / "run.json"
    data = json.loads(path.read_text())
    new = change(data)
    path.write_text(json.dumps(new if isinstance(new, list) or "spec" in (new or ()) else data))
    assert load_study(study.path).runs().empty
    said = capsys.readouterr().err
    assert "is damaged" in said and str(path) in said and said.count("\n") == 1
    refused(lambda: rename_label(study.path, "base", "b2"), str(path))


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.pop("name"),
        lambda d: d.update(name=3),
        lambda d: d.update(migrated_from=3),
        lambda d: d.update(schema_version=True),
    ],
)
def test_a_manifest_without_what_readers_need_is_named(
    study: Study, change: Callable[[Any], Any]
) -> None:
    edit(study.path / "study.json", lambda d: change(d) and None)
    refused(lambda: load_study(study.path), "study.json")


def test_a_restored_run_is_no_obstacle_to_asking_for_an_unknown_label(study: Study) -> None:
    trail = [{"run_id": BASE, "restored": True}]
    edit(study.path / "runs" / BASE / "run.json", lambda d: d.update(renamed_from=trail))
    with pytest.raises(InterpError, match="unknown label"):
        rename_label(study.path, "nobody", "base")
