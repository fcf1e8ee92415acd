"""Writes entries into the audit log of a library until it is killed, or so many of them; says when it has begun."""

import sys
from pathlib import Path

from playhead.safety.audit import Audit

folder, who, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
audit = Audit(folder / "audit.jsonl", folder / "catalog.sqlite")
print("begun", flush=True)
for number in range(count):
    audit.write(event="test", who=who, number=number, what="x" * 500)
