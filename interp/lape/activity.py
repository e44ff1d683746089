"""How often every neuron of a run fired, read from its tables and not from its blocks of counts.

A run's arrays ``counts`` hold every block of text apart, a gigabyte for a 7B model; its table
``neuron_probs`` holds their sum as probabilities. Times the tokens counted these are the counts again,
exactly, and small enough to keep those of three checkpoints in memory.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from interp.errors import InterpError, unknown
from interp.study import Study

_TABLE = "neuron_probs.parquet"
_ROWS_AT_ONCE = 1 << 17


@dataclass(frozen=True, eq=False)
class Activity:
    """Activations of every neuron of one checkpoint.

    Attributes:
        languages: the language axis.
        tokens: tokens counted, ``[language]``.
        counts: tokens on which the neuron was active, ``[language, layer, neuron]``.
    """

    languages: tuple[str, ...]
    tokens: NDArray[np.int64]
    counts: NDArray[np.int32]

    @property
    def n_layers(self) -> int:
        """Layers of the checkpoint."""
        return int(self.counts.shape[1])

    @property
    def n_neurons(self) -> int:
        """Neurons of a layer."""
        return int(self.counts.shape[2])

    def of(self, layer: int, neuron: int) -> NDArray[np.int64]:
        """Return the activations of one neuron, ``[language]``."""
        return self.counts[:, layer, neuron].astype(np.int64)

    def p(self, layer: int, neuron: int) -> NDArray[np.float64]:
        """Return the activation probability of one neuron, ``[language]``."""
        return np.asarray(self.of(layer, neuron) / self.tokens, dtype=np.float64)


def read_activity(study: Study, run_id: str) -> Activity:
    """Read the activations of a run that counted them.

    Args:
        study: the study.
        run_id: a finished LAPE run.

    Returns:
        Its activations, languages in the order of the run.

    Raises:
        InterpError: for an unknown run, an imported one (which lists neurons without activations), a
            damaged table, or one that lacks a neuron.
    """
    arguments = study.spec(run_id, "lape")["arguments"]
    record = next(one for one in study.records() if one.run_id == run_id)
    if _TABLE not in record.data["files"]:
        raise InterpError(
            f"run {run_id} has no table neuron_probs: it lists neurons without the activations behind "
            "them; expected a run of interp lape"
        )
    data = record.read_file(_TABLE)
    try:
        file = pq.ParquetFile(io.BytesIO(data), read_dictionary=["lang"])
        counts, tokens = _fill(run_id, file, tuple(arguments["languages"]))
    except (pa.ArrowException, ValueError, KeyError) as error:
        raise InterpError(
            f"{record.folder / _TABLE} cannot be read ({error}): run the analysis again with "
            "--overwrite, or restore the file"
        ) from error
    if (counts < 0).any():
        raise InterpError(
            f"run {run_id}: its table neuron_probs lacks {int((counts < 0).sum()):,} of "
            f"{counts.size:,} cells; run the analysis again with --overwrite"
        )
    return Activity(tuple(arguments["languages"]), tokens, counts)


def _fill(
    run_id: str, file: pq.ParquetFile, languages: tuple[str, ...]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Put every row in its cell, part by part; what has no row stays -1."""
    n_layers, n_neurons = (_largest(file, name) + 1 for name in ("layer", "neuron"))
    counts = np.full((len(languages), n_layers, n_neurons), -1, np.int32)
    tokens = np.ones(len(languages), np.int64)
    columns = ["layer", "neuron", "lang", "p_active", "n_tokens"]
    for batch in file.iter_batches(_ROWS_AT_ONCE, columns=columns):
        place = _places(run_id, batch.column("lang"), languages)
        layer, neuron, p, n = (
            batch.column(name).to_numpy() for name in ("layer", "neuron", "p_active", "n_tokens")
        )
        # a share that is no number is a cell that is not there
        counts[place, layer, neuron] = np.where(np.isnan(p), -1, np.rint(p * n))
        tokens[place] = n
    return counts, tokens


def _largest(file: pq.ParquetFile, name: str) -> int:
    """Return the largest value of a column; -1 where there is no row."""
    parts = (batch.column(0) for batch in file.iter_batches(_ROWS_AT_ONCE, columns=[name]))
    return max((int(part.to_numpy().max()) for part in parts if len(part)), default=-1)


def _places(run_id: str, lang: Any, languages: tuple[str, ...]) -> NDArray[np.int64]:
    """Say which place on the language axis each row has, ``[row]``."""
    if not isinstance(lang, pa.DictionaryArray):
        lang = lang.dictionary_encode()
    known = lang.dictionary.to_pylist()
    for code in known:
        if code not in languages:
            raise unknown(f"language in the table neuron_probs of run {run_id}", code, languages)
    place = np.array([languages.index(code) for code in known], np.int64)
    return place[lang.indices.to_numpy()]
