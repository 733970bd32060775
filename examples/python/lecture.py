"""The lecture of ``workflows/lecture.yaml``, written in Python: ``murakkab run examples/python/lecture.py:lecture``."""

from pathlib import Path
from typing import Annotated, Any, Literal

from murakkab import Input, each, task, workflow

read_slides = task(capability="slide-reading", streams="slide")
write = task(capability="text-generation", form="lecture", streams="line", join="ordered")
draw = task(capability="slide-rendering")
speak = task(capability="text-to-speech")
compose_music = task(capability="text-to-audio")
film = task(capability="still-to-video", streams="video")
pack = task(capability="video-packaging", join="ordered")
mux = task(capability="video-muxing")


@workflow(slo={"ttff": "1s", "realtime": True})
def lecture(
    slides: Annotated[Path, Input("Markdown: '---' between slides, 'Note:' before what is to be said")],
    voice: Annotated[Literal["female-1", "female-2", "male-1", "male-2"], Input("Who speaks")] = "female-1",
    theme: Annotated[Literal["auto", "night", "paper", "forest", "dawn"], Input("Colours")] = "night",
    width: Annotated[int, Input("Width of the picture", minimum=320, maximum=1920, unit="px")] = 640,
    height: Annotated[int, Input("Height of the picture", minimum=180, maximum=1080, unit="px")] = 360,
    fps: Annotated[int, Input("Frames a second", minimum=12, maximum=60, unit="1/s")] = 24,
) -> dict[str, Any]:
    """Slides written in Markdown become a narrated video, slide by slide."""
    pages = read_slides.options(name="slides")(file=slides)
    for slide in each(pages):
        script = write(slide=slide, voice=voice)
        picture = draw(slide=slide, theme=theme, width=width, height=height)
    music = compose_music()
    for line in each(script):
        speech = speak(text=line.text, voice=line.voice)
        shots = film(line=line, speech=speech, picture=picture, music=music, width=width, height=height, fps=fps)
    for clip in each(shots):
        package = pack(clip=clip)
    episode = mux(segments=package, turns=script)
    return {"stream": package, "episode": episode}
