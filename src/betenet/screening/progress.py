"""How far a screening is: a bar on a terminal, elsewhere a line now and then."""

from __future__ import annotations

import sys
import time

from tqdm import tqdm

EVERY = 60.0
"""Seconds between lines where stderr is no terminal."""


class Progress:
    """Rate, what is done and the time left of one stage, on stderr.

    Parameters
    ----------
    stage
        Name of the stage.
    total
        Number of structures, if it is known.
    done
        Number of structures that were done before.
    every
        Time between lines where there is no terminal [s].
    quiet
        Whether to write nothing at all.
    """

    def __init__(
        self,
        stage: str,
        total: int | None,
        done: int = 0,
        *,
        every: float = EVERY,
        quiet: bool = False,
    ) -> None:
        self._stage, self._total, self._every = stage, total, every
        self._stream = sys.stderr
        self._quiet = quiet
        self._bar = None
        if not quiet and self._stream.isatty():
            self._bar = tqdm(
                desc=stage, total=total, initial=done, unit="", file=self._stream, leave=True
            )
        self._done = self._before = done
        self._began = self._told = time.monotonic()

    def close(self) -> None:
        """End the bar, or say where it ended."""
        if self._bar is not None:
            self._bar.close()
        elif self._done > self._before:
            self._tell()

    def update(self, count: int) -> None:
        """Note that some more structures are done."""
        self._done += count
        if self._bar is not None:
            self._bar.update(count)
        elif time.monotonic() - self._told > self._every:
            self._tell()

    def _tell(self) -> None:
        if self._quiet:
            return
        self._told = time.monotonic()
        rate = (self._done - self._before) / max(self._told - self._began, 1e-9)
        text = f"{self._stage}: {self._done}"
        if self._total is not None:
            text += f" of {self._total}"
        text += f", {rate:.3g} a second"
        if self._total is not None and rate > 0.0 and self._done < self._total:
            text += f", {_duration((self._total - self._done) / rate)} left"
        self._stream.write(f"betenet: {text}\n")
        self._stream.flush()


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}"
