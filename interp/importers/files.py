"""Bytes, hashes, JSON and language codes of files that others wrote, checked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from interp.data.languages import LANGUAGES, get, looks_like_code, normalise
from interp.data.sources.text import file_of, parse_json
from interp.errors import InterpError, unknown
from interp.printable import brief

META = "meta.json"

LARGEST = 2**31 - 1
"""No number of layers, heads, neurons or samples is larger; one that is would fit no table."""

MOST_LAYERS = 999_999
"""No checkpoint has more layers; memory is taken for each."""


def read_bytes(path: Path, what: str) -> bytes:
    """Read a file once, so that what is hashed is what is parsed.

    Args:
        path: the file.
        what: what was expected there, for the error.

    Raises:
        InterpError: not there, a folder, unreadable or empty.
    """
    try:
        data = file_of(str(path), what).read_bytes()
    except OSError as error:
        raise InterpError(f"{path}: cannot be read ({error.strerror}), expected {what}") from None
    if not data:
        raise InterpError(f"{path}: an empty file, expected {what}")
    return data


def sha256(data: bytes) -> str:
    """Hash bytes, in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def parse_object(path: Path, data: bytes) -> dict[str, Any]:
    """Parse one JSON object; a key that stands twice is refused, not overwritten.

    Raises:
        InterpError: not JSON, not an object, or a key twice.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise InterpError(f"{path}: key {twice!r} stands twice in one object, expected once")
        return found

    try:
        text = data.decode("utf-8-sig")
        parse_json(text)
        value = json.loads(text, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise InterpError(f"{path}: not valid JSON in UTF-8 ({error})") from None
    if not isinstance(value, dict):
        raise InterpError(f"{path}: a JSON {type(value).__name__}, expected an object")
    return value


def read_meta(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Read the ``meta.json`` that the published code writes beside its results.

    Args:
        path: the file; may be absent.

    Returns:
        Its content and its hash by name, both empty where it is absent.

    Raises:
        InterpError: malformed, or a known field of another type.
    """
    if not path.exists():
        return {}, {}
    data = read_bytes(path, "a JSON object that describes the results beside it")
    meta = parse_object(path, data)
    numbers = (
        "data_num", "max_length", "num_layers", "num_heads", "intermediate_size", "seq_len",
        "n_selected",
    )  # fmt: skip
    for name in numbers:
        most = MOST_LAYERS if name == "num_layers" else LARGEST
        if name in meta and not (is_count(meta[name]) and 1 <= meta[name] <= most):
            raise InterpError(
                f"{path}: {name} is {brief(meta[name])}, expected a whole number of at least 1 and "
                f"at most {most}"
            )
    if not isinstance(meta.get("model", ""), str):
        raise InterpError(f"{path}: model is {brief(meta['model'])}, expected a name")
    langs = meta.get("langs", ["en"])
    if not isinstance(langs, list) or not langs:
        raise InterpError(f"{path}: langs is {brief(langs)}, expected a list of language codes")
    return meta, {path.name: sha256(data)}


def is_count(value: object) -> bool:
    """Say whether a value read from JSON is a whole number of at least 0."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def read_codes(texts: Iterable[object], where: str) -> dict[str, str]:
    """Map language codes of a file to the ones used here (``zh-cn`` to ``zh``).

    Args:
        texts: the codes as written.
        where: file and place, for errors.

    Returns:
        Code as written to code used here, in the order given.

    Raises:
        InterpError: no language code, one that neither our table nor CLDR knows, or two that mean
            the same language.
    """
    found: dict[str, str] = {}
    for text in texts:
        code = normalise(text) if isinstance(text, str) and looks_like_code(text) else ""
        if not code or (code not in LANGUAGES and get(code).script == "unknown"):
            raise InterpError(
                f"{where}: unknown language {brief(text, 40)}: expected a code such as en, sw or zh-cn"
            )
        assert isinstance(text, str)
        if code in found.values():
            first = next(old for old, known in found.items() if known == code)
            raise InterpError(
                f"{where}: languages {first!r} and {text!r} are the same ({code}), expected one"
            )
        found[text] = code
    return found


def among(code: str, known: Sequence[str], where: str) -> None:
    """Refuse a language that a file has, but that its description or the user does not name.

    Raises:
        InterpError: the language is not among ``known``.
    """
    if code not in known:
        raise unknown(f"language in {where}", code, known)


def agreed(name: str, given: int | None, stated: int | None, where: str) -> int | None:
    """Take a number that both the user and a file may state.

    Args:
        name: the option, e.g. ``--layers``.
        given: by the user.
        stated: by the file.
        where: the file.

    Raises:
        InterpError: they differ, or it is not between 1 and `LARGEST` (`MOST_LAYERS`).
    """
    most = MOST_LAYERS if name == "--layers" else LARGEST
    if given is not None and not 1 <= given <= most:
        raise InterpError(f"{name} {given}: expected a whole number from 1 to {most}")
    if given is not None and stated is not None and given != stated:
        raise InterpError(f"{name} {given}: {where} says {stated}, expected the same or no {name}")
    return stated if given is None else given
