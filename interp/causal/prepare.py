"""What a run of the causal check needs, and everything that is refused before it starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interp.causal.controls import control_sets
from interp.causal.losses import n_predicted
from interp.causal.read_sets import ANALYSES, Source
from interp.causal.sets import INTACT, AblationSet
from interp.causal.units import measured_units
from interp.data.corpus import Corpus
from interp.data.facts import FactSet
from interp.data.languages import check
from interp.data.tokens import TokenizedCorpus, tokenize_corpus, tokenize_samples
from interp.errors import InterpError
from interp.evals.option_items import OptionItem, build_items, check_positions
from interp.model import HookedModel
from interp.options import AblationOptions, McqOptions


def which_part(heads_from: str | None, neurons_from: str | None) -> tuple[str, str]:
    """Say whether heads or neurons are ablated, and which run found them.

    Raises:
        InterpError: if both are given, or neither.
    """
    given = {"heads": heads_from, "neurons": neurons_from}
    chosen = [(part, run) for part, run in given.items() if run is not None]
    if len(chosen) != 1:
        state = "both given" if chosen else "both missing"
        raise InterpError(
            f"--heads-from (a lahis run) and --neurons-from (a lape run) are {state}: expected "
            "exactly one of them"
        )
    return chosen[0]


def check_shape(found: Source, model: HookedModel) -> None:
    """Refuse heads or neurons of a checkpoint with another number of layers, heads or neurons."""
    width = model.shape.n_heads if found.part == "heads" else model.shape.d_mlp
    if (found.n_layers, found.width) != (model.shape.n_layers, width):
        raise InterpError(
            f"run {found.run_id} is of a checkpoint with {found.n_layers} layers of {found.width} "
            f"{found.part}, and {model.name!r} has {model.shape.n_layers} layers of {width}: "
            f"expected the same; run interp {ANALYSES[found.part]} on {model.name!r} first"
        )


def chosen_languages(found: Source, languages: Sequence[str] | None) -> tuple[str, ...]:
    """Check the languages asked for against those of the run.

    Args:
        found: the heads or neurons.
        languages: what was asked; all of the run's when omitted.

    Returns:
        The languages, in the order asked for or the run's.

    Raises:
        InterpError: a language that the run lacks, fewer than two, or none with anything to ablate.
    """
    asked = found.languages if languages is None else tuple(languages)
    asked = check(asked, found.languages, f"run {found.run_id}")
    if len(asked) < 2:
        raise InterpError(
            f"languages {', '.join(asked)}: the check compares languages, expected at least two"
        )
    if not any(found.places[lang] for lang in asked):
        raise InterpError(
            f"run {found.run_id} has no {found.part} for any of {', '.join(asked)}: expected some; "
            f"run interp {ANALYSES[found.part]} with a larger share, or use sets top"
        )
    return asked


def tokenize(
    model: HookedModel,
    corpus: Corpus,
    options: AblationOptions,
    found: Source,
    languages: Sequence[str],
    limit: int | None,
    seed: int,
) -> TokenizedCorpus:
    """Tokenise the units that are measured, whole in every language.

    Args:
        model: the checkpoint, whose tokenizer is used.
        corpus: the text.
        options: of the analysis.
        found: the heads or neurons, whose units are left out.
        languages: on whose text the loss is measured.
        limit: at most this many of the units that are left.
        seed: of that draw.

    Returns:
        The sequences: blocks of units, or (``chunk_ppl``) one sequence per unit, each a block.

    Raises:
        InterpError: nothing left to measure, or a language that the corpus lacks.
    """
    left = measured_units(
        corpus, found.units, rule=options.units, run_id=found.run_id,
        command=ANALYSES[found.part],
    )  # fmt: skip
    if limit is not None:
        left = left.sample(limit, seed)
    if options.loss == "chunk_ppl":
        text = tokenize_samples(
            left, model.tokenizer, languages=languages, n_samples=len(left),
            seq_len=options.seq_len, bos=options.bos, seed=seed,
        )  # fmt: skip
    else:
        # An effect is per token, so budgets need not be equal; cutting would break the alignment.
        text = tokenize_corpus(
            left, model.tokenizer, languages=languages, budget="all", seq_len=options.seq_len,
            n_blocks=options.n_blocks, bos=options.bos, seed=seed,
        )  # fmt: skip
    for lang, tokens in zip(text.languages, predicted(text)[0].sum(1), strict=True):
        if not tokens:
            raise InterpError(
                f"corpus {corpus.source} has no token of {lang} to predict: expected some text"
            )
    return text


def predicted(text: TokenizedCorpus) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count what a loss is averaged over.

    Args:
        text: the sequences.

    Returns:
        Predicted tokens, and sequences that have any, each ``[language, block]``.
    """
    place = {lang: at for at, lang in enumerate(text.languages)}
    tokens = np.zeros((len(place), text.n_blocks), np.int64)
    sequences = np.zeros_like(tokens)
    for one in text.sequences:
        tokens[place[one.lang], one.block] += n_predicted(one)
        sequences[place[one.lang], one.block] += n_predicted(one) > 0
    return tokens, sequences


