"""Small studies that hold every analysis, and the ways in which one can be broken."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from interp.comparison import compare
from interp.lape.select import select_from_counts
from interp.options import AblationOptions, LapeOptions
from interp.stats.contrast import Settings
from interp.study import RunSpec, Study
from tests.comparison.fact_studies import scores_of, write_mcq
from tests.comparison.studies import SAMPLES, drawn_gradients, write_lahis
from tests.lens.pivot_study import add_run as write_lens

LANGUAGES = ("en", "ar", "zh", "bn")
STAGES = {"base": "base", "sft": "sft", "grpo": "grpo"}
FACTS = 12
DATA = "d" * 64
QUICK = Settings(draws=100, permutations=99, splits=20)

HOSTILE = (
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    "<b>bold</b>",
    "$E=mc^2$ :red[x] **y** `z` [a](http://example.com)",
)
"""Texts that a page would act on if it took them for its own."""

WORDS = {"en": "the sea", "ar": "البحر الواسع", "zh": "大海很宽", "bn": "সমুদ্র ক্ষত্রিয়"}


def whole(
    folder: Path,
    *,
    stages: Mapping[str, str] = STAGES,
    languages: Sequence[str] = LANGUAGES,
    depths: Mapping[str, int] | None = None,
    word: str | None = None,
    compared: bool = True,
) -> Path:
    """Write a study in which every page has something to show.

    Args:
        folder: of the study.
        stages: label to stage.
        languages: codes.
        depths: label to number of layers; 4 where it is not named.
        word: what every text and token says; the language's own by default.
        compared: whether the checkpoints are compared, with few draws.
    """
    study = Study.open(folder)
    study.add_facts(fact_rows(languages, word), DATA)
    for place, (label, stage) in enumerate(stages.items()):
        layers = (depths or {}).get(label, 4)
        write_lape(study, label, stage, languages, layers, seed=place, word=word)
        heads = drawn_gradients(place, important=2 * place)["en"]
        heads = np.resize(heads, (SAMPLES, layers, 8)).astype(np.float32)
        lahis = write_lahis(
            study, label, {lang: heads * (1 + at) for at, lang in enumerate(languages)}, stage=stage
        )
        write_lens(
            study, ranks(languages, layers, place), label=label, data_hash=DATA, top=True,
            languages=list(languages), token_rule="first", prompt_form="qa",
        )  # fmt: skip
        correct = pd.DataFrame(
            np.random.default_rng(place).random((FACTS, len(languages))) < 0.6,
            fact_ids(), list(languages),
        ).astype(float)  # fmt: skip
        write_mcq(study, label, scores_of(correct, seed=place), data_hash=DATA)
        write_ablation(study, label, stage, languages, lahis)
        write_training(study, label, stage, languages)
    if word is not None:
        _say(folder, word)
    if compared and len(stages) > 1:
        compare(study, next(iter(stages)), settings=QUICK)
    return folder


def fact_ids() -> list[str]:
    """Ids of the facts, as the lens writes them."""
    return [f"f{place}" for place in range(FACTS)]


def fact_rows(languages: Sequence[str], word: str | None = None) -> pd.DataFrame:
    """Facts whose texts are those of their language, or all the same word."""
    rows = []
    for place, fact in enumerate(fact_ids()):
        for lang in languages:
            text = word or WORDS.get(lang, lang)
            rows.append(
                {
                    "fact_id": fact, "relation": ("sea", "land")[place % 2], "property_id": "P1",
                    "split": ("train", "test")[place % 2], "lang": lang, "subject": text,
                    "question": f"{text} {place}?", "options": [f"{text} {at}" for at in range(4)],
                    "option_ids": list("abcd"), "answer_index": 0, "answer": f"{text} 0",
                    "stated": lang == "en" or place % 3 == 0, "is_proper_noun": place % 2 == 0,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def ranks(
    languages: Sequence[str], layers: int, seed: int
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Ranks [fact, layer] of target and English answer, falling with depth; English has one answer."""
    rng = np.random.default_rng(seed)
    falling = np.linspace(100, 0, layers + 1)
    found = {}
    for lang in languages:
        target, english = np.floor(falling * rng.uniform(0.1, 1.5, (2, FACTS, layers + 1)))
        found[lang] = (target, english if lang != "en" else np.full_like(english, np.nan))
    return found


