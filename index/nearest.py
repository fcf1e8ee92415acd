"""What a library needs of an index of vectors, wherever that is: in a folder beside the catalogue, or on a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from playhead.index.catalog import Catalog, Within
    from playhead.types import Channel, Progress


class Mirror(Protocol):
    """A finished index."""

    @property
    def revision(self) -> int:
        """That of the catalogue when it was mirrored."""


class NearestVectors(Protocol):
    """A mirror of the catalogue's vectors. It may be lost at any time: the catalogue has everything."""

    def current(self) -> Mirror | None:
        """What can be asked; `None` where there is nothing, or nothing that can be trusted."""

    def compared(
        self,
        catalog: Catalog,
        channel: Channel,
        space: str,
        vector: NDArray[np.float32],
        count: int,
        within: Within,
    ) -> dict[str, float]:
        """Similarity by id of the `count` nearest vectors there, best first; of the catalogue as it is now."""

    def nearest(
        self, channel: Channel, space: str, vector: NDArray[np.float32], count: int
    ) -> list[tuple[str, float]] | None:
        """Ids and similarities of the `count` nearest vectors, not by comparing; `None` when it cannot answer."""

    def update(self, catalog: Catalog, *, anew: bool = False, progress: Callable[[Progress], None] = ...) -> None:
        """Bring it up to the catalogue's revision; `anew` makes it from nothing. Needs the library's lock."""

    def verify(self, catalog: Catalog) -> list[str]:
        """What is wrong with it, in words; empty when every vector of the catalogue is reached by query."""

    def close(self) -> None:
        """Let go of what is open."""
