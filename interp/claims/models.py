"""Which model a label of a study is, as far as its runs tell.

A number about one model says nothing against a claim about another one. A checkpoint made from the
claim's model rarely carries its name (a merged folder, an adapter), so the question is asked of what it
is compared with: the base must bear the name of the claim's model, and the other must not have another
shape. Where the base bears none, the user may say which model it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_SHAPE = ("n_layers", "n_heads", "d_mlp")


def names_of(spec: Mapping[str, Any]) -> list[str]:
    """List what a run's model is called: its own name, and that of an adapter's base.

    Args:
        spec: ``Study.spec`` of the run.
    """
    model = spec.get("model") or {}
    base = model.get("base")
    found = [model.get("model"), base.get("source") if isinstance(base, Mapping) else base]
    return [str(one) for one in found if one]


def is_model(claimed: str, names: list[str]) -> bool:
    """Tell whether one of the names is the claimed model.

    The last part of a hub id or path is compared, without case and signs, and a revision: the base
    ``Qwen2.5-7B`` is not ``Qwen2.5-7B-Instruct``.

    Args:
        claimed: the model of the claim.
        names: from `names_of`.
    """
    return _plain(claimed) in {_plain(one) for one in names}


def other_shape(
    base: Mapping[str, Any], label: Mapping[str, Any], notes: tuple[Mapping[str, Any], ...]
) -> str:
    """Say how the shapes of two runs' models differ.

    Args:
        base: ``Study.spec`` of the one.
        label: of the other.
        notes: ``Study.notes`` of both; imported runs keep their shape there.

    Returns:
        e.g. ``n_layers 32 and 28``; empty where they agree or are not known.
    """
    shapes = [
        {**(note.get("shape") or {}), **((spec.get("model") or {}).get("shape") or {})}
        for spec, note in zip((base, label), notes, strict=True)
    ]
    differ = [
        f"{name} {shapes[0][name]} and {shapes[1][name]}"
        for name in _SHAPE
        if name in shapes[0] and name in shapes[1] and shapes[0][name] != shapes[1][name]
    ]
    return ", ".join(differ)


def _plain(text: str) -> str:
    last = text.rstrip("/").rsplit("/", 1)[-1].partition("@")[0]
    return re.sub(r"[^a-z0-9]+", "", last.lower())
