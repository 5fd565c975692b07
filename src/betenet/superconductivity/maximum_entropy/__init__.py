"""The α²F(ω) that is least unlike a prior among all that have given moments.

``prior`` (what α²F looks like before its moments are known) and ``dual`` (the convex problem that
its moments pose) → ``reconstruction``.
"""

from betenet.superconductivity.maximum_entropy.reconstruction import (
    Reconstruction,
    maximum_entropy_spectrum,
)

__all__ = ["Reconstruction", "maximum_entropy_spectrum"]
