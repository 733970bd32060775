"""The dubbing of ``workflows/dub.yaml``, written in Python: ``murakkab run examples/python/dub.py:dub``."""

from pathlib import Path
from typing import Annotated, Any, Literal

from murakkab import Input, each, task, workflow

extract = task(capability="audio-extraction")
hear = task(capability="automatic-speech-recognition", form="sentences", streams="sentence")
write = task(capability="text-generation", max_tokens=60)
check = task(capability="rewrite-checking")
speak = task(capability="text-to-speech")
fit = task(capability="speech-fitting", join="ordered")
dub_video = task(capability="video-dubbing")

SHORTEN = "You shorten sentences. You keep the facts and use only words of the sentence."
EDIT = "You edit sentences. You keep the facts and the other words of the sentence."


@workflow(slo={"latency": 120, "objective": "quality"})
def dub(
    video: Annotated[Path, Input("A video in which somebody speaks English")],
    words: Annotated[
        str, Input("What takes the place of difficult words, for example 'polite words'")
    ] = "simple words",
    voice: Annotated[Literal["male-1", "male-2", "female-1", "female-2"], Input("Who speaks now")] = "male-1",
    background: Annotated[Literal["ducked", "silence"], Input("What becomes of the old sound")] = "ducked",
) -> dict[str, Any]:
    """The speech of a video in other words and another voice, in step with its picture."""
    sound = extract(file=video)
    sentences = hear.options(name="sentence")(audio=sound.audio)
    for sentence in each(sentences):
        replace = f"Replace the difficult words of this sentence by {words}. Change nothing else: {sentence.text}"
        plain = write(system=SHORTEN, prompt=replace)
        keep = f"Write this sentence with {words}. Keep names and numbers. Change nothing else: {sentence.text}"
        plainer = write(system=EDIT, prompt=keep)
        said = check(original=sentence.text, candidates=[plain.text, plainer.text], slot=sentence)
        for line in each(said):
            speech = speak(text=line.text, voice=voice)
        fitted = fit(speech=speech, slot=sentence)
    dubbed = dub_video(video=video, stretches=fitted, texts=said, background=background)
    return {"video": dubbed.video, "captions": dubbed.captions, "figures": dubbed.figures}
