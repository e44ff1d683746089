"""Who plays which role, and whether the study's model is the claim's."""

from __future__ import annotations

import pandas as pd
import pytest

from interp.claims.models import is_model, names_of, other_name, other_shape
from interp.claims.roles import cast_roles, read_choices
from interp.errors import InterpError


def runs(*pairs: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(pairs, columns=["label", "stage"])


def test_a_label_called_like_the_role_comes_before_a_stage() -> None:
    cast = cast_roles(runs(("grpo", "x"), ("other", "grpo"), ("b", "base")), ["grpo", "base"], {})
    assert cast.labels == {"grpo": "grpo", "base": "b"}
    assert not cast.missing


def test_the_users_choice_comes_first() -> None:
    cast = cast_roles(runs(("grpo", "grpo"), ("mine", "x")), ["grpo"], {"grpo": "mine"})
    assert cast.labels == {"grpo": "mine"}


def test_case_and_signs_between_words_do_not_matter() -> None:
    cast = cast_roles(runs(("CPT_GRPO", "x"), ("a", "cpt+sft")), ["cpt-grpo", "cpt-sft"], {})
    assert cast.labels == {"cpt-grpo": "CPT_GRPO", "cpt-sft": "a"}


def test_several_leave_the_role_open_and_say_how_to_choose() -> None:
    steps = runs(("grpo-step-100", "grpo"), ("grpo-step-200", "grpo"))
    cast = cast_roles(steps, ["grpo"], {})
    assert not cast.labels
    for word in ("2 labels", "grpo-step-100, grpo-step-200", "--set grpo=LABEL"):
        assert word in cast.reason("grpo")


def test_nobody_is_said_with_the_labels_there_are() -> None:
    cast = cast_roles(runs(("a", "base")), ["sft"], {})
    assert "--set sft=LABEL" in cast.reason("sft") and "one of a" in cast.reason("sft")
    assert "no finished run" in cast_roles(runs(), ["sft"], {}).reason("sft")


def test_wrong_choices() -> None:
    there = runs(("a", "base"))
    with pytest.raises(InterpError, match="unknown role 'gropo': expected one of base, sft"):
        cast_roles(there, ["base", "sft"], {"gropo": "a"})
    with pytest.raises(InterpError, match="unknown label in this study 'b': expected one of a"):
        cast_roles(there, ["base"], {"base": "b"})


def test_choices_as_typed() -> None:
    assert read_choices(["base=a", "sft = b"]) == {"base": "a", "sft": "b"}
    for text in ("base", "=a", "base=", ""):
        with pytest.raises(InterpError, match="ROLE=LABEL"):
            read_choices([text])
    with pytest.raises(InterpError, match="'base' twice"):
        read_choices(["base=a", "base=b"])


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("allenai/OLMo-2-1124-7B", True),
        ("olmo_2-1124-7b", True),
        ("/models/OLMo-2-1124-7B/", True),
        ("allenai/OLMo-2-1124-7B@main", True),
        ("allenai/OLMo-2-1124-7B-Instruct", False),
        ("allenai/OLMo-2-1124-13B", False),
        ("ckpt/base", False),
        ("OLMo-2-1124-7B/ckpt", False),
    ],
)
def test_the_last_part_of_the_name_is_the_model(name: str, same: bool) -> None:
    assert is_model("OLMo-2-1124-7B", [name]) is same


def test_no_name_is_no_model() -> None:
    assert not is_model("OLMo-2-1124-7B", [])


def test_an_adapter_is_called_like_its_base_too() -> None:
    assert names_of({"model": {"model": "a", "base": {"source": "b"}}}) == ["a", "b"]
    assert names_of({"model": {"model": "a", "base": "b"}}) == ["a", "b"]
    assert names_of({"model": {"model": None, "base": None}}) == []
    assert names_of({"model": {}}) == [] == names_of({})
    # as `interp.model` records it, an adapter on an adapter
    stacked = {"model": "a", "base": {"model": "b", "base": {"model": "c", "base": None}}}
    assert names_of({"model": stacked}) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("names", "other"),
    [
        (["meta-llama/Llama-2-7b-hf"], True),
        (["Qwen2.5-7B@main"], True),
        (["/models/mistral-7B-v0.1/"], True),
        (["allenai/OLMo-2-1124-13B"], True),
        (["a/known-one"], True),
        (["jvonrad/olmo-2-7b-grpo-att-mlp-full"], False),
        (["_merged_olmo-clip5.0"], False),
        (["llama-factory-sft"], False),
        (["runs/Llama-2-7b/ckpt"], False),
        (["me/olmo-2-7b-from-Qwen2.5-7B"], False),
        (["me/Qwen2.5-style", "allenai/OLMo-2-1124-7B"], False),
        ([], False),
    ],
)
def test_which_names_say_that_it_is_another_model(names: list[str], other: bool) -> None:
    found = other_name("OLMo-2-1124-7B", names, ["OLMo-2-1124-7B", "known-one"])
    assert found == (names[0] if other else "")


def test_shapes_differ_only_where_both_are_known() -> None:
    def of(**shape: int) -> dict[str, dict[str, dict[str, int]]]:
        return {"model": {"shape": shape}}

    none: dict[str, object] = {}
    assert other_shape(of(n_layers=32), of(n_layers=28), (none, none)) == "n_layers 32 and 28"
    assert other_shape(of(n_layers=32), of(d_mlp=5), (none, none)) == ""
    assert other_shape(of(n_layers=32), {}, (none, {"shape": {"n_layers": 28}})) != ""
