"""Which labels of a study play which roles of the claims."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from interp.errors import InterpError, unknown


@dataclass(frozen=True)
class Cast:
    """The labels in their roles.

    Attributes:
        labels: role to label.
        missing: role to why no label plays it, and what to do.
    """

    labels: Mapping[str, str]
    missing: Mapping[str, str]

    def reason(self, role: str) -> str:
        """Say why nobody plays a role; empty where somebody does."""
        return "" if role in self.labels else self.missing.get(role, f"no label is {role}")


def cast_roles(runs: pd.DataFrame, roles: Iterable[str], chosen: Mapping[str, str]) -> Cast:
    """Find the label of every role.

    The user's choice counts first, then the one label that is called like the role (case, ``_`` and
    ``+`` aside), then the one label whose stage is called so. Several leave the role open.

    Args:
        runs: the table ``runs`` of the study.
        roles: the roles that the claims name.
        chosen: role to label, as the user set it.

    Raises:
        InterpError: for a chosen role that no claim has, and a chosen label that the study lacks.
    """
    wanted = list(dict.fromkeys(roles))
    known = sorted(runs["label"].unique())
    for role, label in chosen.items():
        if role not in wanted:
            raise unknown("role", role, wanted, "Roles are those of the claims")
        if label not in known:
            raise unknown(
                "label in this study", label, known or ["(the study has no finished run)"]
            )
    stages = dict(zip(runs["label"], runs["stage"], strict=True))
    labels: dict[str, str] = {}
    missing: dict[str, str] = {}
    for role in wanted:
        named = [one for one in known if _plain(one) == _plain(role)]
        staged = [one for one in known if _plain(str(stages[one])) == _plain(role)]
        found = [chosen[role]] if role in chosen else named or staged
        if len(found) == 1:
            labels[role] = found[0]
        elif found:
            missing[role] = (
                f"{len(found)} labels may be {role} ({', '.join(found)}): choose with "
                f"--set {role}=LABEL"
            )
        else:
            missing[role] = (
                f"no label is called {role} or has this stage: --set {role}=LABEL with one of "
                f"{', '.join(known) or '(the study has no finished run)'}, or add such a checkpoint"
            )
    return Cast(labels, missing)


def read_choices(texts: Iterable[str]) -> dict[str, str]:
    """Read ``role=label`` as given on the command line.

    Raises:
        InterpError: another form, or a role given twice.
    """
    chosen: dict[str, str] = {}
    for text in texts:
        role, equals, label = (part.strip() for part in text.partition("="))
        if not (role and equals and label):
            raise InterpError(f"--set {text!r}: expected ROLE=LABEL, e.g. --set base=my-base")
        if role in chosen:
            raise InterpError(f"--set gives the role {role!r} twice: expected once")
        chosen[role] = label
    return chosen


def _plain(text: str) -> str:
    return re.sub(r"[-_+ ]+", "-", text.strip().lower())
