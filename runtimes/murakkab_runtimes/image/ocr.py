"""Adapter ``rapidocr``: the text in a picture, read by PP-OCR (weights inside the package) on onnxruntime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from murakkab_optimizer.catalog import ModelCard
from murakkab_runtimes.base import InputError, Output, Runtime, Task
from murakkab_runtimes.speech.needs import require


class RapidOcr(Runtime):
    """Reads ``image``; the knob ``least`` is the confidence (0..1) below which a line is left out.

    The value is ``{"text", "lines": [{"text", "score", "box": [left, top, right, bottom]}]}`` in reading order, boxes
    in pixels.
    """

    def __init__(self, card: ModelCard, threads: int) -> None:
        require(card)
        super().__init__(card, threads)
        from rapidocr import RapidOCR

        self._read = RapidOCR(
            params={
                "Global.log_level": "critical",
                "EngineConfig.onnxruntime.intra_op_num_threads": threads,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )

    def run(self, task: Task) -> Output:
        """Read one picture.

        Raises:
            InputError: it is no picture.
        """
        path, least = task.arguments.get("image"), float(task.knobs.get("least", 0.6))
        if not isinstance(path, Path) or not path.is_file():
            raise InputError(f"there is no picture at {path!r}; give the argument 'image' a PNG or JPEG file")
        lines = [line for line in _lines(self._result(path)) if line["score"] >= least and line["text"]]
        return Output({"text": "\n".join(line["text"] for line in lines), "lines": lines}, {"lines": len(lines)})

    def _result(self, path: Path) -> Any:  # noqa: ANN401 - a class without types
        import cv2

        pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if pixels is None:
            raise InputError(f"{path.name} cannot be read as a picture; give a PNG or JPEG file")
        return self._read(pixels, use_cls=False)


def _lines(result: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - a class without types
    if result.boxes is None or result.txts is None:
        return []
    return [
        {"text": " ".join(text.split()), "score": round(float(score), 4), "box": _box(corners)}
        for text, score, corners in zip(result.txts, result.scores, result.boxes, strict=True)
    ]


def _box(corners: Any) -> list[int]:  # noqa: ANN401 - 4 x 2 numbers
    return [round(float(edge)) for edge in (*corners.min(axis=0), *corners.max(axis=0))]
