"""The comparison of two checkpoints' language neurons: minutes, memory, and seconds for small models.

Run ``python benchmarks/compare.py`` (a 7B model's shape: 32 layers of 11,008 neurons, 12 languages, 64
blocks, 0.54 GB of counts a checkpoint), or with ``--quick`` (a small shape, seconds). Prints one line
per claim, each as a ratio to its limit:

* bootstrap replicates of a pair: a few are timed, and the time of 1,000 is extrapolated linearly from
  them (all replicates cost the same: each pools all blocks and selects twice);
* the process's peak memory while that is done, both checkpoints' counts included;
* the whole comparison of an organism of 8 layers of 1,024 neurons with default settings.

Counts are generated: every neuron has a rate of its own and likes some languages more, every count is
that rate plus the noise of a binomial, and the second checkpoint moves some of the rates.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time

import numpy as np
from _record import Claim, finish, parse
from numpy.typing import NDArray

from interp.comparison.lape import CountsPair
from interp.lape.replicates import BlockedCounts
from interp.options import LapeOptions
from interp.stats.bootstrap import draw_counts
from interp.stats.contrast import Settings, contrast

LANGUAGES = tuple(["en", "de", "es", "fr", "pt", "id", "ru", "ar", "zh", "ja", "sw", "bn"])
LIMIT_MINUTES = 10.0
LIMIT_GIB = 4.0
REPLICATES = 1000


def rates(rng: np.random.Generator, n_layers: int, d_mlp: int) -> NDArray[np.float32]:
    """Activation rates ``[language, layer, neuron]``: one in fifty likes one language much more."""
    shape = (n_layers, d_mlp)
    own = rng.beta(1.5, 3.0, shape).astype(np.float32)
    liking = rng.lognormal(0.0, 0.2, (len(LANGUAGES), *shape)).astype(np.float32)
    fond = rng.random(shape) < 0.02
    liking[rng.integers(len(LANGUAGES), size=int(fond.sum())), *np.nonzero(fond)] *= 6
    return np.clip(own * liking, 0.0, 0.95)


def generate(
    rng: np.random.Generator, rate: NDArray[np.float32], n_blocks: int, n_tokens: int
) -> BlockedCounts:
    """Counts of one checkpoint, uint16 ``[block, language, layer, neuron]``."""
    counts = np.empty((n_blocks, *rate.shape), np.uint16)
    spread = np.sqrt(n_tokens * rate * (1 - rate))
    for block in counts:
        noise = rng.standard_normal(rate.shape, dtype=np.float32)
        block[...] = np.clip(np.rint(n_tokens * rate + spread * noise), 0, n_tokens)
    tokens = np.full((n_blocks, len(LANGUAGES)), n_tokens)
    return BlockedCounts.of(counts, tokens, LANGUAGES)


def make_pair(n_layers: int, d_mlp: int, n_blocks: int = 64, n_tokens: int = 30_000) -> CountsPair:
    """Two checkpoints: the second one's rates are the first's, some of them moved."""
    rng = np.random.default_rng(0)
    base = rates(rng, n_layers, d_mlp)
    model = np.where(rng.random(base.shape[1:]) < 0.02, rates(rng, n_layers, d_mlp), base)
    return CountsPair(
        generate(rng, base, n_blocks, n_tokens),
        generate(rng, model, n_blocks, n_tokens),
        LapeOptions(),
        paired=True,
    )


def time_bootstrap(pair: CountsPair, n: int) -> tuple[float, float]:
    """Seconds for ``n`` bootstrap replicates of a pair: of the clock, and of all cores together."""
    weights = draw_counts(pair.n_base, n).astype(np.float64)
    start, used = time.perf_counter(), time.process_time()
    for first in range(0, n, pair.batch):
        part = weights[first : first + pair.batch]
        pair.compare(pair.pool(part, None), pair.pool(None, part))
    return time.perf_counter() - start, time.process_time() - used


def peak_gib() -> float:
    """Peak resident memory of this process."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024) / 2**30


def main() -> None:
    """Run the benchmark and print its lines."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a small shape, for a smoke test")
    parser.add_argument("--replicates", type=int, default=40, help="how many are timed")
    arguments = parse(parser)
    n_layers, d_mlp = (8, 1024) if arguments.quick else (32, 11_008)
    pair = make_pair(n_layers, d_mlp)
    shape = (
        f"{n_layers} x {d_mlp:,} neurons, {len(LANGUAGES)} languages, {pair.n_base} blocks, "
        f"{pair.base.counts.nbytes / 1e9:.2f} GB of counts a checkpoint"
    )
    print(f"{shape}, {os.cpu_count()} cores")
    seconds, core_seconds = time_bootstrap(pair, arguments.replicates)
    minutes = seconds * REPLICATES / arguments.replicates / 60
    print(
        f"{REPLICATES:,} bootstrap replicates of a pair: {minutes:.2f} minutes, extrapolated from "
        f"{arguments.replicates} in {seconds:.1f} s; computing: "
        f"{core_seconds * REPLICATES / arguments.replicates / 60:.2f} core-minutes (the rest is waiting "
        "for cores that others use)"
    )
    gib = peak_gib()
    print(f"peak memory: {gib:.2f} GiB")
    small = make_pair(2, 128) if arguments.quick else make_pair(8, 1024)
    settings = Settings(100, 199, 20) if arguments.quick else Settings()
    start = time.perf_counter()
    contrast(small, settings)
    whole = time.perf_counter() - start
    print(
        f"whole comparison at {small.base.shape[0]} x {small.base.shape[1]:,} neurons "
        f"({settings}): {whole:.1f} s"
    )
    claims = [
        Claim(
            f"{REPLICATES:,} bootstrap replicates of a pair / {LIMIT_MINUTES:.0f} minutes", shape,
            minutes / LIMIT_MINUTES, limit=1, note=f"extrapolated from {arguments.replicates}",
        ),
        Claim(f"peak memory of that / {LIMIT_GIB:.0f} GiB", shape, gib / LIMIT_GIB, limit=1),
    ]  # fmt: skip
    finish(arguments, __file__, claims, {"whole_comparison_of_the_organism_seconds": whole})


if __name__ == "__main__":
    main()
