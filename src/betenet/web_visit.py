"""Where links and redirects of web servers may lead, and what nobody else is told."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit, urlunsplit

from betenet.addresses import MASK, cleaned, masked, origin, secrets
from betenet.errors import DataError


@dataclass(slots=True)
class Visit:
    """Where links and redirects may lead, from the address that the user has named.

    Attributes
    ----------
    start
        The address. Links to the same scheme, host and port are followed, and to https where the
        start was http; a link to http where the start was https is asked for by https.
    others
        Other origins that the user allows; None for any.
    hint
        What the user can write to allow one more; ``{}`` stands for it.
    """

    start: str
    others: frozenset[str] | None = frozenset()
    hint: str = "Begin there, if it belongs to the same database."
    _private: bool | None = field(default=None, init=False)

    def address(self, link: str, here: str) -> str:
        """Where a link of a page leads.

        Raises
        ------
        DataError
            If it is no address, or leads to where nobody has asked for.
        """
        shown = self.hide(link)
        try:
            found = urljoin(here, cleaned(link))
            parts = urlsplit(found)
            there, ours = origin(found), origin(self.start)
            if urlsplit(link.strip()).scheme and not urlsplit(link.strip()).netloc:
                raise ValueError("it names no host")
        except ValueError as error:
            text = str(error)
            raise DataError(
                f"The link {shown!r} is no web address.",
                f"It is on {masked(here)}: {text[:1].upper()}{text[1:]}.",
                "Tell those who run the server.",
            ) from error
        if there == _secured(ours, "http", "https"):
            pass
        elif there == _secured(ours, "https", "http"):
            parts = parts._replace(scheme="https")
        elif there != ours and self.others is not None and there not in self.others:
            raise DataError(
                f"The link {shown!r} leads to another server than {ours}.",
                f"It is on {masked(here)}. Only the server that was named is asked: others may be "
                "anything, in your own network too.",
                self.hint.replace("{}", there),
            )
        host = parts.netloc.rpartition("@")[2]  # who asks is not the server's choice
        return urlunsplit(parts._replace(netloc=host, fragment=""))

    def hide(self, text: str) -> str:
        """Text without the secrets of the start, wherever a server has repeated them."""
        for secret in secrets(self.start):
            text = text.replace(secret, MASK)
        return masked(text)

    def is_home(self, address: str) -> bool:
        """Whether secrets of the start may be sent to an address."""
        ours = origin(self.start)
        return origin(address) in {ours, _secured(ours, "http", "https")}

    def check_peer(self, peer: str) -> None:
        """Check that a public server has not led into a private network.

        Raises
        ------
        DataError
            If it has.
        """
        private = not ipaddress.ip_address(peer.partition("%")[0]).is_global
        if self._private is None:
            self._private = private
        if private and not self._private:
            raise DataError(
                f"A link leads from {masked(self.start)} to the private address {peer}.",
                "A server on the web has nothing to ask for in your own network.",
                "Begin at an address of your own network if that is meant.",
            )


def _secured(place: str, old: str, new: str) -> str:
    """The origin by another scheme, both at their usual ports; empty for other ports."""
    ports = {"http": ":80", "https": ":443"}
    if not (place.startswith(f"{old}://") and place.endswith(ports[old])):
        return ""
    return f"{new}{place.removeprefix(old).removesuffix(ports[old])}{ports[new]}"
