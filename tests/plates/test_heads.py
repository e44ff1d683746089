"""Plates of attention heads against numbers that are known, or computed here a second way."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from interp import plates
from interp.comparison import compare
from interp.errors import InterpError
from interp.importers import read_lahis, save_import
from interp.plates.heads import ENTRIES, ablation, ablation_normalised
from interp.plates.heads.layers import peak_text
from interp.plates.heads.overlap import arranged, change_text
from interp.plates.heads.scores import leading_text
from interp.plates.plate import Lacking, Plate
from interp.study import Study
from tests.comparison.studies import three_checkpoints
from tests.dashboards.studies import QUICK, blank, whole
from tests.lahis.map_studies import add_attention
from tests.plates.head_studies import (
    FRACTION,
    TOP,
    planted,
    scores_with,
    write_effects,
    write_scores,
)

DEMO = Path(__file__).parents[2] / "artifacts" / "demo"
heads = plates.heads


@pytest.fixture(scope="module")
def demo() -> plates.View:
    return plates.View.of(DEMO)


@pytest.fixture(scope="module")
def drawn(demo: plates.View) -> dict[str, Plate]:
    """Every plate of the shipped study, drawn once."""
    return {entry.name: entry.draw(demo) for entry in ENTRIES}


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> plates.View:
    """Of three checkpoints one is the base measured again and one another; compared."""
    study = three_checkpoints(tmp_path_factory.mktemp("compared") / "study")
    compare(study, "base", settings=QUICK)
    return plates.View.of(study.path)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> plates.View:
    return plates.View.of(planted(tmp_path_factory.mktemp("planted") / "study"))


@pytest.fixture(scope="module")
def released(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> plates.View:
    study = Study.open(tmp_path_factory.mktemp("released") / "study")
    for label, name in (("base", "olmo-base"), ("sft", "olmo-sft-10k"), ("grpo", "olmo-grpo")):
        save_import(study, read_lahis(shared_data / "release" / "lahis" / name), label=label)
    return plates.View.of(study.path)


def value(plate: Plate, column: str, **where: object) -> float:
    rows = plate.frame
    for name, wanted in where.items():
        rows = rows[rows[name] == wanted]
    (found,) = rows[column]
    return float(found)


def stored(view: plates.View, statistic: str) -> pd.DataFrame:
    rows = view.study.table("comparisons")
    return rows[(rows["analysis"] == "lahis") & (rows["statistic"] == statistic)]


def best(scores: np.ndarray, k: int) -> set[int]:
    return set(np.argsort(-scores.ravel(), kind="stable")[:k].tolist())


def raw(view: plates.View, label: str) -> dict[str, np.ndarray]:
    table = view.study.table("head_scores", run_id=dict(view.runs("lahis"))[label])
    return {
        str(lang): own.pivot(index="layer", columns="head", values="score").to_numpy()
        for lang, own in table.groupby("lang")
    }


# --- what was released ---


def test_the_released_matrices_share_what_was_computed_of_them(released: plates.View) -> None:
    plate = heads.overlap(released)
    assert "top 2 % of heads (the paper's cut)" in plate.title
    assert "over 66 pairs: base 58.0 %, sft 53.9 %, grpo 54.8 %; by chance it would be 2.0 %" in (
        plate.reading
    )
    assert "A set has 20 heads, so one head is 5 points" in plate.reading
    pairs = plate.frame[plate.frame["lang"] != plate.frame["other_lang"]]
    means = pairs.groupby("label")["percent"].mean().round(1).to_dict()
    assert means == {"base": 58.0, "sft": 53.9, "grpo": 54.8}


def test_the_released_matrices_have_no_verdict_and_that_is_said(released: plates.View) -> None:
    for draw in (heads.overlap, heads.raw_deltas, heads.deltas, heads.scale):
        assert "not compared with base yet" in draw(released).reading
    below = sum(
        int((own < 0).sum()) for label in released.labels for own in raw(released, label).values()
    )
    text = heads.scores(released).reading
    assert "no intervals" in text and f"{below:,} of {36 * 1024:,} scores are below 0" in text
    compare(Study.open(released.study.path), "base", settings=QUICK)
    again = plates.View.of(released.study.path)
    assert "No verdict: only score matrices are known" in heads.overlap_change_map(again).reading
    assert len(heads.scores(again).figure.to_json()) < 700_000
    assert "below 0" not in heads.scores(again, shown="rank").reading


def test_the_released_differences_are_mostly_pale_on_one_scale(released: plates.View) -> None:
    old, new = raw(released, "base"), raw(released, "grpo")
    fell = np.mean([(new[lang] < old[lang]).mean() for lang in old])
    share = np.mean(
        [(new[lang] / new[lang].sum() < old[lang] / old[lang].sum()).mean() for lang in old]
    )
    plate = heads.raw_deltas(released)
    assert f"({100 * fell:.0f} % of the heads weaken raw, {100 * share:.0f} % as a share" in (
        plate.reading
    )
    most = {lang: np.abs(new[lang] - old[lang]).max() for lang in old}
    pale = sum(one < 0.1 * max(most.values()) for one in most.values())
    assert pale > 1 and f"({pale} maps below 10 %)" in plate.reading


# --- a planted study ---


def test_overlap_of_planted_sets(known: plates.View) -> None:
    plate = heads.overlap(known)
    for label, tops in TOP.items():
        for a, b in itertools.product(tops, tops):
            shared = len(set(tops[a]) & set(tops[b]))
            assert value(plate, "percent", label=label, lang=a, other_lang=b) == 50 * shared
    # one of two shared by two of three pairs; sft: both by one pair
    assert "base 33.3 %, sft 33.3 %, grpo 33.3 %; by chance it would be 10.0 %" in plate.reading
    assert "0–50 % in base, 0–100 % in sft" in plate.reading
    assert "only 2 heads, so one head is 50 points" in plate.reading


def test_the_change_of_the_overlap(known: plates.View) -> None:
    plate = heads.overlap_change_map(known)
    assert value(plate, "percent", label="sft", lang="en", other_lang="ar") == 50
    assert value(plate, "percent", label="sft", lang="zh", other_lang="ar") == -50
    assert "+0.0 points in sft (single pairs -50 to +50), +0.0 points in grpo;" in plate.reading
    assert "4 of 6 pairs are unchanged" in plate.reading
    assert "not compared with base yet (interp compare --study" in plate.reading
    assert not [one for one in plate.figure.data if one.name == "beyond noise"]


def test_layers_of_planted_sets(known: plates.View) -> None:
    plate = heads.lines(known)
    for label, tops in TOP.items():
        for lang, top in tops.items():
            first = 50 * sum(name.startswith("0.") for name in top)
            assert value(plate, "percent", label=label, lang=lang, layer=0) == first
    assert (
        "in layer 0: base 100 % (en), sft 100 % (en and 1 more), grpo 100 % (en)" in plate.reading
    )
    assert "base layer 0 (50 %), sft layer 0 (83 %), grpo layer 0 (50 %)" in plate.reading
    assert plate.frame.equals(heads.layers(known).frame)


def test_a_peak_beyond_the_first_layer_is_said() -> None:
    rows = [
        ("base", "en", 0, 20.0),
        ("base", "en", 1, 80.0),
        ("sft", "en", 0, 0.0),
        ("sft", "ar", 0, 60.0),
    ]
    text = peak_text(pd.DataFrame(rows, columns=["label", "lang", "layer", "percent"]))
    assert (
        "base 20 % (en), sft 60 % (ar); the fullest layer of any: base 80 % in layer 1 (en)."
        in text
    )


def test_the_heads_that_move(known: plates.View) -> None:
    plate = heads.stable(known)
    assert value(plate, "stable", label="sft", lang="ar") == 1
    assert value(plate, "changed", label="sft", lang="zh") == 1
    assert "sft keeps 50–100 %, grpo keeps 100 %" in plate.reading
    assert "Of a random set 0.2 of the heads" in plate.reading  # 2 x 2 / 20
    moved = heads.moves(known)
    rows = moved.frame.itertuples(index=False, name=None)
    assert sorted(rows) == [
        ("sft", "ar", "enters", 0, 1), ("sft", "ar", "leaves", 1, 0),
        ("sft", "zh", "enters", 0, 5), ("sft", "zh", "leaves", 1, 0),
    ]  # fmt: skip
    assert (
        "1.0 leaves in 2 languages" in moved.reading
        and "0.1 enters in 1 language " in moved.reading
    )
    assert "grpo has base's top heads" in moved.reading
    assert moved.figure is None and moved.table is not None
    (ar,) = moved.table[moved.table["lang"].eq("ar") & moved.table["label"].eq("sft")].to_dict(
        "records"
    )
    assert (ar["kept"], ar["enters"], ar["leaves"]) == ("1", "0.1", "1.0")
    alike = heads.likeness(known)
    assert value(alike, "jaccard", label="sft", lang="ar") == pytest.approx(1 / 3)
    every = list(itertools.combinations(range(20), 2))
    chance = np.mean([len({0, 1} & {*one}) / len({0, 1, *one}) for one in every])
    assert value(alike, "chance", label="sft", lang="ar") == pytest.approx(chance)


def test_half_of_every_score_is_a_change_of_scale_alone(known: plates.View) -> None:
    plate = heads.scale(known)
    assert (value(plate, "fell_raw", label="grpo", lang="zh"), value(plate, "ratio", label="grpo", lang="zh")) == (100, 0.5)  # fmt: skip
    assert value(plate, "fell_share", label="grpo", lang="zh") == 0
    said = (
        "grpo's scores add up to 0.50 times base's (100 % of the heads weaken raw, 0 % as a share"
    )
    assert said in plate.reading and said in heads.raw_deltas(known).reading
    shares = heads.deltas(known).frame
    assert np.allclose(shares.loc[shares["label"] == "grpo", "value"], 0)


def test_red_is_stronger_and_each_checkpoint_has_a_scale(known: plates.View) -> None:
    plate = heads.raw_deltas(known)
    first, second = plate.figure.layout.coloraxis, plate.figure.layout.coloraxis2
    ends = plate.frame["value"].abs().groupby(plate.frame["label"]).max()
    assert (first.cmax, second.cmax) == (ends["sft"], ends["grpo"]) and first.cmin == -first.cmax
    # red at the low end of the scale as it is stored, turned round
    assert first.colorscale[0][1] == "rgb(103,0,31)" and first.reversescale and second.reversescale
    assert "red: stronger, blue: weaker" in first.colorbar.title.text
    assert plate.reading.startswith("Red heads are stronger")
    assert plate.paper == "Figures 16 and 17"
    own = heads.deltas(known)
    assert all(trace.reversescale for trace in own.figure.data if trace.type == "heatmap")
    panels = {note.text for note in own.figure.layout.annotations}
    largest = (
        own.frame[own.frame["label"].eq("sft") & own.frame["lang"].eq("zh")]["value"].abs().max()
    )
    assert f"zh ±{largest:.2g}" in panels


# --- which heads are top ---


def test_the_cut_is_the_runs_own_or_the_papers_and_said(tmp_path: Path, known: plates.View) -> None:
    assert "top 10 % of heads (the runs' own cut)" in heads.overlap(known).title
    assert "top 5 % of heads (as asked for)" in heads.overlap(known, fraction=0.05).title
    study = Study.open(tmp_path / "study")
    scores = {lang: np.tile(scores_with(TOP["base"][lang]), (5, 1)) for lang in ("en", "ar")}
    write_scores(study, "base", scores, preset="imported", fraction=0.3)
    plate = heads.overlap(plates.View.of(study.path))
    assert "top 2 % of heads (the paper's cut)" in plate.title
    assert "A set has only 2 heads" in plate.reading  # of 100


def test_verdicts_of_other_sets_stay_away(demo: plates.View, drawn: dict[str, Plate]) -> None:
    own, other = drawn["head-overlap"], heads.overlap(demo, fraction=0.02)
    (row,) = stored(demo, "mean_overlap").query("label == 'sft'").to_dict("records")
    assert f"sft {100 * row['value']:+.3g} [{100 * row['ci_low']:.3g}" in own.reading
    assert "noise floor" not in other.reading and "other sets (the top 5 %)" in other.reading
    assert "only 3 heads, so one head is 33 points" in other.reading
    for draw in (heads.overlap_change_map, heads.layers, heads.lines, heads.stable, heads.moves):
        assert "other sets (the top 5 %)" in draw(demo, fraction=0.02).reading


def test_a_verdict_over_all_languages_is_not_that_of_some() -> None:
    few = plates.View.of(DEMO, languages=["en", "de", "zh"])
    assert "over all languages of the runs, so none stands here" in heads.overlap(few).reading
    assert "over all languages of the runs, so none stands here" in heads.scale(few).reading
    assert "sft 0 of 3" in heads.overlap_change_map(few).reading


# --- what is beyond noise ---


def test_dots_are_the_stored_verdicts(demo: plates.View, drawn: dict[str, Plate]) -> None:
    plate = drawn["head-deltas"]
    rows = stored(demo, "delta_share")
    marked = rows[rows["verdict"] == "beyond noise"]
    (dots,) = (trace for trace in plate.figure.data if trace.name == "beyond noise")
    assert len(dots.x) == len(marked) > 0
    counts = marked["label"].value_counts()
    assert f"sft {counts['sft']} of {len(rows) // 2:,} and grpo {counts.get('grpo', 0)} of" in (
        plate.reading
    )
    ranks = heads.deltas(demo, shown="rank")
    beyond = stored(demo, "delta_rank").query("verdict == 'beyond noise'")
    # 128 heads in each of 12 languages
    assert f"sft {len(beyond)} of 1,536" in ranks.reading
    assert "of 1,536 cells of head and language (dots)" in ranks.reading


def test_a_planted_change_is_beyond_noise_in_words(compared: plates.View) -> None:
    view = compared
    kept = heads.stable(view)
    assert "sft in 0 of 3 languages and grpo in 3 of 3 languages" in kept.reading
    floor = 100 * stored(view, "heads_kept")["noise_floor"]
    assert f"at least {floor.min():.0f}" in kept.reading
    ranks = stored(view, "score_rank_correlation").query("label == 'grpo'")["value"]
    assert f"grpo {ranks.min():.2f}" in heads.likeness(view).reading


def test_checkpoints_are_named_in_one_order(compared: plates.View) -> None:
    """Stored rows are in the order of their names."""
    assert compared.others == ("sft", "grpo")
    view = plates.View.of(compared.study, labels=["grpo", "sft"])
    for draw in (heads.likeness, heads.overlap, heads.deltas, heads.scale, heads.moves):
        for one, (first, second) in ((compared, ("sft", "grpo")), (view, ("grpo", "sft"))):
            for sentence in draw(one).reading.split(". "):
                if f"{first} " in sentence and f"{second} " in sentence:
                    assert sentence.index(f"{first} ") < sentence.index(f"{second} "), sentence


def test_cells_beyond_noise_have_a_dot(monkeypatch: pytest.MonkeyPatch, demo: plates.View) -> None:
    """The shipped checkpoints differ in no such cell, so that some are made to."""
    real = plates.View.compared

    def altered(view: plates.View, **where: str) -> pd.DataFrame:
        rows = real(view, **where).copy()
        if where["statistic"] in ("layer_profile", "overlap"):
            sft = rows.index[rows["label"] == "sft"]
            rows.loc[sft[[3, 5]], "verdict"] = "beyond noise"
        return rows

    monkeypatch.setattr(plates.View, "compared", altered)
    rows = altered(demo, analysis="lahis", statistic="layer_profile")
    marked = rows[rows["verdict"] == "beyond noise"]
    layers = heads.layers(demo)
    dots = [one for one in layers.figure.data if "beyond noise" in (one.name or "")]
    places = [
        (round(x), demo.languages[round(y)])
        for one in dots
        for x, y in zip(one.x, one.y, strict=True)
    ]
    assert places == list(zip(marked["layer"], marked["lang"], strict=True))
    assert "sft 2 of 96 and grpo 0 of 96 cells of language and layer (dots)" in layers.reading
    shared = heads.overlap_change_map(demo)
    dots = [one for one in shared.figure.data if one.name == "beyond noise"]
    assert [len(one.x) for one in dots] == [4, 0], "both orders, and none for grpo"
    assert "sft 2 of 66 and grpo 0 of 66 pairs (dots)" in shared.reading


def test_the_share_of_weaker_heads_stands_with_its_evidence(
    demo: plates.View, drawn: dict[str, Plate]
) -> None:
    (row,) = stored(demo, "weakened_share_scale").query("label == 'sft'").to_dict("records")
    text = drawn["head-scale"].reading
    assert (
        f"sft {100 * row['value']:+.3g} [{100 * row['ci_low']:.3g}, {100 * row['ci_high']:.3g}]"
        in text
    )
    assert f"● {row['verdict']}" in text
    assert f"{100 * stored(demo, 'weakened').query('label == @row_label', local_dict={'row_label': 'sft'})['value'].iloc[0]:+.3g}" in drawn["head-deltas-raw"].reading  # fmt: skip


def test_the_edge_of_a_set_is_unsure_where_intervals_overlap(tmp_path: Path) -> None:
    # the second head scores 9, the third 1.19: intervals of 3 stay apart, of 4 do not
    for half, unsure in ((3.0, 0), (4.0, 2)):
        study = Study.open(tmp_path / str(half))
        scores = {lang: scores_with(TOP["base"][lang]) for lang in ("en", "ar")}
        write_scores(study, "base", scores, half=half)
        text = heads.scores(plates.View.of(study.path)).reading
        width = 100 * half * (1 / 10 + 1 / 9) / 2
        assert f"base ±{width:.0f} % of the score and {unsure} of 2 languages" in text


# --- ablation ---


EFFECTS = pd.DataFrame(
    {"en": [0.5, 0.4, 0.1], "ar": [0.2, 0.1, 0.3], "zh": [0.1, 0.2, 0.8]}, ["en", "ar", "zh"]
)
"""The diagonal is the largest of rows en and zh, and of columns en and zh."""


@pytest.fixture
def ablated(tmp_path: Path) -> plates.View:
    folder = planted(tmp_path / "study")
    study = Study.open(folder)
    write_effects(study, "base", EFFECTS)
    write_effects(study, "base", 3 * EFFECTS, source="sft")
    write_effects(study, "base", 10 * EFFECTS, part="neurons")
    return plates.View.of(folder)


def test_the_diagonal_is_counted_and_its_mean_is_given(ablated: plates.View) -> None:
    plate = ablation(ablated)
    assert value(plate, "delta", source_lang="ar", lang="en") == pytest.approx(0.4), "its own heads"
    diagonal = np.diag(EFFECTS)
    rest = (EFFECTS.to_numpy().sum() - diagonal.sum()) / 6
    assert f"{diagonal.mean():+.2f} on the set's own language and {rest:+.2f} on the others" in (
        plate.reading
    )
    assert f"random {EFFECTS.to_numpy().mean() / 10:+.2f}" in plate.reading
    assert (
        "its row in 2 of 3 languages, of its column in 2 of 3 languages (by chance 1"
        in plate.reading
    )
    assert f"{diagonal.mean() - rest:.2f} above the rest" in plate.reading
    assert "no interval of that is known" in plate.reading
    (dots,) = (one for one in plate.figure.data if one.type == "scatter")
    assert len(dots.x) == int((EFFECTS.to_numpy() > 0.15).sum())


def test_columns_are_made_alike(ablated: plates.View) -> None:
    plate = ablation_normalised(ablated)
    for one, other in itertools.product(EFFECTS.index, EFFECTS.columns):
        found = value(plate, "percent", source_lang=one, lang=other)
        assert found == pytest.approx(100 * EFFECTS.loc[one, other] / EFFECTS[other].max())
    (drawn,) = (one for one in plate.figure.data if one.type == "heatmap")
    np.testing.assert_allclose(np.asarray(drawn.z).max(0), 100)
    assert len(plate.figure.layout.shapes) == 3


def test_of_some_languages_only_those_rows_and_columns_stand(ablated: plates.View) -> None:
    view = plates.View.of(ablated.study, languages=["en", "ar"])
    plate = ablation(view)
    assert set(plate.frame["lang"]) == set(plate.frame["source_lang"]) == {"en", "ar"}
    assert "its row in 1 of 2 languages" in plate.reading
    one = ablation(plates.View.of(ablated.study, languages=["en"]))
    assert "a diagonal needs two languages" in one.reading and "on the others" not in one.reading


def test_the_demo_has_no_diagonal_beyond_chance(drawn: dict[str, Plate]) -> None:
    plate = drawn["head-ablation"]
    matrix = plate.frame.pivot(index="source_lang", columns="lang", values="delta")
    matrix = matrix[list(matrix.index)]
    own = np.diag(matrix)
    rows, columns = int((own == matrix.max(axis=1)).sum()), int((own == matrix.max(axis=0)).sum())
    assert f"of its row in {rows} of 6 languages, of its column in {columns} of 6" in plate.reading
    # every assignment of the six sets to the six languages
    traces = [
        sum(matrix.to_numpy()[at, to] for at, to in enumerate(order))
        for order in itertools.permutations(range(6))
    ]
    p = np.mean(np.array(traces) >= own.sum() - 1e-9)
    (said,) = re.findall(r"p = ([\d.]+), so the diagonal is not beyond chance", plate.reading)
    assert float(said) == pytest.approx(p, abs=0.02)


def test_heads_that_were_not_ablated_are_said_with_the_command(known: plates.View) -> None:
    with pytest.raises(Lacking, match=r"interp ablate --model ckpt/base .*--heads-from base"):
        ablation(known)


# --- orders, gaps and words ---


def test_languages_stand_beside_those_of_their_script(demo: plates.View) -> None:
    assert arranged(["en", "ru", "de", "ar", "uk"], "script") == ["en", "de", "ru", "uk", "ar"]
    assert arranged(["en", "fr", "de"], "family") == ["en", "de", "fr"]
    plate = heads.overlap(demo, order="script")
    assert list(plate.figure.layout.xaxis.ticktext)[:7] == [
        "en",
        "de",
        "es",
        "fr",
        "pt",
        "id",
        "sw",
    ]
    latin = {"en", "de", "es", "fr", "pt", "id", "sw"}
    pairs = plate.frame[
        (plate.frame["label"] == "base") & (plate.frame["lang"] != plate.frame["other_lang"])
    ]
    inside = pairs["lang"].isin(latin) & pairs["other_lang"].isin(latin)
    means = [pairs.loc[keep, "percent"].mean() for keep in (inside, ~inside)]
    assert (
        f"(21 of them) and pairs of two share base {means[0]:.0f} and {means[1]:.0f} %"
        in plate.reading
    )
    with pytest.raises(InterpError, match="order of languages"):
        heads.overlap(demo, order="alphabet")
    with pytest.raises(InterpError, match="view of head scores"):
        heads.deltas(demo, shown="percent")


def test_what_a_study_lacks_is_said_with_the_command(tmp_path: Path) -> None:
    study = Study.open(tmp_path / "one")
    write_scores(study, "base", {"en": scores_with(["0.0"])})
    alone = plates.View.of(study.path)
    for draw in (
        heads.stable,
        heads.likeness,
        heads.moves,
        heads.raw_deltas,
        heads.deltas,
        heads.scale,
    ):
        with pytest.raises(
            Lacking, match=r"only base has head scores.*interp lahis --model CHECKPOINT"
        ):
            draw(alone)
    with pytest.raises(Lacking, match="fewer than two"):
        heads.overlap(alone)
    write_scores(study, "sft", {"en": np.ones((3, 10))})
    with pytest.raises(Lacking, match="sft has 3 layers of 10 heads and base 2 of 10"):
        heads.deltas(plates.View.of(study.path))
    with pytest.raises(Lacking, match="no head scores of the base grpo"):
        write_effects(study, "grpo", EFFECTS)
        heads.stable(plates.View.of(study.path, base="grpo"))


def test_scores_that_are_no_numbers_have_no_sets(tmp_path: Path) -> None:
    folder = planted(tmp_path / "study")
    for file in folder.glob("runs/sft-lahis*/head_scores.parquet"):
        blank(file, "score")
    view = plates.View.of(folder)
    plate = heads.overlap(view)
    assert set(plate.frame["label"]) == {"base", "grpo"} and "sft" not in plate.title
    assert "sft" not in heads.scale(view).reading
    assert "sft" not in heads.stable(view).title


def test_every_paragraph_reads_as_one(
    tmp_path: Path, demo: plates.View, drawn: dict[str, Plate]
) -> None:
    made = whole(tmp_path / "depths", depths={"grpo": 6}, compared=False)
    one = plates.View.of(made, base="sft", labels=["base"], languages=["bn"])
    found = [(demo, "demo", entry, drawn[entry.name]) for entry in ENTRIES]
    for name, view in (("other depths", plates.View.of(made)), ("one language", one)):
        for entry in ENTRIES:
            try:
                found.append((view, name, entry, entry.draw(view)))
            except Lacking as lacking:
                assert "study" in str(lacking), (name, entry.name)
    for view, name, entry, plate in found:
        where = (name, entry.name, plate.reading)
        assert (plate.name, plate.paper) == (entry.name, entry.paper), where
        assert plate.reading.endswith(".") and "\n" not in plate.reading, where
        assert not re.search(
            r"\bnan\b|  |\.\.|None|\b1 heads|\b1 languages|\b1 of one|: \.|, \.", plate.reading
        ), where
        assert all(label in view.labels for label in plate.runs["label"]), where
        assert (len(plate.runs) and not plate.frame.empty) or entry.name == "head-moves", where
        if plate.figure is None:
            assert plate.table is not None and len(plate.table), where
        else:
            assert len(plate.figure.to_json()) < 400_000, where
            assert plate.figure.layout.title.text == plate.title, where
    assert len(found) > 30


@pytest.mark.parametrize(
    ("best", "said"),
    [
        (("0.1",), "Head 0.1 (layer.head) scores highest."),
        (("0.1", "0.1"), "Head 0.1 (layer.head) scores highest in both maps."),
        (("0.1",) * 3, "Head 0.1 (layer.head) scores highest in all 3 maps."),
        (
            ("0.0", "0.1"),
            "In 2 maps 2 different heads score highest, 0.0 (layer.head) in the first.",
        ),
        (
            ("0.0", "0.1", "0.1"),
            "Head 0.1 (layer.head) scores highest in 2 of 3 maps; over all of them 2 different heads do.",
        ),
    ],
)
def test_the_leading_head(best: tuple[str, ...], said: str) -> None:
    rows = [
        ("base", f"l{at}", 0, head, 1.0 + (name == f"0.{head}"))
        for at, name in enumerate(best)
        for head in (0, 1)
    ]
    frame = pd.DataFrame(rows, columns=["label", "lang", "layer", "head", "value"])
    assert leading_text(frame, reverse=False) == said


@pytest.mark.parametrize(("change", "said"), [(0.0, "unchanged"), (50.0, "changed")])
def test_of_one_pair_it_is_said_as_one(change: float, said: str) -> None:
    rows = [("sft", "ar", "en", change), ("sft", "en", "ar", change)]
    frame = pd.DataFrame(rows, columns=["label", "lang", "other_lang", "percent"])
    assert change_text(frame).endswith(f"; the one pair is {said}.")


# --- attention ---


def test_the_head_that_scores_highest_is_drawn_of_those_stored(
    demo: plates.View, drawn: dict[str, Plate]
) -> None:
    plate = drawn["head-attention"]
    table = demo.study.table("attention")
    own = table[table["run_id"].str.startswith("base-") & (table["lang"] == "en")]
    names = set(own["layer"].astype(str) + "." + own["head"].astype(str))
    scores = raw(demo, "base")["en"]
    order = [f"{at // 16}.{at % 16}" for at in np.argsort(-scores.ravel(), kind="stable")]
    best = next(name for name in order if name in names)
    assert f"Attention of head {best} of base on" in plate.title
    assert f"Head {best} (layer.head) is number {order.index(best) + 1} of base's 128 heads" in (
        plate.reading
    )
    assert "Drawn are the first 40 of 64 tokens" in plate.reading
    assert np.asarray(plate.figure.data[0].z).shape == (40, 40)
    sums = plate.frame.groupby("query")["weight"].sum()
    assert len(sums) == 64 and np.allclose(sums, 1, atol=0.01)


def test_where_a_head_looks_is_measured_on_every_stored_text(demo: plates.View) -> None:
    plate = heads.attention(demo, label="sft", head="4.10", lang="bn")
    assert "Attention of head 4.10 of sft on" in plate.title and "(bn)" in plate.title
    for label in demo.labels:
        run = dict(demo.runs("attention"))[label]
        stored = demo.study.tensors(run, "attention")
        texts = [stored[key].astype(float) for key in stored if key.startswith("L4.H10/bn/")]
        assert len(texts) == 2
        rows = [(text, query) for text in texts for query in range(2, 64)]
        shares = [
            100 * np.mean([text[query, key] for text, query in rows for key in [place(query)]])
            for place in (lambda query: 0, lambda query: query - 1, lambda query: query)
        ]
        said = f"{label} {shares[0]:.0f}, {shares[1]:.0f} and {shares[2]:.0f} %"
        assert said in plate.reading
    even = 100 * np.mean([1 / (query + 1) for query in range(2, 64)])
    assert f"spread evenly it would be {even:.0f}, {even:.0f} and {even:.0f} %" in plate.reading
    assert "2 stored texts in bn, without interval" in plate.reading
    with pytest.raises(InterpError, match="head with stored patterns"):
        heads.attention(demo, head="7.7")
    with pytest.raises(InterpError, match="language with stored patterns"):
        heads.attention(demo, lang="ja")


def test_patterns_that_are_missing_or_short_are_said(tmp_path: Path) -> None:
    folder = planted(tmp_path / "study")
    with pytest.raises(Lacking, match=r"interp attention --model ckpt/base .*--heads-from base"):
        heads.attention(plates.View.of(folder))
    add_attention(Study.open(folder), "sft", "0.5", {"en": ["<b>", "x"], "zh": ["a", "b", "c"]})
    view = plates.View.of(folder)
    plate = heads.attention(view)
    assert "too short to say where attention goes" in plate.reading
    assert plate.figure.layout.xaxis.ticktext[0] == "&lt;b&gt;"
    assert "Drawn are" not in plate.reading and len(plate.frame) == 3
    zh = heads.attention(view, lang="zh")
    assert "with sft 33, 33 and 33 %; spread evenly it would be 33, 33 and 33 %" in zh.reading
    assert "of 1 stored text in zh" in zh.reading
    # TOP: the second of sft's 20 heads in zh
    assert "Head 0.5 (layer.head) is number 2 of sft's 20 heads" in zh.reading
    with pytest.raises(Lacking, match="no attention patterns in ar"):
        heads.attention(plates.View.of(folder, languages=["ar"]))


def test_top_heads_of_the_demo_computed_again(demo: plates.View, drawn: dict[str, Plate]) -> None:
    frame = drawn["head-stable"].frame
    base, sft = raw(demo, "base"), raw(demo, "sft")
    for lang in demo.languages:
        kept = len(best(base[lang], 6) & best(sft[lang], 6))
        own = frame[(frame["label"] == "sft") & (frame["lang"] == lang)]
        assert (own["stable"].item(), own["changed"].item()) == (kept, 6 - kept)
    assert FRACTION * 20 == 2
