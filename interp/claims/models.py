"""Which model a label of a study is, as far as its runs tell.

A number about one model says nothing against a claim about another one. A checkpoint made from the
claim's model rarely carries its name (a merged folder, an adapter), so the question is asked of what it
is compared with: the base must bear the name of the claim's model, and the other must not bear that of
a different published model nor have another shape. Where the base bears none, the user may say which
model it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

_SHAPE = ("n_layers", "n_heads", "d_mlp")
# published families, with a number behind: Llama-2-7b is one, llama-factory-sft is a folder
_FAMILY = re.compile(
    r"(?<![a-z])(aya|baichuan|bloomz?|deepseek|falcon|gemma|gpt|internlm|llama|mistral|mixtral|olmo|phi|"
    r"pythia|qwen|smollm|yi)(?=[-_ ]?v?\d)"
)
_SIZE = re.compile(r"(?<![a-z0-9.])(\d+(?:\.\d+)?)b(?![a-z0-9])")


def names_of(spec: Mapping[str, Any]) -> list[str]:
    """List what a run's model is called: its own name, and that of an adapter's base.

    Args:
        spec: ``Study.spec`` of the run.
    """
    found: list[Any] = []
    model = spec.get("model")
    while isinstance(model, Mapping):  # an adapter's base may be an adapter
        found.append(model.get("model") or model.get("source"))
        model = model.get("base")
    return [str(one) for one in (*found, model) if one]


def is_model(claimed: str, names: list[str]) -> bool:
    """Tell whether one of the names is the claimed model.

    The last part of a hub id or path is compared, without case and signs, and a revision: the base
    ``Qwen2.5-7B`` is not ``Qwen2.5-7B-Instruct``.

    Args:
        claimed: the model of the claim.
        names: from `names_of`.
    """
    return _plain(claimed) in {_plain(one) for one in names}


def other_name(claimed: str, names: Iterable[str], known: Iterable[str]) -> str:
    """Find a name that says that a model is another one than the claimed.

    A checkpoint trained from the claimed model may be called anything. What speaks against it is the
    name of another model of the claims, of a published family that is not the claimed one's, or of
    another size of this family.

    Args:
        claimed: the model of the claim.
        names: from `names_of`.
        known: the models of all claims.

    Returns:
        The first such name; empty where there is none, or where one of them is the claimed model
        (the base of an adapter).
    """
    listed = list(names)
    if is_model(claimed, listed):
        return ""
    others = {_plain(one) for one in known}
    return next(
        (one for one in listed if _plain(one) in others or _is_other_kind(claimed, one)), ""
    )


def _is_other_kind(claimed: str, name: str) -> bool:
    """Compare family and size, as far as both names tell; a name with several needs one in common."""
    wanted, found = _last(claimed), _last(name)
    families = set(_FAMILY.findall(wanted)), set(_FAMILY.findall(found))
    if not all(families):
        return False
    sizes = set(_SIZE.findall(wanted)), set(_SIZE.findall(found))
    return not families[0] & families[1] or (all(sizes) and not sizes[0] & sizes[1])


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


def _last(text: str) -> str:
    return text.rstrip("/").rsplit("/", 1)[-1].partition("@")[0].lower()


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "", _last(text))
