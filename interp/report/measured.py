"""What every analysis computes, in words, as its options have it; as in `docs/` and the presets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

Options = Mapping[str, Any]


def _lape(options: Options) -> str:
    active = {
        "gate": "its gate is positive (its pre-activation, where the MLP has no gate)",
        "gate_times_up": "the product of its gate and its up-projection is positive",
        "up": "its up-projection is positive",
    }.get(options.get("activation", ""), "its activation is positive")
    cut = options.get("filter_quantile")
    kept = (
        f"of those whose probability exceeds, in some language, the {_percent(cut)} quantile of all "
        "probabilities, "
        if cut
        else ""
    )
    chosen = {
        "argmax": "A selected neuron belongs to the language in which it fires most often.",
        "threshold": "A selected neuron belongs to every language in which its probability exceeds "
        "that quantile.",
    }.get(options.get("assignment", ""), "")
    eps = options.get("eps")
    added = f" ({eps:g} is added before the logarithm)" if eps else ""
    plain = "" if cut else " No filter on how often a neuron fires was used."
    return (
        f"A neuron of an MLP counts as active on a token if {active}. Its activation probabilities in the "
        "languages, divided by their sum, are a distribution over languages, and the entropy of that "
        f"distribution{added} says how much the neuron keeps to few of them (Tang et al. 2024): {kept}the "
        f"{_percent(options.get('top_fraction'))} of all neurons with the lowest entropy are called "
        f"language-specific.{plain} {chosen}"
    ).strip()


def _lahis(options: Options) -> str:
    update = {
        "frozen": "with the mask kept at 1, which makes it a first-order expansion of the loss",
        "adamw": "with the mask updated by AdamW after every sample, as the published code does",
    }.get(options.get("mask_update", ""), "")
    rule = {
        "topk_round": f"the {_percent(options.get('top_fraction'))} with the highest scores",
        "topk_int": f"the {_percent(options.get('top_fraction'))} with the highest scores, rounded down",
        "quantile": f"those above the {_percent(options.get('quantile'))} quantile",
    }.get(options.get("top_rule", ""), "those with the highest scores")
    general = options.get("general_min")
    shared = "all languages or all but one" if general == "K-1" else f"at least {general} languages"
    return (
        "A mask multiplies the output of every attention head before the output projection. A head's "
        "score in a language is the mean size of the loss's gradient by its mask entry, times the share "
        f"of samples in which that gradient says the head lowers the loss (Liu et al. 2025), {update}. Of "
        f"all heads {rule} in a language are called its top heads; a head that is top in {shared} is "
        "called general."
    )


def _lens(options: Options) -> str:
    points = {
        "resid_post": "after the embeddings and after every block",
        "+mid": "after the embeddings, and in every block after attention and after the MLP",
    }.get(options.get("points", ""), "after every block")
    norm = {
        "once": "through the final norm",
        "release_double": "through the final norm (twice at the last point)",
    }.get(options.get("final_norm", ""), "through the final norm")
    token = {
        "first": "the first token of the answer in its context",
        "last": "the last token of the answer",
        "prefix_set": "any first piece of the answer, with and without a space",
    }.get(options.get("token_rule", ""), "a token of the answer")
    drop = (
        " Facts whose answers in English and in the language share that token are left out."
        if options.get("drop_collisions")
        else " Facts whose answers in English and in the language share that token are kept."
    )
    return (
        f"The residual stream at the last token of the prompt is read {points}, {norm} and the "
        "unembedding, as if the network ended there (nostalgebraist 2020). Recorded is the rank "
        f"(0 is first) of {token}, of the answer in the language asked and of the English one "
        f"(cf. Wendler et al. 2024).{drop}"
    )


def _mcq(options: Options) -> str:
    by = {
        "byte": "divided by its length in UTF-8 bytes",
        "token": "divided by its number of tokens",
        "character": "divided by its number of characters",
        "sum": "not divided by its length",
    }.get(options.get("normalisation", ""), "")
    form = options.get("prompt_form")
    asked = f" (prompts of the form {form})" if form else ""
    return (
        f"Every option of a fact is scored by its log-probability after the question{asked}, {by}; the "
        "highest is the answer. RankC compares two languages' rankings of the options (Qi et al. 2023), "
        "total consistency is the share of facts answered correctly in every language, and CLC the facts "
        "right in both of two languages over those right in either (Wang et al. 2025)."
    )


def _klar(options: Options) -> str:
    match = {
        "lenient": "equal to the gold answer, begins with it, or has it among its words",
        "strict": "equal to the gold answer",
    }.get(options.get("match", ""), "the gold answer")
    line = {
        "first_non_empty": "the first line with something in it",
        "first": "the first line, even if it is empty",
    }.get(options.get("line", ""), "the first line")
    return (
        f"The answer to a fact is generated greedily, at most {options.get('max_new_tokens')} tokens, behind "
        f"{options.get('n_demos')} solved questions of the same relation and language (Wang et al. 2025). "
        f"Read is {line}; it is correct if it is {match}, in lower case and without punctuation."
    )


def _ablation(options: Options) -> str:
    part = {"heads": "heads", "neurons": "neurons"}.get(options.get("part", ""), "heads or neurons")
    by = {"zero": "zero", "mean": "its mean over the measured text"}.get(
        options.get("replacement", ""), "another value"
    )
    loss = {
        "nll": "the change of the loss per token, in nats",
        "chunk_ppl": "the change of the mean perplexity of a sequence, as a logarithm",
    }.get(options.get("loss", ""), "the change of the loss")
    source = options.get("source_label")
    found = f", as found in {source}," if source else ""
    text = {
        "disjoint": " on other texts than they were found on",
        "any": " on texts that may be those they were found on",
    }.get(options.get("units", ""), "")
    return (
        f"One language's {part}{found} are replaced by {by}, and {loss}, is measured in every "
        f"language{text}, beside random sets of as many, also from the same layers "
        f"({options.get('n_controls')} of each)."
    )


def _similarity(options: Options) -> str:
    centre = {
        "none": "as they are",
        "language": "after each language's mean is taken away",
    }.get(options.get("centre", ""), "")
    return (
        "Texts and their translations are compared by the cosine of their residual streams, averaged over "
        f"tokens, layer by layer, {centre}: above that of texts which are not translations of each other, "
        "and by how often the nearest text in the other language is the translation."
    )


def _attention(options: Options) -> str:
    return (
        f"Attention patterns of chosen heads are stored on {options.get('n_samples')} texts per language, "
        f"the same for every checkpoint, of at most {options.get('seq_len')} tokens."
    )


def _train(options: Options) -> str:
    if "group_size" in options:
        return (
            "Trained by GRPO (Shao et al. 2024) with a reward pooled over the languages of a fact "
            "(arXiv 2606.06586, Eq. 1-2)."
        )
    if "consistency" in options:
        return (
            "Trained on the correct options with a consistency term over the languages of a fact "
            "(arXiv 2606.06586, Eq. 3)."
        )
    return "Training whose log the study holds."


def _percent(value: Any) -> str:
    return "some" if value is None else f"{100 * float(value):.3g} %"


MEASURED: Mapping[str, Callable[[Options], str]] = MappingProxyType(
    {
        "lape": _lape, "lahis": _lahis, "lens": _lens, "mcq": _mcq, "klar": _klar,
        "ablation": _ablation, "similarity": _similarity, "attention": _attention, "train": _train,
    }
)  # fmt: skip
"""Analysis to what it computes, from the options of a run."""
