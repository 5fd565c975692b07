"""Three regions of a training curve: classical, critical and modern, and when each is over.

Past the first minimum of the validation loss (classical) a network that can interpolate its data
gets worse, up to a maximum where it just does so (critical), and then may get better again than it
ever was (modern): the double descent.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from betenet.errors import ConfigError

Region = Literal["classical", "critical", "modern"]
REGIONS: tuple[Region, ...] = get_args(Region)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Epochs without a new extremum after which a region is over."""

    classical: int = 15
    critical: int = 500
    modern: int = 5000

    def __post_init__(self) -> None:
        if min(self.classical, self.critical, self.modern) < 1:
            raise ConfigError(
                f"Patience of {self.classical}, {self.critical} and {self.modern} epochs.",
                "A region needs at least one epoch to be over.",
                "Set each above zero.",
            )


@dataclass(slots=True)
class ThreeRegions:
    """Follows a validation loss through its regions; what to keep, and when to stop.

    Parameters
    ----------
    patience
        Patience in each region.
    region
        Where training is; None when it is over.
    epoch
        Epochs seen.
    best_epoch, best
        Epoch and loss of the extremum of the present region: the lowest, in the critical region
        the highest.

    References
    ----------
    Gibson et al., npj Comput. Mater. 11, 7 (2025), with a patience of 5000 epochs in the modern
    region. (The default patience of the other two is our choice. The published code leaves the
    critical region by another test than its text describes.)

    Examples
    --------
    >>> course = ThreeRegions(Patience(classical=2, critical=2, modern=2))
    >>> kept = [course.take(loss) for loss in (3.0, 2.0, 2.5, 4.0, 3.9, 3.0, 1.0, 1.1, 1.2)]
    >>> kept[1], kept[3], kept[6], course.region
    ('classical', 'critical', 'modern', None)
    """

    patience: Patience
    region: Region | None = "classical"
    epoch: int = 0
    best_epoch: int = -1
    best: float = float("inf")

    def take(self, loss: float) -> Region | None:
        """Take in the loss of the next epoch.

        Returns
        -------
        str or None
            The region whose extremum this epoch is, so far: its weights are to be kept.
        """
        if self.region is None:
            return None
        sign = -1.0 if self.region == "critical" else 1.0
        better = not sign * loss >= sign * self.best
        over = not better and self.epoch - self.best_epoch >= getattr(self.patience, self.region)
        if over:
            following = REGIONS[REGIONS.index(self.region) + 1 :]
            self.region = following[0] if following else None
        found = self.region if better or over else None
        if found is not None:
            self.best_epoch, self.best = self.epoch, loss
        self.epoch += 1
        return found

    def state(self) -> dict[str, Any]:
        """Plain values, for a restart."""
        return asdict(self)

    @classmethod
    def restore(cls, state: dict[str, Any]) -> ThreeRegions:
        """Build from what :meth:`state` returns."""
        return cls(
            Patience(**state["patience"]),
            region=state["region"],
            epoch=state["epoch"],
            best_epoch=state["best_epoch"],
            best=state["best"],
        )


def find_regions(validation: ArrayLike, smoothing: int = 51) -> dict[Region, int] | None:
    """Epochs of the first minimum, the maximum after it, and the minimum after that.

    Parameters
    ----------
    validation
        Loss at each recorded epoch.
    smoothing
        Records over which a running median is taken first, odd: single epochs jump.

    Returns
    -------
    dict or None
        Index of each region's extremum among the records; None if the loss never rises by more
        than a tenth above its first minimum before it falls again, which is no double descent.

    Examples
    --------
    >>> find_regions([5, 2, 4, 9, 6, 1, 1.5], smoothing=1)
    {'classical': 1, 'critical': 3, 'modern': 5}
    >>> find_regions([5, 4, 3, 2, 1], smoothing=1) is None
    True
    """
    values = np.asarray(validation, dtype=np.float64)
    half = smoothing // 2
    padded = np.pad(values, half, mode="edge")
    smooth = np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1), axis=-1)
    # the highest rise above what was the minimum so far, and that minimum
    lowest = np.minimum.accumulate(smooth)
    critical = int(np.argmax(smooth / lowest))
    if smooth[critical] < 1.1 * lowest[critical]:
        return None
    classical = int(np.argmin(smooth[: critical + 1]))
    modern = critical + int(np.argmin(smooth[critical:]))
    return {"classical": classical, "critical": critical, "modern": modern}
