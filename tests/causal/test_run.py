"""Whole runs: what is measured, what is recorded, what is refused, and interruptions."""

from __future__ import annotations

import json

import numpy as np
import pytest

from interp.causal.read_sets import read_source
from interp.data.corpus import Corpus
from interp.errors import InterpError
from interp.options import AblationOptions
from interp.study import Study
from tests.causal.cases import ablate, found, halves, small_corpus, stop_after_saves
from tests.causal.test_facts import facts
from tests.lahis.test_resume import results
from tests.tiny import tiny_hooked


@pytest.fixture(scope="module")
def model():
    return tiny_hooked("olmo2")


@pytest.fixture
def heads(model, tmp_path):
    first, _ = halves(small_corpus())
    return found(model, first, tmp_path / "study", top_fraction=0.25)


@pytest.mark.parametrize("part", ["heads", "neurons"])
def test_units_that_found_the_sets_are_not_measured(model, tmp_path, part):
    corpus = small_corpus()
    first, second = halves(corpus)
    study, source = found(model, first, tmp_path, part, top_fraction=0.25)

    def units(**options):
        run_id = ablate(model, corpus, study, source, part, n_controls=0, **options)
        return study.notes(run_id)["text"]["units"]

    assert sorted(units()) == sorted(unit.unit_id for unit in second)
    some = units(limit=2)
    assert len(some) == 2 and set(some) < {unit.unit_id for unit in second}
    all_ = units(units="any")
    assert sorted(all_) == sorted(unit.unit_id for unit in corpus)
    with pytest.raises(InterpError, match=r"no unit of corpus .* used all 4; .*--limit 2") as no:
        ablate(model, first, study, source, part)
    assert "\n" not in str(no.value) and f"interp {'lahis' if part == 'heads' else 'lape'}" in str(
        no.value
    )


def test_a_run_without_recorded_units_is_refused(model, heads):
    study, source = heads
    path = study.path / "runs" / source / "run.json"
    record = json.loads(path.read_text())
    del record["notes"]["samples"]["units"]
    path.write_text(json.dumps(record))
    with pytest.raises(
        InterpError, match=r"has not recorded which units .* --overwrite, or .* any"
    ):
        ablate(model, small_corpus(), study, source)
    ablate(model, small_corpus(), study, source, units="any", n_controls=0)


def test_a_language_without_heads_is_stated_and_still_measured(model, tmp_path, capsys):
    from interp.causal.summary import losses_of, summarise

    first, _ = halves(small_corpus())
    study, source = found(model, first, tmp_path, "neurons", top_fraction=0.01)
    options = AblationOptions(assignment="argmax")
    places = read_source(study, source, "neurons", options).places
    without = [lang for lang, mine in places.items() if not mine]
    assert len(without) == 2  # one neuron is 1 % of 144
    run_id = ablate(
        model, small_corpus(), study, source, "neurons", assignment="argmax", n_controls=1
    )
    losses = losses_of(study, run_id)
    assert losses.languages == tuple(places) and not set(without) & set(losses.sources)
    line = f"has no neurons for {', '.join(without)}"
    assert line in capsys.readouterr().err
    assert any(line in note for note in summarise(study, run_id)["notes"]["note"])
    assert study.notes(run_id)["without_any"] == without
    with pytest.raises(InterpError, match="has no neurons for any of"):
        ablate(
            model, small_corpus(), study, source, "neurons", assignment="argmax", languages=without
        )


def test_threshold_needs_the_filters_cut(model, tmp_path):
    first, _ = halves(small_corpus())
    study, source = found(model, first, tmp_path, "neurons", filter_quantile=None)
    with pytest.raises(InterpError, match=r"without a percentile filter.*--assignment argmax"):
        ablate(model, small_corpus(), study, source, "neurons")
    ablate(model, small_corpus(), study, source, "neurons", assignment="argmax", n_controls=0)


def test_neurons_are_of_every_language_above_the_cut_unless_told_otherwise(model, tmp_path):
    first, _ = halves(small_corpus())
    study, source = found(model, first, tmp_path, "neurons", top_fraction=0.3, filter_quantile=0.5)
    table = study.table("neurons", run_id=source)
    table = table[table["selected"]]
    one, several = (
        read_source(study, source, "neurons", AblationOptions(assignment=rule)).places
        for rule in ("argmax", "threshold")
    )
    for lang, rows in table.groupby("lang"):
        mine = zip(rows["layer"].tolist(), rows["neuron"].tolist(), strict=True)
        assert sorted(mine) == list(one[lang])
        assert set(one[lang]) <= set(several[lang])
    assert AblationOptions().assignment == "threshold"
    assert sum(map(len, several.values())) > sum(map(len, one.values())) == len(table)


def test_sets_of_another_study_and_checkpoint(model, heads, tmp_path):
    study, source = heads
    other = Study.open(tmp_path / "other")
    run_id = ablate(tiny_hooked("olmo2", seed=1), small_corpus(), other, source, source=study)
    record = next(record for record in other.records() if record.run_id == run_id)
    assert record.spec["arguments"]["source"] == source
    assert len(other.runs()) == 1 and len(study.runs()) == 1


