"""The engines' overhead: one forward pass with every site captured, each library against native.

Run ``python benchmarks/engines.py`` (a 25M-parameter OLMo-2 shape, random weights, fp32), or with
``--quick`` (a small shape, seconds). Prints one line per engine; each ratio is a median over rounds
in which all engines take turns. An engine whose library is not installed is named and left out.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import torch
from _models import n_parameters, random_olmo2
from _record import Claim, finish, parse
from _timing import compare

from interp.errors import InterpError
from interp.model.engines import ENGINES, make_engine
from interp.model.engines.base import Engine
from interp.model.sites import site_names

BASELINE = "native"
PLAIN = "native, nothing captured"


class Bench:
    """A model, a batch of tokens, and one engine per library that is installed."""

    def __init__(self, quick: bool) -> None:
        size = (
            dict(hidden_size=64, intermediate_size=256, num_hidden_layers=2, vocab_size=512)
            if quick
            else dict(hidden_size=512, intermediate_size=2048, num_hidden_layers=4,
                      vocab_size=8192)
        )  # fmt: skip
        self.model = random_olmo2(size["hidden_size"] // 32, **size)
        self.sites = site_names(self.model.shape)
        self.ids = torch.randint(3, size["vocab_size"], (2, 32) if quick else (4, 256))
        self.engines: dict[str, Engine] = {}
        for name in ENGINES:
            try:
                self.engines[name] = make_engine(
                    name, self.model.model, self.model.tokenizer, self.model.arch, self.model.shape
                )
            except InterpError as error:
                print(f"{name}: left out: {error}")

    def capture(self, engine: Engine) -> dict[str, torch.Tensor]:
        """Run one batch and keep every site."""
        found: dict[str, torch.Tensor] = {}
        observe = {site: _keep(found, site) for site in self.sites}
        engine.run(self.ids, None, observe=observe, edit={}, output="logits")
        return found

    def plain(self) -> None:
        """Run one batch and keep nothing."""
        self.engines[BASELINE].run(self.ids, None, observe={}, edit={}, output="logits")

    def check(self) -> None:
        """Refuse to time engines that do not capture the same values."""
        ours = self.capture(self.engines[BASELINE])
        for name, engine in self.engines.items():
            theirs = self.capture(engine)
            apart = max(float((ours[site] - theirs[site]).abs().max()) for site in self.sites)
            if not apart <= 1e-3:
                raise SystemExit(f"{name} captures other values than {BASELINE}: {apart:.3g} apart")
            print(f"{name}: {len(theirs)} sites, at most {apart:.2g} from {BASELINE}")


def _keep(found: dict[str, torch.Tensor], site: str) -> Callable[[torch.Tensor], None]:
    return lambda value: found.__setitem__(site, value)


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a small shape, for a smoke test")
    parser.add_argument("--rounds", type=int, default=None, help="default: 11, 3 with --quick")
    parser.add_argument("--threads", type=int, default=None, help="default: torch's choice")
    arguments = parse(parser)
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    bench = Bench(arguments.quick)
    batch, pos = bench.ids.shape
    shape = (
        f"OLMo-2 shape, {n_parameters(bench.model) / 1e6:.1f}M parameters, batch {batch} x {pos} "
        f"tokens, {len(bench.sites)} sites, fp32"
    )
    print(f"{shape}, {torch.get_num_threads()} threads")
    contenders: dict[str, Callable[[], object]] = {
        name: (lambda engine=engine: bench.capture(engine))
        for name, engine in bench.engines.items()
    }
    contenders[PLAIN] = bench.plain
    rounds = arguments.rounds or (3 if arguments.quick else 11)
    with torch.no_grad():
        bench.check()
        found = compare(contenders, baseline=BASELINE, rounds=rounds)
    for timing in found.values():
        print(timing)
    claims = [
        Claim.of(timing, f"{name}, all sites captured / {BASELINE}", shape)
        if name != PLAIN
        else Claim.of(timing, f"{PLAIN} / {BASELINE}, all sites captured", shape)
        for name, timing in found.items()
        if name != BASELINE
    ]
    finish(arguments, __file__, claims)


if __name__ == "__main__":
    main()
