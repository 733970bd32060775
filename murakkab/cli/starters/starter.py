"""A workflow in Python. It says what is to be made; which model does it, and where, is chosen when it runs.

murakkab check starter.py  # tells what is wrong, or what it does
murakkab run starter.py --topic "how tides work"
murakkab graph starter.py -o starter.svg  # draws it
"""

from typing import Annotated, Any

from murakkab import Input, each, task, workflow

# What can be done. 'capability' names it; one that streams hands out items while it still works.
read_cast = task(capability="cast-reading")
plan = task(capability="text-generation", form="outline", streams="section")
write = task(capability="text-generation", form="dialogue", streams="turn", join="ordered")
speak = task(capability="text-to-speech")


# The parameters are what a run is given: options of the command and fields of the page.
@workflow(slo={"latency": "5m", "objective": "quality"})
def starter(
    topic: Annotated[str, Input("What it is about")] = "how tides work",
    duration: Annotated[float, Input("Length to aim for", minimum=10, maximum=600, unit="s")] = 15,
) -> dict[str, Any]:
    """Two voices talk about a topic; every line of the talk becomes an audio file."""
    cast = read_cast()
    outline = plan(topic=topic, duration=duration, cast=cast)
    # The body of a loop runs once for each item, as soon as there is one. 'join="ordered"' makes the runs wait for
    # each other, so that each knows what was said before.
    for section in each(outline):
        script = write(section=section, cast=cast)
        # The turns are spoken at the same time, as many as the machine has cores for.
        for turn in each(script):
            speech = speak(text=turn.text, voice=turn.voice)
    return {"script": script, "speech": speech}
