"""Peak memory of ``interp lape`` and ``interp lens`` against the size of the weights.

Run ``python benchmarks/memory.py`` (an OLMo-2 shape of 1.1 billion parameters, random weights, fp32, saved to a
temporary folder: minutes, 5 GB of disk), ``--millions 300`` or 100 for a smaller one, or ``--quick`` (tiny, seconds,
without a limit). Each command runs as a user's would, in a process of its own, on the embedded texts and facts in twelve
languages.

The ratio is (peak - imports) / weights: *peak* is the process's largest resident memory, *imports* that of a
process which has imported the same libraries and multiplied two matrices, *weights* the size of the checkpoint's
files. Everything else counts: the data, the activations of a batch, counts and ranks. A checkpoint is mapped into
memory as it lies on disk, and its pages are counted once they are read. Where there is a GPU the model runs
there, and the ratio is that of the allocator's peak to the weights.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from _child import alone
from _record import Claim, finish, parse

LIMIT = 1.15
SHAPES: dict[int, dict[str, int]] = {
    1100: {"hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 10, "n_heads": 16,
           "vocab_size": 100_352},
    300: {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 14, "n_heads": 16,
          "vocab_size": 32_000},
    100: {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 9, "n_heads": 12,
          "vocab_size": 16_000},
    0: {"hidden_size": 64, "intermediate_size": 256, "num_hidden_layers": 2, "n_heads": 2,
        "vocab_size": 512},
}  # fmt: skip
"""Size in millions of parameters to ``Olmo2Config``; 0 is the one of ``--quick``."""

_MIB = 2**20
TOKENS = 700
"""Tokens per language for LAPE: 12 languages make two or three batches of a CPU, whose peaks are alike."""


def commands(quick: bool) -> dict[str, list[str]]:
    """What is run, beside the checkpoint and the study."""
    tokens, facts = (60, 2) if quick else (TOKENS, 12)
    return {
        "lape": ["--limit", "64", "--budget", str(tokens), "--examples", "2"],
        "lens": ["--limit", str(facts)],
    }


def measure(size: dict[str, int], quick: bool) -> dict[str, Any]:
    """Run everything; bytes."""
    with tempfile.TemporaryDirectory(prefix="interp-memory-") as folder:
        model = Path(folder) / "model"
        alone("save", model, json.dumps(size))
        found: dict[str, Any] = {
            "weights": sum(file.stat().st_size for file in model.glob("*.safetensors")),
            "imports": alone("imports")["peak"],
        }
        for name, rest in commands(quick).items():
            study = Path(folder) / "study"
            found[name] = alone("interp", name, "--model", model, "--study", study, *rest)
            print(f"{name}: {describe(found, name)}", flush=True)
        return found


def describe(found: dict[str, Any], name: str) -> str:
    """Say what one command took."""
    one = found[name]
    gpu = "" if one["gpu_peak"] is None else f", on the GPU {one['gpu_peak'] / _MIB:,.0f} MiB"
    return (
        f"peak {one['peak'] / _MIB:,.0f} MiB{gpu}; imports {found['imports'] / _MIB:,.0f} MiB, weights "
        f"{found['weights'] / _MIB:,.0f} MiB; {one['seconds']:.0f} s"
    )


def ratio(found: dict[str, Any], name: str) -> float:
    """Peak memory of a command in weights, without its imports."""
    one, weights = found[name], found["weights"]
    own: int = one["peak"] - found["imports"] if one["gpu_peak"] is None else one["gpu_peak"]
    return own / weights


def main() -> None:
    """Run the benchmark and print its lines."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a tiny shape, for a smoke test")
    parser.add_argument("--millions", type=int, choices=[n for n in SHAPES if n], default=1100)
    arguments = parse(parser)
    size = SHAPES[0 if arguments.quick else arguments.millions]
    found = measure(size, arguments.quick)
    gib = found["weights"] / 2**30
    shape = f"OLMo-2 shape, {found['weights'] / 4e6:,.0f}M parameters, fp32 ({gib:.2f} GiB), 12 languages"
    claims = [
        Claim(
            f"peak memory of `interp {name}` without its imports / weights", shape, ratio(found, name),
            limit=None if arguments.quick else LIMIT,
            note=f"imports {found['imports'] / found['weights']:.2f} of the weights",
        )
        for name in commands(arguments.quick)
    ]  # fmt: skip
    finish(arguments, __file__, claims, found)


if __name__ == "__main__":
    main()
