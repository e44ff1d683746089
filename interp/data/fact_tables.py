"""Facts as a table and as plain JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from interp.data.facts import Fact, FactSet


def facts_frame(facts: FactSet) -> pd.DataFrame:
    """Lay facts out in long form (see `FactSet.to_frame`)."""
    import pandas as pd

    rows = [
        {
            "fact_id": fact.fact_id,
            "relation": fact.relation,
            "property_id": fact.property_id,
            "split": fact.split,
            "lang": code,
            "subject": fact.texts[code].subject,
            "question": fact.texts[code].question,
            "options": list(fact.texts[code].options),
            "option_ids": list(fact.option_ids),
            "answer_index": fact.texts[code].answer_index,
            "answer": fact.texts[code].answer,
            "stated": fact.texts[code].stated,
            "is_proper_noun": fact.is_proper_noun,
        }
        for fact in facts
        for code in facts.languages
    ]
    frame = pd.DataFrame(rows)
    # Three-valued columns: without a fixed type parquet would guess one per file.
    return frame.astype({"stated": "boolean", "is_proper_noun": "boolean"})


def as_record(fact: Fact) -> dict[str, object]:
    """Give a fact as plain JSON: the documented ``jsonl`` schema."""
    texts = {
        code: {
            "subject": text.subject,
            "question": text.question,
            "options": list(text.options),
            "answer_index": text.answer_index,
            "prompt": text.prompt,
            "stated": text.stated,
        }
        for code, text in fact.texts.items()
    }
    return {
        "fact_id": fact.fact_id,
        "relation": fact.relation,
        "property_id": fact.property_id,
        "option_ids": list(fact.option_ids),
        "split": fact.split,
        "is_proper_noun": fact.is_proper_noun,
        "texts": texts,
    }
