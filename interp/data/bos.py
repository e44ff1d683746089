"""Which special tokens stand in front of a text: a choice that changes every count.

``auto`` does what the checkpoint's own tokenizer does when it encodes a text, ``always`` puts its
BOS token in front, ``never`` puts nothing. What was done is stored with the data.
"""

from __future__ import annotations

from typing import Any

from interp.errors import InterpError, unknown

POLICIES = ("auto", "always", "never")


def encode(tokenizer: Any, text: str) -> list[int]:
    """Encode a text without any special token.

    Args:
        tokenizer: a Hugging Face tokenizer.
        text: the text.

    Returns:
        The token ids.
    """
    ids = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
    return [int(token) for token in ids]


def encode_many(tokenizer: Any, texts: list[str]) -> list[list[int]]:
    """Encode several texts without special tokens, in one call (fast tokenizers use threads)."""
    if not texts:
        return []
    encoded = tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"]
    return [list(map(int, ids)) for ids in encoded]


def leading_tokens(tokenizer: Any, policy: str = "auto") -> tuple[int, ...]:
    """Give the special tokens that the policy puts in front of a sequence.

    Args:
        tokenizer: a Hugging Face tokenizer.
        policy: ``auto``, ``always`` or ``never``.

    Returns:
        Token ids; empty where nothing is put in front.

    Raises:
        InterpError: unknown policy, or ``always`` with a tokenizer that has no BOS token.
    """
    if policy not in POLICIES:
        raise unknown("BOS policy", policy, POLICIES)
    if policy == "never":
        return ()
    own = _own_prefix(tokenizer)
    if policy == "auto" or own:
        return own
    if tokenizer.bos_token_id is None:
        raise InterpError(
            "BOS policy 'always': this tokenizer has no BOS token, expected 'auto' or 'never'"
        )
    return (int(tokenizer.bos_token_id),)


def _own_prefix(tokenizer: Any) -> tuple[int, ...]:
    """Find what the tokenizer adds before a text; what it adds after is left out."""
    plain = encode(tokenizer, "a")
    full = [int(token) for token in tokenizer("a", verbose=False)["input_ids"]]
    for start in range(len(full) - len(plain) + 1):
        if full[start : start + len(plain)] == plain:
            return tuple(full[:start])
    return ()
