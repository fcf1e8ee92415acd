"""A Chroma server by its own client: collections by name, with time limits, and no error that holds a secret.

`chromadb.HttpClient` waits for ever and asks before anybody can say otherwise, so the API object beneath it is used.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property
from typing import TYPE_CHECKING, Any

from playhead.errors import PlayheadError, VectorServerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import SecretStr

    from playhead.index.vector_address import Address

CONNECT_S = 3.0
_LIMIT_S = ContextVar("_LIMIT_S", default=10.0)  # of the thread that asks: others may ask by the same connections
_PAGE = 1000


class ChromaServer:
    """One database on a server. Nothing is asked before the first call; each belongs into `within`."""

    def __init__(self, address: Address, token: SecretStr) -> None:
        self.address, self._token = address, token.get_secret_value()
        self._lock, self._asking = threading.Lock(), 0
        self._given_up: list[Any] = []  # closed when no thread asks any more

    @contextmanager
    def within(self, limit_s: float, failing: str) -> Iterator[None]:
        """A time limit for each answer; whatever goes wrong is a `VectorServerError` that `failing` begins."""
        limit = _LIMIT_S.set(limit_s)
        with self._lock:
            self._asking += 1
        try:
            yield
        except PlayheadError:
            raise
        except Exception as error:  # noqa: BLE001 - of its client, of HTTP, of TLS, of what came back
            if api := vars(self).pop("_api", None):
                self._given_up.append(api)
            what = f"The vector server at {self.address} {failing}"
            safe = f"Nothing is lost, and searches compare every vector. When it is back: {self.address.rebuild}"
            raise VectorServerError(what, self._reason(error), safe) from None  # what is behind may show the token
        finally:
            _LIMIT_S.reset(limit)
            with self._lock:
                self._asking -= 1
                while self._given_up and not self._asking:
                    self._given_up.pop()._session.close()

    def get(self, name: str) -> Any:
        """The collection of this name, or None."""
        from chromadb.api.models.Collection import Collection
        from chromadb.errors import NotFoundError

        try:
            return Collection(self._api, self._api.get_collection(name, **self._place), embedding_function=None)
        except NotFoundError:
            return None

    def make(self, name: str) -> Any:
        """The collection of this name, made where there is none. Vectors are compared by their angle."""
        from chromadb.api.models.Collection import Collection

        how = {"hnsw": {"space": "cosine"}}
        model = self._api.get_or_create_collection(name, configuration=how, **self._place)
        return Collection(self._api, model, embedding_function=None)

    def drop(self, name: str) -> None:
        """Delete a collection."""
        self._api.delete_collection(name, **self._place)

    def names(self) -> list[str]:
        """Every collection in the database."""
        found: list[str] = []
        while page := self._api.list_collections(limit=_PAGE, offset=len(found), **self._place):
            found += [collection.name for collection in page]
        return found

    def most(self) -> int:
        """How many vectors it takes at once."""
        return int(self._api.get_max_batch_size())

    def close(self) -> None:
        """Let go of the connections; the next call makes new ones."""
        if api := vars(self).pop("_api", None):
            api._session.close()

    @property
    def _place(self) -> dict[str, str]:
        return {"tenant": self.address.tenant, "database": self.address.database}

    @cached_property
    def _api(self) -> Any:
        from chromadb.api import ServerAPI
        from chromadb.config import Settings, System

        # A proxy in front of a server reads the first, Chroma's own service the second.
        shown = {"Authorization": f"Bearer {self._token}", "X-Chroma-Token": self._token} if self._token else {}
        settings = Settings(
            chroma_api_impl="chromadb.api.fastapi.FastAPI",
            chroma_server_host=self.address.host,
            chroma_server_http_port=self.address.port,
            chroma_server_ssl_enabled=self.address.tls,
            chroma_server_headers=shown,
            anonymized_telemetry=False,
        )
        api: Any = System(settings).instance(ServerAPI)
        made, api._session = api._session, self._session(shown)
        made.close()
        return api

    def _session(self, shown: dict[str, str]) -> Any:
        """Connections that give each request the limit of who asks; to this machine never by way of a proxy.

        `trust_env` also says whether SSL_CERT_FILE is looked at, which is wanted in any case.
        """
        import httpx

        def limit(request: httpx.Request) -> None:
            request.extensions["timeout"] = httpx.Timeout(_LIMIT_S.get(), connect=CONNECT_S).as_dict()

        return httpx.Client(
            headers={**shown, "Content-Type": "application/json"},
            verify=httpx.create_ssl_context() if self.address.tls else True,
            trust_env=not self.address.loopback,
            event_hooks={"request": [limit]},
        )

    def _reason(self, error: Exception) -> str:
        text = " ".join(str(error).split())[:200] or type(error).__name__
        return text.replace(self._token, "…") if self._token else text