def fact_items(
    model: HookedModel, facts: FactSet | None, languages: Sequence[str], options: AblationOptions
) -> list[OptionItem]:
    """Write the facts as items whose options are scored.

    Args:
        model: the checkpoint.
        facts: the facts, or None.
        languages: those of the run; asked are the ones that the facts have too.
        options: of the analysis.

    Returns:
        The items, fact by fact; none without facts.

    Raises:
        InterpError: facts in none of the languages, or an engine that cannot ablate around them.
    """
    if facts is None:
        return []
    if model.engine.name != "native":
        raise InterpError(
            f"facts are asked with engine native only, this model has {model.engine.name!r}: "
            "use --engine native, or leave the facts out"
        )
    asked = [lang for lang in languages if lang in facts.languages]
    if not asked:
        raise InterpError(
            f"facts {facts.source} are in {', '.join(facts.languages)}: expected some in one of "
            f"{', '.join(languages)}"
        )
    chosen = McqOptions(bos=options.bos)
    items, _ = build_items(facts, model.tokenizer, languages=asked, options=chosen)
    check_positions(items, model)
    return items


def all_sets(
    found: Source, languages: Sequence[str], options: AblationOptions, seed: int
) -> list[AblationSet]:
    """List what is ablated: nothing, every language's own set, then each one's controls.

    Args:
        found: the heads or neurons.
        languages: whose sets.
        options: number of controls.
        seed: of the controls.

    Returns:
        The sets; languages without heads or neurons have none.
    """
    own = [
        AblationSet(lang, found.part, None, found.places[lang])
        for lang in languages
        if found.places[lang]
    ]
    controls = [
        control
        for one in own
        for control in control_sets(
            one, found.n_layers, found.width, n_controls=options.n_controls, seed=seed
        )
    ]
    return [AblationSet("", INTACT, None, ()), *own, *controls]


def asked_facts(sets: Sequence[AblationSet], n_controls: int) -> list[AblationSet]:
    """Pick the sets under which facts are asked: all but the later draws of controls."""
    return [one for one in sets if one.draw is None or one.draw < n_controls]


def measured_about(text: TokenizedCorpus, corpus: Corpus, found: Source) -> Mapping[str, Any]:
    """Describe the text for the run's record, JSON-able."""
    tokens = predicted(text)[0].sum(1).tolist()
    return {
        "corpus": corpus.source,
        "corpus_hash": text.corpus_hash,
        "text_hash": text.data_hash,
        "found_on": found.corpus,
        "n_blocks": text.n_blocks,
        "n_sequences": len(text.sequences),
        "tokens": dict(zip(text.languages, tokens, strict=True)),
        "units": list(dict.fromkeys(unit for one in text.sequences for unit in one.unit_ids)),
        "bos_ids": list(text.bos_ids),
        **text.notes,
    }
