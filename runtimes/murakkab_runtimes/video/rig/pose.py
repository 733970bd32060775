"""The pose of one host at one moment."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Mouth:
    """Shape of the mouth; see ``visemes.SHAPE``."""

    open: float = 0.0
    wide: float = 0.0
    teeth: float = 0.0
    tongue: float = 0.0
    tuck: float = 0.0
    press: float = 0.0


@dataclass(frozen=True)
class Pose:
    """What moves; zero is neutral, everything roughly within -1..1.

    Attributes:
        yaw: head turned to the viewer's right.
        pitch: head bowed.
        roll: head tilted clockwise.
        lean: upper body moved to the viewer's right.
        rise: upper body raised by the breath.
        gaze_x: eyes turned to the viewer's right.
        gaze_y: eyes turned down.
        lids: 0 shut, 1 open, above 1 wide.
        brows: raised; negative is drawn together.
        smile: corners of the mouth.
        left_hand: the hand at the viewer's left, 0 on the desk, 1 raised in a gesture.
        right_hand: the other one.
        turn: how the raised palms are turned.
        mouth: its shape.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    lean: float = 0.0
    rise: float = 0.0
    gaze_x: float = 0.0
    gaze_y: float = 0.0
    lids: float = 1.0
    brows: float = 0.0
    smile: float = 0.25
    left_hand: float = 0.0
    right_hand: float = 0.0
    turn: float = 0.0
    mouth: Mouth = Mouth()

    def with_mouth(self, mouth: Mouth) -> Pose:
        """The same pose with another mouth."""
        return replace(self, mouth=mouth)
