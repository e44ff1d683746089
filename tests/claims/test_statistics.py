"""The statistics that claims may name are those that the comparison computes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from interp.claims.statistics import STATISTICS, set_of, stored, units_of, without_set
from interp.comparison import lens, similarity
from interp.comparison.klar import EARLIER, LATER, LEAKS
from interp.lahis.differences import parts_of
from interp.lape import differences
from interp.options import LahisOptions
from interp.stats.pair import Statistic
from tests.comparison.fact_studies import build, mcq_study, random_table


def agrees(analysis: str, computed: Iterable[Statistic]) -> None:
    """Hold kind and axes of every statistic against the table, and miss none."""
    seen: dict[str, set[str]] = {}
    for one in computed:
        if one.head is not None:  # maps of heads: no claim names one
            continue
        held = stored(analysis, one.name)
        assert held is not None, one.name
        axes = [name for name in ("lang", "other_lang", "layer") if getattr(one, name) is not None]
        assert held.kind == one.kind and "+".join(axes) in held.axes, one
        seen.setdefault(one.name, set()).add("+".join(axes))
    known = {name: set(held.axes) for name, held in STATISTICS[analysis].items()}
    assert seen == known


def test_lape() -> None:
    agrees("lape", differences.statistics(["en", "sw", "zh"], same_neurons=True))


def test_lahis() -> None:
    parts = parts_of(["en", "sw", "zh"], (2, 3), (2, 3), LahisOptions(), True)
    agrees("lahis", [one for statistics, _ in parts for one in statistics])


def test_lens() -> None:
    assert set(STATISTICS["lens"]) == {*lens.PIVOT, *lens.FINAL}


def test_klar() -> None:
    assert set(STATISTICS["klar"]) == {"accuracy", "accuracy_strict", *EARLIER, *LATER, *LEAKS}


def test_mcq(tmp_path: Path) -> None:
    """Built whole, with groups of facts and sets of languages behind the names."""
    codes = ["en", "de", "sw", "bn"]
    stated = random_table(30, codes, 3)
    study = mcq_study(tmp_path / "s", random_table(30, codes, 1), random_table(30, codes, 2),
                      stated=stated, split={"f000": "train"})  # fmt: skip
    pair = build(study, "mcq").pair
    assert pair is not None
    names = {one.name for one in pair.statistics}
    assert {"accuracy_english_only", "accuracy_split_train", "accuracy (high_low: low)"} < names
    for one in pair.statistics:
        held = stored("mcq", one.name)
        assert held is not None and ("lang" if one.lang else "") in held.axes, one
    assert set(STATISTICS["mcq"]) == {name for name in names if name in STATISTICS["mcq"]}


def test_similarity() -> None:
    assert set(STATISTICS["similarity"]) == {
        f"{name}{tail}" for name in similarity.STATISTICS for tail in ("", "_by_layer")
    }


@pytest.mark.parametrize(
    ("analysis", "name", "axes"),
    [
        ("lens", "transition_failure_english_only", ("", "lang")),
        ("mcq", "accuracy_stated", ("",)),
        ("mcq", "accuracy_split_test", ("",)),
        ("mcq", "accuracy (mean)", ("",)),
        ("klar", "accuracy_strict (paper_klar: held_out)", ("",)),
        ("lape", "neurons_change", ("lang",)),
    ],
)
def test_groups_and_sets_belong_to_the_name(
    analysis: str, name: str, axes: tuple[str, ...]
) -> None:
    held = stored(analysis, name)
    assert held is not None and held.axes == axes


@pytest.mark.parametrize(
    ("analysis", "name"),
    [
        ("lape", "neurons_stated"),
        ("lape", "neurons (mean)"),
        ("mcq", "accuracy_other"),
        ("mcq", "accuracy (mean) (mean)"),
        ("mcq", "accuracy (nobody: here)"),
        ("mcq", "total_consistency_stated"),
        ("klar", "accuracy ()"),
        ("lens", ""),
    ],
)
def test_what_no_comparison_computes_is_no_statistic(analysis: str, name: str) -> None:
    assert stored(analysis, name) is None


def test_sets_keep_what_is_there() -> None:
    assert set_of("mean", ["en", "sw"]) == ("en", "sw")
    assert set_of("mean without en", ["en", "sw"]) == ("sw",)
    assert set_of("high_low: low", ["en", "sw", "bn"]) == ("sw", "bn")
    assert set_of("high_low: middle", ["en"]) is None
    assert without_set("accuracy (seen: seen)") == ("accuracy", "seen: seen")
    assert without_set("accuracy") == ("accuracy", "")


@pytest.mark.parametrize(
    ("analysis", "name", "quantity", "units"),
    [
        ("lape", "late_share", "value", ("points",)),
        ("lape", "late_share", "level", ("%",)),
        ("lape", "neurons", "level", ("count",)),
        ("lape", "neurons_change", "value", ("%",)),
        ("lape", "layer_distance", "value", ("number",)),
        ("lahis", "heads_kept", "complement", ("%",)),
    ],
)
def test_a_difference_of_shares_is_in_points(
    analysis: str, name: str, quantity: str, units: tuple[str, ...]
) -> None:
    held = stored(analysis, name)
    assert held is not None and units_of(held, quantity) == units
