"""amon-hen's own pipeline, one picture a second, with Playhead's encoder in the place of the one it downloads.

python amon_hen.py FILM DATABASE
"""

from __future__ import annotations

import json
import sys

import numpy as np
from amonhen.pipeline import IndexConfig, index_videos
from amonhen.store import Store

from playhead.models.registry import OFFLINE, Models


class Encoder:
    def __init__(self):
        self._encoder = Models(OFFLINE, threads=2).picture

    def embed(self, images):
        return self._encoder.encode_images([np.ascontiguousarray(image) for image in images])


def main():
    film, database = sys.argv[1:]
    encoder = Encoder()
    width = encoder.embed([np.zeros((64, 64, 3), np.uint8)]).shape[1]
    result = index_videos([film], Store(database, embed_dim=width), IndexConfig(), encoder)
    print(json.dumps({"pictures": result.frames_kept}))


if __name__ == "__main__":
    main()
