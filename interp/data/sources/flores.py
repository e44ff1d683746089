"""A folder of line-aligned text, one file per language, as FLORES-200 and NTREX are published.

``eng_Latn.dev``, ``deu_Latn.devtest`` or plain ``en.txt``: line n of every file is the same
sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from interp.data.corpus import Corpus, Unit
from interp.data.languages import LANGUAGES, check, looks_like_code, normalise
from interp.data.sources.text import folder_of, read_lines
from interp.errors import InterpError

_SUFFIXES = ("", ".txt", ".dev", ".devtest", ".test", ".train")
# The script that a code of the table stands for, where FLORES publishes others as well.
_SCRIPTS = {"zh": "hans", "ar": "arab"}


def load_corpus(place: str, *, languages: Sequence[str] | None = None) -> Corpus:
    """Read a folder of line-aligned files.

    Args:
        place: the folder.
        languages: chosen languages; None takes all that have a file.

    Returns:
        The corpus: one unit per line; lines that are empty in a chosen language are dropped and
        counted.

    Raises:
        InterpError: no such file, two files of one language, files of different length, a line
            that is not UTF-8, or a language without a file.
    """
    folder = folder_of(place, "a folder of <lang>.txt or FLORES files such as eng_Latn.dev")
    files: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if not (path.is_file() and path.suffix in _SUFFIXES and looks_like_code(path.stem)):
            continue
        code = code_of(path.stem)
        if code in files:
            raise InterpError(
                f"{path} and {files[code].name} are both {code}: expected one file per language; "
                "put each split into its own folder"
            )
        files[code] = path
    if not files:
        raise InterpError(f"corpus {folder} is empty: expected <lang>.txt or FLORES files in it")
    chosen = check(languages, files, f"corpus {folder}")
    lines = {code: [text for _, text in read_lines(files[code])] for code in chosen}
    first = chosen[0]
    for code in chosen:
        if len(lines[code]) != len(lines[first]):
            raise InterpError(
                f"{files[code]} has {len(lines[code])} lines, {files[first].name} has "
                f"{len(lines[first])}: expected line-aligned files"
            )
    units = [
        Unit(str(number + 1), {code: lines[code][number].strip() for code in chosen})
        for number in range(len(lines[first]))
    ]
    return Corpus.build(units, chosen, f"flores:{folder}")


def code_of(name: str) -> str:
    """Map a FLORES name to our code: ``zho_Hans`` is zh, ``zho_Hant`` stays ``zh-hant``."""
    code = normalise(name)
    _, _, script = name.lower().replace("-", "_").partition("_")
    if code in LANGUAGES and script and script != _SCRIPTS.get(code, script):
        return f"{code}-{script}"
    return code
