"""A folder in KLAR's layout, small enough to know every prompt of it."""

from __future__ import annotations

import json
from pathlib import Path

NAMES = {
    "en": ["Rome", "Paris", "Bern", "Oslo", "Lima", "Baku"],
    "es": ["Roma", "París", "Berna", "Oslo", "Lima", "Bakú"],
    "ru": ["Рим", "Париж", "Берн", "Осло", "Лима", "Баку"],
}
TEMPLATES = {
    "en": ["Capital of <subject>? It is <mask>", "What is <subject>'s capital? It is <mask>."],
    "es": ["Capital de <subject>? Es <mask>", "¿Qué capital tiene <subject>? Es: <mask>."],
    "ru": ["Столица <subject>? <mask>", "Какая столица у <subject>? Это: <mask>."],
}
SMALL = {"en": ["cat", "dog"], "es": ["gato", "perro"], "ru": ["кот", "пёс"]}


def write(
    folder: Path, lang: str, relation: str, names: list[str], indices=None, **changes
) -> None:
    """Write one file; the English names come from ``NAMES`` and ``SMALL``."""
    english = (NAMES if relation == "capital" else SMALL)["en"]
    numbers = indices if indices is not None else range(len(names))
    content = {
        "name": relation,
        "relation_id": "P0",
        "prompt_templates": TEMPLATES[lang],
        "samples": [
            {
                "subject": f"{lang}-{number}",
                "object": names[number],
                "object_candidates": ", ".join(names),
                "index": 100 + number,
                **({} if lang == "en" else {"object_en": english[number]}),
            }
            for number in numbers
        ],
    } | changes
    (folder / lang).mkdir(parents=True, exist_ok=True)
    path = folder / lang / f"{relation}.json"
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def klar_folder(folder: Path) -> Path:
    """Six capitals and two animals in three languages; Russian lacks one capital."""
    for lang in NAMES:
        write(folder, lang, "capital", NAMES[lang], [0, 1, 3, 4, 5] if lang == "ru" else None)
        write(folder, lang, "animal", SMALL[lang])
    return folder
