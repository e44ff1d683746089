"""The crash harness under pytest: a few kills in the gate, all of them with `make test-all`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crash.__main__ import main
from tests.crash.commands import COMMANDS, Command, installed
from tests.crash.contents import contents, differences, leftovers
from tests.crash.disks import MEETINGS, Met, may_mount
from tests.crash.harness import Harness, shares

NAMED = {command.name: command for command in COMMANDS}


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Harness:
    """Inputs, and the server that commands are forked from."""
    return Harness(tmp_path_factory.mktemp("crash"))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "kills"), [("lahis frozen", 3), ("study rename", 2)])
def test_a_few_kills_end_as_a_run_left_alone(harness: Harness, name: str, kills: int) -> None:
    outcome = harness.attack(NAMED[name], kills, seed=1)
    assert not outcome.problems
    assert outcome.identical == len(outcome.kills) == kills
    assert all(0 <= kill.moment <= kill.duration for kill in outcome.kills)


@pytest.mark.long
@pytest.mark.slow
def test_fifty_kills_over_all_commands_are_identical(tmp_path: Path) -> None:
    assert main(["--kills", "50", "--json", str(tmp_path / "x.json")]) == 0
    found = json.loads((tmp_path / "x.json").read_text())
    assert found["kills"] == found["identical"] == 50
    assert {row["command"] for row in found["commands"]} == {one.name for one in installed()}


def _cases() -> list[object]:
    """Every command and obstacle; two commands of each obstacle in the gate."""
    quick = ("lens", "study rename")
    marks = [pytest.mark.slow, pytest.mark.long]
    return [
        pytest.param(
            command,
            obstacle,
            id=f"{command.name}: {obstacle}",
            marks=marks[: 1 if command.name in quick else 2],
        )
        for command in installed()
        for obstacle in MEETINGS
        if command.steps or obstacle != "full, result first"
    ]


@pytest.mark.parametrize(("command", "obstacle"), _cases())
def test_no_room_is_one_line_and_with_room_it_goes_on(
    harness: Harness, tmp_path: Path, command: Command, obstacle: str
) -> None:
    if obstacle != "file too large" and not may_mount(tmp_path / "probe"):
        pytest.skip("mounting a file system is not allowed here")
    home = harness.folder / "disks" / command.name.replace(" ", "-")
    meet: Callable[[Harness, Command, Path], Met] = MEETINGS[obstacle]
    met = meet(harness, command, home / obstacle.replace(", ", "-").replace(" ", "-"))
    assert not met.problems
    if command.name != "study purge":  # it frees room, and needs none
        assert met.refusals or obstacle == "file too large"


def test_kills_are_shared_and_every_command_gets_one() -> None:
    found = shares(COMMANDS, 50, seed=0)
    assert sum(found.values()) == 50 and min(found.values()) == 1
    assert {name for name, number in found.items() if number > 1} <= {
        command.name for command in COMMANDS if command.steps
    }
    assert sum(shares(COMMANDS, 7, seed=0).values()) == 7
    assert shares(COMMANDS, 7, seed=0) != shares(COMMANDS, 7, seed=1)


def test_every_command_that_writes_is_in_the_table() -> None:
    """A new command has to be killed, too, or be named here as one that writes nothing."""
    from typer.main import get_command

    from interp.cli.app import build

    harmless = {
        "verify", "show", "dashboard", "doctor", "presets",
        "study check",
        "demo",  # the commands of the table in a row, minutes long
    }  # fmt: skip
    known = {" ".join(one.arguments.split()[:2]) for one in COMMANDS}
    for name, command in get_command(build()).commands.items():  # type: ignore[attr-defined]
        below = getattr(command, "commands", None)
        for full in [name] if below is None else [f"{name} {one}" for one in below]:
            assert full in harmless or any(
                one == full or one.split()[0] == full for one in known
            ), f"interp {full} is not in tests/crash/commands.py"


def test_what_tells_the_time_is_no_difference_and_all_else_is(tmp_path: Path) -> None:
    def write(folder: Path, started: str, value: int, removed: str) -> Path:
        run = folder / "study" / "runs" / "r"
        run.mkdir(parents=True)
        (run / "run.json").write_text(
            json.dumps({"started_at": started, "notes": {"n": value}, "resumed_at_steps": [value]})
        )
        (folder / "study" / "trash" / removed).mkdir(parents=True)
        (folder / "study" / "trash" / removed / "x").write_text("x")
        rows = [{"metric": "loss", "value": value}, {"metric": "seconds", "value": len(started)}]
        (folder / "train_log.jsonl").write_text("\n".join(map(json.dumps, rows)))
        (folder / "study" / ".lock").write_text("")
        return folder

    one = contents(write(tmp_path / "1", "a", 3, "20260101T000000.1Z"))
    assert one == contents(write(tmp_path / "2", "later", 3, "20270101T000000.2Z"))
    other = contents(write(tmp_path / "3", "a", 4, "20260101T000000.1Z"))
    assert differences(one, other) == ["study/runs/r/run.json", "train_log.jsonl"]


@pytest.mark.parametrize(
    "name", [".lock.holder", ".x.json.abc.part", "progress.safetensors", "pending.json"]
)
def test_a_leftover_is_seen(tmp_path: Path, name: str) -> None:
    (tmp_path / "runs").mkdir()
    assert leftovers(tmp_path) == []
    (tmp_path / "runs" / name).write_text("{}")
    assert leftovers(tmp_path) == [f"runs/{name}"]
