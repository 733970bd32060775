"""One host, put together from its parts."""

from __future__ import annotations

from collections.abc import Callable

import skia

from murakkab_runtimes.video.rig import body, face, hair
from murakkab_runtimes.video.rig.look import Look
from murakkab_runtimes.video.rig.pose import Pose

PIVOT = 1.25
"""Where the head turns about, below the middle of the face."""


class Person:
    """A host that can be drawn in any pose, in units of half the width of its face."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self._torso = body.record_torso(look)
        self._back_hair = _record(lambda canvas: hair.draw_back_hair(canvas, look))
        self._front_hair = _record(lambda canvas: hair.draw_front_hair(canvas, look))

    def draw_behind_desk(self, canvas: skia.Canvas, pose: Pose) -> None:
        """All that the desk may hide: head, torso, upper arms."""
        canvas.save()
        canvas.translate(0.12 * pose.lean, -0.05 * pose.rise)
        self._head_layer(canvas, pose, behind=True)
        canvas.drawPicture(self._torso)
        body.draw_upper_arms(canvas, self.look, pose.left_hand, pose.right_hand)
        self._head_layer(canvas, pose, behind=False)
        canvas.restore()

    def draw_before_desk(self, canvas: skia.Canvas, pose: Pose) -> None:
        """Forearms and hands."""
        canvas.save()
        canvas.translate(0.06 * pose.lean, 0)
        body.draw_forearms(canvas, self.look, pose.left_hand, pose.right_hand, pose.turn)
        canvas.restore()

    def _head_layer(self, canvas: skia.Canvas, pose: Pose, behind: bool) -> None:
        canvas.save()
        canvas.translate(0.10 * pose.yaw + 0.16 * pose.lean, PIVOT + 0.05 * pose.pitch)
        canvas.rotate(7.0 * pose.roll + 1.5 * pose.lean)
        canvas.translate(0, -PIVOT)
        if behind:
            canvas.translate(-0.14 * pose.yaw, 0.0)
            canvas.drawPicture(self._back_hair)
        else:
            self._face(canvas, pose)
        canvas.restore()

    def _face(self, canvas: skia.Canvas, pose: Pose) -> None:
        look = self.look
        path = face.face_path(pose, look.female)
        if not look.headphones:
            face.draw_ears(canvas, look, pose)
        face.draw_skin(canvas, look, path)
        hair.draw_beard(canvas, look, pose)
        face.draw_features(canvas, look, pose)
        if look.glasses != "none":
            face.draw_glasses(canvas, look, pose)
        canvas.save()
        canvas.translate(0.07 * pose.yaw, 0.03 * pose.pitch)
        canvas.drawPicture(self._front_hair)
        canvas.restore()
        if look.headphones:
            hair.draw_band(canvas, look, pose)
            hair.draw_headphones(canvas, look, pose)


def _record(draw: Callable[[skia.Canvas], None]) -> skia.Picture:
    recorder = skia.PictureRecorder()
    draw(recorder.beginRecording(skia.Rect(-4, -4, 4, 5)))
    return recorder.finishRecordingAsPicture()
