"""Facts as tasks of lm-evaluation-harness: a folder that ``lm_eval --include_path`` runs as it is.

How the harness (0.4.13) is met:

* ``doc_to_text``, ``doc_to_choice`` and ``doc_to_target`` name columns of the data. It then takes
  the cells as they are; a template would pass them through Jinja, Python literals and a test for
  digits. So ``{{``, quotes and line breaks in a fact are harmless.
* ``dataset_path: json`` looks for its files below the working directory, not beside the YAML, and
  reads columns of dates as dates. The data are read by a function beside the YAML instead
  (``custom_dataset``), so the folder runs from any working directory and may be moved.
* A choice is scored behind ``target_delimiter``, one space, as here. ``acc`` compares sums of
  log-probabilities, ``acc_norm`` divides them by characters, ``acc_bytes`` by UTF-8 bytes, both
  without the space: `interp.evals.choices` calls these sum, character and byte.
* ``num_fewshot: 0`` is binding there: examples would come from the facts that are asked.
"""

from __future__ import annotations

import glob
import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from interp.data.facts import Fact, FactSet
from interp.data.prompts import prompt_text
from interp.errors import InterpError, unknown
from interp.study.atomic import TEMPORARY_SUFFIX, write_error

FORMS = ("qa", "native", "cloze")
METRICS = ("acc", "acc_norm", "acc_bytes")

_READER = "read_facts"
_READER_SOURCE = '''\
"""Gives lm-evaluation-harness the facts that lie beside this file, wherever it is called from."""

import json
from pathlib import Path

from datasets import Dataset


def load(data_file, **_):
    """Read one language (a task's `custom_dataset`; the harness adds the task's metadata)."""
    path = Path(__file__).parent / data_file
    with path.open(encoding="utf-8", newline="\\n") as lines:
        return {"test": Dataset.from_list([json.loads(line) for line in lines])}
'''
_README = """\
Facts from {source} ({count} facts, {languages}) for lm-evaluation-harness 0.4.9.2 or newer:

    lm_eval --model hf --model_args pretrained=MODEL --tasks {group} --include_path THIS_FOLDER

acc compares the options' summed log-probabilities, acc_norm divides by characters, acc_bytes by
UTF-8 bytes. Prompts: form {form} of `interp`; the option follows after one space.
data_hash: {data_hash}
"""


def export_facts(
    facts: FactSet, out: Path, *, form: str = "qa", name: str | None = None
) -> tuple[str, tuple[str, ...]]:
    """Write facts as one task per language and a group of them.

    Args:
        facts: the facts.
        out: a folder that does not exist yet, or an empty one.
        form: how facts are asked: ``qa``, ``native`` or ``cloze``.
        name: of the group; ``interp_<source>`` (and the form, unless it is ``qa``) by default.

    Returns:
        The group's name and the tasks'.

    Raises:
        InterpError: an unknown form, facts without the prompt that it needs, a name that is none,
            or a folder that holds something or cannot be written.
    """
    if form not in FORMS:
        raise unknown("prompt form", form, FORMS, "A chat prompt depends on the tokenizer")
    group = name if name is not None else _default_name(facts, form)
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", group):
        raise InterpError(
            f"name {group!r}: expected letters, digits, '_' and '-', the first a letter"
        )
    files = dict(_files(facts, form, group))  # everything is made before anything is written
    _write(files, out)
    return group, tuple(f"{group}_{lang}" for lang in facts.languages)


def document(fact: Fact, lang: str, form: str) -> dict[str, Any]:
    """Give one fact as a line of the data."""
    text = fact.texts[lang]
    return {
        "fact_id": fact.fact_id,
        "lang": lang,
        "relation": fact.relation,
        "split": fact.split,
        "prompt": prompt_text(None, text, form=form, lang=lang),
        "choices": list(text.options),
        "answer_index": text.answer_index,
    }


def _default_name(facts: FactSet, form: str) -> str:
    source = re.split(r"[^A-Za-z]", facts.source)[0]
    return f"interp_{source}" if form == "qa" else f"interp_{source}_{form}"


def _files(facts: FactSet, form: str, group: str) -> Iterator[tuple[str, str]]:
    about = {
        "version": 1,
        "source": facts.source,
        "data_hash": facts.data_hash,
        "prompt_form": form,
    }
    for lang in facts.languages:
        lines = [json.dumps(document(fact, lang, form), ensure_ascii=False) for fact in facts]
        yield f"{lang}.jsonl", "".join(f"{line}\n" for line in lines)
        yield f"{group}_{lang}.yaml", _task(f"{group}_{lang}", lang, about)
    members = {
        "group": group,
        "task": [f"{group}_{lang}" for lang in facts.languages],
        "aggregate_metric_list": [
            {"metric": metric, "aggregation": "mean", "weight_by_size": True} for metric in METRICS
        ],
        "metadata": about,
    }
    yield f"{group}.yaml", _yaml(members)
    yield f"{_READER}.py", _READER_SOURCE
    yield "README.txt", _README.format(
        source=facts.source, count=len(facts), languages=", ".join(facts.languages), group=group,
        form=form, data_hash=facts.data_hash,
    )  # fmt: skip


def _task(name: str, lang: str, about: dict[str, Any]) -> str:
    config = {
        "task": name,
        "dataset_kwargs": {"data_file": f"{lang}.jsonl"},
        "test_split": "test",
        "output_type": "multiple_choice",
        "doc_to_text": "prompt",
        "doc_to_choice": "choices",
        "doc_to_target": "answer_index",
        "target_delimiter": " ",
        "num_fewshot": 0,
        "metric_list": [
            {"metric": metric, "aggregation": "mean", "higher_is_better": True}
            for metric in METRICS
        ],
        "metadata": {**about, "lang": lang},
    }
    return f"custom_dataset: !function {_READER}.load\n" + _yaml(config)


def _yaml(value: dict[str, Any]) -> str:
    text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True)
    return text


def _write(files: dict[str, str], out: Path) -> None:
    """Write all files or none: beside the target first, then in one move.

    A folder that holds just these files is the end of the same export, and left as it is.
    """
    try:
        for left in out.parent.glob(f".{glob.escape(out.name)}.*{TEMPORARY_SUFFIX}"):
            shutil.rmtree(left, ignore_errors=True)  # of an export that was killed
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            if _holds(out, files):
                return
            raise InterpError(f"--out {out} holds something: expected a new or an empty folder")
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            dir=out.parent, prefix=f".{out.name}.", suffix=TEMPORARY_SUFFIX
        ) as scratch:
            made = Path(scratch) / "made"
            made.mkdir()
            for name, text in files.items():
                (made / name).write_text(text, encoding="utf-8", newline="\n")
            made.replace(out)
    except OSError as error:
        raise write_error(out, error) from error


def _holds(folder: Path, files: dict[str, str]) -> bool:
    """Whether a folder holds these files and no others."""
    if not folder.is_dir() or {path.name for path in folder.iterdir()} != set(files):
        return False
    return all((folder / name).read_bytes() == text.encode() for name, text in files.items())
