"""Rows of continued pretraining: one parallel text in all languages, packed within its talk.

Methods 4.3. The release guessed a row's tokens as characters / 4 and then cut it at 1024; scripts
other than Latin have more tokens than that, so what it lost was the end of their rows. Here rows
are packed by the tokens they really have, and what a limit still cuts is counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from interp.data.bos import encode_many, leading_tokens
from interp.data.canonical import canonical_hash
from interp.data.corpus import Corpus, Unit
from interp.data.languages import check
from interp.errors import InterpError

_LINES = 21  # the stream of random numbers for the order of lines
_AT_ONCE = 512  # blocks encoded in one call: quick, without all texts and all ids in memory
# `9/4` (TED), `cldr:text:017`, `article-7` (UDHR): a part of what is named before the separator.
_PART = re.compile(r"(.+)[-_:/][0-9]+", re.DOTALL)


@dataclass(frozen=True)
class RowReport:
    """What packing made of the text.

    Attributes:
        blocks: multilingual blocks given.
        rows: rows made of them.
        tokens: tokens in all rows, with the EOS of each block and what stands in front of rows.
        truncated_blocks: blocks that were cut.
        truncated_tokens: tokens of their text that were lost.
    """

    blocks: int
    rows: int
    tokens: int
    truncated_blocks: int
    truncated_tokens: int


def block_text(unit: Unit, languages: Sequence[str], rng: np.random.Generator) -> str:
    """Write a unit as one block: a line ``xx: text`` for each language it has, in random order.

    Args:
        unit: the text; languages it lacks are left out.
        languages: chosen languages.
        rng: the only source of chance.

    Returns:
        The lines, without a newline at the end. A newline inside a text becomes one space (with
        the blanks around it), since a newline here means another language.

    Raises:
        InterpError: the unit has text in none of the languages.
    """
    texts = {code: _on_one_line(unit.texts.get(code, "")) for code in languages}
    lines = [f"{code}: {text}" for code, text in texts.items() if text]
    if not lines:
        raise InterpError(
            f"unit {unit.unit_id!r} has text in none of {', '.join(languages)}: expected at least "
            f"one; it has {', '.join(unit.texts) or 'no language'}"
        )
    return "\n".join(lines[place] for place in rng.permutation(len(lines)))


def group_of(unit_id: str) -> str:
    """Name the talk (article, document) that a unit is a part of.

    Args:
        unit_id: as the sources give them: ``9/4`` is part 4 of TED talk 9, ``cldr:text:017`` and
            ``article-7`` are parts of ``cldr:text`` and ``article``. A bare number (a line of
            FLORES, a row of a hub table) says nothing of its neighbours.

    Returns:
        What stands before the last of ``- _ : /`` if only digits follow it, else the id itself.
    """
    part = _PART.fullmatch(unit_id)
    return part[1] if part else unit_id


def pack_blocks(
    blocks: Iterable[tuple[str, Sequence[int]]],
    *,
    row_tokens: int,
    max_tokens: int,
    eos_id: int,
    leading: Sequence[int] = (),
) -> tuple[list[list[int]], RowReport]:
    """Pack neighbouring blocks of one group into rows, by their real numbers of tokens.

    Every block ends with EOS, also one that was cut. All limits include it and ``leading``.

    Args:
        blocks: group and token ids ``[pos]`` of each block, in the order of the text.
        row_tokens: a block joins the row before it while both have at most this many tokens.
        max_tokens: a block that has more, alone in its row, is cut at the end; one between the
            two limits stands alone, whole.
        eos_id: put behind each block.
        leading: put in front of each row (see `interp.data.bos.leading_tokens`).

    Returns:
        Token ids ``[row][pos]``, at most ``max_tokens`` long, and what was cut.

    Raises:
        InterpError: limits that no text fits into, or in the wrong order.
    """
    least = len(leading) + 2
    if not least <= row_tokens <= max_tokens:
        raise InterpError(
            f"row_tokens {row_tokens} and max_tokens {max_tokens}: expected {least} (special "
            "tokens and one of text) <= row_tokens <= max_tokens"
        )
    room = max_tokens - len(leading) - 1
    rows: list[list[int]] = []
    row_group: str | None = None
    n_blocks = n_cut = lost = 0
    for group, ids in blocks:
        n_blocks += 1
        n_cut += len(ids) > room
        lost += max(0, len(ids) - room)
        block = [*ids[:room], eos_id]
        if rows and group == row_group and len(rows[-1]) + len(block) <= row_tokens:
            rows[-1] += block
        else:
            rows.append([*leading, *block])
        row_group = group
    return rows, RowReport(n_blocks, len(rows), sum(map(len, rows)), n_cut, lost)


def cpt_rows(
    corpus: Corpus,
    tokenizer: Any,
    *,
    languages: Sequence[str] | None,
    row_tokens: int = 512,
    max_tokens: int = 1024,
    seed: int,
    epoch: int,
) -> tuple[list[list[int]], RowReport]:
    """Turn a corpus into the rows of one epoch.

    Blocks stand in the order of the corpus; an epoch changes the order of their lines. As a
    tokenizer may join a full stop to the newline behind it, another order of lines can have a
    token more or less, and so an epoch a row more or less.

    Args:
        corpus: parallel text.
        tokenizer: a Hugging Face tokenizer; what it puts in front of a text (BOS) stands in front
            of each row.
        languages: languages of the corpus to use; None takes all.
        row_tokens: see `pack_blocks`.
        max_tokens: see `pack_blocks`.
        seed: of the order of lines. Each unit has random numbers of its own, so that it reads the
            same whatever other units there are.
        epoch: which pass over the corpus, from 0.

    Returns:
        Token ids ``[row][pos]`` and what was cut: the same for the same seed, epoch and data.

    Raises:
        InterpError: a language that is not in the corpus, a tokenizer without EOS, limits that
            `pack_blocks` refuses, or a seed or epoch below 0.
    """
    chosen = check(languages, corpus.languages, f"corpus {corpus.source}")
    if tokenizer.eos_token_id is None:
        raise InterpError("tokenizer has no EOS token: expected one, which ends each block of text")
    if seed < 0 or epoch < 0:
        raise InterpError(f"seed {seed} and epoch {epoch}: expected numbers of at least 0")
    return pack_blocks(
        _encoded(corpus, tokenizer, chosen, seed, epoch),
        row_tokens=row_tokens,
        max_tokens=max_tokens,
        eos_id=int(tokenizer.eos_token_id),
        leading=leading_tokens(tokenizer),
    )


def _encoded(
    corpus: Corpus, tokenizer: Any, languages: Sequence[str], seed: int, epoch: int
) -> Iterator[tuple[str, list[int]]]:
    """Give group and token ids of each unit's block, in the order of the corpus."""
    for start in range(0, len(corpus), _AT_ONCE):
        units = corpus.units[start : start + _AT_ONCE]
        texts = [
            block_text(unit, languages, _generator(unit.unit_id, seed, epoch)) for unit in units
        ]
        for unit, ids in zip(units, encode_many(tokenizer, texts), strict=True):
            yield group_of(unit.unit_id), ids


def _generator(unit_id: str, seed: int, epoch: int) -> np.random.Generator:
    return np.random.default_rng([seed, _LINES, epoch, int(canonical_hash(unit_id)[:16], 16)])


def _on_one_line(text: str) -> str:
    return " ".join(filter(None, map(str.strip, text.splitlines())))
