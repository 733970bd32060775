"""The questions of ``workflows/video-qa.yaml`` in Python: ``murakkab run examples/python/video_qa.py:video_qa``."""

from pathlib import Path
from typing import Annotated, Any

from murakkab import Input, each, task, when, workflow

extract = task(capability="audio-extraction", silent=True)
hear = task(capability="automatic-speech-recognition", form="sentences")
sample = task(capability="frame-sampling", streams="frame")
read = task(capability="image-to-text")
rank = task(capability="text-ranking")
write = task(capability="text-generation", words=30, candidates=3, streams="answer")
ground = task(capability="answer-grounding")

SYSTEM = "You answer the question with one short sentence. You use only the text."
EXAMPLES = [
    {
        "prompt": "Fish: 11 euros\nQuestion: What does the fish cost?",
        "answer": "The fish costs 11 euros.",
    },
    {
        "prompt": "Anna Berg planted 60 trees behind the school.\nQuestion: Who planted the trees?",
        "answer": "Anna Berg planted the trees.",
    },
]


@workflow(slo={"latency": 120, "objective": "quality"})
def video_qa(
    video: Annotated[Path, Input("A video in which English is spoken or shown")],
    question: Annotated[str, Input("What to find out, for example 'How many avocets were counted?'")],
) -> dict[str, Any]:
    """Answers a question about a video from what is said and shown in it, with a quotation and its time."""
    sound = extract(file=video)
    speech = hear(audio=sound.audio)
    frames = sample.options(name="frame")(file=video)
    for frame in each(frames):
        shown = read(image=frame.image)
    evidence = rank(question=question, said=speech.segments, frames=frames, shown=shown)
    with when(evidence.found):
        prompt = f"{evidence.context}\nQuestion: {question}"
        draft = write(system=SYSTEM, prompt=prompt, examples=EXAMPLES)
    answer = ground(question=question, answers=draft, evidence=evidence)
    return {"answer": answer.answer, "at": answer.at, "quote": answer.quote, "evidence": answer.evidence}
