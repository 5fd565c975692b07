"""Addresses of the web: where they lead, and what in them is secret."""

from __future__ import annotations

import re
from base64 import b64encode
from urllib.parse import quote, unquote, urlsplit, urlunsplit

MASK = "***"
"""Stands for a secret; a key is read from the environment where an address has it."""

_PORTS = {"http": 80, "https": 443}
_USER = re.compile(r"(?<=://)[^/?#\s]*@")
_PARAMETER = re.compile(r"(?<=[?&;#])([^=?&;#\s]+)=([^&;#\s]*)")
_SECRET = re.compile(r"key|token|secret|passw|pwd|auth|signature|credential|session|^(pass|sig)$")
_SAFE = "!#$%&'()*+,/:;=?@[]~"


def is_secret(name: str) -> bool:
    """Whether a parameter of this name holds what is nobody's business.

    Examples
    --------
    >>> [is_secret(name) for name in ("X-API-KEY", "access_token", "filter", "page_limit")]
    [True, True, False, False]
    """
    return _SECRET.search(unquote(name).lower()) is not None


def masked(text: str) -> str:
    """Text whose addresses have no users, passwords and keys any more.

    Examples
    --------
    >>> masked("https://me:pw@host/v1?api_key=12&filter=nsites=1")
    'https://***@host/v1?api_key=***&filter=nsites=1'
    """
    text = _USER.sub(f"{MASK}@", text)
    return _PARAMETER.sub(
        lambda found: f"{found[1]}={MASK}" if is_secret(found[1]) else found[0], text
    )


def secrets(address: str) -> list[str]:
    """What must not be shown of an address, the longest first: passwords and keys.

    Examples
    --------
    >>> secrets("https://me:pass%20word@host/v1?api_key=12345&x=1")
    ['bWU6cGFzcyB3b3Jk', 'pass%20word', 'pass word', '12345']
    """
    user = (_USER.search(address) or [""])[0].removesuffix("@")
    values = [user.partition(":")[2] or user, _encoded(user) if user else ""]
    values += [value for name, value in _PARAMETER.findall(address) if is_secret(name)]
    found = {text for value in values for text in (value, unquote(value)) if len(text) > 2}
    return sorted(found - {MASK}, key=lambda text: (-len(text), text))


def origin(address: str) -> str:
    """Scheme, host and port.

    Raises
    ------
    ValueError
        If it is no address of a host on the web.

    Examples
    --------
    >>> origin("HTTPS://me@Host/v1?x=1"), origin("http://host:8080")
    ('https://host:443', 'http://host:8080')
    """
    parts = urlsplit(address)
    if parts.scheme not in _PORTS:
        raise ValueError("only http and https are followed")
    if not parts.hostname:
        raise ValueError("it names no host")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host.rstrip('.')}:{parts.port or _PORTS[parts.scheme]}"


def cleaned(link: str) -> str:
    """A link as it can be asked for: what may not stand in an address is quoted.

    Raises
    ------
    ValueError
        If it holds control characters.

    Examples
    --------
    >>> cleaned(' /structures?filter=elements HAS "Nb"&page=%C3%A9 ')
    '/structures?filter=elements%20HAS%20%22Nb%22&page=%C3%A9'
    """
    link = link.strip()
    if not link.isprintable():
        raise ValueError("it holds control characters")
    return quote(link, safe=_SAFE)


def without_user(url: str) -> tuple[str, dict[str, str]]:
    """The address without user and password, and the header that says them.

    Raises
    ------
    ValueError
        If it is no address of the web.
    """
    origin(url)
    parts = urlsplit(cleaned(url))
    user, _, host = parts.netloc.rpartition("@")
    headers = {"Authorization": f"Basic {_encoded(user)}"}
    return urlunsplit(parts._replace(netloc=host, fragment="")), headers if user else {}


def _encoded(user: str) -> str:
    """User and password as they are sent."""
    return b64encode(unquote(user).encode()).decode()
