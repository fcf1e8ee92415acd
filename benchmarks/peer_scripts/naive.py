"""The plain pipeline: PySceneDetect's own decode for the shots, then a seek and an encoding for every second.

python naive.py FILM
"""

from __future__ import annotations

import json
import sys

import cv2
from scenedetect import ContentDetector, detect

from playhead.models.registry import OFFLINE, Models


def main():
    film = sys.argv[1]
    scenes = detect(film, ContentDetector())
    encoder, capture = Models(OFFLINE, threads=2).picture, cv2.VideoCapture(film)
    length_s = capture.get(cv2.CAP_PROP_FRAME_COUNT) / capture.get(cv2.CAP_PROP_FPS)
    vectors = []
    for second in range(int(length_s)):
        capture.set(cv2.CAP_PROP_POS_MSEC, 1000 * second)
        read, frame = capture.read()
        if read:
            vectors.append(encoder.encode_images([cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)])[0])
    print(json.dumps({"pictures": len(vectors), "cuts": max(0, len(scenes) - 1)}))


if __name__ == "__main__":
    main()
