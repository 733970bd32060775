"""onnxruntime sessions of the voices."""

from __future__ import annotations

import onnxruntime as ort  # type: ignore[import-untyped]


def session(model: bytes, threads: int) -> ort.InferenceSession:
    """Load a model for the CPU; its threads sleep between runs and never exceed ``threads``."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False  # sentences differ in length
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
