"""What is known of a crystal before anything is computed.

Facts of the elements; metal or insulator; magnetism; families of unconventional superconductors;
vacuum. `judge` says all of it as `Finding`s. No torch.
"""

from __future__ import annotations

from betenet.known.findings import CODES, Finding
from betenet.known.judge import judge

__all__ = ["CODES", "Finding", "judge"]
