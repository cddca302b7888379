"""Arrays of boxes: converted, measured, compared, suppressed; xyxy pixels in the displayed frame, edges not indices.

A box of x0 = 2, x1 = 5 covers the pixels 2, 3 and 4: it is 3 wide. `size` is always (width, height).
"""

from __future__ import annotations

from boda.boxes.convert import FORMATS, convert
from boda.boxes.detections import Detections
from boda.boxes.extent import area, clip, scale
from boda.boxes.letterbox import Letterbox, letterbox, squash
from boda.boxes.overlap import OVERLAPS, ciou, diou, giou, iou
from boda.boxes.pairwise import pairwise, pairwise_blocks, pairwise_iou
from boda.boxes.sanity import PROBLEMS, problems
from boda.boxes.suppress import nms, soft_nms

__all__ = [
    "FORMATS",
    "OVERLAPS",
    "PROBLEMS",
    "Detections",
    "Letterbox",
    "area",
    "ciou",
    "clip",
    "convert",
    "diou",
    "giou",
    "iou",
    "letterbox",
    "nms",
    "pairwise",
    "pairwise_blocks",
    "pairwise_iou",
    "problems",
    "scale",
    "soft_nms",
    "squash",
]
