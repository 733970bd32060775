"""A workflow in Python and the file that says the same give equal graphs."""

from __future__ import annotations

from pathlib import Path

import pytest

from murakkab.language import parse_workflow
from tests.flow.flows import from_body, from_yaml, graph_of

SAME = {
    "a step is called what it is assigned to": (
        """
        answer = write(prompt=topic)
        return {"answer": answer.text}
        """,
        "answer: {capability: toy-write, prompt: '${{ inputs.topic }}'}",
        "answer: ${{ nodes.answer.text }}",
    ),
    "a step without a variable is called what its function is called": (
        """
        return {"words": count(topic)}
        """,
        "count: {function: 'made.py:count', text: '${{ inputs.topic }}'}",
        "words: ${{ nodes.count }}",
    ),
    "steps may be given to each other at once": (
        """
        return {"said": say(text=write(prompt=f"Tell of {topic}!").text)}
        """,
        """
        toy-write: {capability: toy-write, prompt: "Tell of ${{ inputs.topic }}!"}
        toy-say: {capability: toy-say, text: "${{ nodes.toy-write.text }}"}
        """,
        "said: ${{ nodes.toy-say }}",
    ),
    "items": (
        """
        turns = talk(section={"title": topic}, cast=[])
        for turn in each(turns):
            spoken = say.options(join="ordered")(text=turn.text, voice=turn["voice"])
        return {"stream": spoken}
        """,
        """
        turns: {capability: toy-talk, form: long, section: {title: "${{ inputs.topic }}"}, cast: [], streams: turn}
        spoken:
          {capability: toy-say, for_each: "${{ nodes.turns }}", join: ordered, text: "${{ item.text }}",
           voice: "${{ item.voice }}"}
        """,
        "stream: ${{ nodes.spoken }}",
    ),
    "items inside items, and those further out": (
        """
        sections = talk(topic=topic)
        for section in each(sections):
            title = f"About {section.title}"
            turns = talk(section=section)
            for turn in each(turns):
                spoken = say(text=f"{title}: {turn.text}", voice=section.voice)
                again = say(text=spoken.text)
        whole = write(prompt=spoken)
        return {"whole": whole, "again": again}
        """,
        """
        sections: {capability: toy-talk, form: long, topic: "${{ inputs.topic }}", streams: turn}
        turns:
          {capability: toy-talk, form: long, for_each: "${{ nodes.sections }}", section: "${{ item }}",
           streams: turn}
        spoken:
          capability: toy-say
          for_each: ${{ nodes.turns }}
          text: "About ${{ nodes.sections.title }}: ${{ item.text }}"
          voice: ${{ nodes.sections.voice }}
        again: {capability: toy-say, for_each: "${{ nodes.turns }}", text: "${{ nodes.spoken.text }}"}
        whole: {capability: toy-write, prompt: "${{ nodes.spoken }}"}
        """,
        "{whole: '${{ nodes.whole }}', again: '${{ nodes.again }}'}",
    ),
    "conditions": (
        """
        turns = talk(topic=topic)
        for turn in each(turns):
            with when((turn.kind == "it's") | ~turn.final & (turn.length >= 1.5)):
                spoken = say(text=turn.text)
                with when(turn.loud):
                    loud = say.options(when=turn.voice != None)(text=turn.text)
        return {"spoken": spoken, "loud": loud}
        """,
        """
        turns: {capability: toy-talk, form: long, topic: "${{ inputs.topic }}", streams: turn}
        spoken:
          capability: toy-say
          for_each: ${{ nodes.turns }}
          when: ${{ item.kind == 'it''s' || !item.final && item.length >= 1.5 }}
          text: ${{ item.text }}
        loud:
          capability: toy-say
          for_each: ${{ nodes.turns }}
          when: ${{ (item.kind == 'it''s' || !item.final && item.length >= 1.5) && item.loud && item.voice != null }}
          text: ${{ item.text }}
        """,
        "{spoken: '${{ nodes.spoken }}', loud: '${{ nodes.loud }}'}",
    ),
    "a loop": (
        """
        with loop("solve", times=4) as solve:
            attempt = write(prompt=f"{topic} {solve.previous.attempt.text}")
            words = count(text=attempt.text)
            solve.until(words > 3)
        last = write(prompt=attempt.text)
        return {"last": last, "words": words, "all": solve}
        """,
        """
        solve:
          repeat: 4
          until: ${{ nodes.words > 3 }}
          nodes:
            attempt: {capability: toy-write, prompt: "${{ inputs.topic }} ${{ previous.attempt.text }}"}
            words: {function: "made.py:count", text: "${{ nodes.attempt.text }}"}
        last: {capability: toy-write, prompt: "${{ nodes.solve.attempt.text }}"}
        """,
        "{last: '${{ nodes.last }}', words: '${{ nodes.solve.words }}', all: '${{ nodes.solve }}'}",
    ),
    "a loop for each item, with items and a loop of its own": (
        """
        sections = talk(topic=topic)
        for section in each(sections):
            with loop("refine", times=2) as refine:
                draft = talk(section=section, last=refine.previous.inner)
                for turn in each(draft):
                    spoken = say(text=turn.text)
                with loop("inner", times=3):
                    deep = write(prompt=topic)
                    deeper = write(prompt=deep.text)
            result = write(prompt=deep.text)
        return {"result": result}
        """,
        """
        sections: {capability: toy-talk, form: long, topic: "${{ inputs.topic }}", streams: turn}
        refine:
          repeat: 2
          for_each: ${{ nodes.sections }}
          nodes:
            draft:
              {capability: toy-talk, form: long, section: "${{ item }}", last: "${{ previous.inner }}",
               streams: turn}
            spoken: {capability: toy-say, for_each: "${{ nodes.draft }}", text: "${{ item.text }}"}
            inner:
              repeat: 3
              nodes:
                deep: {capability: toy-write, prompt: "${{ inputs.topic }}"}
                deeper: {capability: toy-write, prompt: "${{ nodes.deep.text }}"}
        result:
          {capability: toy-write, for_each: "${{ nodes.sections }}", prompt: "${{ nodes.refine.inner.deep.text }}"}
        """,
        "result: ${{ nodes.result }}",
    ),
    "what a joined step gave before": (
        """
        turns = talk(topic=topic)
        for turn in each(turns):
            told = say.options(join="unordered")(text=turn.text, last=previous().seconds)
        return {"told": told}
        """,
        """
        turns: {capability: toy-talk, form: long, topic: "${{ inputs.topic }}", streams: turn}
        told:
          {capability: toy-say, for_each: "${{ nodes.turns }}", join: unordered, text: "${{ item.text }}",
           last: "${{ previous.seconds }}"}
        """,
        "told: ${{ nodes.told }}",
    ),
    "plain words, values, secrets and arguments of any name": (
        """
        told = task("read the text aloud")(text=topic)
        both = compose(answer=topic, parts=[1, None, {"deep": (topic, True)}])
        listed = compose([told, 0.5])
        sent = say(text=both.answer, when="now", key=secret("MY_KEY"))
        return {"sent": sent, "listed": listed}
        """,
        """
        told: {task: read the text aloud, text: "${{ inputs.topic }}"}
        both: {value: {answer: "${{ inputs.topic }}", parts: [1, null, {deep: ["${{ inputs.topic }}", true]}]}}
        listed: {value: ["${{ nodes.told }}", 0.5]}
        sent: {capability: toy-say, text: "${{ nodes.both.answer }}", key: "${{ secrets.MY_KEY }}",
               with: {when: now}}
        """,
        "{sent: '${{ nodes.sent }}', listed: '${{ nodes.listed }}'}",
    ),
    "python that is gone through while the workflow is written down": (
        """
        @dataclass
        class Look:
            colour: str
            size: object
        voices = ["low", "high"]
        spoken = [say.options(name=v)(text=topic, voice=v, look=Look("red", topic)) for v in voices]
        both = write(prompt=spoken, kept=f"$${{{{ {1 + 1} }}")
        return {"both": both}
        """,
        """
        low:
          {capability: toy-say, text: "${{ inputs.topic }}", voice: low,
           look: {colour: red, size: "${{ inputs.topic }}"}}
        high:
          {capability: toy-say, text: "${{ inputs.topic }}", voice: high,
           look: {colour: red, size: "${{ inputs.topic }}"}}
        both: {capability: toy-write, prompt: ["${{ nodes.low }}", "${{ nodes.high }}"], kept: "$${{ 2 }"}
        """,
        "both: ${{ nodes.both }}",
    ),
    "settings of a step": (
        """
        strict = task(capability="text-generation", attempts=1, timeout="30s", slo={"quality": "good"}, temperature=0.5)
        said = strict.options(cache=False, where={"device": "cpu"}, returns={"x": "number"}, attempts=2)(prompt=topic)
        return {"said": said.x}
        """,
        """
        said:
          capability: text-generation
          attempts: 2
          timeout: 30s
          cache: false
          slo: {quality: good}
          where: {device: cpu}
          returns: {x: number}
          temperature: 0.5
          prompt: ${{ inputs.topic }}
        """,
        "said: ${{ nodes.said.x }}",
    ),
    "what an answer must look like": (
        """
        class Step(BaseModel):
            text: str
            weight: float | None = None
        class Answer(BaseModel):
            answer: int
            steps: list[Step]
        @task(capability="text-generation")
        def solve(prompt: str, temperature: float = 0.5, system: str = ...) -> Answer: ...
        globals().update(Answer=Answer)
        @task(capability="text-generation", streams="step", candidates=2)
        def steps(prompt: str) -> Iterator[Step]:
            raise NotImplementedError
        globals().update(Step=Step)
        solved = solve(topic)
        ways = steps(topic)
        return {"answer": solved.answer, "ways": ways}
        """,
        """
        solved:
          capability: text-generation
          returns: {answer: integer, steps: [{text: text, "weight?": number}]}
          prompt: ${{ inputs.topic }}
          temperature: 0.5
        ways:
          capability: text-generation
          returns: {text: text, "weight?": number}
          streams: step
          candidates: 2
          prompt: ${{ inputs.topic }}
        """,
        "{answer: '${{ nodes.solved.answer }}', ways: '${{ nodes.ways }}'}",
    ),
    "another workflow by name": (
        """
        show = use.options(when=topic != "")("podcast", topic=topic)
        for part in each(show.stream):
            told = say(text=f"{part.seconds}", all=part)
        return {"show": show.episode, "told": told}
        """,
        """
        show: {uses: podcast, when: "${{ inputs.topic != '' }}", topic: "${{ inputs.topic }}"}
        told:
          {capability: toy-say, for_each: "${{ nodes.show.stream }}", text: "${{ item.seconds }}", all: "${{ item }}"}
        """,
        "{show: '${{ nodes.show.episode }}', told: '${{ nodes.told }}'}",
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_in_python_as_in_yaml(name: str, tmp_path: Path):
    body, nodes, outputs = SAME[name]
    recorded = from_body(tmp_path, body)
    assert graph_of(recorded, topic="x") == graph_of(from_yaml(tmp_path, nodes, outputs), topic="x")


def test_a_thousand_steps_keep_the_names_of_their_variables(tmp_path: Path):
    lines = [f'x{i} = say(text=x{i - 1}.text, topic=f"{{topic}} {i}")' for i in range(1, 1000)]
    recorded = from_body(tmp_path, "\n".join(["x0 = say(text=topic)", *lines, 'return {"last": x999}']))
    assert list(recorded.nodes) == [f"x{i}" for i in range(1000)]


@pytest.mark.parametrize("name", SAME)
def test_its_yaml_says_the_same(name: str, tmp_path: Path):
    recorded = from_body(tmp_path, SAME[name][0])
    again = parse_workflow(recorded.source_text, str(tmp_path / "again.yaml"))
    assert graph_of(again, topic="x") == graph_of(recorded, topic="x")
    assert again.metadata == recorded.metadata
