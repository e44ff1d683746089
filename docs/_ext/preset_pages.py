"""The table of presets, from `interp.presets`."""

from __future__ import annotations

from interp.presets import NOTES, PRESETS, presets_frame

_NAMES = {
    "lape": "LAPE", "lahis": "LAHIS", "lens": "Logit lens", "mcq": "Option scores",
    "klar": "Free generation (KLAR)", "ablation": "Causal check", "similarity": "Similarity",
    "attention": "Attention patterns",
}  # fmt: skip


def presets(level: str = "3") -> str:
    """Write a table per analysis; what is not the default's value is bold.

    Args:
        level: of the headings.
    """
    frame = presets_frame()
    parts = []
    for analysis, own in frame.groupby("analysis", sort=False):
        names = list(PRESETS[str(analysis)])
        lines = [
            f"{'#' * int(level)} {_NAMES.get(str(analysis), str(analysis))}",
            "",
            f"| option | {' | '.join(f'`{name}`' for name in names)} |",
            "|---" * (len(names) + 1) + "|",
        ]
        for row in own.to_dict("records"):
            cells = [
                f"`{row[name]}`" if row[name] == row["default"] else f"**`{row[name]}`**"
                for name in names
            ]
            lines.append(f"| `{row['option']}` | {' | '.join(cells)} |")
        lines += [
            "",
            *(
                f"`{name}`: {NOTES[analysis, name]}.\n"
                for name in names
                if (analysis, name) in NOTES
            ),
        ]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)
