"""The podcast of ``workflows/podcast.yaml``, written in Python: ``murakkab run examples/python/podcast.py:podcast``."""

from pathlib import Path
from typing import Annotated, Any

from murakkab import Input, each, task, workflow

read_cast = task(capability="cast-reading")
read = task(capability="document-reading")
compose_music = task(capability="text-to-audio")
plan = task(capability="text-generation", form="outline", streams="section")
write = task(capability="text-generation", form="dialogue", streams="turn", join="ordered")
paint = task(capability="text-to-image")
speak = task(capability="text-to-speech")
animate = task(capability="image-to-video", streams="video")
enlarge = task(capability="video-to-video")
pack = task(capability="video-packaging", join="ordered")
mux = task(capability="video-muxing")


@workflow(slo={"ttff": "1s", "realtime": True})
def podcast(
    topic: Annotated[str, Input("What the episode is about")] = "",
    source: Annotated[Path | None, Input("A txt, md, html or pdf file to stay with")] = None,
    script: Annotated[Path | None, Input("A finished script to perform as it stands")] = None,
    hosts: Annotated[Path | None, Input("Names, voices and looks of 1 to 4 hosts (YAML)")] = None,
    duration: Annotated[float, Input("Length to aim for", minimum=10, maximum=3600, unit="s")] = 60,
    width: Annotated[int, Input("Width of the picture", minimum=320, maximum=1920, unit="px")] = 640,
    height: Annotated[int, Input("Height of the picture", minimum=180, maximum=1080, unit="px")] = 360,
    fps: Annotated[int, Input("Frames a second", minimum=12, maximum=60, unit="1/s")] = 24,
) -> dict[str, Any]:
    """Two hosts talk about a topic or a document, on video, while it is being made."""
    cast = read_cast(file=hosts, script=script)
    reading = read(file=source)
    music = compose_music(topic=topic)
    outline = plan(topic=topic, source=reading, script=script, duration=duration, cast=cast)
    for section in each(outline):
        turns = write.options(name="script")(section=section, source=reading, cast=cast)
        scene = paint(section=section, width=width, height=height)
        for turn in each(turns):
            speech = speak(text=turn.text, voice=turn.voice)
            clips = animate.options(name="hosts")(
                turn=turn, speech=speech, scene=scene, music=music, cast=cast, width=width, height=height, fps=fps
            )
            for clip in each(clips):
                upscale = enlarge(clip=clip, width=width, height=height)
                for large in each(upscale):
                    package = pack(clip=large)
    episode = mux(segments=package, turns=turns)
    return {"stream": package, "episode": episode}
