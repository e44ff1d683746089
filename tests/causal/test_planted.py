"""Planted heads and neurons: ablating a language's hurts that language alone; random ones do not."""

from __future__ import annotations

import numpy as np
import pytest

from interp.causal.dominance import dominance
from interp.causal.summary import losses_of, summarise
from tests.causal.cases import NEURONS, ablate, found, halves, neuron_model
from tests.lahis.cases import LETTERS, letters_corpus
from tests.lahis.test_planted import PLANTED, planted_model

LANGUAGES = list(LETTERS)


@pytest.fixture(scope="module")
def heads(tmp_path_factory):
    model, corpus = planted_model(), letters_corpus(44)
    first, _ = halves(corpus)
    folder = tmp_path_factory.mktemp("heads")
    study, run_id = found(model, first, folder, top_fraction=1 / 8)
    return study, ablate(model, corpus, study, run_id, n_blocks=64, batch_size="auto")


@pytest.fixture(scope="module")
def neurons(tmp_path_factory):
    model, corpus = neuron_model(), letters_corpus(44, (20, 45))
    first, _ = halves(corpus)
    folder = tmp_path_factory.mktemp("neurons")
    study, run_id = found(model, first, folder, "neurons", top_fraction=0.03)
    return study, ablate(model, corpus, study, run_id, "neurons", n_blocks=64, batch_size="auto")


def places(study, run_id):
    losses = losses_of(study, run_id)
    return {losses.sets[row].lang: set(losses.sets[row].places) for row in losses.own()}


def test_what_is_ablated_is_what_was_planted(heads, neurons):
    assert places(*heads) == {lang: {head} for lang, head in PLANTED.items()}
    assert places(*neurons) == NEURONS


@pytest.mark.parametrize("name", ["heads", "neurons"])
def test_the_matrix_is_diagonal_and_nothing_else(name, request):
    study, run_id = request.getfixturevalue(name)
    losses = losses_of(study, run_id)
    matrix = losses.effects(losses.own())
    off = matrix[~np.eye(3, dtype=bool)]
    assert (np.diag(matrix) > 0.3).all()
    # On another language's text a planted part puts out exactly zero already.
    assert np.abs(off).max() < 1e-6
    how = dominance(losses)
    assert (how.rows, how.columns, how.n_sources) == (3, 3, 3)
    assert how.rows_interval == (3, 3) and how.columns_interval == (3, 3)
    assert how.value == pytest.approx(np.diag(matrix).mean(), abs=1e-6)
    assert how.value_interval[0] > 0.3 and how.value_interval[0] < how.value < how.value_interval[1]
    # No control matrix is as diagonal: 1 of 1 + 2, the smallest p there is with two draws.
    assert how.p_controls == {"random": 1 / 3, "layer-matched": 1 / 3}
    assert how.p_labels == pytest.approx(1 / 6, abs=0.02)  # 3 languages have 6 permutations


@pytest.mark.parametrize("name", ["heads", "neurons"])
def test_random_controls_do_little_and_the_excess_is_the_planted_part(name, request):
    study, run_id = request.getfixturevalue(name)
    summary = summarise(study, run_id)["languages"].set_index("lang")
    for kind in ("random", "layer-matched"):
        beyond = summary[f"beyond {kind}"]
        # Of 8 heads two are another language's planted ones and one writes a wrong language.
        assert (beyond > 0.2).all() and (summary[f"beyond {kind} low"] > 0).all()
    table = study.table("ablations", run_id=run_id)
    drawn = table[table["draw"].notna()]
    assert len(drawn) == 3 * 3 * 4 and set(drawn["kind"]) == {"random", "layer-matched"}
    if name == "neurons":
        hit = {}  # controls that happened to hold a planted neuron of another language
        for one in losses_of(study, run_id).sets:
            if one.draw is not None:
                hit[one.lang, one.kind, one.draw] = {
                    lang for lang, mine in NEURONS.items() if mine & set(one.places)
                }
        for row in drawn.itertuples():
            if row.lang not in hit[row.source_lang, row.kind, row.draw]:
                assert abs(row.delta_nll) < 0.05


def test_the_table_holds_intervals_and_means_over_draws(neurons):
    study, run_id = neurons
    table = study.table("ablations", run_id=run_id)
    assert len(table) == 3 * 3 * (1 + 4 + 2)
    assert (table["ci_low"] <= table["delta_nll"] + 1e-12).all()
    assert (table["delta_nll"] <= table["ci_high"] + 1e-12).all()
    assert (table["n_ablated"] == 2).all() and table["delta_accuracy"].isna().all()
    own = table[table["kind"] == "neurons"]
    assert own["draw"].isna().all() and len(own) == 9
    losses = losses_of(study, run_id)
    tokens = dict(zip(losses.languages, losses.weights.sum(1), strict=True))
    assert (table["n_tokens"] == table["lang"].map(tokens)).all()
    keys = ["source_lang", "lang", "kind"]
    means = table[table["draw"].notna()].groupby(keys)["delta_nll"].mean()
    over_draws = table[table["draw"].isna() & (table["kind"] != "neurons")].set_index(keys)
    np.testing.assert_allclose(over_draws["delta_nll"], means.loc[over_draws.index], atol=1e-12)


def test_summary_says_yes_for_every_language(heads):
    study, run_id = heads
    found_ = summarise(study, run_id)
    assert found_["languages"]["first in row"].all()
    assert found_["languages"]["first in column"].all()
    assert not found_["languages"]["enough"].any()  # one head each
    assert found_["matrix"]["ablated"].tolist() == LANGUAGES
    assert found_["accuracy"].empty and found_["notes"].empty
