"""What the application is told: where it listens, who may ask, how much is taken."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from betenet.errors import ConfigError

TOKEN = "BETENET_APP_TOKEN"  # noqa: S105 - the name of a variable
"""Variable of the environment that holds the token of a server whose address stays."""


MU_STARS = tuple(round(0.01 * step, 2) for step in range(31))
"""Values of μ* that the slider of the page has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a request, and all of them together, may ask for.

    Attributes
    ----------
    body
        Bytes of a request.
    content
        Bytes of a file, after it is decompressed.
    structures
        Structures of a request.
    atoms
        Atoms of a cell as it is given; its primitive cell is limited by the library.
    points
        Numbers of the α²F of a file or prediction.
    jobs
        Jobs that wait or run.
    kept
        Finished jobs whose results are kept.
    seconds
        Time that a job may take [s].
    """

    body: int = 8 << 20
    content: int = 16 << 20
    structures: int = 200
    atoms: int = 1_000
    points: int = 50_000
    jobs: int = 16
    kept: int = 32
    seconds: float = 1_800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSettings:
    """What the application is told.

    Parameters
    ----------
    host
        Address to listen at.
    port
        Port; 0 for one that is free.
    model
        Ensemble that predicts; the default one if absent.
    runs
        Folders of screenings to show.
    names
        Names under which others reach it, such as that of a proxy.
    token
        What a browser must know to be answered; empty for nothing, which only a loopback address
        may have.
    workers
        Processes for jobs.
    limits
        How much is taken.

    Raises
    ------
    ConfigError
        If others could reach it without a token, or the port is none.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    model: str | None = None
    runs: tuple[Path, ...] = ()
    names: tuple[str, ...] = ()
    token: str = ""
    workers: int = 1
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if not self.host:
            raise ConfigError(
                "There is no address to listen at.",
                "The one that was given is empty.",
                "Leave --host out, or give 0.0.0.0 for every address of this machine.",
            )
        if not 0 <= self.port < 1 << 16:
            raise ConfigError(
                f"{self.port} is no port.",
                "Ports go from 0 to 65535.",
                "Leave --port out, or give 0 for one that is free.",
            )
        if not (self.is_local or self.token):
            raise ConfigError(
                f"{self.host} can be reached by others, and there is no token.",
                "Anybody who finds the port could use this machine.",
                f"Set {TOKEN} to a long word that nobody guesses, or listen at 127.0.0.1.",
            )

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches it."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether a name or address is that of this machine alone.

    Examples
    --------
    >>> [is_loopback(one) for one in ("localhost", "127.0.0.1", "::1", "0.0.0.0", "example.org")]
    [True, True, True, False, False]
    """
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def new_token() -> str:
    """Token that nobody guesses."""
    return secrets.token_urlsafe(24)
