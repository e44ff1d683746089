"""From scores to sets of heads: top, general, specific, their layers and their overlap.

Heads are numbered ``layer * n_heads + head`` inside this file's arrays of indices; ties are broken
by the lower number. Sources: arXiv 2606.06586 (``topk(int(0.02 L H))``, general = top in at least
11 of 12 languages) and Linuxin-xxx/LAHIS (scores strictly above a quantile). We round instead of
truncating: of Qwen's 784 heads 2 % are 16, not 15.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from interp.errors import unknown

Head = tuple[int, int]
"""``(layer, head)``, both 0-based."""

TOP_RULES = ("topk_round", "topk_int", "quantile")


def n_top(n_heads_total: int, fraction: float, rule: str = "topk_round") -> int:
    """How many heads the share ``fraction`` is.

    Args:
        n_heads_total: layers times heads.
        fraction: the share called top.
        rule: ``topk_round`` or ``topk_int``.

    Returns:
        The number, at least 1.
    """
    if rule not in ("topk_round", "topk_int"):
        raise unknown("rule for the number of top heads", rule, ("topk_round", "topk_int"))
    exact = fraction * n_heads_total
    return max(1, round(exact) if rule == "topk_round" else int(exact))


def top_heads(
    scores: NDArray[np.floating],
    *,
    fraction: float = 0.02,
    rule: str = "topk_round",
    quantile: float = 0.96,
) -> list[Head]:
    """Pick the best heads, best first.

    Args:
        scores: ``[layer, head]``.
        fraction: the share taken by the ``topk`` rules.
        rule: ``topk_round``, ``topk_int``, or ``quantile`` (strictly above that quantile of all
            scores, linearly interpolated as ``torch.quantile`` does).
        quantile: used by the ``quantile`` rule.

    Returns:
        The heads in order of falling score; equal scores in order of (layer, head).

    Raises:
        InterpError: for an unknown rule.
        ValueError: if a score is not a number.
    """
    if rule not in TOP_RULES:
        raise unknown("rule for top heads", rule, TOP_RULES)
    if not np.isfinite(scores).all():
        raise ValueError("head scores contain values that are not finite")
    flat = np.asarray(scores, np.float64).ravel()
    order = np.argsort(-flat, kind="stable")
    if rule == "quantile":
        count = int((flat > np.quantile(flat, quantile)).sum())
    else:
        count = n_top(flat.size, fraction, rule)
    n_heads = scores.shape[1]
    return [divmod(int(index), n_heads) for index in order[:count]]


def general_heads(top: Mapping[str, Sequence[Head]], general_min: str | int = "K-1") -> list[Head]:
    """Heads that are top in (almost) every language.

    Args:
        top: language to its top heads.
        general_min: in at least how many languages: ``K-1`` (all but one) or a number.

    Returns:
        The heads in order of (layer, head). With fewer than three languages ``K-1`` is met by
        any one language and says nothing, so the list is empty.
    """
    if general_min == "K-1" and len(top) < 3:
        return []
    needed = len(top) - 1 if general_min == "K-1" else int(general_min)
    counts = Counter(head for heads in top.values() for head in set(heads))
    return sorted(head for head, count in counts.items() if count >= needed)


def specific_heads(
    top: Mapping[str, Sequence[Head]], general_min: str | int = "K-1"
) -> dict[str, list[Head]]:
    """Each language's top heads without the general ones, order kept.

    Args:
        top: language to its top heads.
        general_min: see ``general_heads``.

    Returns:
        Language to heads.
    """
    general = set(general_heads(top, general_min))
    return {lang: [head for head in heads if head not in general] for lang, heads in top.items()}


def layer_profile(heads: Sequence[Head], n_layers: int) -> NDArray[np.float64]:
    """Share of the heads that lie in each layer, in percent.

    Args:
        heads: one language's top heads.
        n_layers: number of layers.

    Returns:
        ``[layer]``, summing to 100 (all zero where there are no heads).
    """
    counts = np.bincount([layer for layer, _ in heads], minlength=n_layers).astype(np.float64)
    return 100 * counts / max(len(heads), 1)


def overlap_matrix(top: Mapping[str, Sequence[Head]]) -> NDArray[np.float64]:
    """Shared top heads of every two languages, ``100 |A and B| / k``.

    By chance two sets of k among LH heads share 100 k / LH percent. Where the ``quantile`` rule
    gives sets of unequal size (ties), k is the smaller size.

    Args:
        top: language to its top heads.

    Returns:
        ``[language, language]`` in percent, in the mapping's order; the diagonal is 100.
    """
    sets = [set(heads) for heads in top.values()]
    return np.array(
        [[100 * len(a & b) / max(min(len(a), len(b)), 1) for b in sets] for a in sets], np.float64
    )
