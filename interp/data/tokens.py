"""From parallel text to token sequences in blocks, with equal budgets per language.

A block is a group of whole units, the same for every checkpoint and language. Under
``budget="min"`` every language is cut, inside each block, to the smallest language's token count
there, so that counts are comparable and alignment survives. No sequence crosses a block.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from interp.data import blocks
from interp.data.bos import leading_tokens
from interp.data.canonical import canonical_hash, seeded_number
from interp.data.corpus import Corpus
from interp.data.languages import check
from interp.data.streams import SEPARATOR, Group, encode_units, flat_groups
from interp.errors import InterpError, unknown

LAYOUTS = ("blocks", "flat")
ASSIGNMENTS = ("contiguous", "random")


@dataclass(frozen=True, eq=False)
class TokenSequence:
    """One model input.

    Attributes:
        block: the block it belongs to (in `tokenize_samples`: the sample).
        lang: language code.
        ids: int32 ``[pos]``, special tokens in front included.
        unit_ids: the units its text comes from.
        n_special: leading tokens (BOS) that carry no count.
    """

    block: int
    lang: str
    ids: npt.NDArray[np.int32]
    unit_ids: tuple[str, ...]
    n_special: int


@dataclass(frozen=True, eq=False)
class TokenizedCorpus:
    """A corpus as one tokenizer sees it.

    Attributes:
        sequences: ordered by block, then language, then place.
        n_blocks: number of blocks (samples).
        languages: in the order asked for.
        tokens: int64 ``[block, language]``: content tokens, BOS not counted.
        bos: the policy asked for.
        budget: ``min``, ``all``, a number of tokens per language, or ``samples``.
        seq_len: longest sequence, special tokens included.
        data_hash: sha256 of the ids, blocks and options: two checkpoints with the same hash saw
            exactly the same input.
        corpus_hash: ``data_hash`` of the text, the same for every tokenizer.
        bos_ids: the tokens put in front.
        layout: ``blocks``, ``flat`` or ``samples``.
        block_units: unit ids of every block.
        notes: what was left out, as counts.
    """

    sequences: tuple[TokenSequence, ...]
    n_blocks: int
    languages: tuple[str, ...]
    tokens: npt.NDArray[np.int64]
    bos: str
    budget: str | int
    seq_len: int
    data_hash: str
    corpus_hash: str
    bos_ids: tuple[int, ...]
    layout: str
    block_units: tuple[tuple[str, ...], ...]
    notes: Mapping[str, int] = field(default_factory=dict)


def tokenize_corpus(
    corpus: Corpus,
    tokenizer: Any,
    *,
    languages: Sequence[str] | None = None,
    budget: str | int = "min",
    seq_len: int = 1024,
    n_blocks: int = 64,
    bos: str = "auto",
    seed: int = 0,
    layout: str = "blocks",
    assignment: str = "contiguous",
) -> TokenizedCorpus:
    """Tokenise a corpus into blocks of sequences.

    Args:
        corpus: parallel text.
        tokenizer: a Hugging Face tokenizer.
        languages: languages of the corpus to use; None takes all.
        budget: ``min`` cuts each language within each block to the smallest one there; ``all``
            keeps everything; a number is the total per language, shared out over the blocks in
            proportion to what ``min`` would keep.
        seq_len: longest sequence, BOS included.
        n_blocks: most blocks; there are never more than units.
        bos: ``auto``, ``always`` or ``never``; put in front of every sequence.
        seed: of the assignment ``random``.
        layout: ``blocks``, or ``flat``: the release's stream per language (rows of 20 to 600
            characters, concatenated, cut to ``seq_len``, tail dropped), whose blocks are runs of
            sequences and not aligned between languages.
        assignment: units to blocks in the corpus' order (``contiguous``) or shuffled.

    Returns:
        The sequences.

    Raises:
        InterpError: an option out of range, a language that is not in the corpus, or a budget
            larger than what all languages have.
    """
    chosen = check(
        languages if languages is not None else corpus.languages,
        corpus.languages,
        f"corpus {corpus.source}",
    )
    lead = leading_tokens(tokenizer, bos)
    _check_options(budget, seq_len, n_blocks, layout, assignment, len(lead))
    width = seq_len - len(lead)
    notes: dict[str, int] = {}
    if layout == "flat":
        groups, cut = flat_groups(corpus, tokenizer, chosen, budget, width, n_blocks, notes)
    else:
        units = blocks.assign(corpus.units, n_blocks, assignment, seed)
        groups = [encode_units(tokenizer, group, chosen, SEPARATOR) for group in units]
        sizes = np.array([[len(group[lang][0]) for lang in chosen] for group in groups])
        cut = blocks.allocate(sizes, budget, chosen)
    options = {
        "budget": budget, "seq_len": seq_len, "n_blocks": n_blocks, "bos": bos,
        "layout": layout, "assignment": assignment, "seed": seed if assignment == "random" else 0,
    }  # fmt: skip
    return _assemble(corpus, groups, cut, chosen, lead, width, options, notes)


def tokenize_samples(
    corpus: Corpus,
    tokenizer: Any,
    *,
    languages: Sequence[str] | None = None,
    n_samples: int = 1000,
    seq_len: int = 512,
    bos: str = "auto",
    seed: int = 0,
) -> TokenizedCorpus:
    """Tokenise one sequence per unit and language: the samples of LAHIS.

    Args:
        corpus: parallel text.
        tokenizer: a Hugging Face tokenizer.
        languages: languages of the corpus to use; None takes all.
        n_samples: most samples per language; the same units for every language.
        seq_len: the first tokens of a unit that are kept, BOS included.
        bos: ``auto``, ``always`` or ``never``.
        seed: of the draw and the order of the units (a learned mask depends on the order).

    Returns:
        The sequences; ``block`` is the index of the sample. Units with nothing to predict in
        some language are left out and counted (``dropped_short``).

    Raises:
        InterpError: an option out of range, a language that is not in the corpus, or no unit
            with two tokens in every language.
    """
    chosen = check(
        languages if languages is not None else corpus.languages,
        corpus.languages,
        f"corpus {corpus.source}",
    )
    lead = leading_tokens(tokenizer, bos)
    _check_options("min", seq_len, 1, "blocks", "contiguous", len(lead))
    if n_samples < 1:
        raise InterpError(f"n_samples {n_samples}: expected at least 1")
    order = sorted(
        corpus.units, key=lambda u: (seeded_number(seed, "sample", u.unit_id), u.unit_id)
    )
    groups: list[Group] = []
    dropped = 0
    for unit in order:
        if len(groups) == n_samples:
            break
        group = encode_units(tokenizer, [unit], chosen, "")
        # A loss needs a token to predict and one to predict it from.
        if min(len(group[lang][0]) for lang in chosen) + len(lead) < 2:
            dropped += 1
            continue
        groups.append(group)
    if not groups:
        raise InterpError(
            f"corpus {corpus.source}: no unit has two tokens in all of {', '.join(chosen)}"
        )
    width = seq_len - len(lead)
    sizes = np.array([[len(group[lang][0]) for lang in chosen] for group in groups])
    options = {"budget": "samples", "seq_len": seq_len, "n_samples": n_samples, "bos": bos,
               "layout": "samples", "seed": seed}  # fmt: skip
    return _assemble(corpus, groups, np.minimum(sizes, width), chosen, lead, width, options,
                     {"dropped_short": dropped} if dropped else {})  # fmt: skip


def _assemble(
    corpus: Corpus,
    groups: Sequence[Group],
    cut: npt.NDArray[np.int64],
    languages: tuple[str, ...],
    lead: tuple[int, ...],
    width: int,
    options: Mapping[str, Any],
    notes: Mapping[str, int],
) -> TokenizedCorpus:
    """Cut every block's streams into sequences and hash the result."""
    sequences = []
    block_units = []
    for block, group in enumerate(groups):
        present: dict[str, None] = {}
        for place, lang in enumerate(languages):
            ids, owner, names = group[lang]
            end = int(cut[block, place])
            present.update(dict.fromkeys(names[i] for i in np.unique(owner)))
            for start in range(0, end, width):
                stop = min(start + width, end)
                used = tuple(names[i] for i in np.unique(owner[start:stop]))
                row = np.concatenate([np.array(lead, np.int32), ids[start:stop]])
                sequences.append(TokenSequence(block, lang, row, used, len(lead)))
        block_units.append(tuple(present))
    return TokenizedCorpus(
        sequences=tuple(sequences),
        n_blocks=len(groups),
        languages=languages,
        tokens=np.asarray(cut, dtype=np.int64),
        bos=str(options["bos"]),
        budget=options["budget"],
        seq_len=int(options["seq_len"]),
        data_hash=_hash(sequences, options),
        corpus_hash=corpus.data_hash,
        bos_ids=lead,
        layout=str(options["layout"]),
        block_units=tuple(block_units),
        notes=dict(notes),
    )


