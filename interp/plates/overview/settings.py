"""The settings of the trainings behind the checkpoints, side by side."""

from __future__ import annotations

import pandas as pd

from interp.plates.overview.trainings import manifest_of, post_trainings
from interp.plates.plate import Plate
from interp.plates.view import View
from interp.plates.words import count, listed
from interp.train_curves import settings

_SURROUNDINGS = ("versions.", "machine.")


def training_settings(view: View, *, surroundings: bool = False, with_base: bool = False) -> Plate:
    """List the settings of the trainings, as the trainings themselves wrote them down.

    Source: the paper's Tables 2, 4 and 5, for any number of checkpoints beside each other.

    Args:
        view: the study, and what of it is shown.
        surroundings: also versions of packages and the machine, and not only where they differ.
        with_base: also of the training that made the base.

    Raises:
        Lacking: no training, or none that wrote a manifest.
    """
    runs = post_trainings(view, with_base=with_base)
    manifests = {label: manifest_of(view.study, run) for label, run in runs.items()}
    manifests = {label: one for label, one in manifests.items() if one}
    if not manifests:
        raise view.lacking("train", f"the training of {', '.join(runs)} wrote no settings down")
    frame = settings(manifests)
    if not surroundings:
        around = frame["setting"].str.startswith(_SURROUNDINGS)
        frame = frame[~around | frame["differs"]]
    labels = list(manifests)
    lone = _lone(frame, labels)
    frame = frame.assign(lone=lone).sort_values(["differs", "lone"], ascending=False, kind="stable")
    frame = frame.drop(columns="lone").reset_index(drop=True)
    return Plate(
        name="training-settings",
        title=f"Settings of the training of {', '.join(manifests)}",
        figure=None,
        frame=frame,
        reading=_reading(view, frame, labels),
        runs=view.about([runs[label] for label in manifests]),
        paper="Table 4",
        table=_table(frame, labels),
    )


def _lone(frame: pd.DataFrame, labels: list[str]) -> pd.Series[bool]:
    """Say which settings some of the trainings have and others do not."""
    unset = frame[labels] == ""
    return unset.any(axis=1) & ~unset.all(axis=1)


def _table(frame: pd.DataFrame, labels: list[str]) -> pd.DataFrame:
    """Say in words what differs, and cut hashes to what tells them apart."""
    cells = frame[labels].to_numpy(str)
    only = [[label for label, cell in zip(labels, row, strict=True) if cell] for row in cells]
    said = [
        "yes" if differs else f"only {listed(own)}" if 0 < len(own) < len(labels) else ""
        for differs, own in zip(frame["differs"], only, strict=True)
    ]
    short = frame[labels].replace(r"(?:sha256:)?([0-9a-f]{8})[0-9a-f]{56}", r"\1…", regex=True)
    return pd.concat([frame[["setting"]].assign(differs=said), short], axis=1)


def _reading(view: View, frame: pd.DataFrame, labels: list[str]) -> str:
    if len(labels) == 1:
        said = f"{count(len(frame), 'setting')} of the training of {labels[0]}."
    else:
        n = int(frame["differs"].sum())
        said = (
            f"Of {count(len(frame), 'setting')} {n} "
            f"{'differs' if n == 1 else 'differ'} between {listed(labels)} and "
            f"{'stands' if n == 1 else 'stand'} first."
        )
        lone = int((_lone(frame, labels) & ~frame["differs"]).sum())
        if lone:
            said += f" {lone} {'is' if lone == 1 else 'are'} set in some of them only."
    without = [label for label in view.others if label not in labels]
    if without:
        said += f" No settings of {listed(without)} are in the study."
    return said
