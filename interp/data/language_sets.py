"""Named groups of languages: results are also averaged over these, and the name says which.

The paper averages over three different splits in one table without saying so (docs/evaluation.md); so every
language is always published, and an average names its split. A YAML file adds further ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from interp.data.languages import HELD_OUT, LANGUAGES, TRAINED
from interp.errors import InterpError
from interp.plain_yaml import read_yaml
from interp.printable import brief

Split = Mapping[str, tuple[str, ...]]

LANGUAGE_SETS: Mapping[str, Split] = {
    "high_low": {
        "high": tuple(c for c in TRAINED if LANGUAGES[c].tier == "high"),
        "low": tuple(c for c in TRAINED if LANGUAGES[c].tier == "low"),  # id, sw, bn
    },
    "seen": {"seen": TRAINED, "held_out": HELD_OUT},
    # Paper, Table 1: the columns labelled so; Table 9's header is in another order than its values.
    "paper_low": {
        "high": tuple(c for c in TRAINED if c not in ("id", "ar", "ja", "sw", "bn")),
        "low": ("id", "ar", "ja", "sw", "bn"),
    },
    # Paper, Table 1, KLAR: 7 and 10 languages; its text says 6 and 11, with Arabic held out.
    "paper_klar": {
        "seen": ("en", "es", "fr", "ru", "ar", "zh", "ja"),
        "held_out": HELD_OUT,
    },
}
"""Name of the split, name of the group, codes."""


def language_sets(
    available: Iterable[str], extra: Mapping[str, Split] | None = None
) -> dict[str, dict[str, tuple[str, ...]]]:
    """Keep of each split what some results have.

    Args:
        available: languages of the results.
        extra: further splits, e.g. from `read_language_sets`; they replace one of the same name.

    Returns:
        Split to group to the codes that are there; a group without any is left out, and a split
        with less than one group.
    """
    there = list(dict.fromkeys(available))
    found = {}
    for name, split in {**LANGUAGE_SETS, **(extra or {})}.items():
        groups = {
            group: tuple(code for code in there if code in codes) for group, codes in split.items()
        }
        if kept := {group: codes for group, codes in groups.items() if codes}:
            found[name] = kept
    return found


def named_sets(
    available: Iterable[str], extra: Mapping[str, Split] | None = None
) -> dict[str, tuple[str, ...]]:
    """Name what some results are averaged over: ``mean``, then ``split: group``.

    Args:
        available: languages of the results, in their order.
        extra: further splits.

    Returns:
        Name to codes; nothing for a single language. Of the built-in groups those are left out
        that hold one language only, or the same ones as an earlier name.
    """
    there = tuple(dict.fromkeys(available))
    if len(there) < 2:
        return {}
    found = {"mean": there}
    if "en" in there and len(there) > 2:
        found["mean without en"] = tuple(code for code in there if code != "en")
    for name, split in language_sets(there, extra).items():
        for group, codes in split.items():
            asked = name in (extra or {})
            if asked or (len(codes) > 1 and codes not in found.values()):
                found[f"{name}: {group}"] = codes
    return found


def read_language_sets(path: Path) -> dict[str, dict[str, tuple[str, ...]]]:
    """Read further splits: ``{split: {group: [code, ...]}}`` in YAML.

    Args:
        path: the file.

    Raises:
        InterpError: no such file, not of this form, or a code named twice in a split.
    """
    content = read_yaml(path, "language sets")
    wanted = "expected {split: {group: [code, ...]}}"
    if not isinstance(content, dict) or not content:
        raise InterpError(f"language sets {path}: a {type(content).__name__}, {wanted}")
    return {str(name): _split(path, name, split, wanted) for name, split in content.items()}


def _split(path: Path, name: object, split: object, wanted: str) -> dict[str, tuple[str, ...]]:
    if not isinstance(split, dict) or not split:
        raise InterpError(f"language sets {path}: split {name!r} is {brief(split)}, {wanted}")
    groups: dict[str, tuple[str, ...]] = {}
    for group, codes in split.items():
        if not isinstance(codes, Sequence) or isinstance(codes, str) or not codes:
            raise InterpError(f"language sets {path}: group {group!r} is {brief(codes)}, {wanted}")
        # YAML reads a bare `no` as false: Norwegian has to be quoted.
        if wrong := [code for code in codes if not isinstance(code, str)]:
            raise InterpError(
                f"language sets {path}: code {brief(wrong[0])} of group {group!r} is not text: quote it"
            )
        groups[str(group)] = tuple(codes)
    named = [code for codes in groups.values() for code in codes]
    if twice := sorted({code for code in named if named.count(code) > 1}):
        raise InterpError(
            f"language sets {path}: split {name!r} names {', '.join(twice)} twice, expected once"
        )
    return groups
