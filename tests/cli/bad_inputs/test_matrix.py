"""Every mistake of the table: one line, exit code 2, nothing touched, nothing loaded in vain."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from interp.cli.app import build as build_app
from tests.cli.bad_inputs.case import Case, commit, prepare
from tests.cli.bad_inputs.cases import CASES
from tests.cli.bad_inputs.world import World, build, everything_below


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return build(tmp_path_factory.mktemp("bad") / "world")


_MARKED = [
    pytest.param(case, id=case.name, marks=[pytest.mark.slow] if case.slow else [])
    for case in CASES
]


@pytest.mark.parametrize("case", _MARKED)
def test_one_line_and_nothing_touched(case: Case, world: World, tmp_path: Path) -> None:
    where = prepare(case, world, tmp_path / "case")
    watched = (world.root, tmp_path / "case")
    before = everything_below(*watched)
    told = commit(case, where)
    assert told.code == 2, told
    lines = told.err.splitlines()
    if case.loads:  # what the analysis itself had to say while it prepared
        lines = [line for line in lines if not line.startswith("interp ")]
    assert len(lines) == 1 and lines[0].startswith("error: "), told.err
    assert lines[0].isprintable() and told.beside == (), told
    for word in case.words:
        assert word.format(**where.names) in lines[0], lines[0]
    assert lines[0].count("adapter '") <= 1, lines[0]  # a wrong adapter is not its own base
    assert len(lines[0]) < 1700, lines[0]
    assert everything_below(*watched) == before
    assert told.loaded == case.loads, "weights were read in vain" if told.loaded else "not read"


def test_every_name_is_used_once() -> None:
    assert [name for name, times in Counter(case.name for case in CASES).items() if times > 1] == []


def test_every_command_is_in_the_table() -> None:
    app = build_app()
    known = {c.name or c.callback.__name__ for c in app.registered_commands if c.callback}
    for group in app.registered_groups:
        inner = group.typer_instance
        names = [c.name or c.callback.__name__ for c in inner.registered_commands if c.callback]
        known |= {f"{group.name} {name}" for name in names}
    used = {" ".join(case.line.split()[:n]) for case in CASES for n in (1, 2)}
    assert known - used == set()
