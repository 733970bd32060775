"""The dubbing of ``workflows/dub.yaml``, written in Python: ``murakkab run examples/python/dub.py:dub``."""

from pathlib import Path
from typing import Annotated, Any, Literal

from murakkab import Input, each, task, workflow

extract = task(capability="audio-extraction")
hear = task(capability="automatic-speech-recognition", form="sentences", streams="sentence")
write = task(capability="text-generation", candidates=3, streams="rewrite")
check = task(capability="rewrite-checking")
speak = task(capability="text-to-speech")
fit = task(capability="speech-fitting", join="ordered")
dub_video = task(capability="video-dubbing")

SYSTEM = "You shorten sentences. You keep the facts and use only words of the sentence."
EXAMPLES = [
    {
        "prompt": "Say it shorter, with simple words: The old harbour, which was built by merchants from the north "
        "over many years, was finally closed in 1912 because the river had become too shallow for larger ships.",
        "answer": "The old harbour was closed in 1912 because the river had become too shallow.",
    },
    {
        "prompt": "Say it shorter, with simple words: Prior to her departure, Anna endeavoured to obtain additional "
        "information, since the weather was not favourable.",
        "answer": "Before she left, Anna tried to get more news, because the weather was not good.",
    },
    {
        "prompt": "Say it shorter, with simple words: The building was constructed by Otto Braun, who subsequently "
        "resided there with 12 employees.",
        "answer": "The house was built by Otto Braun, who later lived there with 12 workers.",
    },
]


@workflow(slo={"latency": 120, "objective": "quality"})
def dub(
    video: Annotated[Path, Input("A video in which somebody speaks English")],
    words: Annotated[str, Input("How to say it, for example 'polite words'")] = "simple words",
    voice: Annotated[Literal["male-1", "male-2", "female-1", "female-2"], Input("Who speaks now")] = "male-1",
    background: Annotated[Literal["ducked", "silence"], Input("What becomes of the old sound")] = "ducked",
) -> dict[str, Any]:
    """The speech of a video in other words and another voice, in step with its picture."""
    sound = extract(file=video)
    sentences = hear.options(name="sentence")(audio=sound.audio)
    for sentence in each(sentences):
        draft = write(system=SYSTEM, prompt=f"Say it shorter, with {words}: {sentence.text}", examples=EXAMPLES)
        said = check(original=sentence.text, candidates=draft, slot=sentence)
        for line in each(said):
            speech = speak(text=line.text, voice=voice)
        fitted = fit(speech=speech, slot=sentence)
    dubbed = dub_video(video=video, stretches=fitted, texts=said, background=background)
    return {"video": dubbed.video, "captions": dubbed.captions, "figures": dubbed.figures}