def _hash(sequences: Sequence[TokenSequence], options: Mapping[str, Any]) -> str:
    """Hash what the model gets to see, so that a resaved but equal tokenizer gives the same."""
    digest = hashlib.sha256(canonical_hash(dict(options)).encode())
    for s in sequences:
        header = [s.block, s.lang, s.n_special, len(s.ids), list(s.unit_ids)]
        digest.update(canonical_hash(header).encode() + s.ids.astype("<i4").tobytes())
    return digest.hexdigest()


def _check_options(
    budget: str | int, seq_len: int, n_blocks: int, layout: str, assignment: str, n_lead: int
) -> None:
    if layout not in LAYOUTS:
        raise unknown("layout", layout, LAYOUTS)
    if assignment not in ASSIGNMENTS:
        raise unknown("assignment", assignment, ASSIGNMENTS)
    if isinstance(budget, str) and budget not in ("min", "all"):
        raise unknown("budget", budget, ("min", "all", "a number of tokens per language"))
    if isinstance(budget, int) and budget < 1:
        raise InterpError(f"budget {budget} tokens per language: expected at least 1")
    if n_blocks < 1:
        raise InterpError(f"n_blocks {n_blocks}: expected at least 1")
    if seq_len < n_lead + 2:
        raise InterpError(
            f"seq_len {seq_len}: expected at least {n_lead + 2} ({n_lead} special tokens and two "
            "of text)"
        )
