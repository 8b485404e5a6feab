"""The key point files of tempose itself, `.npz` and `.json`: as they are."""

from __future__ import annotations

from tempose.pose.keypoints import Motion
from tempose.pose.reading import Reading, ReadOptions, Source
from tempose.pose.time_range import cut
from tempose.pose.turn import seen_from


class Own:
    """What `Motion.save` writes; also the `.npz` beside the clips of a dataset."""

    name = "key points of tempose"

    def sniff(self, source: Source) -> bool:
        if source.ending == ".json" and not source.is_folder:
            data = source.data
            return isinstance(data, dict) and (
                data.get("format") == "tempose-motion" or {"keypoints", "size", "fps"} <= set(data)
            )
        return source.ending == ".npz"

    def read(self, source: Source, options: ReadOptions) -> Reading:
        motion = Motion.load(source.path)
        part = cut(motion, options.time_range, source=str(source.path))
        return Reading(seen_from(part, options.yaw), len(motion), motion.fps)
