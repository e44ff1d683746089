"""Options and names: any value is valid or an InterpError, and never anything else."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp.cli.options import number_or_word, parse_batch_size, parse_languages
from interp.errors import InterpError
from interp.model.spec import ModelSpec
from interp.presets import PRESETS, preset
from interp.printing.sheet import read_millimetres, read_width
from interp.study import RunSpec
from interp.study.atomic import to_json
from interp.study.spec import check_name, check_stage
from training.command import parse_settings
from training.configs import PRESETS as STAGES
from training.configs import make_config

quick = settings(max_examples=60, deadline=None, derandomize=True)
values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=6), st.binary(max_size=3),
    st.lists(st.integers(), max_size=2), st.dictionaries(st.text(max_size=2), st.integers(), max_size=1),
)  # fmt: skip


@pytest.mark.parametrize("analysis", PRESETS)
def test_any_value_of_an_option_is_valid_or_refused(analysis: str) -> None:
    known = {field.name: field for field in fields(PRESETS[analysis]["default"])}
    defaults = PRESETS[analysis]["default"]

    @quick
    @given(
        st.dictionaries(st.sampled_from([*known, "no_such_option"]), values, min_size=1, max_size=3)
    )
    def hold(changes: dict[str, Any]) -> None:
        try:
            made = preset(analysis, "default", **changes)
        except InterpError:
            return
        assert "no_such_option" not in changes
        to_json(made.to_dict())  # what is valid can be stored
        assert type(made).of_run(made.to_dict()) == made
        for name, value in changes.items():
            default = getattr(defaults, name)
            if isinstance(default, str) and not isinstance(value, int):
                assert isinstance(value, str)
            if isinstance(default, bool):
                assert isinstance(value, bool)

    hold()


@pytest.mark.parametrize("stage", STAGES)
def test_any_value_of_a_setting_is_valid_or_refused(stage: str) -> None:
    known = [field.name for field in fields(STAGES[stage]["default"])]

    @quick
    @given(
        st.dictionaries(
            st.sampled_from([*known, "no_such_setting"]), values, min_size=1, max_size=3
        )
    )
    def hold(changes: dict[str, Any]) -> None:
        try:
            made = make_config(stage, "default", changes=changes)
        except InterpError:
            return
        to_json(made.to_dict())
        assert made.fingerprint() == make_config(stage, "default", changes=changes).fingerprint()

    hold()


@quick
@given(st.text(max_size=12))
def test_what_the_command_line_reads_is_read_or_refused(text: str) -> None:
    for read in (
        parse_languages, parse_batch_size, number_or_word, read_width, lambda one: parse_settings([one]),
        lambda one: read_millimetres(one, "--height"), ModelSpec.parse,
        lambda one: ModelSpec.parse("a/b", dtype=one), lambda one: ModelSpec.parse("a/b", device=one),
        lambda one: ModelSpec.parse("a/b", device_map=one),
    ):  # fmt: skip
        try:
            read(text)
        except InterpError as error:
            assert len(str(error)) < 500


@quick
@given(st.text(max_size=12))
def test_a_name_is_a_folders_name_or_refused(text: str) -> None:
    try:
        check_name("label", text)
    except InterpError:
        with pytest.raises(InterpError):
            RunSpec("lape", text, "base", "default", {}, "h")
        return
    assert text.isascii() and "/" not in text and text not in (".", "..") and text[0] not in ".-"
    assert RunSpec("lape", text, "base", "default", {}, "h").run_id.startswith(
        f"{text}-lape-default-"
    )


@quick
@given(st.text(max_size=90))
def test_a_stage_is_one_printable_line_or_refused(text: str) -> None:
    try:
        check_stage(text)
    except InterpError:
        assert not text or len(text) > 80 or not text.isprintable() or text != text.strip()
        return
    assert len(text.splitlines()) == 1
