"""Which heads' patterns are stored: those that are named, or the top heads of a LAHIS run. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

import numpy as np
from numpy.typing import NDArray

from interp.errors import InterpError
from interp.lahis.select import Head, general_heads, specific_heads

NAMED = "named"
"""Why a head is among the chosen ones, where the user said so."""

GENERAL = "general"
"""… where it is among the top of (nearly) all languages of the LAHIS run."""

_ENGINE = "native"
_HEAD = re.compile(r"([0-9]{1,6})\.([0-9]{1,6})")


@dataclass(frozen=True)
class HeadChoice:
    """Heads, and why each is among them.

    Attributes:
        reasons: ``(layer, head)``, 0-based, to ``named``, ``general`` or ``top in en, bn``, in the
            order in which they are shown.
        run_id: the LAHIS run they come from; None where they were named.
        label: the checkpoint that run is of.
    """

    reasons: Mapping[Head, str]
    run_id: str | None = None
    label: str | None = None

    @property
    def heads(self) -> tuple[Head, ...]:
        """The heads in the order in which they are shown."""
        return tuple(self.reasons)


def head_name(head: Head) -> str:
    """Write a head as a user does, e.g. ``3.5``."""
    return f"{head[0]}.{head[1]}"


def which_heads(heads: object | None, heads_from: str | None) -> None:
    """Refuse a request that names no heads, or names them in both ways.

    Raises:
        InterpError: unless exactly one is given.
    """
    if (heads is None) == (heads_from is None):
        state = "both missing" if heads is None else "both given"
        raise InterpError(
            f"--heads (e.g. 3.5,4.0) and --heads-from (a lahis run) are {state}: expected exactly "
            "one of them"
        )


def check_engine(name: str) -> None:
    """Refuse an engine whose sites hold no patterns.

    Raises:
        InterpError: for any but ``native``.
    """
    if name != _ENGINE:
        raise InterpError(
            f"engine {name!r} gives no attention patterns: expected {_ENGINE!r} (--engine {_ENGINE})"
        )


def check_implementation(name: str | None) -> None:
    """Refuse an implementation of attention that never writes its patterns down.

    Raises:
        InterpError: for any but ``eager``.
    """
    if name not in (None, "eager"):
        raise InterpError(
            f"attention {name!r} computes no patterns that could be stored: expected 'eager' "
            "(the default of this command)"
        )


def parse_heads(text: str) -> tuple[Head, ...]:
    """Read ``3.5,4.0``: layer and head, both 0-based.

    Args:
        text: what the user typed.

    Returns:
        The heads in the order given.

    Raises:
        InterpError: none, one that is no ``layer.head``, or one that is named twice.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    found = []
    for part in parts:
        match = _HEAD.fullmatch(part)
        if match is None:
            raise InterpError(
                f"head {part!r:.60}: expected layer.head, both counted from 0, e.g. 3.5"
            )
        found.append((int(match[1]), int(match[2])))
    if not found:
        raise InterpError("--heads is empty: expected layer.head separated by commas, e.g. 3.5,4.0")
    _refuse_repeated(found)
    return tuple(found)


def check_heads(heads: Sequence[Head], n_layers: int, n_heads: int, model: str) -> tuple[Head, ...]:
    """Refuse heads that a model does not have.

    Args:
        heads: ``(layer, head)`` pairs.
        n_layers: the model's layers.
        n_heads: query heads of each.
        model: its name, for the message.

    Returns:
        The heads as a tuple of pairs of plain numbers.

    Raises:
        InterpError: none, one out of range, or one that is named twice.
    """
    found = tuple((int(layer), int(head)) for layer, head in heads)
    if not found:
        raise InterpError("no heads are chosen: expected at least one, e.g. 3.5")
    for layer, head in found:
        if not (0 <= layer < n_layers and 0 <= head < n_heads):
            raise InterpError(
                f"unknown head '{head_name((layer, head))}': {model!r} has {n_layers} layers × "
                f"{n_heads} heads, expected 0.0 to {n_layers - 1}.{n_heads - 1}"
            )
    _refuse_repeated(found)
    return found


def _refuse_repeated(heads: Sequence[Head]) -> None:
    repeated = sorted(head for head, times in Counter(heads).items() if times > 1)
    if repeated:
        names = ", ".join(head_name(head) for head in repeated)
        raise InterpError(f"heads name {names} twice: expected each head once")


def choose_heads(
    scores: Mapping[str, NDArray[np.floating]],
    top: Mapping[str, Sequence[Head]],
    *,
    general_min: str | int = "K-1",
    languages: Sequence[str] | None = None,
    at_most: int = 8,
) -> dict[Head, str]:
    """Choose general heads and every language's own from LAHIS scores.

    The general ones come first, by their mean rank over the run's languages; they take no more
    than half of the places (rounded up) as long as others want them. The others are the languages'
    top heads in turn: every language's best, then every language's second, and so on.

    Args:
        scores: language to ``[layer, head]``.
        top: language to its top heads, best first.
        general_min: see ``interp.lahis.select.general_heads``.
        languages: whose own heads are taken; all of the run's by default. One that the run lacks
            has none.
        at_most: how many heads.

    Returns:
        Head to why it was chosen (``general``, or ``top in`` all languages of the run that have it
        among their top), general ones first.
    """
    general = _by_rank(general_heads(top, general_min), scores)
    asked = list(top) if languages is None else [lang for lang in languages if lang in top]
    specific = specific_heads({lang: top[lang] for lang in top}, general_min)
    turns = chain.from_iterable(zip_longest(*(specific[lang] for lang in asked)))
    own = list(dict.fromkeys(head for head in turns if head is not None))
    n_general = min(len(general), max((at_most + 1) // 2, at_most - len(own)))
    chosen = {head: GENERAL for head in general[:n_general]}
    for head in own[: at_most - n_general]:
        holders = ", ".join(lang for lang, heads in top.items() if head in heads)
        chosen[head] = f"top in {holders}"
    return chosen


def _by_rank(heads: Sequence[Head], scores: Mapping[str, NDArray[np.floating]]) -> list[Head]:
    """Sort heads by mean rank over languages: scores of two languages are not on one scale."""
    ranks = [(-values).ravel().argsort(kind="stable").argsort().reshape(values.shape)
             for values in scores.values()]  # fmt: skip
    mean = np.mean(ranks, axis=0)
    return sorted(heads, key=lambda head: (float(mean[head]), head))


def layers_of(heads: Sequence[Head]) -> Iterator[tuple[int, list[int]]]:
    """Group heads by layer.

    Args:
        heads: ``(layer, head)`` pairs.

    Yields:
        Each layer with its heads, both rising.
    """
    for layer in sorted({layer for layer, _ in heads}):
        yield layer, sorted(head for at, head in heads if at == layer)
