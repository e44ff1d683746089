"""The settings of the trainings behind the checkpoints, side by side."""

from __future__ import annotations

import pandas as pd

from interp.plates.overview.trainings import manifest_of, newest_trainings
from interp.plates.overview.words import count, listed
from interp.plates.plate import Plate
from interp.plates.view import View
from interp.train_curves import settings

_SURROUNDINGS = ("versions.", "machine.")


def training_settings(view: View, *, surroundings: bool = False) -> Plate:
    """List the settings of the trainings, as the trainings themselves wrote them down.

    Source: the paper's Tables 2, 4 and 5, for any number of checkpoints beside each other.

    Args:
        view: the study, and what of it is shown.
        surroundings: also versions of packages and the machine, and not only where they differ.

    Raises:
        Lacking: no training, or none that wrote a manifest.
    """
    runs = newest_trainings(view.study.runs(), view.labels)
    if not runs:
        raise view.lacking("train", f"no training of {', '.join(view.labels)}")
    manifests = {label: manifest_of(view.study, run) for label, run in runs.items()}
    manifests = {label: one for label, one in manifests.items() if one}
    if not manifests:
        raise view.lacking("train", f"the training of {', '.join(runs)} wrote no settings down")
    frame = settings(manifests)
    if not surroundings:
        around = frame["setting"].str.startswith(_SURROUNDINGS)
        frame = frame[~around | frame["differs"]]
    frame = frame.sort_values("differs", ascending=False, kind="stable").reset_index(drop=True)
    return Plate(
        name="training-settings",
        title=f"Settings of the training of {', '.join(manifests)}",
        figure=None,
        frame=frame,
        reading=_reading(view, frame, list(manifests), list(runs)),
        runs=view.about([runs[label] for label in manifests]),
        paper="Table 4",
        table=frame.assign(differs=frame["differs"].map({True: "yes", False: ""})),
    )


def _reading(view: View, frame: pd.DataFrame, labels: list[str], trained: list[str]) -> str:
    if len(labels) == 1:
        said = f"{count(len(frame), 'setting')} of the training of {labels[0]}."
    else:
        n = int(frame["differs"].sum())
        said = (
            f"Of {count(len(frame), 'setting')} {n} "
            f"{'differs' if n == 1 else 'differ'} between {listed(labels)} and "
            f"{'stands' if n == 1 else 'stand'} first."
        )
        lone = int((frame[labels] == "").any(axis=1).sum())
        if lone:
            said += f" {lone} {'is' if lone == 1 else 'are'} known of some only."
    without = [label for label in view.labels if label not in labels]
    if without:
        said += f" No settings of {listed(without)} are in the study."
    return said
