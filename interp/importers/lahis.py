"""LAHIS matrices as published: a folder of ``lahis_<lang>.pth`` and ``meta.json``.

Source: ``jvonrad/Lost-in-Mistranslation``, ``results/lahis/<model>/``; one float tensor
``[layer, head]`` per language. Departure: none in the numbers, which are stored as double.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.data.canonical import canonical_hash
from interp.data.languages import check, in_table_order
from interp.data.sources.text import folder_of
from interp.errors import InterpError
from interp.importers.files import META, among, read_bytes, read_codes, read_meta, sha256
from interp.importers.imported import Imported, checkpoint
from interp.importers.torch_files import load_plain
from interp.presets import preset

FORMAT = "LAHIS matrices (lahis_<lang>.pth)"
_PREFIX = "lahis_"
_WHAT = "one tensor of floats [layer, head]"
_CAVEAT = (
    "if made by the code published with arXiv 2606.06586, probably without a causal mask (its "
    "attention drops the mask under SDPA), so not comparable with scores computed here"
)


def read_lahis(
    folder: str | Path, *, model: str | None = None, languages: Sequence[str] | None = None
) -> Imported:
    """Read a folder of LAHIS matrices.

    ``meta.json`` may be absent; then the shape is the first file's, the number of samples is
    stored as 0 and said to be unknown.

    Args:
        folder: the folder.
        model: name of the checkpoint, instead of the one in ``meta.json``.
        languages: only these, in this order; all that ``meta.json`` names (else all files') by
            default.

    Returns:
        Table ``head_scores`` with empty intervals; note ``shape`` (``n_layers``, ``n_heads``).

    Raises:
        InterpError: no such files, a language without file or unknown, a file that needs code to
            be loaded, another shape than ``meta.json`` or the other languages have, a score that
            is not finite.
    """
    place = folder_of(str(folder), "a folder with files lahis_<lang>.pth")
    files = _files(place)
    meta, hashes = read_meta(place / META)
    named = tuple(read_codes(meta.get("langs", ()), str(place / META)).values())
    for code in files:
        among(code, named or tuple(files), str(place / META))
    if languages is not None:
        languages = tuple(read_codes(languages, "--languages").values())
    elif lacking := [code for code in named if code not in files]:
        raise InterpError(
            f"{place}: no file {_PREFIX}{lacking[0]}.pth, though meta.json names {lacking[0]}; "
            f"expected one per language, or --languages with some of {', '.join(files)}"
        )
    codes = check(languages or named or None, files, f"folder {place}")
    contents = {code: read_bytes(files[code], _WHAT) for code in codes}
    scores = {code: _matrix(files[code], contents[code]) for code in codes}
    n_layers, n_heads = _shape(files, scores, meta)
    missing = [
        "95 % intervals",
        "gradients of single samples, hence noise floor, p-value and scores of key-value groups",
    ]
    checkpoint_of = checkpoint(model, meta, missing)
    content = {code: sha256(data) for code, data in contents.items()}
    return Imported(
        analysis="lahis",
        format=FORMAT,
        source=place.resolve().name,
        sha256={**{files[code].name: one for code, one in content.items()}, **hashes},
        arguments={**_options(meta, missing), "languages": list(codes)},
        data_hash=f"sha256:{canonical_hash(content)}",
        model=checkpoint_of,
        missing=tuple(missing),
        caveat=_CAVEAT,
        notes={"shape": {"n_layers": n_layers, "n_heads": n_heads}},
        tables={"head_scores": _table(scores, meta.get("data_num", 0))},
    )


def _files(place: Path) -> dict[str, Path]:
    """Language to file, in table order."""
    paths = {path.stem.removeprefix(_PREFIX): path for path in place.glob(f"{_PREFIX}*.pth")}
    if not paths:
        there = ", ".join(sorted(path.name for path in place.iterdir())[:5])
        raise InterpError(
            f"{place}: no file lahis_<lang>.pth in it, expected one per language; it has "
            f"{there or 'nothing'}"
        )
    codes = {code: paths[text] for text, code in read_codes(sorted(paths), str(place)).items()}
    return {code: codes[code] for code in in_table_order(codes)}


def _matrix(path: Path, data: bytes) -> NDArray[np.float64]:
    """Load one language's scores, ``[layer, head]``."""
    import torch

    value = load_plain(path, data, _WHAT)
    if not isinstance(value, torch.Tensor):
        raise InterpError(f"{path}: holds a {type(value).__name__}, expected {_WHAT}")
    if value.ndim != 2 or not value.is_floating_point() or not value.numel():
        raise InterpError(
            f"{path}: a tensor {list(value.shape)} of {value.dtype}, expected {_WHAT}"
        )
    scores: NDArray[np.float64] = value.detach().to(torch.float64).to_dense().numpy()
    if bad := np.argwhere(~np.isfinite(scores)).tolist():
        layer, head = bad[0]
        raise InterpError(
            f"{path}: {len(bad)} scores are not finite, the first ({scores[layer, head]}) at layer "
            f"{layer}, head {head}: expected numbers"
        )
    return scores


def _shape(
    files: Mapping[str, Path], scores: Mapping[str, NDArray[np.float64]], meta: Mapping[str, Any]
) -> tuple[int, int]:
    first = next(iter(scores))
    wanted = (
        meta.get("num_layers", scores[first].shape[0]),
        meta.get("num_heads", scores[first].shape[1]),
    )
    by = META if {"num_layers", "num_heads"} & set(meta) else files[first].name
    for code, one in scores.items():
        if one.shape != wanted:
            raise InterpError(
                f"{files[code]}: shape {list(one.shape)}, expected {list(wanted)} [layer, head] "
                f"as in {by}"
            )
    return int(wanted[0]), int(wanted[1])


def _options(meta: Mapping[str, Any], missing: list[str]) -> dict[str, Any]:
    """Options of the published code where ``meta.json`` agrees with it; else what is known."""
    release = preset("lahis", "release").to_dict()
    known = {
        name: meta[key]
        for name, key in (("n_samples", "data_num"), ("seq_len", "max_length"))
        if key in meta
    }
    if all(known.get(name) == release[name] for name in ("n_samples", "seq_len")):
        return dict(release)
    if "n_samples" not in known:
        missing.append("number of samples (stored as 0)")
    missing.append("how the mask was updated, its type and the type of the sums")
    # How heads are picked is not about the file: the published rule.
    picked = ("top_fraction", "top_rule", "quantile", "general_min")
    return {**{name: release[name] for name in picked}, **known}


def _table(scores: Mapping[str, NDArray[np.float64]], n_samples: int) -> pd.DataFrame:
    frames = []
    for code, one in scores.items():
        layer, head = np.indices(one.shape)
        frames.append(
            pd.DataFrame({"lang": code, "layer": layer.ravel(), "head": head.ravel(),
                          "score": one.ravel()})
        )  # fmt: skip
    table = pd.concat(frames, ignore_index=True)
    return table.assign(ci_low=np.nan, ci_high=np.nan, n_samples=n_samples)
