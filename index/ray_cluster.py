"""Ray, connected: the cluster that is named, or one made here for one run and kept to this machine."""

from __future__ import annotations

import os
import secrets
import socket
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from playhead.errors import SettingsError, WorkersError, reason_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from playhead.settings import Settings

_PATIENCE_S = 10.0
_STORE_BYTES = 512 << 20  # records on their way, where Ray is started here


@contextmanager
def cluster(settings: Settings) -> Iterator[Any]:
    """Ray, connected. What was started for this run ends with it."""
    address = settings.ray_address or os.environ.get("RAY_ADDRESS", "")
    used = sys.modules.get("ray")
    if used and used.is_initialized():  # by a program that uses Ray for more than this
        yield used
        return
    _reach(address)
    with _environment(_SILENT if address else _SILENT | _own()):  # some of it is read where Ray is imported
        try:
            import ray
        except ImportError as error:
            fix = "Run: pip install 'playhead[ray]', or leave out --on ray"
            raise SettingsError("Indexing on Ray is not possible", "the package ray is not installed", fix) from error
        _connect(ray, address)
        try:
            yield ray
        finally:
            ray.shutdown()


_SILENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # as Ray will have it by itself; else it warns
}


def _own() -> dict[str, str]:
    """What makes a Ray of our own listen on loopback alone, and to nobody without a token that is made for it."""
    return {
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # the switch by which Ray takes 127.0.0.1 for its address
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
    }


@contextmanager
def _environment(changed: Mapping[str, str]) -> Iterator[None]:
    """The environment with these values, and afterwards as it was."""
    before = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        if ray := sys.modules.get("ray"):
            _read_anew(ray)


def _read_anew(ray: Any) -> None:
    """Ray keeps what the environment said of tokens when it was last used in this process."""
    ray._raylet.Config.initialize("")
    ray._raylet.AuthenticationTokenLoader.instance().reset_cache()


def _reach(address: str) -> None:
    """Raise `WorkersError` where nobody listens: Ray itself would try for minutes, and not be interrupted."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not (host and port.isdecimal()):
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), _PATIENCE_S).close()
    except (OSError, OverflowError) as error:
        raise _unusable(address, reason_of(error)) from error


def _unusable(address: str, why: str) -> WorkersError:
    return WorkersError(f"Ray at {address} cannot be used", why, "Look at RAY_ADDRESS and at `ray status` there")


def _connect(ray: Any, address: str) -> None:
    _read_anew(ray)
    ray._private.worker._worker_logs_enabled = False  # it would write on standard output, where JSON may stand
    quiet: dict[str, Any] = {"log_to_driver": False, "configure_logging": False, "logging_level": "ERROR"}
    own: dict[str, Any] = {"include_dashboard": False, "object_store_memory": _STORE_BYTES}
    try:
        ray.init(address=address or "local", **quiet, **({} if address else own))
    except Exception as error:
        if address:
            raise _unusable(address, last_line(error)) from error
        fix = "Free some memory, or leave out --on ray"
        raise WorkersError("Ray could not be started", last_line(error), fix) from error


def last_line(error: Exception) -> str:
    """The last line that says something."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
