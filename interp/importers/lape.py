"""Selected neurons as published: ``{layer: {lang: [neuron, ...]}}``, or counts in place of lists.

Source: ``jvonrad/Lost-in-Mistranslation``, ``results/lape/``: layers are text and counted from 1, a
layer without a neuron may be absent, neurons are counted from 0. The older files
(``results/lape/QWEN.json``) hold counts and write ``zh-cn``. Departure: layers are stored from 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from interp.data.languages import in_table_order
from interp.data.sources.text import file_of
from interp.errors import InterpError
from interp.importers.files import (
    LARGEST,
    META,
    agreed,
    among,
    is_count,
    parse_object,
    read_bytes,
    read_codes,
    read_meta,
    sha256,
)
from interp.importers.imported import Imported, checkpoint
from interp.importers.lape_meta import caveat_of, check_total, options_of, tokens_of
from interp.importers.neurons import (
    NO_ACTIVATIONS,
    Place,
    check_places,
    layer_counts,
    neurons_table,
)
from interp.printable import brief

LISTS = "LAPE lists ({layer: {lang: [neuron, ...]}})"
COUNTS = "LAPE counts ({layer: {lang: number of neurons}})"
RESULTS = "lape_results.json"

Cells = list[tuple[int, str, Any]]
"""(layer from 0, language, list or count)."""


def read_lape(
    path: str | Path,
    *,
    model: str | None = None,
    languages: Sequence[str] | None = None,
    n_layers: int | None = None,
    n_neurons: int | None = None,
) -> Imported:
    """Read a file of lists or of counts.

    Args:
        path: a folder with ``lape_results.json`` and ``meta.json``, or a file. A file's
            ``meta.json`` is read only where the file is called ``lape_results.json``: beside
            another one it may belong to something else.
        model: name of the checkpoint, instead of the one in ``meta.json``.
        languages: the languages that were compared, where ``meta.json`` does not name them; those
            in the file by default.
        n_layers: layers of the checkpoint, where there is no ``meta.json``.
        n_neurons: neurons per layer, likewise; counts need none.

    Returns:
        Note ``layer_counts`` (language to neurons per layer, absent layers 0) and ``shape``
        (``n_layers``, ``d_mlp``); of lists also the table ``neurons``, selected ones only, with
        empty entropies and activations. Counts name no neuron, so they write no table.

    Raises:
        InterpError: not such a file, an unknown shape or language, a layer or neuron out of range,
            a neuron that stands twice, or another number than ``meta.json`` says.
    """
    file = _file(Path(path).expanduser())
    data = read_bytes(file, "a JSON object of layers")
    meta, hashes = read_meta(file.parent / META) if file.name == RESULTS else ({}, {})
    about = str(file.parent / META)
    layers = agreed("--layers", n_layers, meta.get("num_layers"), about)
    width = agreed("--neurons", n_neurons, meta.get("intermediate_size"), about)
    if layers is None:
        raise InterpError(f"{file}: does not say how many layers the checkpoint has: give --layers")
    named = _named(meta, languages, about)
    cells, codes = _cells(file, parse_object(file, data), layers, named)
    is_list = {isinstance(value, list) for _, _, value in cells}
    missing = list(NO_ACTIVATIONS)
    if is_list == {True}:
        if width is None:
            raise InterpError(
                f"{file}: does not say how many neurons a layer has: give --neurons (and --layers)"
            )
        places = _places(file, cells, codes, width)
        n_selected = sum(map(len, places.values()))
        counts, tables = layer_counts(places, layers), {"neurons": neurons_table(places)}
    elif is_list == {False}:
        counts, tables = _counted(file, cells, codes, layers, width), {}
        n_selected = sum(map(sum, counts.values()))
        missing.insert(0, "which neurons were selected: only how many per layer")
    else:
        raise InterpError(f"{file}: some entries are lists and some are counts: expected one kind")
    check_total(file, n_selected, meta)
    known = {**options_of(meta, n_selected, layers, width, missing), "assignment": "argmax"}
    return Imported(
        analysis="lape",
        format=LISTS if tables else COUNTS,
        source=file.name if file.name != RESULTS else f"{file.resolve().parent.name}/{RESULTS}",
        sha256={file.name: sha256(data), **hashes},
        arguments={**known, "languages": list(codes)},
        data_hash=f"sha256:{sha256(data)}",
        model=checkpoint(model, meta, missing),
        missing=tuple(missing),
        caveat=caveat_of(meta),
        notes={
            "shape": {"n_layers": layers, "d_mlp": width},
            "layer_counts": counts,
            **tokens_of(meta),
        },
        tables=tables,
    )


def _file(path: Path) -> Path:
    if path.is_dir():
        found = path / RESULTS
        if not found.is_file():
            raise InterpError(f"{path}: no {RESULTS} in it; expected one, or the path of a file")
        return found
    return file_of(str(path), f"a JSON file of layers, or a folder with {RESULTS}")


def _named(meta: Mapping[str, Any], languages: Sequence[str] | None, about: str) -> tuple[str, ...]:
    """Languages that were compared, as ``meta.json`` or the user says; possibly nobody does."""
    stated = tuple(read_codes(meta.get("langs", ()), about).values())
    given = tuple(read_codes(languages or (), "--languages").values())
    if stated and given and set(stated) != set(given):
        raise InterpError(
            f"--languages {','.join(given)}: {about} names {','.join(stated)}, expected the same or "
            "no --languages"
        )
    return stated or given


def _cells(
    file: Path, content: Mapping[str, Any], n_layers: int, named: Sequence[str]
) -> tuple[Cells, tuple[str, ...]]:
    """Check layers and languages; give the entries and the languages in their order."""
    found: Cells = []
    spellings: dict[str, None] = {}
    for text, row in content.items():
        layer = _layer(file, text, n_layers)
        if not isinstance(row, dict):
            raise InterpError(f"{file}: layer {text} is {brief(row, 40)}, expected {{language: …}}")
        spellings |= dict.fromkeys(row)
        own = read_codes(row, f"{file}: layer {text}")
        found += [(layer, own[lang], value) for lang, value in row.items()]
    if not found:
        raise InterpError(f"{file}: no neuron in it, expected {{layer: {{language: …}}}}")
    codes = tuple(read_codes(spellings, str(file)).values())
    for code in codes:
        among(code, named or codes, str(file))
    return found, tuple(named) or in_table_order(codes)


def _layer(file: Path, text: str, n_layers: int) -> int:
    """Read a layer counted from 1, give it counted from 0."""
    if text == "0":
        raise InterpError(
            f"{file}: layer '0': layers of this format are counted from 1, and this file seems to "
            "count from 0"
        )
    if not re.fullmatch(r"[1-9][0-9]{0,5}", text):
        raise InterpError(
            f"{file}: layer {brief(text, 40)}, expected a whole number counted from 1"
        )
    if int(text) > n_layers:
        raise InterpError(f"{file}: layer {text}, but the checkpoint has {n_layers} layers")
    return int(text) - 1


def _places(file: Path, cells: Cells, codes: Sequence[str], width: int) -> dict[str, list[Place]]:
    def listed() -> Iterator[tuple[int, str, int]]:
        for layer, code, neurons in cells:
            for neuron in neurons:
                if isinstance(neuron, bool) or not isinstance(neuron, int):
                    raise InterpError(
                        f"{file}: layer {layer + 1}, {code}: neuron {brief(neuron, 40)}, expected a "
                        "whole number"
                    )
                yield layer, code, neuron

    return check_places(str(file), listed(), codes, width, first_layer=1, one_language=True)


def _counted(
    file: Path, cells: Cells, codes: Sequence[str], n_layers: int, width: int | None
) -> dict[str, list[int]]:
    counts = {code: [0] * n_layers for code in codes}
    for layer, code, value in cells:
        if not is_count(value):
            raise InterpError(
                f"{file}: layer {layer + 1}, {code}: {brief(value, 40)}, expected a list of neurons or "
                "a number of them"
            )
        if value > LARGEST:
            raise InterpError(
                f"{file}: layer {layer + 1}, {code}: {brief(value, 40)} neurons, expected at most "
                f"{LARGEST}"
            )
        counts[code][layer] = value
    for layer in range(n_layers):
        total = sum(counts[code][layer] for code in codes)
        if width is not None and total > width:
            raise InterpError(
                f"{file}: layer {layer + 1} has {total} neurons of {width}: expected at most all"
            )
    return counts
