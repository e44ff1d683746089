"""Statistics of two LAHIS runs: from per-sample gradients, or from score matrices alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from interp.comparison.family import (
    Built,
    NotComparable,
    RunPair,
    differing_models,
    differing_options,
    shared_languages,
)
from interp.lahis.differences import HeadPair, compare_heads, parts_of, statistics_of
from interp.lahis.replicates import Floats, Heads, Samples
from interp.lahis.summary import score_matrices
from interp.options import LahisOptions
from interp.stats.contrast import Result
from interp.stats.verdict import NOT_ENOUGH
from interp.study import Study

MEASURE: tuple[str, ...] = (
    "mask_update", "mask_dtype", "accumulate_dtype", "n_samples", "seq_len", "top_fraction", "top_rule",
    "quantile", "general_min", "bos",
)  # fmt: skip
"""Options that decide what is measured; ``lr`` too, where the mask is learned."""

_REASON = "only score matrices are known, without samples: no interval and no noise floor"


def build(study: Study, pair: RunPair, *, maps: bool = True) -> Built:
    """Build the statistics of two runs.

    Runs with a frozen mask keep one gradient per sample, and everything is resampled. They are paired
    where sample i is the same unit in both: the same data, or the same corpus and units under another
    tokenizer. Of runs with a learned mask and of imported matrices only the scores are known, so values
    come without interval and noise floor.

    Args:
        study: the study.
        pair: the runs.
        maps: whether every head of every language is compared.

    Raises:
        NotComparable: where the runs differ in options of the measurement, share no language, or
            hold what is not a number.
    """
    imported = any("imported" in study.notes(run) for run in (pair.base_run, pair.label_run))
    _check_options(pair, imported)
    options = LahisOptions.of_run(pair.base_spec["arguments"])
    notes = differing_models(pair)
    if imported or options.mask_update != "frozen":
        return _from_scores(study, pair, options, notes, maps)
    base, label = (study.tensors(run, "gradients") for run in (pair.base_run, pair.label_run))
    languages, left = _languages(pair, base, label)
    _check_finite(pair, languages, base, label)
    paired, about = _same_units(study, pair)
    heads = HeadPair(
        Samples.of([base[lang] for lang in languages]),
        Samples.of([label[lang] for lang in languages]),
        tuple(languages),
        options,
        paired,
        maps,
    )
    notes += left + about + _about_shapes(heads.base.shape, heads.model.shape)
    return Built(heads, notes=tuple(notes))


def _from_scores(
    study: Study, pair: RunPair, options: LahisOptions, notes: list[str], maps: bool
) -> Built:
    base, label = (score_matrices(study, run) for run in (pair.base_run, pair.label_run))
    languages, left = _languages(pair, base, label)
    _check_finite(pair, languages, base, label)
    first, second = (
        Heads(np.stack([side[lang] for lang in languages])[None], options) for side in (base, label)
    )
    shapes = first.scores.shape[1:], second.scores.shape[1:]
    parts = parts_of(languages, shapes[0][1:], shapes[1][1:], options, maps)
    named, values = statistics_of(parts), compare_heads(parts, first, second)
    notes += left + _about_shapes(*shapes) + _about_sources(study, pair)
    result = Result.without_units(named, values, ((NOT_ENOUGH, _REASON),) * len(named))
    return Built(result=result, notes=tuple(notes))


def _check_options(pair: RunPair, imported: bool) -> None:
    frozen = pair.base_spec["arguments"].get("mask_update") == "frozen"
    differing_options(pair, MEASURE if frozen else (*MEASURE, "lr"), imported=imported)


def _languages(
    pair: RunPair, base: Mapping[str, Floats], label: Mapping[str, Floats]
) -> tuple[list[str], list[str]]:
    """Return the shared languages in the order of the base's run, and a note."""
    ordered = []
    for spec, side in ((pair.base_spec, base), (pair.label_spec, label)):
        # arrays are stored in the order of their names; the run's own order is in its arguments
        asked = spec["arguments"].get("languages") or list(side)
        ordered.append([lang for lang in asked if lang in side])
    return shared_languages(*ordered)


def _check_finite(
    pair: RunPair, languages: list[str], base: Mapping[str, Floats], label: Mapping[str, Floats]
) -> None:
    for run, side in ((pair.base_run, base), (pair.label_run, label)):
        for lang in languages:
            if not np.isfinite(side[lang]).all():
                raise NotComparable(
                    f"run {run} holds head scores of {lang} that are not numbers: run interp lahis "
                    "again with --overwrite, or import a whole file"
                )


def _about_sources(study: Study, pair: RunPair) -> list[str]:
    """Say what is wrong with imported matrices, or whether learned masks saw the same samples."""
    imported = [study.notes(run).get("imported") for run in (pair.base_run, pair.label_run)]
    if not any(imported):
        return _same_units(study, pair)[1]
    caveats = [str(one["caveat"]) for one in imported if one and one.get("caveat")]
    mixed = [] if all(imported) else ["one of the two is imported: how it was measured may differ"]
    return [*dict.fromkeys(caveats), *mixed]


def _same_units(study: Study, pair: RunPair) -> tuple[bool, list[str]]:
    """Say whether sample i is the same unit in both, and what has to be noted."""
    if pair.base_spec["data_hash"] == pair.label_spec["data_hash"]:
        return True, []
    old, new = (
        study.notes(run).get("samples", {}) for run in (pair.base_run, pair.label_run)
    )  # fmt: skip
    known = old.get("corpus_hash") is not None and old.get("units") is not None
    if known and all(old[name] == new.get(name) for name in ("corpus_hash", "units")):
        return True, ["the same units, cut into other tokens"]
    return False, ["different text, or in another order: samples of the two are not paired"]


def _about_shapes(base: tuple[int, ...], label: tuple[int, ...]) -> list[str]:
    if base[1:] == label[1:]:
        return []
    return [
        f"{base[1]} layers of {base[2]} heads and {label[1]} of {label[2]}: heads and layers have no "
        "counterpart, so only overlaps of languages and numbers of heads are compared"
    ]
