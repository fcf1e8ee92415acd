"""What the tests of the gate share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from playhead.errors import BlockedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from playhead.types import Verdict

MAIL = "jane.doe@example.com"


def stopped(act: Callable[[], object]) -> Verdict:
    """The verdict by which the gate stopped it, told on one line, with exit code 4."""
    with pytest.raises(BlockedError) as caught:
        act()
    assert caught.value.exit_code == 4
    assert "\n" not in str(caught.value)
    return caught.value.verdict
