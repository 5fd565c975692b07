"""Run the server until it is told to stop, and open a browser at it."""

from __future__ import annotations

import errno
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable

from betenet.app.settings import AppSettings
from betenet.errors import ConfigError
from betenet.extras import load


def serve(
    settings: AppSettings,
    *,
    open_browser: bool = True,
    told: Callable[[str], object] = sys.stderr.write,
) -> None:
    """Serve the application until Ctrl-C or SIGTERM.

    Parameters
    ----------
    settings
        Where it listens, and what it shows.
    open_browser
        Whether to open a browser at the page.
    told
        Called with the address, in words.

    Raises
    ------
    ConfigError
        If the extra ``app`` is not installed, or the port is in use.
    DataError
        If a folder that it is to show holds no screening.
    """
    uvicorn = load("app", "uvicorn")
    load("app", "fastapi")
    load("app", "python_multipart")
    from betenet.app.server import make_application

    with _listening(settings) as listener:
        application = make_application(settings)
        address = _address(settings, listener.getsockname()[1])
        told(f"betenet app is at {address}\nCtrl-C ends it.\n")
        if open_browser:
            threading.Timer(0.5, webbrowser.open, (address,)).start()
        config = uvicorn.Config(
            application,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=2,
            proxy_headers=False,
        )
        server = uvicorn.Server(config)
        application.state.is_ending = lambda: server.should_exit
        server.run(sockets=[listener])


def _listening(settings: AppSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        is_about_port = error.errno in {errno.EADDRINUSE, errno.EACCES}
        raise ConfigError(
            f"Cannot listen at {settings.host}, port {settings.port}.",
            f"{error.strerror or error}.",
            "Give another --port; 0 takes one that is free."
            if is_about_port
            else "Give an address of this machine with --host, or leave it out.",
        ) from error
    return listener


def _address(settings: AppSettings, port: int) -> str:
    """Address to open, with the token if there is one."""
    host = settings.host if settings.host not in {"0.0.0.0", "::"} else "localhost"  # noqa: S104
    host = f"[{host}]" if ":" in host else host
    query = f"?token={settings.token}" if settings.token else ""
    return f"http://{host}:{port}/{query}"
