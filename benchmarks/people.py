"""How many frames of drawn people one core makes a second.

    OMP_NUM_THREADS=1 python benchmarks/people.py

`clip` is a whole clip of 32 frames with key points, masks and parts, its person, textures and place
drawn anew; `frame` is what one further frame of it costs; `flow` is the exact flow of the same clip.
"""

import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

from tempose.data.people.clip import Recipe, draw_clip, draw_flow

FRAMES = 32
PEOPLE = range(6)
SIZES = ((128, 96), (128, 128), (256, 192))


def seconds(function, recipes):
    start = time.process_time()
    for recipe in recipes:
        function(recipe)
    return (time.process_time() - start) / len(recipes)


def main():
    print(f"{'size':>9}  {'clip, frames/s':>14}  {'frame, frames/s':>15}  {'frame, ms':>9}  {'flow, frames/s':>14}")
    for size in SIZES:
        long, short = (
            [Recipe.draw(person, 0, frames=count, fps=16, size=size) for person in PEOPLE] for count in (FRAMES, 1)
        )
        draw_clip(short[0])
        clip = seconds(draw_clip, long)
        frame = (clip - seconds(draw_clip, short)) / (FRAMES - 1)
        flow = seconds(draw_flow, long) / FRAMES
        name = f"{size[0]}×{size[1]}"
        print(f"{name:>9}  {FRAMES / clip:14.1f}  {1 / frame:15.1f}  {1000 * frame:9.1f}  {1 / flow:14.1f}")


if __name__ == "__main__":
    main()
