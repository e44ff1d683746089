"""A study of the size that a 7B model leaves, numbers drawn at random, written by the real writers.

Sizes, names and rhythms are those of real runs, so that files, memory and charts are; the numbers mean
nothing. Left out are what no page may read whole: LAHIS' gradients, and LAPE's blocks of counts (0.54 GB
a checkpoint), from which only ``interp compare`` and new selections are computed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.attention.tables import METADATA, TENSORS, tensor_key
from interp.causal.sets import INTACT, AblationSet
from interp.causal.tables import describe_sets, places_array
from interp.lape.select import LapeSelection, select_from_counts
from interp.presets import preset
from interp.study import Run, RunSpec, Study

LANGUAGES = ("en", "de", "es", "fr", "pt", "id", "ru", "ar", "zh", "ja", "sw", "bn")
STAGES = ("base", "sft", "grpo")
RELATIONS = ("continent", "country", "official_language", "currency")
DATA = {"lape": "corpus", "lahis": "corpus", "lens": "facts", "mcq": "facts"}
WORDS: Mapping[str, str] = {
    "en": "river market question answer", "de": "Fluss Straße Frage Antwort",
    "es": "río mercado pregunta respuesta", "fr": "fleuve marché question réponse",
    "pt": "rio mercado pergunta resposta", "id": "sungai pasar pertanyaan jawaban",
    "ru": "река рынок вопрос ответ", "ar": "نهر سوق سؤال جواب", "zh": "河流 市场 问题 回答",
    "ja": "川 市場 質問 答え", "sw": "mto soko swali jibu", "bn": "নদী বাজার প্রশ্ন উত্তর",
}  # fmt: skip
"""What texts are made of."""


@dataclass(frozen=True)
class Size:
    """How large the study is.

    Attributes:
        layers: of the model.
        neurons: of a layer's MLP.
        heads: of a layer.
        facts: in every language.
        updates: optimiser steps of a training run.
        examples: texts per selected neuron and language.
        window: tokens of such a text.
    """

    layers: int = 32
    neurons: int = 11_008
    heads: int = 32
    facts: int = 2_500
    updates: int = 1_500
    examples: int = 5
    window: int = 32


QUICK = Size(layers=4, neurons=128, heads=4, facts=40, updates=40, examples=2, window=8)


def write_study(folder: Path, size: Size) -> Study:
    """Write the study: three checkpoints, every analysis that a page reads.

    Args:
        folder: where to; absent or empty.
        size: how large.
    """
    study = Study.open(folder)
    facts = facts_frame(size)
    study.add_facts(facts, "facts")
    ids = facts["fact_id"].unique()
    for number, stage in enumerate(STAGES):
        rng = np.random.default_rng(number)
        write_lape(study, stage, size, number)
        write_lahis(study, stage, size, rng)
        write_lens(study, stage, size, ids, rng)
        write_mcq(study, stage, size, facts, rng)
        write_training(study, stage, size, rng)
    write_attention(study, size)
    write_ablation(study, size)
    study.write_comparisons(comparison_rows(study, size))
    return study


def spec(stage: str, analysis: str, size: Size, data: str, **arguments: Any) -> RunSpec:
    """The request of a run, as the commands make it."""
    shape = {
        "d_head": 128, "d_mlp": size.neurons, "d_model": 4096, "d_vocab": 100_352, "gated": True,
        "has_resid_mid": True, "n_heads": size.heads, "n_kv_heads": size.heads,
        "n_layers": size.layers,
    }  # fmt: skip
    model = {
        "model": f"example/{stage}-7b", "revision": None, "adapter": None, "base": None,
        "weights_hash": f"sha256:{stage}", "shape": shape, "dtype": "bfloat16", "device": "cuda",
    }  # fmt: skip
    options = {} if analysis == "train" else preset(analysis).to_dict()
    given = {**options, "languages": list(LANGUAGES), **arguments}
    return RunSpec(analysis, stage, stage, "default", given, data, model)


def category(names: Sequence[str], codes: NDArray[Any]) -> pd.Categorical:
    """A column of texts that repeat."""
    return pd.Categorical.from_codes(codes, categories=list(names))


def words(lang: str, number: int) -> str:
    """A short text of a language, another for every number."""
    own = WORDS[lang].split()
    return f"{own[number % 4]} {own[number // 4 % 4]} {number}"


def facts_frame(size: Size) -> pd.DataFrame:
    """The table ``facts``; ids come in no order."""
    order = np.random.default_rng(0).permutation(size.facts)
    rows = []
    for number in order.tolist():
        relation = RELATIONS[number % 4]
        for place, lang in enumerate(LANGUAGES):
            options = [words(lang, number + k) for k in range(4)]
            rows.append(
                {
                    "data_hash": "facts", "fact_id": f"cldr:{relation}:Q{number:05}",
                    "relation": relation, "property_id": f"P{30 + number % 4}",
                    "split": ("train", "test", "validation")[number % 5 // 2], "lang": lang,
                    "subject": words(lang, 7 * number),
                    "question": f"{words(lang, 3 * number)} {words(lang, 5 * number)}?",
                    "options": options, "option_ids": [f"Q{number + k}" for k in range(4)],
                    "answer_index": number % 3, "answer": options[number % 3],
                    "stated": lang == "en" or (number + place) % 3 > 0,
                    "is_proper_noun": relation != "currency",
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def write_lape(study: Study, stage: str, size: Size, number: int) -> None:
    """Neurons, probabilities and examples; a few in a hundred neurons change with the stage."""
    rng = np.random.default_rng(100)
    counts, tokens = _counts(rng, size), np.full(len(LANGUAGES), 2_000_000)
    for _ in range(number):
        other, moved = _counts(rng, size), rng.random(counts.shape[1:]) < 0.05
        counts = np.where(moved, other, counts)
    found = select_from_counts(counts, tokens, preset("lape"), languages=LANGUAGES)
    with study.run(spec(stage, "lape", size, "corpus")) as run:
        run.write_table("neurons", found.to_frame())
        run.write_table("neuron_probs", found.probs_frame())
        run.record("selection", found.to_dict())
        run.record("text", {"n_blocks": 64, "tokens": dict.fromkeys(LANGUAGES, 2_000_000)})
        _write_examples(run, size, found, rng)


def _counts(rng: np.random.Generator, size: Size) -> NDArray[np.int64]:
    """Active tokens of 2 million, ``[language, layer, neuron]``: some neurons like one language."""
    shape = (size.layers, size.neurons)
    own = rng.beta(1.5, 3.0, shape)
    liking = rng.lognormal(0.0, 0.2, (len(LANGUAGES), *shape))
    fond = rng.random(shape) < 0.03
    liking[rng.integers(len(LANGUAGES), size=int(fond.sum())), *np.nonzero(fond)] *= 6
    return np.rint(2e6 * np.clip(own * liking, 0.0, 0.95)).astype(np.int64)


def _write_examples(run: Run, size: Size, found: LapeSelection, rng: np.random.Generator) -> None:
    order = np.lexsort((found.neurons, found.layers))
    n, each = len(order), len(LANGUAGES) * size.examples
    row = np.arange(n * each)
    lang = row // size.examples % len(LANGUAGES)
    pool = [_texts(lang, size) for lang in LANGUAGES]
    drawn = rng.integers(len(pool[0]), size=len(row))
    tokens = [pool[place][one] for place, one in zip(lang.tolist(), drawn.tolist(), strict=True)]
    run.write_table(
        "neuron_examples",
        pd.DataFrame(
            {
                "layer": np.repeat(found.layers[order], each),
                "neuron": np.repeat(found.neurons[order], each),
                "lang": category(LANGUAGES, lang),
                "rank": row % size.examples,
                "text": ["".join(one) for one in tokens],
                "tokens": tokens,
                "activations": list(rng.normal(size=(len(row), size.window)).astype(np.float32)),
            }
        ),
    )


def _texts(lang: str, size: Size) -> list[list[str]]:
    """Five hundred texts of a language, as pieces that join to them."""
    own = WORDS[lang].split()
    return [
        [f"{own[(k * k + place) % 4]}{place + k} " for place in range(size.window)]
        for k in range(500)
    ]


def write_lahis(study: Study, stage: str, size: Size, rng: np.random.Generator) -> None:
    """Scores of every head and language with intervals, gradients left out."""
    n = len(LANGUAGES) * size.layers * size.heads
    row, score = np.arange(n), rng.lognormal(1.0, 1.0, n)
    with study.run(spec(stage, "lahis", size, "corpus")) as run:
        run.write_table(
            "head_scores",
            pd.DataFrame(
                {
                    "lang": category(LANGUAGES, row // (size.layers * size.heads)),
                    "layer": row // size.heads % size.layers, "head": row % size.heads,
                    "score": score, "ci_low": 0.8 * score, "ci_high": 1.2 * score,
                    "n_samples": 1000,
                }
            ),
        )  # fmt: skip
        run.record("samples", {"n_samples": 1000})


def write_lens(
    study: Study, stage: str, size: Size, ids: Sequence[str], rng: np.random.Generator
) -> None:
    """Ranks of target, distractor and English answer, and the five first, at every point."""
    facts, langs, points = len(ids), len(LANGUAGES), size.layers + 1
    cell = np.arange(facts * langs * points)
    fact, lang, layer = cell // (langs * points), cell // points % langs, cell % points
    tokens = [f"{word}{number}" for number in range(1_200) for word in ("ab", "नदी", "río", "水")]

    def common(repeat: NDArray[Any]) -> dict[str, Any]:
        token = rng.integers(len(tokens), size=len(repeat))
        return {
            "fact_id": category(list(ids), fact[repeat]),
            "lang": category(LANGUAGES, lang[repeat]),
            "layer": layer[repeat],
            "point": category(["post"], np.zeros(len(repeat), np.int8)),
            "token_id": token,
            "token": category(tokens, token),
        }

    role = np.tile(np.arange(3, dtype=np.int8), len(cell))
    each = np.repeat(cell, 3)
    kept = (role < 2) | (lang[each] > 0)  # in English the target is the English answer
    role, each = role[kept], each[kept]
    height = 11 * (1 - layer[each] / points) * rng.random(len(each))
    ranks = {
        **common(each),
        "role": category(["target", "distractor", "en"], role),
        "token_rule": category(["first"], np.zeros(len(each), np.int8)),
        "rank": np.floor(np.expm1(height)),
        "logprob": -height.astype(np.float32).astype(np.float64),
        "n_subtokens": 1 + fact[each] % 4,
    }
    five = np.repeat(cell, 5)
    place = np.tile(np.arange(5), len(cell))
    top = {
        **common(five),
        "place": 1 + place,
        "logprob": -(place + rng.random(len(five), dtype=np.float32)).astype(np.float64),
    }
    with study.run(spec(stage, "lens", size, "facts")) as run:
        run.write_table("lens_ranks", pd.DataFrame(ranks))
        run.write_table("lens_top", pd.DataFrame(top))
        counts = ("same_text_as_english", "same_token_as_english", "no_distinct_distractor",
                  "space_in_prompt", "token_fell_back")  # fmt: skip
        run.record(
            "items",
            [
                {"lang": lang, "facts": facts, "kept": facts, **dict.fromkeys(counts, 0)}
                for lang in LANGUAGES
            ],
        )


def write_mcq(
    study: Study, stage: str, size: Size, facts: pd.DataFrame, rng: np.random.Generator
) -> None:
    """Scores of four options for every fact and language."""
    scores = -rng.gamma(2.0, 3.0, (len(facts), 4)).astype(np.float32)
    chosen = scores.argmax(axis=1)
    lengths = list(rng.integers(1, 6, (len(facts), 4)))
    english = facts[facts["lang"] == "en"].set_index("fact_id")["answer"]
    with study.run(spec(stage, "mcq", size, "facts")) as run:
        run.write_table(
            "predictions",
            pd.DataFrame(
                {
                    "benchmark": "cldr", "fact_id": facts["fact_id"], "lang": facts["lang"],
                    "scores": list(scores), "n_tokens": lengths,
                    "n_bytes": [4 * one for one in lengths],
                    "n_characters": [3 * one for one in lengths], "chosen": chosen,
                    "generated": None, "failure_mode": None,
                    "correct": chosen == facts["answer_index"].to_numpy(),
                    "relation": facts["relation"], "target": facts["answer"],
                    "target_en": facts["fact_id"].map(english),
                }
            ),
        )  # fmt: skip
        run.record("options_aligned", True)
        run.record("items", [{"lang": lang, "facts": len(english)} for lang in LANGUAGES])


SCALARS = (
    "all_correct", "empty", "entropy", "grad_norm", "learning_rate", "loss", "reward", "reward_sd",
    "rollout_tokens", "seconds", "truncated", "unparseable", "wrong", "zero_variance",
)  # fmt: skip


def write_training(study: Study, stage: str, size: Size, rng: np.random.Generator) -> None:
    """A training log: fourteen numbers a step, one per language, and a check now and then."""
    steps = np.arange(1, size.updates + 1)
    parts = [
        pd.DataFrame({"step": steps, "metric": name, "lang": None, "value": rng.random(len(steps))})
        for name in (("loss",) if stage == "base" else SCALARS)
    ]
    if stage != "base":
        for lang in LANGUAGES:
            for metric, every in (("correct", 1), ("check_correct", 50), ("check_wrong", 50)):
                at = steps[every - 1 :: every]
                parts.append(
                    pd.DataFrame({"step": at, "metric": metric, "lang": lang, "value": rng.random(len(at))})
                )  # fmt: skip
    log = pd.concat(parts).sort_values("step", kind="stable", ignore_index=True)
    manifest = {
        "config": {"checkpoint_every": 500, "learning_rate": 1e-5, "facts_per_update": 2},
        "languages": list(LANGUAGES), "made_by": f"interp train {stage}", "stage": stage,
        "updates": size.updates, "training_seconds": 3600.0, "device_hours": 1.0, "tokens": 10**7,
    }  # fmt: skip
    asked = spec(stage, "train", size, "facts", languages=None, learning_rate=1e-5)
    with study.run(asked) as run:
        run.write_table("train_log", log)
        run.record("manifest", manifest)


def write_attention(study: Study, size: Size, n_heads: int = 20, samples: int = 4) -> None:
    """Patterns of some heads of the base on four texts of 64 tokens in every language."""
    rng = np.random.default_rng(3)
    heads = [(k % size.layers, 5 * k % size.heads) for k in range(n_heads)]
    heads = list(dict.fromkeys(heads))
    names = [f"L{layer}.H{head}" for layer, head in heads]
    n = 2 * size.window
    rows, patterns = [], {}
    for layer, head in heads:
        for lang in LANGUAGES:
            for sample in range(samples):
                key = tensor_key((layer, head), lang, sample)
                raw = np.tril(rng.random((n, n)))
                patterns[key] = (raw / raw.sum(axis=1, keepdims=True)).astype(np.float16)
                pieces = [words(lang, k) + " " for k in range(n)]
                rows.append({"layer": layer, "head": head, "lang": lang, "sample_id": f"t:{sample}",
                             "tokens": pieces, "tensor_key": key})  # fmt: skip
    with study.run(spec("base", "attention", size, "corpus", heads=names)) as run:
        run.write_table("attention", pd.DataFrame(rows))
        run.write_tensors(TENSORS, patterns, METADATA)
        run.record("heads", {"why": dict.fromkeys(names, "chosen")})


def write_ablation(study: Study, size: Size) -> None:
    """Each language's heads ablated in the base, beside controls."""
    rng = np.random.default_rng(4)
    n = max(1, size.layers * size.heads // 50)
    kinds = (("heads", None), ("random", 0), ("layer-matched", 0))
    sets = [AblationSet("", INTACT, None, ()), *(
        AblationSet(lang, kind, draw, tuple(zip(rng.integers(size.layers, size=n).tolist(), rng.integers(size.heads, size=n).tolist(), strict=True)), 0)
        for lang in LANGUAGES for kind, draw in kinds
    )]  # fmt: skip
    rows = [
        {"source_lang": one.lang, "lang": lang, "kind": one.kind, "draw": one.draw, "n_ablated": n,
         "delta_nll": value, "ci_low": value - 0.1, "ci_high": value + 0.1, "n_tokens": 5000}
        for one in sets[1:] for lang, value in zip(LANGUAGES, rng.random(12), strict=True)
    ]  # fmt: skip
    frame = pd.DataFrame(rows).astype({"draw": "Int64"})
    source = next(r.run_id for r in study.records() if r.run_id.startswith("base-lahis"))
    asked = spec(
        "base", "ablation", size, "corpus", part="heads", source=source, source_label="base"
    )
    with study.run(asked) as run:
        run.write_table("ablations", frame)
        run.write_tensors(
            "losses",
            {
                "places": places_array(sets), "nats": 700 * rng.random((len(sets), 12, 20)),
                "perplexity": 30 * rng.random((len(sets), 12, 20)),
                "tokens": np.full((12, 20), 250), "sequences": np.full((12, 20), 2),
            },
            {"sets": describe_sets(sets), "languages": list(LANGUAGES)},
        )  # fmt: skip
        run.record("notices", [])
        run.record("text", {"text_hash": "t", "corpus_hash": "t"})


STATISTICS: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "lape": (
        ("neurons", "difference", "lang"), ("neurons_change", "difference", "lang"),
        ("neuron_jaccard", "likeness", "lang+"), ("late_share", "difference", "lang+"),
        ("layer_distance", "distance", "lang+"),
        ("layer_distance_without_english", "distance", ""),
    ),
    "lahis": (
        ("delta_raw", "difference", "map"), ("delta_share", "difference", "map"),
        ("delta_rank", "difference", "map"), ("layer_profile", "difference", "lang layer"),
        ("layer_score", "difference", "layer"), ("layer_score_share", "difference", "layer"),
        ("overlap", "difference", "pair"), ("mean_overlap", "difference", ""),
        ("heads_kept", "likeness", "lang"), ("score_rank_correlation", "likeness", "lang"),
        ("specific_heads", "difference", "lang"), ("general_heads", "difference", ""),
        ("layer_peak", "difference", ""), ("weakened", "difference", ""),
        ("weakened_share_scale", "difference", ""),
    ),
    "lens": tuple(
        (name + part, "difference", "lang")
        for name in ("mean_log_rank", "mean_pivot_share", "never_crosses", "pivot_mass",
                     "target_first", "transition_failure", "window_layers")
        for part in ("", "_stated", "_english_only")
    ),
    "mcq": (
        ("accuracy", "difference", "lang+"), ("accuracy (mean)", "difference", ""),
        ("accuracy_stated", "difference", ""), ("accuracy_english_only", "difference", ""),
        ("agreement", "difference", ""), ("rankc_mean", "difference", ""),
        ("total_consistency", "difference", ""),
    ),
}  # fmt: skip
"""Analysis to name, kind and extent of each statistic, as ``interp compare`` writes them."""


