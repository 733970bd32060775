"""Probes of the embedded capabilities, by capability."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from murakkab.profiling.probe import Probe
from murakkab.profiling.probes import diffusion, pictures, sound, text, tools, video
from murakkab_optimizer.catalog import ModelCard

EMBEDDED: dict[str, Callable[[ModelCard], Sequence[Probe]]] = {
    "text-generation": text.generation,
    "text-to-speech": sound.speech,
    "automatic-speech-recognition": sound.recognition,
    "text-to-audio": sound.jingle,
    "audio-extraction": sound.extraction,
    "speech-fitting": sound.fitting,
    "text-to-image": pictures.drawing,
    "image-to-image": diffusion.repainting,
    "image-text-to-video": diffusion.films,
    "text-encoding": diffusion.encoding,
    "latent-denoising": diffusion.denoising,
    "latent-decoding": diffusion.decoding,
    "slide-rendering": pictures.slides,
    "image-to-text": pictures.reading,
    "image-to-video": video.hosts,
    "still-to-video": video.stills,
    "video-to-video": video.upscaling,
    "video-packaging": video.packaging,
    "video-muxing": video.muxing,
    "video-dubbing": video.dubbing,
    "frame-sampling": video.sampling,
    "document-reading": tools.documents,
    "slide-reading": tools.decks,
    "cast-reading": tools.cast,
    "code-execution": tools.code,
    "selection": tools.selection,
    "calculation": tools.calculation,
    "majority-vote": tools.vote,
    "rewrite-checking": tools.rewrites,
    "text-ranking": tools.ranking,
    "answer-grounding": tools.grounding,
}
