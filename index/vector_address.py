"""Where a server of vectors is, taken from an address that a person gave, and whether a secret may travel there."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from playhead.errors import SettingsError

if TYPE_CHECKING:
    from pydantic import SecretStr

_EXAMPLE = "For example: https://vectors.example.org:8000 or http://127.0.0.1:8000/TENANT/DATABASE"


@dataclass(frozen=True, slots=True)
class Address:
    """A Chroma server, and the tenant and database in it."""

    host: str
    port: int
    tls: bool
    tenant: str = "default_tenant"
    database: str = "default_database"

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"

    @property
    def rebuild(self) -> str:
        """The command that mends the mirror there."""
        place = "" if self == Address(self.host, self.port, self.tls) else f"/{self.tenant}/{self.database}"
        return f"playhead rebuild --vectors {self}{place}"

    @property
    def loopback(self) -> bool:
        """Whether it is on this machine and cannot be elsewhere."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def address_of(url: str, token: SecretStr) -> Address:
    """The server at an address. Raises `SettingsError`, which never repeats the token or a password."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise SettingsError("The server of vectors has no such address", str(error), _EXAMPLE) from error
    if parts.username or parts.password:
        why, fix = "it holds a name or a password", "Put the token into PLAYHEAD_VECTORS_TOKEN"
        raise SettingsError("The address of the server of vectors cannot be used", why, fix)
    place = [part for part in parts.path.split("/") if part]
    if parts.scheme not in ("http", "https") or not parts.hostname or len(place) not in (0, 2) or parts.query:
        raise SettingsError(f"{url!r} is not the address of a server of vectors", "", _EXAMPLE)
    tls = parts.scheme == "https"
    address = Address(parts.hostname, port or (443 if tls else 8000), tls, *place)
    _check_token(address, token.get_secret_value())
    return address


def _check_token(address: Address, token: str) -> None:
    if not re.fullmatch(r"[\x21-\x7e]*", token):
        why = "it holds spaces, line breaks or letters beyond ASCII"
        raise SettingsError(
            "The token for the server of vectors cannot be used", why, "Look at PLAYHEAD_VECTORS_TOKEN"
        )
    if token and not address.tls and not address.loopback:
        why = "over http everybody on the way could read it"
        raise SettingsError(f"The token is not sent to {address}", why, "Give an address that begins with https://")
