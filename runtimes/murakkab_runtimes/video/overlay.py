"""What is laid over the stage: title, outro, lower third, captions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import skia

from murakkab_runtimes.image import cards
from murakkab_runtimes.video.shot import DISSOLVE_S, OUTRO_DISSOLVE_S, TITLE_S, Timing

PLATE_FROM_S, PLATE_S, PLATE_FADE_S = 0.5, 3.0, 0.35
SHORTEST_PLATE_S = 1.2


class Overlay:
    """Cards and plates in the colours of a palette.

    Args:
        palette: of the section's scene; what is missing is filled in.
        title: of the episode.
        names: of the hosts.
        section: title of the section.
    """

    def __init__(self, palette: Mapping[str, str], title: str, names: Sequence[str], section: str) -> None:
        self.palette = {**cards.DEFAULT_PALETTE, **palette}
        self.episode = title
        self.names = list(names)
        self.section = section
        self._still: skia.Picture | None = None

    def title(self, canvas: skia.Canvas, width: int, height: int, time: float) -> None:
        """The title card."""
        cards.title_card(canvas, width, height, self.episode, "with " + " and ".join(self.names), self.palette, time)

    def hides_stage(self, time: float, timing: Timing) -> bool:
        """Whether a card covers the whole picture."""
        return _title_alpha(time, timing) >= 1 or _outro_alpha(time, timing) >= 1

    def moves(self, time: float, timing: Timing, name: str | None) -> bool:
        """Whether something of it may change from frame to frame."""
        plate = name is not None and _fades(time, *_plate_span(timing))
        return plate or _title_alpha(time, timing) > 0 or _outro_alpha(time, timing) > 0

    def draw(
        self,
        canvas: skia.Canvas,
        width: int,
        height: int,
        time: float,
        timing: Timing,
        name: str | None,
        caption: str | None,
    ) -> None:
        """Draw what is due at ``time``; ``name`` is given where the speaker is introduced."""
        begin, end = _plate_span(timing)
        if name and end - begin > SHORTEST_PLATE_S:
            alpha = min((time - begin) / PLATE_FADE_S, (end - time) / PLATE_FADE_S, 1.0)
            self._plate(canvas, width, height, name, alpha)
        if caption:
            cards.caption(canvas, width, height, caption.replace("\n", " "), self.palette)
        self._card(canvas, width, height, _title_alpha(time, timing), time, opening=True)
        self._card(canvas, width, height, _outro_alpha(time, timing), time - (timing.outro or 0.0), opening=False)

    def _plate(self, canvas: skia.Canvas, width: int, height: int, name: str, alpha: float) -> None:
        """The lower third; kept while it does not move."""
        if alpha < 1:
            cards.lower_third(canvas, width, height, name, self.section, self.palette, alpha)
            return
        if self._still is None:
            recorder = skia.PictureRecorder()
            target = recorder.beginRecording(skia.Rect.MakeWH(width, height))
            cards.lower_third(target, width, height, name, self.section, self.palette, 1.0)
            self._still = recorder.finishRecordingAsPicture()
        canvas.drawPicture(self._still)

    def _card(self, canvas: skia.Canvas, width: int, height: int, alpha: float, time: float, *, opening: bool) -> None:
        if alpha <= 0:
            return
        if alpha < 1:
            canvas.saveLayerAlpha(skia.Rect.MakeWH(width, height), round(alpha * 255))
        if opening:
            self.title(canvas, width, height, time)
        else:
            cards.outro_card(canvas, width, height, self.episode, self.names, self.palette, max(0.0, time))
        if alpha < 1:
            canvas.restore()


def _title_alpha(time: float, timing: Timing) -> float:
    return max(0.0, min(1.0, 1 - (time - TITLE_S) / DISSOLVE_S)) if timing.title else 0.0


def _outro_alpha(time: float, timing: Timing) -> float:
    return 0.0 if timing.outro is None else max(0.0, min(1.0, (time - timing.outro) / OUTRO_DISSOLVE_S))


def _fades(time: float, begin: float, end: float) -> bool:
    """Whether a plate comes or goes; a tenth of a second more on each side, so that its end states are drawn."""
    return any(at - 0.1 < time < at + PLATE_FADE_S + 0.1 for at in (begin, end - PLATE_FADE_S))


def _plate_span(timing: Timing) -> tuple[float, float]:
    begin = PLATE_FROM_S + (TITLE_S + DISSOLVE_S if timing.title else 0.0)
    return begin, min(begin + PLATE_S, timing.lead + timing.speech)
