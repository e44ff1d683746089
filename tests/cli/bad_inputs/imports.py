"""Published results that are not what they are said to be."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.cli.bad_inputs.case import Case, folder, text
from tests.cli.bad_inputs.world import Place

_TO = "--label x --study {new}"


def heads(**changes: Any) -> Callable[[Place], Any]:
    """A folder of LAHIS matrices; ``scores`` replaces single ones, the rest changes meta.json."""

    def make(where: Place) -> None:
        from tests.importers import made

        scores = {**made.matrices(), **changes.pop("scores", {})}
        made.write_lahis(where.bad, scores, **changes)

    return make


def nan_scores(where: Place) -> None:
    """A matrix with a NaN."""
    from tests.importers import made

    scores = made.matrices()
    scores["de"][0, 0] = float("nan")
    made.write_lahis(where.bad, scores)


def two_shapes(where: Place) -> None:
    """Matrices of different sizes."""
    from tests.importers import made

    made.write_lahis(where.bad, {**made.matrices(), "de": made.matrices(3, 3)["de"]})


def code_inside(where: Place) -> None:
    """A pickle that would run a command."""
    from tests.importers import made

    made.write_lahis(where.bad, {**made.matrices(), "en": made.Hostile(where.here / "trace")})


def lists(content: Any = None, **meta: Any) -> Callable[[Place], Any]:
    """A folder of LAPE lists."""

    def make(where: Place) -> None:
        from tests.importers import made

        made.write_lape(where.bad, content, **meta)

    return make


def answers(**changes: Any) -> Callable[[Place], Any]:
    """A parquet file of answers with other columns; None takes one away."""

    def make(where: Place) -> None:
        from tests.importers import made

        frame = made.answers()
        for name, value in changes.items():
            frame = frame.drop(columns=name) if value is None else frame.assign(**{name: value})
        made.write_klar(where.bad, frame)

    return make


def masks(where: Place) -> None:
    """Neuron masks of two languages of three layers."""
    from tests.importers import made

    made.write_masks(where.bad)


def _json(value: Any) -> Callable[[Place], Any]:
    return text(json.dumps(value))


CASES = (
    Case("import lahis: no such folder", f"import lahis ./no {_TO}", ("no", "not there")),
    Case("import lahis: another folder", f"import lahis {{corpus}} {_TO}", ("lahis_<lang>.pth",)),
    Case("import lahis: NaN score", f"import lahis {{bad}} {_TO}", ("lahis_de.pth",), nan_scores),
    Case("import lahis: matrices of two sizes", f"import lahis {{bad}} {_TO}", ("lahis_de.pth",), two_shapes),
    Case("import lahis: a pickle with code", f"import lahis {{bad}} {_TO}", ("code", "nothing was executed"),
         code_inside),
    Case("import lahis: meta.json of another size", f"import lahis {{bad}} {_TO}", ("[2, 3]", "[2, 7]", "meta.json"),
         heads(num_heads=7)),
    Case("import lahis: meta.json not UTF-8", f"import lahis {{bad}} {_TO}", ("meta.json",),
         lambda where: (heads()(where), (where.bad / "meta.json").write_bytes(b"\xff"))),
    Case("import lahis: unknown language", f"import lahis {{bad}} {_TO} --languages xx", ("xx",), heads()),
    Case("import lahis: label with a path", "import lahis {bad} --label a/b --study {new}", ("a/b",), heads()),
    Case("import lahis: into a file", "import lahis {bad} --label a --study {facts}", ("{facts}",), heads()),
    Case("import lape: no such file", f"import lape ./no.json {_TO}", ("no.json",)),
    Case("import lape: not JSON", f"import lape {{bad}} {_TO} --layers 3", ("{bad}", "JSON"), text("{")),
    Case("import lape: layer 0", f"import lape {{bad}} {_TO}", ("counted from 1",), lists({"0": {"en": [1]}})),
    Case("import lape: nothing in it", f"import lape {{bad}} {_TO}", ("no neuron",), lists({})),
    Case("import lape: neuron out of range", f"import lape {{bad}} {_TO}", ("99", "0 to 9"),
         lists({"1": {"en": [99]}}, n_selected=None)),
    Case("import lape: counts without layers", f"import lape {{bad}} {_TO}", ("--layers",),
         _json({"1": {"en": 2}})),
    Case("import lape: a key twice", f"import lape {{bad}} {_TO} --layers 3", ("twice",),
         text('{"1": {"en": [1]}, "1": {"en": [2]}}')),
    Case("import lape: JSON too deep", f"import lape {{bad}} {_TO} --layers 3", ("{bad}", "JSON"), text("[" * 100_000)),
    Case("import lape: language twice", f"import lape {{bad}} {_TO} --languages en,en", ("twice",), lists()),
    Case("import lape --layers 0", f"import lape {{bad}} {_TO} --layers 0", ("--layers", "1"), lists()),
    Case("import klar: no such file", f"import klar ./no.parquet {_TO}", ("no.parquet", "not there")),
    Case("import klar: not parquet", f"import klar {{bad}} {_TO}", ("{bad}", "parquet"), text("a,b\n1,2\n")),
    Case("import klar: empty file", f"import klar {{bad}} {_TO}", ("{bad}", "empty"), text("")),
    Case("import klar: a column lacks", f"import klar {{bad}} {_TO}", ("pred",), answers(pred=None)),
    Case("import klar: a column of another type", f"import klar {{bad}} {_TO}", ("correct",),
         answers(correct="yes")),
    Case("import klar: unknown language", f"import klar {{bad}} {_TO}", ("qq",), answers(language="qq")),
    Case("import klar: a fact twice", f"import klar {{bad}} {_TO}", ("1",), answers(index=1, relation="capital")),
    Case("import klar: facts of another kind", f"import klar {{bad}} {_TO} --facts cldr", ("cldr", "klar:FOLDER"),
         answers()),
    Case("import masks: other number of languages", f"import masks {{bad}} {_TO} --languages en --neurons 9",
         ("names 1",), masks),
    Case("import masks: neuron out of range", f"import masks {{bad}} {_TO} --languages en,zh --neurons 3",
         ("8", "0 to 2"), masks),
    Case("import masks: not of torch.save", f"import masks {{bad}} {_TO} --languages en --neurons 9",
         ("{bad}", "torch.save"), text("x")),
    Case("import masks: languages lack", f"import masks {{bad}} {_TO} --neurons 9", ("--languages",), masks),
    Case("import masks: a folder", f"import masks {{bad}} {_TO} --languages en --neurons 9", ("{bad}", "folder"),
         folder),
    Case("import release: another folder", "import release {corpus} --study {new}", ("lahis",)),
    Case("import release: one part is bad", "import release {bad} --study {new}", ("olmo-base",),
         lambda where: (where.bad / "lahis" / "olmo-base").mkdir(parents=True)),
    Case("import: no such format", f"import excel x {_TO}", ("excel",)),
)  # fmt: skip
