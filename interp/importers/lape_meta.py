"""What ``meta.json`` says of published neurons: options, tokens, and whether the file is whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from interp.errors import InterpError
from interp.importers.files import META, is_count, read_codes
from interp.presets import preset
from interp.printable import brief


def check_total(file: Path, n_selected: int, meta: Mapping[str, Any]) -> None:
    """Refuse a file without neurons, or with another number of them than ``meta.json`` says.

    Args:
        file: the file.
        n_selected: neurons in it.
        meta: content of ``meta.json``; may be empty.

    Raises:
        InterpError: none, or another number.
    """
    if not n_selected:
        raise InterpError(f"{file}: no neuron in any layer, expected some")
    if meta.get("n_selected", n_selected) != n_selected:
        raise InterpError(
            f"{file}: {n_selected} neurons, but {META} says n_selected {meta['n_selected']}: the "
            "two do not belong together, or the file is cut"
        )


def options_of(
    meta: Mapping[str, Any], n_selected: int, n_layers: int, width: int | None, missing: list[str]
) -> dict[str, Any]:
    """Give the options of the published code where ``meta.json`` and the total agree with them.

    That code takes ``int(share * neurons)``; a total that is not this was not selected by it.

    Args:
        meta: content of ``meta.json``; may be empty.
        n_selected: neurons in the file.
        n_layers: layers of the checkpoint.
        width: neurons per layer, where known.
        missing: gets a sentence where the options are not known.

    Returns:
        Fields of ``LapeOptions``; none where they are not known.
    """
    release = preset("lape", "release").to_dict()
    share = meta.get("top_frac")
    if (
        isinstance(share, float) and 0 < share < 1 and "seq_len" in meta and width is not None
        and n_selected == max(1, int(n_layers * width * share))
    ):  # fmt: skip
        return {**release, "top_fraction": share, "seq_len": meta["seq_len"]}
    missing.append("options of the selection: activation, filter, share, tokens and sequences")
    return {}


def tokens_of(meta: Mapping[str, Any]) -> dict[str, Any]:
    """Give tokens per language as ``meta.json`` states them, under ``tokens``; empty if it does not."""
    stated = meta.get("tokens_per_lang")
    if not isinstance(stated, dict):
        return {}
    codes = read_codes(stated, f"{META}, tokens_per_lang")
    for lang, n in stated.items():
        if is_count(n) and n >= 2**63:
            raise InterpError(
                f"{META}: tokens_per_lang of {lang} is {brief(n, 40)}, expected a number below 2**63"
            )
    return {"tokens": {codes[lang]: n for lang, n in stated.items() if is_count(n)}}


def caveat_of(meta: Mapping[str, Any]) -> str:
    """Say what a reader has to know of published neurons: no filter, and unequal text."""
    said = ["the published code has no percentile filter, so neurons that hardly fire may be in it"]
    tokens = tokens_of(meta).get("tokens", {})
    if tokens and max(tokens.values()) > min(tokens.values()):
        fewest = min(tokens, key=lambda code: tokens[code])
        said.append(
            f"languages had unequal text ({fewest} {tokens[fewest]:,} tokens, others up to "
            f"{max(tokens.values()):,}), which favours those with little"
        )
    return "; ".join(said)
