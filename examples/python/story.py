"""The story of ``workflows/story.yaml``, written in Python: ``murakkab run examples/python/story.py:story``."""

from typing import Annotated, Any, Literal

from murakkab import Input, each, task, workflow

plan = task(capability="text-generation", form="plot", streams="scene")
tell = task(capability="text-generation", form="story", streams="line", join="ordered")
paint = task(capability="text-to-image")
speak = task(capability="text-to-speech")
compose_music = task(capability="text-to-audio")
film = task(capability="still-to-video", streams="video")
pack = task(capability="video-packaging", join="ordered")
mux = task(capability="video-muxing")


@workflow(slo={"ttff": "1s", "realtime": True})
def story(
    prompt: Annotated[str, Input("Who or what the story is about, such as: a fox who is afraid of the dark")],
    duration: Annotated[float, Input("Length to aim for", minimum=20, maximum=600, unit="s")] = 60,
    voice: Annotated[Literal["female-1", "female-2", "male-1", "male-2"], Input("Who tells it")] = "female-1",
    width: Annotated[int, Input("Width of the picture", minimum=320, maximum=1920, unit="px")] = 640,
    height: Annotated[int, Input("Height of the picture", minimum=180, maximum=1080, unit="px")] = 360,
    fps: Annotated[int, Input("Frames a second", minimum=12, maximum=60, unit="1/s")] = 24,
) -> dict[str, Any]:
    """A prompt becomes a short illustrated story, told aloud while it is being written."""
    plot = plan(prompt=prompt, duration=duration)
    for scene in each(plot):
        lines = tell.options(name="story")(scene=scene, voice=voice)
        picture = paint(section=scene.picture, width=width, height=height)
    music = compose_music(topic=prompt)
    for line in each(lines):
        speech = speak(text=line.text, voice=line.voice)
        shots = film(line=line, speech=speech, picture=picture, music=music, width=width, height=height, fps=fps)
    for clip in each(shots):
        package = pack(clip=clip)
    episode = mux(segments=package, turns=lines)
    return {"stream": package, "episode": episode}
