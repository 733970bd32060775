"""The benchmark of full-size models runs, tiny, on a processor: it goes on where it broke off and mixes nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="comes with the extra 'torch'")
pytest.importorskip("diffusers", reason="comes with the extra 'diffusers'")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # schedulers of diffusers

PUBLISHED = """run_num,steps,width,height,gpu_model,world_size,num_steps,total_time,avg_steps_time
0,2,32,32,NVIDIA H100 80GB HBM3,1,2,0.5,0.2
1,2,32,32,NVIDIA H100 80GB HBM3,1,2,0.7,0.3
0,2,32,32,NVIDIA A100-SXM4-80GB,1,2,9,9
0,2,32,32,NVIDIA H100 80GB HBM3,2,2,9,9
"""


def run(out: Path, *more: str) -> dict[str, Any]:
    from benchmarks.gpu_models import main

    main(["--tiny", "--device", "cpu", "--out", str(out), *more])
    facts: dict[str, Any] = json.loads(out.read_text())
    return facts


def test_all_models_are_measured_case_by_case_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, folder = tmp_path / "gpu.json", tmp_path / "profiles/streamwise_raw"
    folder.mkdir(parents=True)
    (folder / "flux.csv").write_text(PUBLISHED)
    monkeypatch.setenv("MURAKKAB_DATA", str(tmp_path))
    facts = run(out)
    assert capsys.readouterr().out.count("\nwan, ") == 14  # seven cases, live and in the table
    assert facts["machine"]["cores"] > 0
    models = {row["model"] for row in facts["rows"]}
    assert models == {"flux", "llama 8b", "wan, denoiser", "wan, decoder", "wan, text encoder", "sdxl"}
    assert all(len(row["seconds"]) == 1 and row["seconds"][0] > 0 for row in facts["rows"])
    assert {row["case"]["steps"] for row in facts["rows"] if "step_s" in row} == {2}
    assert facts["latency_model"]["llama 8b"]["configurations"] == 8
    assert facts["latency_model"]["llama 8b"]["held_out"]["count"] == 8
    (beside,) = facts["published"]
    assert (beside["published_s"], beside["published_step_s"]) == (0.6, 0.25)
    assert beside["ratio"] == pytest.approx(beside["seconds"] / 0.6, abs=0.001)
    out.write_text(json.dumps({**facts, "rows": facts["rows"][1:]}))
    again = run(out)
    assert again["rows"][:-1] == facts["rows"][1:]
    assert again["rows"][-1]["case"] == facts["rows"][0]["case"]


def test_what_was_measured_with_other_software_is_not_gone_on_with(tmp_path: Path) -> None:
    out = tmp_path / "gpu.json"
    facts = run(out, "--limit-s", "0")
    assert facts["rows"] == []
    out.write_text(json.dumps({**facts, "setup": {**facts["setup"], "torch": "1.0"}}))
    with pytest.raises(SystemExit, match=re.escape("was measured with torch '1.0'")):
        run(out)


def test_weights_are_drawn_on_the_device_in_the_asked_format_and_tied(tmp_path: Path) -> None:
    import transformers

    from benchmarks.gpu_architectures import write_llama, write_pipeline
    from benchmarks.gpu_weights import drawn_on

    write_pipeline("wan", tmp_path / "wan", tiny=True)
    write_llama(tmp_path / "llama", tiny=True)
    with drawn_on(torch.device("cpu")):
        import diffusers

        film = diffusers.WanTransformer3DModel.from_pretrained(tmp_path / "wan/transformer", dtype=torch.bfloat16)
        words = transformers.UMT5EncoderModel.from_pretrained(tmp_path / "wan/text_encoder", dtype=torch.bfloat16)
        llama = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "llama", dtype=torch.bfloat16)
    assert film.scale_shift_table.dtype == torch.float32  # as the library loads it, whatever the format
    assert film.blocks[0].ffn.net[2].weight.dtype == torch.bfloat16
    assert words.shared.weight is words.encoder.embed_tokens.weight
    assert float(llama.lm_head.weight.std()) == pytest.approx(0.02, rel=0.2)
    assert bool((llama.model.norm.weight == 1).all())
    assert torch.isfinite(llama(torch.tensor([[1, 2, 3]])).logits).all()


def test_a_model_that_does_not_fit_is_a_figure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from benchmarks.gpu_cases import Model
    from benchmarks.gpu_timing import measured
    from murakkab_runtimes.hub.memory import watched

    def do(*_case: object) -> None:
        with watched(torch.device("cpu"), "flux at 9x9"):
            raise torch.OutOfMemoryError("tried to allocate 40 GiB")

    row = measured(Model(do, 1.0), {"width": 9}, torch.device("cpu"), warm=False)
    assert row == {"does_not_fit": "flux at 9x9 does not fit into the memory of cpu: tried to allocate 40 GiB"}
