"""Plates of the language transition: numbers against the tables, recounted by plain loops."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from interp import plates
from interp.errors import InterpError
from interp.plates import transition
from interp.plates.plate import Lacking, Plate
from interp.plates.transition.words import measure_differs
from interp.study import Study
from tests.dashboards.studies import HOSTILE, whole
from tests.lens.pivot_study import add_facts, add_run

DEMO = Path(__file__).parents[2] / "artifacts" / "demo"
L = 6
"""Layers of the planted studies, embeddings not counted."""


@pytest.fixture(scope="module")
def demo() -> plates.View:
    return plates.View.of(DEMO)


@pytest.fixture(scope="module")
def raw(demo: plates.View) -> dict[str, pd.DataFrame]:
    """Label to the table of ranks, a column per role."""
    wide = {}
    for label, run_id in demo.runs("lens"):
        table = demo.study.table("lens_ranks", run_id=run_id)
        wide[label] = table.pivot(
            index=["fact_id", "lang", "layer"], columns="role", values="rank"
        ).reset_index()
    return wide


def both(table: pd.DataFrame, lang: str) -> pd.DataFrame:
    return table[(table["lang"] == lang) & table["en"].notna() & table["target"].notna()]


def crossing(own: pd.DataFrame) -> float:
    """Walk from the last layer down for as long as English is not ahead."""
    found = math.inf
    for layer, target, english in sorted(
        zip(own["layer"], own["target"], own["en"], strict=True), reverse=True
    ):
        if english < target:
            break
        found = layer
    return found


def planted(
    folder: Path,
    crossings: dict[str, dict[str, list[float]]],
    *,
    relation: list[str] | None = None,
    stated: dict[str, list[bool]] | None = None,
    **options: object,
) -> plates.View:
    """A study in which facts pass English at chosen layers; a crossing of NaN is no item.

    Args:
        folder: of the study.
        crossings: label to language to the layer of each fact.
        relation: of each fact.
        stated: language to what its text states.
        options: further arguments of every run.
    """
    study = Study.open(folder / "study")
    for label, by_lang in crossings.items():
        ranks = {}
        for lang, layers in by_lang.items():
            target = np.array([[9.0 if at < one else 0.0 for at in range(L + 1)] for one in layers])
            target[np.array(layers) >= 2, 0] = 0.0  # ahead at first, which is not for good
            target[np.isnan(layers)] = np.nan
            ranks[lang] = target, np.where(np.isnan(target), np.nan, 4.0)
        add_run(study, ranks, label=label, top=True, **options)
    n = {lang: len(layers) for by in crossings.values() for lang, layers in by.items()}
    known = stated or {lang: [True] * many for lang, many in n.items()}
    add_facts(study, known, relation=relation)
    return plates.View.of(study)


def every(view: plates.View) -> Iterator[Plate]:
    for entry in transition.ENTRIES:
        try:
            yield entry.draw(view)
        except Lacking:
            continue


def test_entries_say_what_their_plates_are(demo: plates.View):
    drawn = list(every(demo))
    assert [(one.name, one.paper) for one in drawn] == [
        (entry.name, entry.paper) for entry in transition.ENTRIES
    ]
    assert {one.paper for one in drawn} == {"Figure 3", "Figure 9", ""}
    for one in drawn:
        assert len(one.figure.to_json()) < 400_000
        assert len(one.frame) and one.caption and one.title
        assert "nan" not in one.reading and "  " not in one.reading and one.reading.endswith(".")


@pytest.mark.parametrize("lang", ["zh", "es", "ar", "bn"])
def test_the_example_is_the_middle_fact_of_those_that_all_ranked(
    demo: plates.View, raw: dict[str, pd.DataFrame], lang: str
):
    facts = set.intersection(*(set(both(table, lang)["fact_id"]) for table in raw.values()))
    base = both(raw["base"], lang)
    base = base[base["fact_id"].isin(facts)]
    layers = sorted((crossing(own), fact) for fact, own in base.groupby("fact_id"))
    layer, fact = layers[math.ceil(len(layers) / 2) - 1]
    plate = transition.two_facts(demo, lang=lang)
    assert set(plate.frame["fact_id"]) == {fact} and set(plate.frame["lang"]) == {lang}
    assert f"at layer {layer:g}, of {len(facts):,} facts)" in plate.reading
    for label in ("base", "grpo"):
        table = raw[label]
        own = table[(table["fact_id"] == fact) & (table["lang"] == lang)].sort_values("layer")
        shown = plate.frame[plate.frame["label"] == label]
        for role in ("target", "en"):
            of_role = shown[shown["role"] == role].sort_values("layer")
            assert of_role["rank"].tolist() == own[role].tolist()
    assert set(plate.frame["label"]) == {"base", "grpo"}


def test_the_picture_says_what_it_stands_for(demo: plates.View, raw: dict[str, pd.DataFrame]):
    reading = transition.two_facts(demo).reading
    for lang in ("zh", "es"):
        facts = set.intersection(*(set(both(table, lang)["fact_id"]) for table in raw.values()))
        some, end = [], []
        for label in ("base", "grpo"):
            own = both(raw[label], lang)
            own = own[own["fact_id"].isin(facts)]
            ahead = own.assign(ahead=own["en"] < own["target"])
            last = ahead[ahead["layer"] == ahead["layer"].max()]
            some.append(f"{label} {share(ahead.groupby('fact_id')['ahead'].any())}")
            end.append(f"{label} {share(last['ahead'])}")
        assert (
            f"English is ahead at some layer in {', '.join(some)} of them, at the last one in "
            f"{', '.join(end)}."
        ) in reading
        stored = demo.study.table("comparisons")
        row = stored[
            (stored["analysis"] == "lens") & (stored["statistic"] == "never_crosses")
            & (stored["lang"] == lang) & (stored["label"] == "grpo")
        ].iloc[0]  # fmt: skip
        assert f"by {100 * row['value']:+.3g} [" in reading
        assert f"noise floor {100 * row['noise_floor']:.3g}" in reading


def share(holds: pd.Series) -> str:
    hits, n = int(holds.sum()), len(holds)
    ends = binomtest(hits, n).proportion_ci(0.95, "exact")
    return f"{100 * hits / n:.1f} % [{100 * ends.low:.1f}, {100 * ends.high:.1f}]"


def test_the_paper_s_form(demo: plates.View):
    plate = transition.two_facts(demo)
    figure, frame = plate.figure, plate.frame
    lines = [one for one in figure.data if one.x[0] is not None]
    assert [(one.name, one.line.dash) for one in lines[:4]] == [
        ("base target answer", "solid"), ("base English answer", "dash"),
        ("grpo target answer", "solid"), ("grpo English answer", "dash"),
    ]  # fmt: skip
    own = frame[(frame["lang"] == "zh") & (frame["label"] == "base") & (frame["role"] == "en")]
    expected = [math.log(1 + rank) for rank in own.sort_values("layer")["rank"]]
    assert list(lines[1].y) == pytest.approx(expected)
    lower, upper = figure.layout.yaxis.range
    assert lower > max(max(one.y) for one in lines) and upper <= 0  # the likeliest on top
    heads = [one.text for one in figure.layout.annotations]
    assert heads[0].startswith("(a) [ZH]") and heads[0].endswith("<br>base")
    assert heads[3].startswith("(b) [ES]") and heads[3].endswith("<br>grpo")
    assert transition.latin_fact(demo).frame["lang"].unique().tolist() == ["de"]


def test_planted_crossings_choose_the_middle_fact_and_ties_go_by_id(tmp_path: Path):
    view = planted(
        tmp_path,
        {"base": {"zh": [3, 1, math.inf, 3, 2, math.nan]}, "grpo": {"zh": [0, 0, 0, 0, 0, 0]}},
    )
    plate = transition.fact_ranks(view)
    # in order: f1 at 1, f4 at 2, f0 at 3, f3 at 3, f2 never; f5 was not ranked by base
    assert "at layer 3, of 5 facts" in plate.reading and "one of 5 facts" in plate.reading
    hover = [one.hovertext for one in plate.figure.data if one.hovertext]
    assert "zh0.1 36.8%" in hover[0][0] and "5. zh0.5" in hover[0][0]
    notes = [one.text for one in plate.figure.layout.annotations]
    assert notes[-2:] == ["crossover 3", "crossover 0"]
    assert (
        "base: target at rank 1 at the end, ahead of English for good from layer 3" in plate.reading
    )
    assert "grpo: target at rank 1 at the end, never behind English" in plate.reading
    assert transition.two_facts(view).frame["fact_id"].unique().tolist() == ["f0"]
    never = transition.fact_ranks(view, fact="f2")
    assert "the English answer ahead at 5" in never.reading and "f2 was asked for" in never.reading
    only_grpo = transition.fact_ranks(view, fact="f5")
    assert "base did not rank this fact" in only_grpo.reading
    assert set(only_grpo.frame["label"]) == {"grpo"}


def test_a_base_that_mostly_fails_has_an_example_that_fails(tmp_path: Path):
    view = planted(tmp_path, {"base": {"zh": [math.inf, 1, math.inf]}})
    plate = transition.two_facts(view)
    assert plate.frame["fact_id"].unique().tolist() == ["f0"]
    assert "in Chinese never, of 3 facts" in plate.reading
    assert "base is the only checkpoint with a lens run" in plate.reading
    assert len([one for one in plate.figure.data if one.x[0] is not None]) == 2


def test_languages_and_checkpoints_by_default(tmp_path: Path):
    layers = {lang: [1.0, 2.0] for lang in ("de", "fr", "ru", "bn")}
    labels = {label: layers for label in ("base", "sft", "grpo", "cpt")}
    view = planted(tmp_path, labels)
    plate = transition.two_facts(view)
    assert set(plate.frame["lang"]) == {"ru", "de"}  # no Chinese, no Spanish: the first ones
    assert set(plate.frame["label"]) == {"base", "grpo"}
    assert set(transition.latin_fact(view).frame["lang"]) == {"fr"}
    assert set(transition.two_facts(view, label="sft").frame["label"]) == {"base", "sft"}
    without = plates.View.of(view.study, labels=["sft", "cpt"])
    assert set(transition.two_facts(without).frame["label"]) == {"base", "cpt"}
    foreign = plates.View.of(view.study, languages=["ru", "bn"])
    assert set(transition.two_facts(foreign).frame["lang"]) == {"ru"}
    with pytest.raises(Lacking, match="Latin script"):
        transition.latin_fact(foreign)


def test_what_is_asked_for_by_name(tmp_path: Path):
    view = planted(
        tmp_path,
        {"base": {"zh": [1, 2, 3], "es": [1, 2, math.nan]}},
        relation=["sea", "land", "land"],
    )
    plate = transition.two_facts(view, lang=["es", "zh"], fact=["f1", "f2"])
    assert plate.frame.groupby("lang")["fact_id"].unique().map(list).to_dict() == {
        "es": ["f1"], "zh": ["f2"],
    }  # fmt: skip
    assert "f1 and f2 were asked for by name." in plate.reading
    of_land = transition.fact_ranks(view, lang="zh", relation="land")
    assert "at layer 2, of 2 facts of relation land" in of_land.reading
    for options, said in (
        ({"lang": "zh", "fact": "f9"}, "unknown fact 'f9'"),
        ({"lang": "fr"}, "unknown language"),
        ({"lang": "zh", "relation": "sky"}, "unknown relation 'sky'"),
        ({"lang": "es", "fact": "f2"}, "had no text|left the fact out|did not|ranked"),
    ):
        with pytest.raises(InterpError, match=said):
            transition.fact_ranks(view, **options)
    with pytest.raises(InterpError, match="2 facts for 1 languages"):
        transition.two_facts(view, lang="zh", fact=["f0", "f1"])
    with pytest.raises(InterpError, match="unknown label with a lens run 'sft'"):
        transition.two_facts(view, label="sft")


def test_tokens_of_the_example(demo: plates.View):
    plate = transition.fact_tokens(demo, lang="ar")
    fact = transition.two_facts(demo, lang="ar").frame["fact_id"].iloc[0]
    for label, run_id in demo.runs("lens"):
        table = demo.study.table("lens_top", run_id=run_id)
        own = table[(table["fact_id"] == fact) & (table["lang"] == "ar")]
        shown = plate.frame[plate.frame["label"] == label]
        keys = ["layer", "place"]
        assert shown.sort_values(keys)["token"].tolist() == own.sort_values(keys)["token"].tolist()
        ranks = demo.study.table("lens_ranks", run_id=run_id)
        target = ranks[
            (ranks["fact_id"] == fact) & (ranks["lang"] == "ar") & (ranks["role"] == "target")
        ]
        first = own[(own["place"] == 1) & own["token_id"].isin(target["token_id"])]["layer"]
        said = f"first at layer {first.min()}" if len(first) else "never the likeliest"
        assert f"{label}: the target's token {said}" in plate.reading


def test_median_ranks_by_what_the_text_states(demo: plates.View, raw: dict[str, pd.DataFrame]):
    plate = transition.median_ranks(demo, lang="sw")
    facts = demo.study.facts(demo.study.spec(demo.runs("lens")[0][1])["data_hash"])
    facts = facts[facts["lang"] == "sw"].set_index("fact_id")["stated"]
    own = both(raw["grpo"], "sw")
    for group, stated in (("stated in language", True), ("English only", False)):
        member = own[own["fact_id"].map(facts) == stated]
        shown = plate.frame[(plate.frame["label"] == "grpo") & (plate.frame["group"] == group)]
        assert shown["n"].unique().tolist() == [member["fact_id"].nunique()]
        for role in ("target", "en"):
            quartiles = member.groupby("layer")[role].quantile([0.25, 0.5, 0.75]).unstack()
            of_role = shown[shown["role"] == role].sort_values("layer")
            assert of_role[["q25", "median", "q75"]].to_numpy() == pytest.approx(
                quartiles.to_numpy()
            )
        base = both(raw["base"], "sw")
        base = base[base["fact_id"].map(facts) == stated]
        ahead = 100 * (base["en"] < base["target"]).mean()
        assert f"{ahead:.1f} % [" in plate.reading
    assert "on the same" not in plate.reading and "different facts" in plate.reading
    assert {one.text for one in plate.figure.layout.annotations[:2]} == {
        "base: stated in language", "sft: stated in language",
    }  # fmt: skip


def test_ribbons_where_nothing_or_all_is_stated(tmp_path: Path):
    view = planted(tmp_path / "a", {"base": {"zh": [1, 2]}})
    plate = transition.median_ranks(view)
    assert set(plate.frame["group"]) == {"stated in language"}
    assert "base ranked no Chinese fact known in English only" in plate.reading
    unknown = planted(tmp_path / "b", {"base": {"zh": [1, 2]}}, stated={"zh": [None, None]})
    plate = transition.median_ranks(unknown)
    assert set(plate.frame["group"]) == {"all facts"}
    assert "does not know what this language's text states" in plate.reading
    assert "over 2 facts, fewer than 20: base 1 (English 5)" in plate.reading


def test_shares_by_layer(demo: plates.View, raw: dict[str, pd.DataFrame]):
    plate = transition.pivot_share(demo)
    for label, table in raw.items():
        means = []
        for lang in sorted(set(plate.frame["lang"])):
            own = both(table, lang)
            hits = (own["en"] < own["target"]).groupby(own["layer"]).sum()
            n = own["fact_id"].nunique()
            shown = plate.frame[(plate.frame["label"] == label) & (plate.frame["lang"] == lang)]
            shown = shown.sort_values("layer")
            assert shown["share"].tolist() == pytest.approx((hits / n).tolist())
            assert shown["n"].unique().tolist() == [n]
            means.append((hits / n).mean())
            for at in (0, 4):
                ends = binomtest(int(hits[at]), n).proportion_ci(0.95, "exact")
                assert shown.iloc[at][["low", "high"]].tolist() == pytest.approx(
                    [ends.low, ends.high]
                )
        assert f"{label}: {100 * np.mean(means):.1f} % over 11 languages" in plate.reading
    stored = demo.study.table("comparisons")
    rows = stored[(stored["statistic"] == "mean_pivot_share") & (stored["label"] == "sft")]
    beyond = rows[rows["lang"].notna() & (rows["verdict"] == "beyond noise")]["lang"]
    assert f"beyond noise in {len(beyond)} of 11 languages ({', '.join(beyond[:-1])} and " in (
        plate.reading
    )
    mean = rows[rows["lang"].isna()].iloc[0]
    assert f"on average by {100 * mean['value']:+.3g} [" in plate.reading


def test_crossing_curves_are_product_limit_estimates(tmp_path: Path):
    layers = [0, 1, 1, 4, math.inf, math.inf]
    plate = transition.crossing_curves(planted(tmp_path, {"base": {"zh": layers}}))
    alive, at_risk, expected = 1.0, len(layers), []
    for layer in range(L + 1):
        crossed = layers.count(layer)
        alive *= 1 - crossed / at_risk
        at_risk -= crossed
        expected.append(alive)
    assert plate.frame["share"].tolist() == pytest.approx(expected)
    assert "base 33.3 % [4.3, 77.7] (zh)" in plate.reading
    assert "Fewer than 20 facts stand behind zh" in plate.reading
    assert "Nothing says" not in plate.reading  # one checkpoint: there is nothing to say it of


def test_median_crossovers(tmp_path: Path):
    before = [3.0] * 20 + [math.inf] * 4
    view = planted(
        tmp_path,
        {
            "base": {"zh": before, "es": [math.inf] * 24, "de": [2.0] * 24},
            "grpo": {"zh": [2.0] * 24, "es": [math.inf] * 24, "de": [2.0] * 24},
        },
    )
    plate = transition.median_crossover(view)
    found = plate.frame.set_index(["label", "lang"])["value"].to_dict()
    assert found == {
        ("base", "zh"): 3, ("base", "es"): math.inf, ("base", "de"): 2,
        ("grpo", "zh"): 2, ("grpo", "es"): math.inf, ("grpo", "de"): 2,
    }  # fmt: skip
    assert "in base by layer 2 in de, not reached at all in es (of 6 layers)" in plate.reading
    assert "leaves out 0 in 1 of 2 languages (zh -1 [-1, -1])" in plate.reading
    assert "1 language without a difference" in plate.reading
    dots = {one.name: one for one in plate.figure.data}
    symbols = dict(zip(["de", "es", "zh"], dots["base"].marker.symbol, strict=False))
    assert sorted(symbols.values()) == ["circle", "circle", "circle-open"]
    assert max(dots["base"].x) > L and plate.figure.layout.xaxis.ticktext[-1] == "not reached"
    nowhere = planted(tmp_path / "n", {"base": {"zh": [math.inf] * 3, "es": [math.inf] * 3}})
    reading = transition.median_crossover(nowhere).reading
    assert "in base not reached in all 2 languages" in reading


def test_levels_are_those_of_the_comparison(demo: plates.View, raw: dict[str, pd.DataFrame]):
    for draw, statistic in (
        (transition.never_crossed, "never_crosses"),
        (transition.transition_failure, "transition_failure"),
    ):
        plate = draw(demo)
        stored = demo.study.table("comparisons")
        stored = stored[(stored["analysis"] == "lens") & (stored["statistic"] == statistic)]
        for label in ("sft", "grpo"):
            rows = stored[stored["label"] == label].assign(lang=lambda f: f["lang"].fillna("mean"))
            rows = rows.set_index("lang")
            shown = plate.frame[plate.frame["label"] == label].set_index("lang")
            assert shown["difference"].to_dict() == pytest.approx(rows["value"].to_dict())
            assert shown["verdict"].to_dict() == rows["verdict"].to_dict()
            assert shown["n"].to_dict() == rows["n"].to_dict()
    own = both(raw["base"], "sw")
    last = own[own["layer"] == own["layer"].max()]
    plain = 100 * (last["en"] < last["target"]).mean()
    assert f"{plain:.1f} % [" in transition.never_crossed(demo).reading


def test_transition_failures_without_a_comparison(demo: plates.View, raw: dict[str, pd.DataFrame]):
    alone = plates.View.of(DEMO, base="sft", labels=["grpo"])
    plate = transition.transition_failure(alone)
    assert set(plate.frame["verdict"]) == {""} and set(plate.frame["label"]) == {"sft", "grpo"}
    assert "The checkpoints have not been compared. grpo stands without a verdict." in plate.reading
    for lang in ("sw", "de"):
        own = both(raw["grpo"], lang)
        depth = int(own["layer"].max())
        late = own[own["layer"] > depth - math.ceil(depth / 3)]
        near = late.groupby("fact_id")["en"].min() <= 10
        last = own[own["layer"] == depth].set_index("fact_id")
        failed = near & (last["en"] < last["target"])
        shown = plate.frame[(plate.frame["label"] == "grpo") & (plate.frame["lang"] == lang)]
        assert shown["value"].item() == pytest.approx(failed.mean())
        assert shown["n"].item() == len(failed)


def test_groups_of_facts(demo: plates.View):
    plate = transition.never_crossed(demo, group="English only")
    stored = demo.study.table("comparisons")
    rows = stored[
        (stored["statistic"] == "never_crosses_english_only") & (stored["label"] == "sft")
    ]
    shown = plate.frame[(plate.frame["label"] == "sft") & (plate.frame["lang"] == "de")]
    assert shown["value"].item() == rows[rows["lang"] == "de"]["label_value"].item()
    assert "facts English only" in plate.title
    with pytest.raises(InterpError, match="unknown group of facts 'some'"):
        transition.never_crossed(demo, group="some")


def test_small_studies_are_read_truthfully(tmp_path: Path):
    one = planted(tmp_path / "one", {"base": {"zh": [2]}, "grpo": {"zh": [1]}})
    for plate in every(one):
        assert "nan" not in plate.reading and "1 facts" not in plate.reading
        assert "1 languages" not in plate.reading and "between" not in plate.reading
    assert "It is one of 1 fact ranked in Chinese" in transition.two_facts(one).reading
    differing = Study.open(tmp_path / "d" / "study")
    for label, rule in (("base", "first"), ("grpo", "last")):
        add_run(differing, {"zh": ([[1, 0]], [[0, 1]])}, label=label, token_rule=rule)
    add_facts(differing, {"zh": [True]})
    said = "These runs do not rank the same thing, so their ranks do not compare: base token_rule first"
    for plate in every(plates.View.of(differing)):
        assert said in plate.reading
    assert measure_differs({"a": {"ties": "best"}, "b": {"ties": "best"}}) == ""


def test_other_depths_and_uncompared_checkpoints(tmp_path: Path):
    view = plates.View.of(
        whole(tmp_path / "s", languages=("en", "de", "ar"), depths={"grpo": 6}, compared=False)
    )
    drawn = {plate.name: plate for plate in every(view)}
    assert set(drawn) == {entry.name for entry in transition.ENTRIES}
    deep = drawn["pivot-share"].frame.groupby("label")["layer"].max().to_dict()
    assert deep == {"base": 4, "sft": 4, "grpo": 6}
    assert "have not been compared" in drawn["never-crossed"].reading
    assert "4 and 6 layers" in drawn["median-crossover"].reading


@pytest.mark.parametrize("word", [" ".join(HOSTILE), "البحر $a$ <b>"])
def test_hostile_facts_and_tokens_are_no_markup(tmp_path: Path, word: str):
    view = plates.View.of(whole(tmp_path / "s", word=word, languages=("en", "ar"), compared=False))
    for plate in every(view):
        shown = plate.figure.to_json()
        for markup in ("<script", "<img", "<b>", "$E", "$a$", "<a "):
            assert markup not in shown.replace("\\u003c", "<")
    heading = transition.two_facts(view).figure.layout.annotations[0].text
    assert heading.count("<") == 1 and "<br>base" in heading
    if word.startswith("ا"):
        assert "\u2068" in heading and heading.index("\u2069") > heading.index("\u2068")


def test_what_is_lacking_is_said_with_the_command(tmp_path: Path):
    study = Study.open(tmp_path / "study")
    add_run(study, {"zh": ([[1, 0]], [[0, 1]])}, english_role=False)
    add_facts(study, {"zh": [True]})
    for entry in transition.ENTRIES:
        with pytest.raises(
            Lacking, match=r"ranked English answers beside those of zh.*interp lens"
        ):
            entry.draw(plates.View.of(study))


def test_facts_that_no_checkpoint_shares(tmp_path: Path):
    view = planted(tmp_path, {"base": {"zh": [1, math.nan]}, "grpo": {"zh": [math.nan, 1]}})
    with pytest.raises(Lacking, match="base and grpo ranked no fact in Chinese in common"):
        transition.two_facts(view)
    assert "stands for itself" in transition.fact_ranks(view, fact="f0").reading


def test_nothing_here_imports_torch(tmp_path: Path):
    view = planted(tmp_path, {"base": {"zh": [1, 2]}, "grpo": {"zh": [1, 1]}})
    code = (
        "import sys; from interp import plates; v = plates.View.of(sys.argv[1]); "
        "[entry.draw(v) for entry in plates.transition.ENTRIES if entry.paper != 'Figure 9']; "
        "assert 'torch' not in sys.modules"
    )
    command = [sys.executable, "-c", code, str(view.study.path)]
    subprocess.run(command, check=True, timeout=60)


def test_averages_are_of_the_languages_shown_or_not_drawn(demo: plates.View):
    few = plates.View.of(DEMO, languages=["de", "ru"])
    for draw in (transition.never_crossed, transition.transition_failure):
        assert "mean" in set(draw(demo).frame["lang"]) and "on average" in draw(demo).reading
        assert set(draw(few).frame["lang"]) == {"de", "ru"}
        assert "on average" not in draw(few).reading
    assert "on average" not in transition.pivot_share(few).reading
    base = plates.View.of(DEMO, languages=["de", "ru"], labels=["base"])  # levels of its own facts
    alone = transition.never_crossed(base)
    assert set(alone.frame["lang"]) == {"de", "ru"} and "on average" not in alone.reading
    beside = plates.View.of(DEMO, languages=[code for code in demo.languages if code != "en"])
    assert "mean" in set(transition.never_crossed(beside).frame["lang"])