def _places(extent: str, size: Size) -> pd.DataFrame:
    """Columns ``lang``, ``other_lang``, ``layer``, ``head`` of the rows of one statistic."""
    axes: dict[str, list[Any]] = {
        "lang": [None],
        "other_lang": [None],
        "layer": [None],
        "head": [None],
    }
    if "lang" in extent or extent == "map":
        axes["lang"] = list(LANGUAGES)
    if extent == "pair":
        axes["lang"] = axes["other_lang"] = list(LANGUAGES)
    if "layer" in extent or extent == "map":
        axes["layer"] = list(range(size.layers))
    if extent == "map":
        axes["head"] = list(range(size.heads))
    frame = pd.MultiIndex.from_product(axes.values(), names=list(axes)).to_frame(index=False)
    if extent == "pair":
        order = {lang: place for place, lang in enumerate(LANGUAGES)}
        frame = frame[frame["lang"].map(order) < frame["other_lang"].map(order)]
    if extent == "lang+":
        frame = pd.concat([frame, frame.head(1).assign(lang=None)])
    return frame.astype({"layer": "Int64", "head": "Int64"})


def comparison_rows(study: Study, size: Size) -> pd.DataFrame:
    """The table ``comparisons``: both trained checkpoints against the base, maps of heads included."""
    rng = np.random.default_rng(5)
    runs = study.runs().set_index(["analysis", "label"])["run_id"]
    units = {"lape": ("blocks", 64), "lahis": ("samples", 1000), "lens": ("facts", 2500),
             "mcq": ("facts", 2500)}  # fmt: skip
    parts = []
    for label in STAGES[1:]:
        for analysis, statistics in STATISTICS.items():
            for statistic, kind, extent in statistics:
                frame = _places(extent, size)
                n = len(frame)
                value = rng.normal(size=n) if kind == "difference" else rng.random(n)
                base, far = rng.random(n), rng.random(n) < 0.05
                p = np.where(far, 0.001, rng.random(n))
                parts.append(
                    frame.assign(
                        study=study.name, base="base", label=label, analysis=analysis,
                        preset="default", data=DATA[analysis], statistic=statistic, kind=kind,
                        value=value, signed_value=value, ci_low=value - 1, ci_high=value + 1,
                        base_value=base, base_low=base - 0.5, base_high=base + 0.5,
                        label_value=base + value, label_low=base + value - 0.5,
                        label_high=base + value + 0.5, noise_floor=rng.random(n), p=p,
                        p_adjusted=np.minimum(1, 12 * p),
                        verdict=np.where(far, "beyond noise", "within noise"),
                        reason=[f"does not exceed the noise floor {v:.3g}; adjusted p 1 is not below "
                                "0.05; the interval includes 0" for v in rng.random(n)],
                        n=units[analysis][1], unit=units[analysis][0], behind=None,
                        design="paired", notes="", base_run=runs[analysis, "base"],
                        label_run=runs[analysis, label], seed=0,
                        method="1000 bootstrap draws, 1999 relabellings, 200 half splits",
                        code_version="0.1.0", code_hash="0",
                    )
                )  # fmt: skip
    return pd.concat(parts, ignore_index=True)
