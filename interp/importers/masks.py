"""Neuron masks of Tang et al. 2024: a list per language of a tensor of neurons per layer.

Source: ``RUCAIBox/Language-Specific-Neurons`` (``*.neuron.pth`` and what ``identify.py`` saves as
``activation_mask/...``): languages in the order of the code's list, which the file does not hold;
layers and neurons are counted from 0, and a neuron may belong to several languages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from interp.errors import InterpError
from interp.importers.files import agreed, read_bytes, read_codes, sha256
from interp.importers.imported import Imported, checkpoint
from interp.importers.neurons import NO_ACTIVATIONS, check_places, layer_counts, neurons_table
from interp.importers.torch_files import load_plain

FORMAT = "neuron masks (list of languages of layers of neurons)"
_WHAT = "a list (language) of lists (layer) of integer tensors of neurons"
_CAVEAT = (
    "the order of the languages is the user's word, the file does not hold it; a neuron belongs to "
    "every language above the filter's cut, so it may be counted for several"
)


def read_masks(
    path: str | Path,
    *,
    languages: Sequence[str],
    n_neurons: int,
    n_layers: int | None = None,
    model: str | None = None,
) -> Imported:
    """Read a file of neuron masks.

    Args:
        path: the file.
        languages: its languages, in its order (the published ones: en, zh, fr, es, vi, id, ja).
        n_neurons: neurons per layer of the checkpoint, which the file does not say.
        n_layers: layers of the checkpoint, checked where given.
        model: name of the checkpoint.

    Returns:
        Table ``neurons`` and the notes of `interp.importers.lape.read_lape`; analysis ``lape``.

    Raises:
        InterpError: another structure, another number of languages or layers, a neuron out of range
            or twice in a language, a file that needs code to be loaded.
    """
    file = Path(path).expanduser()
    data = read_bytes(file, _WHAT)
    codes = tuple(read_codes(languages, "--languages").values())
    value = load_plain(file, data, _WHAT)
    layers = _check_structure(file, value, codes)
    agreed("--layers", n_layers, layers, str(file))
    agreed("--neurons", n_neurons, None, str(file))
    places = check_places(
        str(file), _listed(file, value, codes), codes, n_neurons, first_layer=0,
        one_language=False,
    )  # fmt: skip
    if not any(places.values()):
        raise InterpError(f"{file}: no neuron in any language, expected some")
    missing = [*NO_ACTIVATIONS, "options of the selection: share, filter, tokens and sequences"]
    return Imported(
        analysis="lape",
        format=FORMAT,
        source=file.name,
        sha256={file.name: sha256(data)},
        arguments={"assignment": "threshold", "languages": list(codes)},
        data_hash=f"sha256:{sha256(data)}",
        model=checkpoint(model, {}, missing),
        missing=tuple(missing),
        caveat=_CAVEAT,
        notes={
            "shape": {"n_layers": layers, "d_mlp": n_neurons},
            "layer_counts": layer_counts(places, layers),
        },
        tables={"neurons": neurons_table(places)},
    )


def _check_structure(file: Path, value: Any, codes: Sequence[str]) -> int:
    """Give the number of layers, the same for every language."""
    if not isinstance(value, list | tuple) or not all(
        isinstance(one, list | tuple) for one in value
    ):
        raise InterpError(f"{file}: holds a {type(value).__name__}, expected {_WHAT}")
    if len(value) != len(codes):
        raise InterpError(
            f"{file}: {len(value)} languages, and --languages names {len(codes)} "
            f"({', '.join(codes)}): expected as many, in the file's order"
        )
    sizes = sorted({len(one) for one in value})
    if len(sizes) != 1 or not sizes[0]:
        raise InterpError(f"{file}: {sizes} layers per language, expected the same number in all")
    return sizes[0]


def _listed(file: Path, value: Any, codes: Sequence[str]) -> Iterator[tuple[int, str, int]]:
    import torch

    whole = (torch.int64, torch.int32, torch.int16, torch.uint8, torch.int8)
    for code, layers in zip(codes, value, strict=True):
        for layer, neurons in enumerate(layers):
            # An empty list of neurons makes a float tensor in some versions of the code.
            fits = isinstance(neurons, torch.Tensor) and neurons.ndim == 1
            if not fits or (neurons.numel() and neurons.dtype not in whole):
                kind = getattr(neurons, "dtype", type(neurons).__name__)
                raise InterpError(
                    f"{file}: {code}, layer {layer}: {kind}, expected a tensor of whole numbers"
                )
            yield from ((layer, code, int(neuron)) for neuron in neurons.tolist())
