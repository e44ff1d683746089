"""The answers to one fact in every language as one table of text, each text in its own direction."""

from __future__ import annotations

import html
from collections.abc import Sequence

import pandas as pd

from dashboards.texts import direction, language_name

RIGHT, WRONG = "✓", "✗"

_STYLE = """<style>
.answers{border-collapse:collapse;width:100%;font-size:0.9rem}
.answers th,.answers td{border-bottom:1px solid rgba(128,128,128,.35);padding:.35rem .5rem;
vertical-align:top;text-align:start}
.answers td.wrong{background:rgba(238,102,119,.14)}
.answers tr.absent td{opacity:.6;font-style:italic}
</style>"""


def answers_table(frame: pd.DataFrame, labels: Sequence[str], *, chosen: str = "") -> str:
    """Write the answers to one fact as an HTML table.

    Right and wrong are told by a sign that also has a name, the shade comes on top.

    Args:
        frame: `interp.evals.fact_list.answers_to`.
        labels: checkpoints, in order.
        chosen: code of a language whose row stands out.

    Returns:
        HTML with everything escaped; rows are languages.
    """
    heads = ["Language", "Question", "True answer", *labels]
    cells = "".join(f'<th scope="col">{html.escape(head)}</th>' for head in heads)
    rows = [_row(row, labels, row["lang"] == chosen) for row in frame.to_dict("records")]
    return (
        f'{_STYLE}<table class="answers"><thead><tr>{cells}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _row(row: dict[object, object], labels: Sequence[str], strong: bool) -> str:
    lang = str(row["lang"])
    name = html.escape(language_name(lang))
    head = f'<th scope="row">{"▸ " if strong else ""}{name}{_stated(row["stated"])}</th>'
    if not row["there"]:
        return (
            f'<tr class="absent">{head}<td colspan="{2 + len(labels)}">the fact does not exist in '
            "this language (unparallel)</td></tr>"
        )
    parts = [head, _text(row["question"], lang), _text(row["answer"], lang)]
    parts += [_answer(row[label], row[f"{label} right"], lang) for label in labels]
    return f"<tr>{''.join(parts)}</tr>"


def _stated(value: object) -> str:
    if pd.isna(value):  # type: ignore[call-overload]
        return ""
    about = "stated in its text" if value == 1 else "English only"
    return f"<br><small>{about}</small>"


def _text(text: object, lang: str, sign: str = "", kind: str = "") -> str:
    code = html.escape(lang, quote=True)
    shown = html.escape(str(text)) if text is not None and not pd.isna(text) else "–"  # type: ignore[call-overload]
    cell = f' class="{kind}"' if kind else ""
    return (
        f'<td{cell} lang="{code}" dir="{direction(lang)}">'
        f"{sign}<bdi>{shown if shown else '(empty)'}</bdi></td>"
    )


def _answer(text: object, right: object, lang: str) -> str:
    if pd.isna(right):  # type: ignore[call-overload]
        return "<td>no answer</td>"
    sign, word = (RIGHT, "right") if right == 1 else (WRONG, "wrong")
    mark = f'<span role="img" aria-label="{word}" title="{word}">{sign}</span> '
    return _text(text, lang, mark, "" if right == 1 else "wrong")
