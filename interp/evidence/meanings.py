"""What each compared statistic is, in one line, for whoever reads a chart of it; as in docs/comparison.md."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

MEANINGS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("lape", "neurons"): "number of a language's neurons",
        ("lape", "neurons_change"): "change of a language's number of neurons, in percent of the "
        "base's (its p hardly calls a fall real: use that of neurons)",
        (
            "lape",
            "late_share",
        ): "share of a language's neurons in the last 5/32 of the layers",
        (
            "lape",
            "layer_distance",
        ): "D_KS, the largest gap between the cumulative shares of neurons over layers",
        (
            "lape",
            "layer_distance_without_english",
        ): "D_KS over layers, of all neurons but English ones",
        ("lape", "neuron_jaccard"): "neurons that both have over those that one has",
        ("lahis", "heads_kept"): "share of a language's top heads that are kept (its p is that of "
        "score_rank_correlation)",
        ("lahis", "score_rank_correlation"): "Spearman correlation of the scores of all heads",
        ("lahis", "overlap"): "share of top heads that two languages have in common",
        ("lahis", "mean_overlap"): "shared top heads of two languages, mean over the pairs",
        ("lahis", "general_heads"): "number of heads that are top in (nearly) all languages",
        ("lahis", "specific_heads"): "number of a language's top heads that are not general",
        ("lahis", "layer_profile"): "share of a language's top heads that lie in a layer",
        ("lahis", "layer_peak"): "the largest share of top heads in layer 0 that any language has",
        ("lahis", "layer_score"): "mean score of a layer's heads, over all languages",
        (
            "lahis",
            "layer_score_share",
        ): "a layer's share of a language's total score, mean over languages",
        ("lahis", "weakened"): "share of heads whose score fell minus share that rose",
        (
            "lahis",
            "weakened_share_scale",
        ): "share of heads whose score fell minus share that rose, after "
        "dividing by each language's total",
        ("lahis", "delta_raw"): "change of a head's score",
        ("lahis", "delta_share"): "change of a head's share of its language's total",
        ("lahis", "delta_rank"): "change of the number of heads that a head outranks",
        ("lens", "target_first"): "share of facts whose answer is ranked first at the last point",
        ("lens", "mean_log_rank"): "mean log10(1 + rank) of the answer at the last point",
        (
            "lens",
            "mean_pivot_share",
        ): "share of facts whose English answer is ahead, mean over the layers",
        (
            "lens",
            "window_layers",
        ): "layers at which the English answer is ahead in more than half of the facts",
        ("lens", "never_crosses"): "share of facts whose answer never overtakes the English one",
        (
            "lens",
            "pivot_mass",
        ): "orders of magnitude of rank by which the English answer is ahead, summed over layers",
        (
            "lens",
            "transition_failure",
        ): "share of facts whose answer is found in English late and is still behind it at the last layer",
        ("mcq", "accuracy"): "share of facts answered correctly",
        ("mcq", "total_consistency"): "share of facts answered correctly in every language",
        (
            "mcq",
            "rankc_mean",
        ): "RankC: agreement of two languages' rankings of the options, mean over pairs",
        ("mcq", "agreement"): "share of facts on which two languages choose the same option, mean",
        ("klar", "accuracy"): "share of facts answered correctly, lenient match",
        ("klar", "accuracy_strict"): "share of facts whose answer is exact",
        ("similarity", "cosine_above_baseline"): "cosine of translations above that of other texts",
        ("similarity", "retrieval"): "share of texts whose nearest neighbour is their translation",
    }
)
"""(analysis, statistic) to what it is."""

_KINDS = {
    "difference": "checkpoint minus base; 0 is no difference",
    "distance": "0 is no difference",
    "likeness": "1 is no difference",
}

_ENDINGS = {
    "_stated": "of facts stated in the language",
    "_english_only": "of facts stated in English only",
    "_by_layer": "by layer",
    "_of_leakable": "of answers whose English form is another",
}


def meaning(analysis: str, statistic: str, kind: str) -> str:
    """Say what a statistic is.

    Args:
        analysis: e.g. ``lape``.
        statistic: as in ``comparisons``, with its ending where it is of some facts or languages only.
        kind: ``difference``, ``distance`` or ``likeness``.

    Returns:
        What it is (nothing for a name without an entry), of what, and which value means no difference.
    """
    name, of = statistic, ""
    if " (" in name:
        name, _, inside = name.partition(" (")
        of = f"over {inside.removesuffix(')')}"
    if "_split_" in name:
        name, _, part = name.partition("_split_")
        of = f"of the facts of split {part}"
    for ending, words in _ENDINGS.items():
        if name.endswith(ending):
            name, of = name.removesuffix(ending), words
    if name.startswith("failure_"):
        what = f"share of answers that fail as: {name.removeprefix('failure_')}"
    else:
        what = MEANINGS.get((analysis, name), "")
    return f"{', '.join(filter(None, (what, of)))} ({_KINDS[kind]})".lstrip()
