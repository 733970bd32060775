"""Language models by transformers: a tiny Llama with random weights, loaded as a large one is."""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import Cancelled, InputError, Task, runtime_class
from murakkab_runtimes.text.forms import FORMS
from murakkab_runtimes.text.model import LanguageModel, Request
from murakkab_runtimes.workers.held import Held
from tests.hub.conftest import TEMPLATE, hub_card

torch = pytest.importorskip("torch", reason="comes with the extra 'torch'")
transformers = pytest.importorskip("transformers", reason="comes with the extra 'torch'")

REPO = "tests/tiny-llama"
CARD = hub_card("transformers-text", "text-generation", REPO)
HELLO = ({"role": "user", "content": "Say something about the tides."},)


def make_tokenizer() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=["<|end|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    tokenizer.train_from_iterator(["the tides rise and fall with the moon"], trainer)
    return transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>", chat_template=TEMPLATE)


@pytest.fixture(scope="module")
def tokenizer(models: Path) -> Any:
    found = make_tokenizer()
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=len(found), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=512, eos_token_id=found.eos_token_id,
    )  # fmt: skip
    transformers.LlamaForCausalLM(config).save_pretrained(models / REPO)
    found.save_pretrained(models / REPO)
    return found


def load(card: ModelCard) -> LanguageModel:
    made = runtime_class("transformers-text")(card, 1)
    assert isinstance(made, LanguageModel)
    return made


@pytest.fixture
def model(tokenizer: object) -> LanguageModel:
    return load(CARD)


def test_a_worker_loads_it_in_the_settings_of_the_task(tokenizer: object) -> None:
    held, one = Held(lambda _: contextlib.nullcontext()), msgspec.structs.replace(CARD, knobs={"dtype": "auto"})
    made = [held.get(one, 1, {"dtype": kind})._model.dtype for kind in ("bfloat16", "float32")]  # type: ignore[attr-defined]
    assert made == [torch.bfloat16, torch.float32]


def test_equal_seeds_give_equal_answers_and_others_do_not(model: LanguageModel) -> None:
    request = Request(HELLO, max_tokens=16, temperature=1.0, seed=3)
    again = load(CARD)
    assert model.complete(request) == again.complete(request)
    assert model.complete(request) != model.complete(Request(HELLO, max_tokens=16, temperature=1.0, seed=4))


def test_it_is_compiled_where_the_card_says_so(model: LanguageModel, told_to_compile: list[str]) -> None:
    quick = load(msgspec.structs.replace(CARD, knobs={"compile": True}))
    assert told_to_compile == ["compile LlamaForCausalLM"]
    request = Request(HELLO, max_tokens=4)
    assert quick.complete(request) == model.complete(request)
    assert set(told_to_compile[1:]) == {"run LlamaForCausalLM"}


def test_a_grammar_bounds_the_answer_behind_its_beginning(model: LanguageModel) -> None:
    request = Request(HELLO, prefill="The sea is ", grammar='root ::= ("high" | "low") "."', max_tokens=30, seed=1)
    answer = model.complete(request)
    assert answer.text in ("The sea is high.", "The sea is low.")
    assert answer.finished


def test_a_schema_bounds_the_answer(model: LanguageModel) -> None:
    schema = {
        "type": "object",
        "properties": {"tide": {"enum": ["high", "low"]}, "metres": {"type": "integer", "minimum": 1, "maximum": 9}},
        "required": ["tide", "metres"],
        "additionalProperties": False,
    }
    answer = model.complete(Request(HELLO, schema=schema, max_tokens=60))
    assert set(json.loads(answer.text)) == {"tide", "metres"}


def test_an_answer_is_heard_as_it_grows_and_can_be_ended(model: LanguageModel) -> None:
    heard: list[str] = []
    request = Request(HELLO, prefill="It", grammar='root ::= "abc" "def" "ghi"', max_tokens=30)
    answer = model.complete(request, heard.append)
    assert heard[-1] == answer.text == "Itabcdefghi"
    assert all(later.startswith(earlier) for earlier, later in itertools.pairwise(heard))

    def stop(text: str) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        model.complete(request, stop)


