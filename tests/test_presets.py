"""Presets hold what the sources did, refuse what they do not know, and print as one table."""

from __future__ import annotations

import dataclasses
import json

import pytest

from interp.errors import InterpError
from interp.presets import (
    PRESET_NAMES,
    PRESETS,
    LahisOptions,
    LapeOptions,
    LensOptions,
    note,
    preset,
    presets_frame,
)

# methods.md and the table of design.md, written out again: what each preset changes.
EXPECTED = {
    ("lape", "default"): {},
    ("lape", "paper"): {"budget": "all"},
    ("lape", "release"): {
        "eps": 1e-9, "filter_quantile": None, "rounding": "floor", "budget": "all",
        "layout": "flat", "bos": "never",
    },
    ("lape", "tang2024"): {"assignment": "threshold", "budget": "all"},
    ("lahis", "default"): {},
    ("lahis", "paper"): {"mask_update": "adamw", "top_rule": "topk_int"},
    ("lahis", "release"): {
        "mask_update": "adamw", "mask_dtype": "bfloat16", "n_samples": 500, "top_rule": "topk_int",
    },
    ("lahis", "liu2025"): {
        "mask_update": "adamw", "mask_dtype": "bfloat16", "accumulate_dtype": "bfloat16",
        "seq_len": 2048, "top_rule": "quantile", "general_min": 4,
    },
    ("lens", "default"): {},
    ("lens", "paper"): {},
    ("lens", "release"): {
        "final_norm": "release_double", "token_rule": "last", "trailing_space": True,
        "drop_collisions": False,
    },
    ("mcq", "default"): {},
    ("mcq", "paper"): {"normalisation": "token"},
    ("mcq", "release"): {},
    ("klar", "default"): {},
    ("klar", "paper"): {},
    ("klar", "release"): {"template": "release", "demos": "global_rng", "line": "first"},
    ("ablation", "default"): {},
    ("ablation", "release"): {"assignment": "argmax", "loss": "chunk_ppl", "units": "any"},
    ("similarity", "default"): {},
    ("attention", "default"): {},
}  # fmt: skip


def test_presets_change_exactly_what_the_sources_did() -> None:
    found = {}
    for analysis, table in PRESETS.items():
        default = table["default"].to_dict()
        for name, options in table.items():
            values = options.to_dict()
            found[analysis, name] = {k: v for k, v in values.items() if v != default[k]}
    assert found == EXPECTED


def test_defaults_are_the_corrected_forms() -> None:
    lape, lahis, lens = LapeOptions(), LahisOptions(), LensOptions()
    assert (lape.activation, lape.eps, lape.filter_quantile, lape.budget) == (
        "gate",
        None,
        0.95,
        "min",
    )
    assert (lape.top_fraction, lape.rounding, lape.assignment) == (0.01, "round", "argmax")
    assert (lape.seq_len, lape.n_blocks, lape.min_activations) == (1024, 64, 50)
    assert (lahis.mask_update, lahis.n_samples, lahis.seq_len) == ("frozen", 1000, 512)
    assert (lahis.top_fraction, lahis.top_rule, lahis.general_min) == (0.02, "topk_round", "K-1")
    assert (lens.points, lens.final_norm, lens.token_rule) == ("resid_post", "once", "first")
    assert (lens.trailing_space, lens.drop_collisions, lens.ties) == (False, True, "best")


def test_options_cannot_be_changed_in_place() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        preset("lape").top_fraction = 0.5
    with pytest.raises(TypeError):
        PRESETS["lape"]["default"] = None  # type: ignore[index]


def test_overriding_leaves_the_preset_alone() -> None:
    assert preset("lape", "release", top_fraction=0.02).top_fraction == 0.02
    assert preset("lape", "release").top_fraction == 0.01
    assert preset("lape", "release", eps=None).eps is None
    json.dumps(preset("lahis", "liu2025").to_dict())


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("lupe",), {}, "unknown analysis 'lupe': expected one of lape, lahis, lens, mcq, klar"),
        (("lape", "papper"), {}, "unknown preset 'papper': expected one of default, paper, release, tang2024"),
        (("lape", "liu2025"), {}, "preset 'liu2025' says nothing about lape"),
        (("lens", "tang2024"), {}, "expected one of default, paper, release"),
        (("lens",), {"top": 3}, "unknown lens option 'top': expected one of points"),
        (("lape",), {"activation": "up_gate"}, "'up_gate': expected one of gate, gate_times_up, up"),
        (("lape",), {"top_fraction": 1.5}, "top_fraction is 1.5: expected a number between 0 and 1"),
        (("lape",), {"top_fraction": None}, "top_fraction is None"),
        (("lape",), {"filter_quantile": 0}, "between 0 and 1 or none"),
        (("lape",), {"eps": -1.0}, "eps is -1.0"),
        (("lape",), {"budget": "most"}, "'most': expected one of min, all"),
        (("lape",), {"budget": 0}, "budget is 0: expected a whole number >= 1"),
        (("lape",), {"seq_len": 10.5}, "seq_len is 10.5"),
        (("lape",), {"assignment": "threshold", "filter_quantile": None}, "give a filter_quantile"),
        (("lahis",), {"mask_update": "sgd"}, "'sgd': expected one of frozen, adamw"),
        (("lahis",), {"general_min": "K"}, "'K': expected one of K-1"),
        (("lahis",), {"n_samples": True}, "n_samples is True"),
        (("lahis",), {"lr": 0.0}, "lr is 0.0"),
        (("lens",), {"ties": "worst"}, "'worst': expected one of best, mean"),
        (("mcq",), {"normalisation": "char"}, "expected one of byte, token, character, sum"),
    ],
)  # fmt: skip
def test_mistakes_name_the_alternatives(arguments, options, message: str) -> None:
    with pytest.raises(InterpError) as caught:
        preset(*arguments, **options)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_the_table_says_which_preset_says_nothing() -> None:
    frame = presets_frame()
    assert list(frame.columns) == ["analysis", "option", *PRESET_NAMES]
    cells = frame.set_index(["analysis", "option"])
    assert cells.loc[("lape", "filter_quantile")].tolist() == ["0.95", "0.95", "none", "0.95", "-"]
    assert (cells.loc["lens", "tang2024"] == "-").all()
    assert cells.loc[("lens", "trailing_space"), "release"] == "yes"
    fields = sum(len(dataclasses.fields(table["default"])) for table in PRESETS.values())
    assert len(frame) == fields


def test_release_lahis_says_that_the_causal_mask_is_kept() -> None:
    assert "causal mask is kept" in note("lahis", "release")
    assert note("lahis", "default") == ""
