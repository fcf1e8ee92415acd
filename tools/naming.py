"""Names of files that are made: the same for the same things, other for others."""

from __future__ import annotations

import hashlib
import json


def fingerprint(*about: object) -> str:
    """A few letters that say what a file is made of: numbers, words, and whatever can be written as words."""
    said = json.dumps(about, sort_keys=True, default=str)
    return hashlib.sha256(said.encode()).hexdigest()[:12]