def test_an_answer_that_nobody_follows_stops_at_the_next_token(
    model: LanguageModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens: list[int] = []
    inner = model._model  # type: ignore[attr-defined]
    inner.register_forward_pre_hook(lambda *_: tokens.append(1))

    def stop(_done: float) -> None:
        if tokens:
            raise Cancelled

    def form(_task: Task, writer: LanguageModel) -> None:
        writer.complete(Request(HELLO, max_tokens=32))

    monkeypatch.setitem(FORMS, "toy", form)
    with pytest.raises(Cancelled):
        model.run(Task({"form": "toy"}, tmp_path, on_progress=stop))
    assert len(tokens) <= 2


def test_a_text_that_ends_the_answer_is_not_part_of_it(model: LanguageModel) -> None:
    answer = model.complete(Request(HELLO, grammar='root ::= "high" "STOP" "low"', stop=("STOP",), max_tokens=30))
    assert (answer.text, answer.finished) == ("high", True)


def test_what_is_cut_short_is_not_finished(model: LanguageModel) -> None:
    assert not model.complete(Request(HELLO, grammar='root ::= "a"{50}', max_tokens=5)).finished


def test_a_batch_gives_what_each_request_gives_alone(tokenizer: object) -> None:
    model = load(CARD)
    chats = [HELLO, ({"role": "user", "content": "Shorter."},)]
    requests = [Request(chat, max_tokens=12, temperature=0.0) for chat in chats]
    together = model.complete_all(requests)
    assert [answer.text for answer in together] == [model.complete(request).text for request in requests]
    with pytest.raises(ValueError, match="one request"):
        model.complete_all([Request(HELLO, schema={})] * 2)


def test_answers_that_are_equally_warm_are_written_in_one_batch(model: LanguageModel, tmp_path: Path) -> None:
    steps: list[int] = []
    model._model.register_forward_pre_hook(lambda *_: steps.append(1))  # type: ignore[attr-defined]

    def ask(progress: Callable[[float], None] | None = None, **more: float) -> tuple[list[str], int]:
        arguments = {"prompt": "The tides", "words": 5, "candidates": 3, "temperature": 1.0} | more
        found: list[str] = []
        steps.clear()
        hear = lambda value, _meta: found.append(value["text"])  # noqa: E731
        model.run(Task(arguments, tmp_path, seed=2, streams=True, on_item=hear, on_progress=progress))
        return found, len(steps)

    (together, few), (apart, many) = ask(), ask(warmest=1.2)
    assert len(set(together)) == len(set(apart)) == 3
    assert few <= 32 < many
    assert ask() == (together, few)

    def stop(_done: float) -> None:
        if len(steps) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        ask(stop)
    assert len(steps) == 3


def test_more_than_the_model_can_hold_is_refused(model: LanguageModel) -> None:
    with pytest.raises(InputError, match="512 tokens"):
        model.complete(Request(({"role": "user", "content": "tides " * 600},)))


def test_a_thought_is_no_part_of_the_answer(tokenizer: object, models: Path) -> None:
    thinks = load(msgspec.structs.replace(CARD, options={"thought_tokens": 20}))
    heard: list[str] = []
    request = Request(HELLO, max_tokens=8, seed=1)
    assert thinks.complete(request, heard.append).text == ""
    assert len(heard) > 8
    assert set(heard) == {""}
    assert thinks.complete(Request(HELLO, grammar='root ::= "high" | "low"', max_tokens=8)).text in ("high", "low")


def teach(folder: Path, chat: str, answer: str) -> None:
    """Make the model of a folder answer one chat with one text."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    ids = tokenizer(chat + answer, return_tensors="pt", add_special_tokens=False)["input_ids"]
    labels = ids.clone()
    labels[:, : len(tokenizer(chat, add_special_tokens=False)["input_ids"])] = -100
    rule = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(120):
        rule.zero_grad()
        model(input_ids=ids, labels=labels).loss.backward()
        rule.step()
    model.save_pretrained(folder)


def test_what_comes_behind_the_thought_is_the_answer(tokenizer: Any, models: Path) -> None:
    folder = models / "tests" / "tiny-thinker"
    transformers.AutoModelForCausalLM.from_pretrained(models / REPO).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    chat = tokenizer.apply_chat_template(list(HELLO), tokenize=False, add_generation_prompt=True)
    teach(folder, chat, "well, hm\n</think>\n\nthe moon<|end|>")
    options = {"thought_tokens": 40}
    model = load(hub_card("transformers-text", "text-generation", "tests/tiny-thinker", options=options))
    heard: list[str] = []
    answer = model.complete(Request(HELLO, max_tokens=16, temperature=0.0), heard.append)
    assert (answer.text, answer.finished) == ("the moon", True)
    assert heard[0] == ""
    assert heard[-1] == "the moon"
    assert not any("hm" in text for text in heard)


def test_a_card_says_how_the_chat_template_is_asked(tokenizer: Any, models: Path) -> None:
    loud = "{{ 'tides ' * times }}"
    folder = models / "tests" / "tiny-asked"
    transformers.AutoModelForCausalLM.from_pretrained(models / REPO).save_pretrained(folder)
    asked = make_tokenizer()
    asked.chat_template = loud
    asked.save_pretrained(folder)
    card = hub_card("transformers-text", "text-generation", "tests/tiny-asked", options={"template": {"times": 600}})
    with pytest.raises(InputError, match="512 tokens"):
        load(card).complete(Request(HELLO, max_tokens=4))
    few = load(msgspec.structs.replace(card, options={"template": {"times": 2}}))
    assert few._chat(Request(HELLO)) == "tides tides "  # type: ignore[attr-defined]
    few.complete(Request(HELLO, max_tokens=4))


def test_the_number_format_is_a_knob(tokenizer: object) -> None:
    for name, kind in (("auto", torch.float32), ("bfloat16", torch.bfloat16)):
        model = load(msgspec.structs.replace(CARD, knobs={"dtype": name}))
        assert next(model._model.parameters()).dtype is kind  # type: ignore[attr-defined]
        model.complete(Request(HELLO, max_tokens=4))
    with pytest.raises(InputError, match="dtype"):
        load(msgspec.structs.replace(CARD, knobs={"dtype": "float8"}))


def test_weights_of_eight_bits_write_too(tokenizer: object) -> None:
    pytest.importorskip("torchao", reason="comes with the extra 'gpu'")
    eight = load(msgspec.structs.replace(CARD, knobs={"quantization": "int8"}))
    weight = eight._model.model.layers[0].mlp.up_proj.weight  # type: ignore[attr-defined]
    assert type(weight).__name__ == "Int8Tensor"
    request = Request(HELLO, grammar='root ::= "high" | "low"', max_tokens=8)
    assert eight.complete(request).text in ("high", "low")


def test_a_task_of_it_is_one_like_any_other(model: LanguageModel, tmp_path: Path) -> None:
    seen: list[float] = []
    task = Task({"prompt": "What is a tide?", "words": 8}, tmp_path, on_progress=seen.append)
    value = model.run(task).value
    assert isinstance(value["text"], str)
    assert len(seen) > 1
    assert len(value["text"].split()) <= 8
