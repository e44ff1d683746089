"""Which entries of ``comparisons`` a claim is about, and what of them in which unit."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from interp.claims.found import entries_of
from interp.study.schema import TABLES
from tests.claims.cases import claim, row

KLAR = ["en", "es", "fr", "ru", "ar", "zh", "ja", "ca", "el", "fa", "he", "hu", "ko", "nl", "tr",
        "uk", "vi"]  # fmt: skip


def rows(*given: dict[str, Any]) -> pd.DataFrame:
    names = [column.name for column in TABLES["comparisons"].columns]
    filled = [{"base": "b", "label": "g", **one} for one in given]
    return pd.DataFrame(filled, columns=names)


def values(given: pd.DataFrame, languages: list[str] | None = None, **keys: Any) -> list[float]:
    found = entries_of(claim(**keys), given, keys.pop("label", "g"), languages or ["en", "sw"])
    return [one.value for one in found]


def test_one_language_all_and_each() -> None:
    keys = {"statistic": "late_share", "unit": "points"}
    table = rows(
        row("late_share", value=0.5),
        row("late_share", lang="en", value=0.1),
        row("late_share", lang="sw", value=0.2),
        row("neurons", lang="en", value=9.0),
    )
    assert values(table, **keys, lang=None) == [50]
    assert values(table, **keys, lang="sw") == [20]
    assert values(table, **keys, lang="each", take="range") == [10, 20]
    assert values(table, **keys, lang="each", take="range", without=("en",)) == [20]
    assert values(table, **keys, lang="zh") == []


def test_pairs_of_languages_in_either_order() -> None:
    keys = {"analysis": "lahis", "statistic": "overlap", "unit": "points"}
    table = rows(
        row("overlap", lang="zh", other_lang="ja", value=0.3),
        row("overlap", lang="zh", other_lang="en", value=0.1),
    )
    assert values(table, **keys, lang="ja", other_lang="zh") == [30]
    assert values(table, **keys, lang="zh", other_lang="ja") == [30]
    assert values(table, **keys, lang="each", other_lang="each", take="max") == [30, 10]
    assert values(table, **keys, lang="each", other_lang="each", without=("ja",)) == [10]


def test_layers_of_differences_select_and_those_of_distances_only_tell() -> None:
    profile = {"analysis": "lahis", "statistic": "layer_profile", "unit": "points"}
    table = rows(
        row("layer_profile", lang="en", layer=0, value=0.4),
        row("layer_profile", lang="en", layer=1, value=0.2),
        row("layer_distance", kind="distance", layer=17, value=0.024, signed_value=-0.024),
    )
    assert values(table, **profile, lang="en", layer=1) == [20]
    distance = {"statistic": "layer_distance", "unit": "number", "lang": None}
    assert values(table, **distance) == [0.024]
    assert values(table, **distance, quantity="signed") == [-0.024]


def test_maps_of_heads_are_never_taken() -> None:
    table = rows(row("heads_kept", kind="likeness", lang="en", head=3, value=0.5))
    keys = {"analysis": "lahis", "statistic": "heads_kept", "quantity": "complement"}
    assert values(table, **keys, lang="en") == []


def test_a_level_is_that_of_the_label_or_of_the_base() -> None:
    table = rows(
        row(
            "neurons",
            lang="en",
            value=4.0,
            base_value=10.0,
            base_low=9.0,
            base_high=11.0,
            label_value=14.0,
            label_low=13.0,
            label_high=15.0,
        )
    )
    one = claim(statistic="neurons", quantity="level", unit="count")
    (of_label,) = entries_of(one, table, "g", ["en"])
    (of_base,) = entries_of(one, table, "b", ["en"])
    assert (of_label.value, of_label.low, of_label.high) == (14, 13, 15)
    assert (of_base.value, of_base.low, of_base.high) == (10, 9, 11)


def test_a_complement_turns_its_interval_around() -> None:
    table = rows(row("heads_kept", kind="likeness", lang="en", value=0.7, ci_low=0.6, ci_high=0.9))
    one = claim(analysis="lahis", statistic="heads_kept", quantity="complement")
    (found,) = entries_of(one, table, "g", ["en"])
    assert [found.value, found.low, found.high] == pytest.approx([30, 10, 40])


def test_a_signed_distance_has_no_interval_of_its_own() -> None:
    table = rows(row("layer_distance", kind="distance", value=0.1, signed_value=-0.1, ci_low=0.05,
                     ci_high=0.2))  # fmt: skip
    keys = {"statistic": "layer_distance", "unit": "number", "lang": None}
    (size,) = entries_of(claim(**keys), table, "g", [])
    (signed,) = entries_of(claim(**keys, quantity="signed"), table, "g", [])
    assert (size.low, size.high) == (0.05, 0.2) and size.has_interval
    assert not signed.has_interval


def test_a_set_of_languages_is_found_under_the_name_that_the_comparison_kept() -> None:
    """Seven of the KLAR languages are *paper_klar: seen*, *seen: seen* and *high_low: high* at once."""
    keys = {"analysis": "klar", "quantity": "value", "unit": "points", "lang": None}
    table = rows(
        row("accuracy", value=0.1),
        row("accuracy (mean)", value=0.2),
        row("accuracy (high_low: high)", value=0.3),
        row("accuracy (seen: held_out)", value=0.4),
        row("accuracy_strict (high_low: high)", value=0.5),
    )
    named = {
        "accuracy": 10,
        "accuracy (mean without en)": 10,
        "accuracy (mean)": 20,
        "accuracy (paper_klar: seen)": 30,
        "accuracy (paper_klar: held_out)": 40,
        "accuracy_strict (paper_klar: seen)": 50,
    }
    for statistic, value in named.items():
        assert values(table, KLAR, statistic=statistic, **keys) == pytest.approx([value]), statistic
    assert values(table, KLAR, statistic="accuracy (paper_low: low)", **keys) == []