def write_lape(
    study: Study,
    label: str,
    stage: str,
    languages: Sequence[str],
    layers: int,
    *,
    seed: int = 0,
    word: str | None = None,
    **options: Any,
) -> str:
    """Write a run of 8 blocks and 16 neurons a layer, each with examples of its own."""
    rng = np.random.default_rng(seed)
    chosen = LapeOptions(**{"top_fraction": 0.25, "filter_quantile": None, **options})
    tokens = np.full((8, len(languages)), 50)
    rates = rng.random((len(languages), layers, 16)) ** 4
    counts = rng.binomial(50, rates, (8, *rates.shape)).astype(np.uint16)
    found = select_from_counts(counts, tokens, chosen, languages=tuple(languages))
    arguments = {
        **chosen.to_dict(), "languages": list(languages), "batch_size": "auto", "examples": 2,
    }  # fmt: skip
    spec = RunSpec("lape", label, stage, "default", arguments, "t" * 64, _model(label, layers))
    examples = []
    chosen_neurons = zip(found.layers.tolist(), found.neurons.tolist(), strict=True)
    for layer, neuron in chosen_neurons:
        for lang in languages:
            text = word or WORDS.get(lang, lang)
            for rank in range(2):
                pieces = [text[:2], text[2:], f" {rank}"]
                examples.append(
                    {
                        "layer": layer, "neuron": neuron, "lang": lang, "rank": rank,
                        "text": "".join(pieces), "tokens": pieces, "activations": [0.5, 1.0, -0.2],
                    }
                )  # fmt: skip
    with study.run(spec) as run:
        run.record(
            "text",
            {
                "units": [f"u{at}" for at in range(8)], "corpus": "made", "corpus_hash": "c",
                "n_blocks": 8, "tokens": dict.fromkeys(languages, 400), "bos_ids": [],
            },
        )  # fmt: skip
        axes = ["block", "language", "layer", "neuron"]
        run.write_tensors(
            "counts",
            {"counts": counts, "tokens": tokens},
            {"axes": {"counts": axes, "tokens": axes[:2]}, "languages": list(languages)},
        )
        run.write_table("neurons", found.to_frame())
        run.write_table("neuron_probs", found.probs_frame())
        if examples:
            run.write_table("neuron_examples", pd.DataFrame(examples))
        run.record("selection", found.to_dict())
    return run.run_id


def write_ablation(
    study: Study, label: str, stage: str, languages: Sequence[str], source: str
) -> str:
    """Write what a language's heads do to each language's loss."""
    arguments = {
        **AblationOptions().to_dict(), "part": "heads", "source": source, "source_label": label,
        "languages": list(languages), "batch_size": "auto",
    }  # fmt: skip
    rows = [
        {
            "source_lang": one, "lang": other, "kind": kind, "draw": None, "n_ablated": 2,
            "delta_nll": (0.4 if one == other else 0.1) / (1 + (kind != "heads")),
            "ci_low": 0.05, "ci_high": 0.6, "n_tokens": 400,
        }
        for kind in ("heads", "random", "layer-matched") for one in languages for other in languages
    ]  # fmt: skip
    spec = RunSpec("ablation", label, stage, "default", arguments, "a" * 64, _model(label, 4))
    with study.run(spec) as run:
        run.record("text", {"text_hash": "t"})
        run.write_table("ablations", pd.DataFrame(rows))
    return run.run_id


def write_training(study: Study, label: str, stage: str, languages: Sequence[str]) -> str:
    """Write the log of a training of five steps, with one left out."""
    rows = [
        {"step": step, "metric": metric, "lang": lang, "value": step / 10}
        for step in (1, 2, 3, 5)
        for metric, lang in [("loss", None), ("reward", None), *(("correct", x) for x in languages)]
    ]
    spec = RunSpec("train", label, stage, "default", {"steps": 5}, "r" * 64, _model(label, 4))
    with study.run(spec) as run:
        run.write_table("train_log", pd.DataFrame(rows))
    return run.run_id


def _model(label: str, layers: int) -> dict[str, Any]:
    return {
        "model": f"ckpt/{label}", "weights_hash": f"sha256:{label}", "tokenizer_hash": "sha256:t",
        "dtype": "float32", "device": "cpu",
        "shape": {"n_layers": layers, "n_heads": 8, "d_head": 4, "d_mlp": 16, "d_model": 32},
    }  # fmt: skip


def _say(folder: Path, word: str) -> None:
    """Make every token of the lens say a word."""
    for name in ("lens_ranks", "lens_top"):
        for file in folder.glob(f"runs/*/{name}.parquet"):
            change(file, lambda table: _with(table, "token", [word] * len(table)))


# --- what can be wrong with a study's files ---


def change(file: Path, how: Callable[[pa.Table], pa.Table]) -> None:
    """Rewrite a table of a run and what ``run.json`` says of it, so that it counts as written so."""
    pq.write_table(how(pq.read_table(file)), file)
    record = file.parent / "run.json"
    data = json.loads(record.read_text())
    content = file.read_bytes()
    data["files"][file.name].update(sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
    record.write_text(json.dumps(data))


def blank(file: Path, column: str) -> None:
    """Make every number of a column NaN."""
    change(file, lambda table: _with(table, column, pa.array([float("nan")] * len(table))))


def _with(table: pa.Table, column: str, values: Any) -> pa.Table:
    at = table.schema.get_field_index(column)
    return table.set_column(
        at, table.schema.field(at), pa.array(values, table.schema.field(at).type)
    )


def interrupt(folder: Path, label: str = "late") -> None:
    """Begin a run and stop halfway."""
    spec = RunSpec("lape", label, label, "default", {"languages": ["en"]}, "t" * 64)

    class Stop(Exception):
        pass

    try:
        with Study.open(folder).run(spec) as run:
            run.save_progress(1, {"counts": np.zeros(2)}, force=True)
            raise Stop
    except Stop:
        pass


def remove(folder: Path, analysis: str) -> None:
    """Take every run of an analysis out of a study."""
    import shutil

    for run in folder.glob(f"runs/*-{analysis}-*"):
        shutil.rmtree(run)