@pytest.mark.parametrize(
    ("part", "change", "message"),
    [
        ("heads", {"num_hidden_layers": 2}, "3 layers of 4 heads, and .* has 2 layers of 4"),
        ("heads", {"num_attention_heads": 2}, "3 layers of 4 heads, and .* has 3 layers of 2"),
        ("neurons", {"intermediate_size": 40}, "3 layers of 48 neurons, .* 3 layers of 40"),
    ],
)
def test_another_shape_is_refused(model, tmp_path, part, change, message):
    first, _ = halves(small_corpus())
    study, source = found(model, first, tmp_path, part, top_fraction=0.25)
    with pytest.raises(InterpError, match=message):
        ablate(tiny_hooked("olmo2", **change), small_corpus(), study, source, part)


def test_what_does_not_fit_is_refused_before_anything_is_written(model, heads):
    study, source = heads
    corpus = small_corpus()
    cases = [
        ({"languages": ["en", "fr"]}, "unknown language in run .*'fr': expected one of en, de, es"),
        ({"languages": ["en"]}, "expected at least two"),
        ({"neurons_from": "x"}, "both given: expected exactly one"),
        ({"heads_from": None}, "both missing: expected exactly one"),
        ({"heads_from": "nobody"}, "'nobody': expected one of tiny"),
        ({"replacement": "noise"}, "unknown ablation option replacement 'noise'"),
        ({"n_controls": -1}, "n_controls is -1"),
        ({"sets": "best"}, "unknown ablation option sets 'best'"),
        ({"preset": "paper"}, "says nothing about ablation"),
        ({"limit": 0}, "limit 0 units"),
        ({"seq_len": 100_000}, "has 256 positions"),
    ]
    for options, message in cases:
        with pytest.raises(InterpError, match=message) as refused:
            ablate(model, corpus, study, source, **options)
        assert "\n" not in str(refused.value)
    short = Corpus.build(corpus.units, ("en", "de"), "two languages")
    with pytest.raises(InterpError, match="'es': expected one of en, de"):
        ablate(model, short, study, source)
    assert len(list((study.path / "runs").iterdir())) == 1


def test_heads_and_neurons_of_one_checkpoint_stay_current_together(model, heads):
    study, source = heads
    first, _ = halves(small_corpus())
    _, other = found(model, first, study.path, "neurons", top_fraction=0.25)
    ids = {
        ablate(model, small_corpus(), study, source, n_controls=0),
        ablate(model, small_corpus(), study, other, "neurons", n_controls=0),
        ablate(model, small_corpus(), study, source, n_controls=0, label="later"),
        ablate(model, small_corpus(), study, other, "neurons", n_controls=0, label="later"),
    }
    current = study.runs()
    current = current[current["current"] & (current["analysis"] == "ablation")]
    assert set(current["run_id"]) == ids and len(ids) == 4
    assert set(study.table("ablations")["kind"]) == {"heads", "neurons"}


def test_the_seed_decides_the_controls(model, heads):
    study, source = heads
    tables = [
        study.tensors(ablate(model, small_corpus(), study, source, seed=seed), "losses")
        for seed in (0, 1)
    ]
    assert not np.array_equal(tables[0]["places"], tables[1]["places"])
    np.testing.assert_array_equal(tables[0]["nats"][:4], tables[1]["nats"][:4])


CHOICES = {"replacement": "mean", "n_controls": 1, "batch_size": 6}


def go(model, folder):
    """Find heads on one half and ablate them on the other, with means and facts."""
    first, _ = halves(small_corpus())
    study, source = found(model, first, folder, top_fraction=0.25)
    return study, ablate(model, small_corpus(), study, source, facts=facts(4), **CHOICES)


@pytest.fixture(scope="module")
def whole(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    study, run_id = go(model, folder)
    return folder, study.notes(run_id)["batches"]


@pytest.mark.parametrize("phase", ["means", "text", "between", "facts"])
def test_an_interrupted_run_goes_on_to_identical_files(model, whole, tmp_path, monkeypatch, phase):
    monkeypatch.setenv("INTERP_SAVE_SECONDS", "0")
    folder, plans = whole
    text, asked = plans["text"]["n_batches"], plans["facts"]["n_batches"]
    assert text > 1 and asked > 1
    steps = 11 * text + 10 * asked  # means, then ten sets on text and on facts
    n_saves = {
        "means": 1, "text": 4 * text + 1, "between": 11 * text, "facts": steps - 2 * asked - 1,
    }[phase]  # fmt: skip
    with monkeypatch.context() as patch:
        stop_after_saves(patch, n_saves)
        with pytest.raises(KeyboardInterrupt):
            go(model, tmp_path)
    assert len(Study.open(tmp_path).runs()) == 1  # the one that found the heads
    count = stop_after_saves(monkeypatch, 10**9)
    go(model, tmp_path)
    assert count() == steps - n_saves
    assert results(tmp_path) == results(folder)
    # head_scores and gradients of the source; facts; ablations, losses, means and answers
    assert len(results(folder)) == 7


def test_a_batch_that_does_not_fit_is_halved(model, heads):
    from tests.lahis.cases import failing, room_for

    study, source = heads
    choices = {"n_controls": 0, "languages": ["en", "es"]}
    whole = study.tensors(ablate(model, small_corpus(), study, source, **choices), "losses")
    small = tiny_hooked("olmo2")
    failing(small, room_for(2))
    run_id = ablate(small, small_corpus(), study, source, overwrite=True, **choices)
    halvings = study.notes(run_id)["batches"]["text"]["halvings"]
    # three failed; two longer ones that take as much are then cut without being tried
    assert halvings[0]["sequences"] == 3 and all(one["sequences"] in (2, 3) for one in halvings)
    np.testing.assert_allclose(study.tensors(run_id, "losses")["nats"], whole["nats"], rtol=1e-5)
