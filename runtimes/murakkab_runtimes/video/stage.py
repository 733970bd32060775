"""The stage: hosts at their places, seen by a camera; draws one frame into an array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import skia
from numpy.typing import NDArray

from murakkab_runtimes.video.rig import studio
from murakkab_runtimes.video.rig.person import Person
from murakkab_runtimes.video.rig.pose import Pose
from murakkab_runtimes.video.rig.studio import DESK_Y, Decor

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Camera:
    """What is seen: pixels per stage unit, and the point of the stage in the middle of the picture."""

    zoom: float
    x: float
    y: float
    soft: float


def wide(width: int, height: int) -> Camera:
    """All hosts."""
    return Camera(min(height / studio.HEIGHT, width / 1180), 640.0, 360.0, 0.0)


def near(width: int, height: int, x: float, head_y: float, size: float, closeness: float) -> Camera:
    """One host; ``closeness`` 1 shows head and chest, more shows less."""
    zoom = closeness * min(height / (5.6 * size), width / (5.8 * size))
    inward = 0.5 * size * float(np.sign(640.0 - x)) / closeness
    return Camera(zoom, x + inward, head_y + (1.0 - 0.55 * (closeness - 1)) * size, closeness)


class Stage:
    """The set and the hosts of one section, at one size.

    Args:
        people: the hosts, from left to right.
        decor: colours and furniture.
        scene: shown on the screen, if any.
        width: of the picture in pixels.
        height: of the picture in pixels.
    """

    def __init__(
        self, people: Sequence[Person], decor: Decor, scene: skia.Image | None, width: int, height: int
    ) -> None:
        self.people = people
        self.decor = decor
        self.width, self.height = width, height
        self.size, self.seats = studio.SEATS[len(people)]
        self.head_y = DESK_Y - 3.8 * self.size
        self._scene = scene
        self._grounds: dict[tuple[Camera, int], Picture] = {}
        self.pixels: Picture = np.zeros((height, width, 4), np.uint8)
        self._surface = skia.Surface(self.pixels, colorType=skia.kBGRA_8888_ColorType)
        self.canvas: skia.Canvas = self._surface.getCanvas()

    @cached_property
    def _microphones(self) -> dict[tuple[int, bool], skia.Picture]:
        return {
            (side, live): studio.record_microphone(self.decor, side, live) for side in (-1, 1) for live in (False, True)
        }

    def camera(self, kind: str, host: int) -> Camera:
        """The camera ``wide``, ``medium`` or ``close`` (the latter two on one host)."""
        if kind == "wide":
            return wide(self.width, self.height)
        closeness = 1.0 if kind == "medium" else 1.22
        return near(self.width, self.height, self.seats[host], self.head_y, self.size, closeness)

    def place(self, host: int) -> float:
        """Where a host sits: -1 left, 1 right."""
        return (self.seats[host] - 640.0) / 640.0

    def draw(self, camera: Camera, speaker: int, poses: Sequence[Pose], dolly: float = 1.0) -> Picture:
        """Draw one frame; the array is used again for the next.

        ``dolly`` enlarges the hosts against the wall, as a camera does that moves towards them; with the desk in the
        picture it must be 1.
        """
        ground = self._ground(camera, speaker)
        np.copyto(self.pixels, ground)
        seen = self._seen(camera)
        for host in seen:
            self._enter(camera, host, dolly)
            self.people[host].draw_behind_desk(self.canvas, poses[host])
            self.canvas.restore()
        edge = round((DESK_Y - camera.y) * camera.zoom + self.height / 2)
        if edge < self.height:
            self.pixels[max(edge, 0) :] = ground[max(edge, 0) :]
        for host in seen:
            self._enter(camera, host, dolly)
            self.people[host].draw_before_desk(self.canvas, poses[host])
            side = 1 if self.seats[host] < 640 or len(self.seats) == 1 else -1
            self.canvas.drawPicture(self._microphones[side, host == speaker])
            self.canvas.restore()
        return self.pixels

    def _seen(self, camera: Camera) -> list[int]:
        half = self.width / 2 / camera.zoom + 2.6 * self.size
        return [i for i, x in enumerate(self.seats) if abs(x - camera.x) < half]

    def _enter(self, camera: Camera, host: int, dolly: float) -> None:
        camera = replace(camera, zoom=camera.zoom * dolly)
        self.canvas.save()
        self._look(self.canvas, camera, 1.0)
        self.canvas.translate(self.seats[host], self.head_y)
        self.canvas.scale(self.size, self.size)

    def _look(self, canvas: skia.Canvas, camera: Camera, scale: float) -> None:
        canvas.scale(scale, scale)
        canvas.translate(self.width / 2, self.height / 2)
        canvas.scale(camera.zoom, camera.zoom)
        canvas.translate(-camera.x, -camera.y)

    def _ground(self, camera: Camera, speaker: int) -> Picture:
        """All that does not move, drawn once for each camera and speaker."""
        key = (camera, speaker)
        if key not in self._grounds:
            self._grounds[key] = self._draw_ground(camera, speaker)
        return self._grounds[key]

    def _draw_ground(self, camera: Camera, speaker: int) -> Picture:
        pixels: Picture = np.zeros_like(self.pixels)
        canvas = skia.Surface(pixels, colorType=skia.kBGRA_8888_ColorType).getCanvas()
        canvas.drawImageRect(
            self._wall(camera, speaker),
            skia.Rect.MakeWH(self.width, self.height),
            skia.SamplingOptions(skia.CubicResampler.Mitchell()),
        )
        canvas.save()
        self._look(canvas, camera, 1.0)
        studio.draw_desk(canvas, self.decor, self.seats, self.size)
        canvas.restore()
        return pixels

    def _wall(self, camera: Camera, speaker: int) -> skia.Image:
        """The wall, out of focus: drawn small, then blurred a little."""
        scale = min(1.0, (360 if camera.soft == 0 else 180) / self.height)
        surface = skia.Surface(max(2, round(self.width * scale)), max(2, round(self.height * scale)))
        canvas = surface.getCanvas()
        if camera.soft > 0:
            blur = skia.ImageFilters.Blur(1.6 * camera.soft, 1.6 * camera.soft, skia.TileMode.kClamp)
            canvas.saveLayer(None, skia.Paint(ImageFilter=blur))
        self._look(canvas, camera, scale)
        studio.draw_wall(canvas, self.decor, self._scene)
        for host, x in enumerate(self.seats):
            studio.draw_shade(canvas, x, self.head_y, self.size)
            if host == speaker:
                studio.draw_spot(canvas, x, self.head_y, self.size)
        canvas.restoreToCount(1)
        return surface.makeImageSnapshot()
