"""Groups of options: what typer sees of them, and what a command gets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

from interp.cli import options as o
from interp.cli.choices import RunChoice, with_choices


@dataclass(frozen=True, kw_only=True)
class Cup:
    """A group with a required option and one with a default."""

    size: Annotated[int, typer.Option(min=1, rich_help_panel="Cup")]
    material: Annotated[str, typer.Option(rich_help_panel="Cup")] = "clay"


@dataclass(frozen=True, kw_only=True)
class Mug(Cup):
    """The same with another default and one option more."""

    material: Annotated[str, typer.Option(rich_help_panel="Cup")] = "tin"
    handle: Annotated[bool, typer.Option("--handle")] = False


got: list[Any] = []


@with_choices
def pour(*, mug: Mug, tea: Annotated[str, typer.Option()] = "green", run: RunChoice) -> None:
    """Pour."""
    got.append((mug, tea, run))


def call(*arguments: str) -> Any:
    """Run the command; gives typer's result."""
    app = typer.Typer()
    app.command()(pour)
    got.clear()
    return CliRunner().invoke(app, list(arguments))


def test_a_command_gets_its_groups_filled() -> None:
    said = call("--size", "3", "--handle", "--tea", "black", "--batch-size", "7", "--limit", "2")
    assert said.exit_code == 0, said.output
    assert got == [(Mug(size=3, handle=True), "black", RunChoice(batch_size="7", limit=2))]
    assert got[0][0].material == "tin"
    assert got[0][2].rows() == 7 and got[0][2].codes() is None


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--tea", "black"), "--size"),
        (("--size", "0"), "than or equal to 1"),
        (("--size", "x"), "integer"),
    ],
)
def test_what_the_fields_ask_is_asked(arguments: tuple[str, ...], reason: str) -> None:
    said = call(*arguments)
    assert said.exit_code == 2 and reason in said.output and not got


def test_help_shows_every_option_of_every_group_once() -> None:
    said = call("--help").output
    for option in ("--size", "--material", "--handle", "--tea", "--study", "--seed", "--limit"):
        assert said.count(f"{option} ") == 1, option
    assert "Cup" in said and "tin" in said and "clay" not in said


def test_two_options_of_one_name_are_a_mistake_of_the_programmer() -> None:
    def twice(*, cup: Cup, size: o.SeedOption = 0) -> None: ...

    with pytest.raises(TypeError, match=r"for several options: size$"):
        with_choices(twice)
