"""One fact through the layers, by hand; unknown facts and languages."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from interp.errors import InterpError
from interp.lens.fact_view import fact_view
from interp.study import Study
from tests.lens.pivot_study import add_facts, add_run

NAN = math.nan
TARGET, ENGLISH = [[9.0, 5, 0], [8, 8, 8]], [[1.0, 2, 3], [4, 4, 4]]


@pytest.fixture
def study(tmp_path: Path) -> Study:
    made = Study.open(tmp_path / "study")
    ranks = {
        "zh": (TARGET, ENGLISH),
        "de": ([[NAN] * 3, [7.0, 7, 7]], [[NAN] * 3, [6.0, 6, 6]]),  # f0 has no German item
        "sw": (TARGET[:1], [[NAN] * 3]),  # no English answer beside it
    }
    add_run(made, ranks, top=True, mid=True)
    add_run(made, {"zh": (np.add(TARGET, 1), ENGLISH)}, label="grpo", top=True)
    add_facts(made, {"zh": [True] * 3})
    return made


def run_ids(study: Study, *labels: str) -> list[str]:
    ids = study.runs().set_index("label")["run_id"]
    return [ids[label] for label in labels]


def test_one_fact_in_one_language(study: Study) -> None:
    view = fact_view(study, run_ids(study, "base"), "f0", ["zh"])
    places = list(zip(view["layer"], view["point"], strict=True))
    assert places == [(0, "post"), (1, "mid"), (1, "post"), (2, "mid"), (2, "post")]
    assert view["target_rank"].tolist() == [9, 7777, 5, 7777, 0]
    assert view["english_rank"].tolist() == [1, 7778, 2, 7778, 3]
    assert set(view["target_token"]) == {" zh target"} and set(view["english_token"]) == {" zh en"}
    tops = view[[f"top_{place}" for place in range(1, 6)]]
    assert tops.iloc[-1].tolist() == [f"zh2.{place}" for place in range(1, 6)]
    assert set(view["label"]) == {"base"} and set(view["lang"]) == {"zh"}


def test_languages_in_the_order_asked_and_a_missing_role(study: Study) -> None:
    view = fact_view(study, run_ids(study, "base"), "f0", ["sw", "zh"])
    assert list(dict.fromkeys(view["lang"])) == ["sw", "zh"]
    swahili = view[view["lang"] == "sw"]
    assert swahili["english_rank"].isna().all() and swahili["target_rank"].notna().all()
    every = fact_view(study, run_ids(study, "base"), "f1")
    assert list(dict.fromkeys(every["lang"])) == ["zh", "de"]


def test_several_runs(study: Study) -> None:
    view = fact_view(study, run_ids(study, "base", "grpo"), "f1", ["zh"])
    assert list(dict.fromkeys(view["label"])) == ["base", "grpo"]
    last = view[(view["layer"] == 2) & (view["point"] == "post")].set_index("label")
    assert last["target_rank"].to_dict() == {"base": 8, "grpo": 9}


def test_what_is_not_there_is_named(study: Study) -> None:
    (base,) = run_ids(study, "base")
    cases = {
        ("F1x", None): "unknown fact 'F1x': expected one of f1, f0. Run .* holds 2 facts",
        ("zebra", None): "unknown fact 'zebra': expected one of f0, f1",
        ("f2", None): "fact f2 is not in run .*tokens collide in every language",
        ("f0", ("de",)): "unknown language of fact f0 .*'de': expected one of zh, sw",
    }
    for (fact, languages), message in cases.items():
        with pytest.raises(InterpError, match=message) as said:
            fact_view(study, [base], fact, languages)
        assert "\n" not in str(said.value)
    with pytest.raises(InterpError, match="unknown finished run 'x'"):
        fact_view(study, ["x"], "f0")
