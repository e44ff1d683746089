"""Several processes on one run: who takes part, and what they tell each other.

``torchrun`` or ``accelerate launch`` start the same command several times. Every process makes the
same plan and computes some of its batches (`interp.batches`); the first one alone writes the study
(`interp.study.shared`). Whatever passes between them goes through ``torch.distributed``.
"""

from interp.parallel.launched import is_first, local_index, n_local, n_processes, rank
from interp.parallel.team import ProcessGone, SharedError, Team, team

__all__ = [
    "ProcessGone",
    "SharedError",
    "Team",
    "is_first",
    "local_index",
    "n_local",
    "n_processes",
    "rank",
    "team",
]
