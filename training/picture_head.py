"""Train the picture head of `concepts:head` on a folder of captioned images.

    python training/picture_head.py FOLDER [--out my_head.safetensors] [--about "whose photographs, on what terms"]
    python training/picture_head.py FOLDER --folds 5

FOLDER holds `captions.jsonl` ({"image": "dog.jpg", "captions": [...]}) or `captions.csv` (image,caption) and the
images. The file is used with `--model picture=concepts:my_head.safetensors`; `playhead train-picture-head FOLDER`
does the same for one library. The second form writes nothing: it says how well heads trained on part of the
photographs find the rest.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from playhead.errors import PlayheadError
from playhead.models.cache import write_atomically
from playhead.models.captioned import read_captions
from playhead.models.picture_training import Recipe, gather
from playhead.models.picture_validation import Validation, cross_validate, train_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playhead.types import Progress


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="FOLDER_OR_FILE")
    parser.add_argument("--out", type=Path, default=Path("picture_head.safetensors"))
    parser.add_argument("--about", default="", help="kept in the file: whose photographs, on what terms")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folds", type=int, default=0, help="cross-validate instead of writing a head")
    options = parser.parse_args(arguments)
    recipe = Recipe(seed=options.seed)
    try:
        examples = gather(read_captions(options.folder), _to_stderr)
        if examples.skipped:
            print(f"skipped {examples.skipped} images that are missing or broken", file=sys.stderr)
        if options.folds:
            _show(cross_validate(examples, options.folds, recipe, _to_stderr))
        else:
            write_atomically(options.out, [train_file(examples, recipe, options.about, _to_stderr)])
            print(f"{options.out}: use it with --model picture=concepts:{options.out}")
    except (PlayheadError, OSError) as error:
        print(error, file=sys.stderr)
        return error.exit_code if isinstance(error, PlayheadError) else 1
    return 0


def _to_stderr(event: Progress) -> None:
    print(f"{event.stage}: {event.done:g} of {event.total:g} {event.message}".rstrip(), file=sys.stderr, flush=True)


def _show(found: Validation) -> None:
    for name, ranks in found.ranks.items():
        recall = "  ".join(f"R@{k} {(ranks <= k).mean():.3f}" for k in (1, 5, 10))
        print(f"{name}: {recall} ({len(ranks)} held-out captions)")
    count = len(found.films)
    if not count:  # too few photographs for a film of thirty and as many that are not in it
        return
    print(f"films of thirty, {count} captions, half of them absent: right picture first for {found.first:.3f}")
    for name, by_cohort in (("similarity", False), ("similarity and the cohort's", True)):
        area, kept = found.told_apart(by_cohort=by_cohort)
        print(f"  by {name}: told apart {area:.3f}, right ones kept when 70 % of the absent are rejected {kept:.3f}")


if __name__ == "__main__":
    sys.exit(main())
