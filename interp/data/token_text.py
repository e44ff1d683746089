"""Tokens as text that a reader can look at, also where one token is only part of a character."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

_BROKEN = "\ufffd"
"""What a decoder writes for bytes that are no whole character."""


def token_name(tokenizer: Any, token_id: int) -> str:
    """Name one token: its text, or its bytes where it holds no whole character.

    Args:
        tokenizer: the checkpoint's.
        token_id: vocabulary id.

    Returns:
        The decoded text; for a byte-level token that is cut within a character ``<E0 A6>``, as
        byte-fallback vocabularies name theirs.
    """
    text: str = tokenizer.decode([token_id])
    if _BROKEN not in text:
        return text
    raw = tokenizer.convert_ids_to_tokens(token_id)
    known = _byte_of()
    if not raw or any(character not in known for character in raw):
        return text
    return "<" + " ".join(f"{known[character]:02X}" for character in raw) + ">"


def token_pieces(tokenizer: Any, ids: Sequence[int]) -> list[str]:
    """Cut the text of a token sequence into one piece per token.

    A token that ends within a character has the empty piece, and the character belongs to the token
    that completes it: so the pieces, joined, are the text, and a writing system whose characters are
    several tokens each (Bengali, Chinese, Japanese, Arabic) stays readable.

    Args:
        tokenizer: the checkpoint's.
        ids: vocabulary ids of consecutive tokens.

    Returns:
        One piece per token. Bytes at either end whose character is cut off by the sequence itself
        are U+FFFD.
    """
    pieces = []
    before, start = 0, 0  # the last whole piece is [before, start), what is not yet text follows
    for end in range(1, len(ids) + 1):
        # decoded after the last piece: some tokenizers drop a space at the start of a text
        known: str = tokenizer.decode(ids[before:start])
        text: str = tokenizer.decode(ids[before:end])
        if text.endswith(_BROKEN) and end < len(ids):
            pieces.append("")
            continue
        pieces.append(text[len(known) :])
        before, start = start, end
    return pieces


@cache
def _byte_of() -> dict[str, int]:
    """Map the printable stand-ins of byte-level BPE (GPT-2's ``bytes_to_unicode``) to bytes."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    stand_in = {chr(byte): byte for byte in shown}
    return stand_in | {chr(256 + place): byte for place, byte in enumerate(hidden)}
