"""One walk, written as a BVH file in the conventions of many programs."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

# name, parent, offset in centimetres, y up, facing +z
TREE = (
    ("Hips", None, (0, 0, 0)),
    ("Spine", "Hips", (0, 12, 0)),
    ("Chest", "Spine", (0, 15, 0)),
    ("Neck", "Chest", (0, 26, 0)),
    ("Head", "Neck", (0, 10, 1)),
    ("LCollar", "Chest", (4, 22, 0)),
    ("LArm", "LCollar", (14, 0, 0)),
    ("LForeArm", "LArm", (28, 0, 0)),
    ("LHand", "LForeArm", (25, 0, 0)),
    ("RCollar", "Chest", (-4, 22, 0)),
    ("RArm", "RCollar", (-14, 0, 0)),
    ("RForeArm", "RArm", (-28, 0, 0)),
    ("RHand", "RForeArm", (-25, 0, 0)),
    ("LUpLeg", "Hips", (9, -3, 0)),
    ("LLeg", "LUpLeg", (0, -42, 0)),
    ("LFoot", "LLeg", (0, -41, 0)),
    ("LToe", "LFoot", (0, -7, 13)),
    ("RUpLeg", "Hips", (-9, -3, 0)),
    ("RLeg", "RUpLeg", (0, -42, 0)),
    ("RFoot", "RLeg", (0, -41, 0)),
    ("RToe", "RFoot", (0, -7, 13)),
)
PARENT = {name: parent for name, parent, _ in TREE}
OFFSET = {name: np.array(offset, float) for name, _, offset in TREE}
TIPS = {"Head": (0, 12, 2), "LHand": (9, 0, 0), "RHand": (-9, 0, 0), "LToe": (0, 0, 5), "RToe": (0, 0, 5)}

# Where the left hand's fingers begin, from the wrist, the thumb first.
FINGER_BASES = np.array([(3, -1, 3), (8, 0, 3), (8.5, 0, 1), (8, 0, -1), (7.5, 0, -3)], float)

UPS = {
    "y": np.eye(3),
    "z": np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]),
    "-z": np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
    "x": np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]]),
}

# The hips, spine, chest, neck and head; an arm; a leg. The marks in braces stand for the side.
SCHEMES = {
    "mixamo": ("Hips|Spine|Spine1|Neck|Head|{S}Shoulder|{S}Arm|{S}ForeArm|{S}Hand|{S}UpLeg|{S}Leg|{S}Foot|{S}ToeBase"),
    "biped": (
        "Pelvis|Spine|Spine1|Neck|Head|"
        "{s} Clavicle|{s} UpperArm|{s} Forearm|{s} Hand|"
        "{s} Thigh|{s} Calf|{s} Foot|{s} Toe0"
    ),
    "unreal": (
        "pelvis|spine_01|spine_03|neck_01|head|"
        "clavicle_{l}|upperarm_{l}|lowerarm_{l}|hand_{l}|"
        "thigh_{l}|calf_{l}|foot_{l}|ball_{l}"
    ),
    "vroid": (
        "J_Bip_C_Hips|J_Bip_C_Spine|J_Bip_C_Chest|J_Bip_C_Neck|J_Bip_C_Head|"
        "J_Bip_{s}_Shoulder|J_Bip_{s}_UpperArm|J_Bip_{s}_LowerArm|J_Bip_{s}_Hand|"
        "J_Bip_{s}_UpperLeg|J_Bip_{s}_LowerLeg|J_Bip_{s}_Foot|J_Bip_{s}_ToeBase"
    ),
    "vrm": (
        "hips|spine|chest|neck|head|"
        "{side}Shoulder|{side}UpperArm|{side}LowerArm|{side}Hand|"
        "{side}UpperLeg|{side}LowerLeg|{side}Foot|{side}Toes"
    ),
    "rigify": (
        "spine|spine.001|spine.003|spine.004|spine.006|"
        "shoulder.{s}|upper_arm.{s}|forearm.{s}|hand.{s}|"
        "thigh.{s}|shin.{s}|foot.{s}|toe.{s}"
    ),
    "rigify-def": (
        "DEF-spine|DEF-spine.001|DEF-spine.003|DEF-spine.004|DEF-spine.006|"
        "DEF-shoulder.{s}|DEF-upper_arm.{s}|DEF-forearm.{s}|DEF-hand.{s}|"
        "DEF-thigh.{s}|DEF-shin.{s}|DEF-foot.{s}|DEF-toe.{s}"
    ),
    "asf": (
        "root|lowerback|thorax|lowerneck|head|"
        "{l}clavicle|{l}humerus|{l}radius|{l}wrist|"
        "{l}femur|{l}tibia|{l}foot|{l}toes"
    ),
    "daz": (
        "hip|abdomenLower|chestLower|neckLower|head|"
        "{l}Collar|{l}ShldrBend|{l}ForearmBend|{l}Hand|"
        "{l}ThighBend|{l}Shin|{l}Foot|{l}Toe"
    ),
    "daz9": (
        "hip|spine1|spine3|neck1|head|"
        "{l}_shoulder|{l}_upperarm|{l}_forearm|{l}_hand|"
        "{l}_thigh|{l}_shin|{l}_foot|{l}_toes"
    ),
    "motive": ("Hip|Ab|Chest|Neck|Head|{s}Shoulder|{s}UArm|{s}FArm|{s}Hand|{s}Thigh|{s}Shin|{s}Foot|{s}Toe"),
    "smpl": (
        "Pelvis|Spine1|Spine3|Neck|Head|{s}_Collar|{s}_Shoulder|{s}_Elbow|{s}_Wrist|{s}_Hip|{s}_Knee|{s}_Ankle|{s}_Foot"
    ),
    "smplx": (
        "pelvis|spine1|spine3|neck|head|"
        "{side}_collar|{side}_shoulder|{side}_elbow|{side}_wrist|"
        "{side}_hip|{side}_knee|{side}_ankle|{side}_foot"
    ),
    "mmd": ("センター|上半身|上半身2|首|頭|{jp}肩|{jp}腕|{jp}ひじ|{jp}手首|{jp}足|{jp}ひざ|{jp}足首|{jp}つま先"),
    "mmd-blender": (
        "センター|上半身|上半身2|首|頭|肩.{s}|腕.{s}|ひじ.{s}|手首.{s}|足.{s}|ひざ.{s}|足首.{s}|つま先.{s}"
    ),
    "mmd-english": (
        "center|upper_body|upper_body2|neck|head|"
        "shoulder_{s}|arm_{s}|elbow_{s}|wrist_{s}|"
        "leg_{s}|knee_{s}|ankle_{s}|toe_{s}"
    ),
    "poser": ("hip|abdomen|chest|neck|head|{l}Collar|{l}Shldr|{l}ForeArm|{l}Hand|{l}Thigh|{l}Shin|{l}Foot|{l}Toe"),
    "biovision": ("Hips|Chest|Chest2|Neck|Head|{S}Collar|{S}UpArm|{S}LowArm|{S}Hand|{S}UpLeg|{S}LowLeg|{S}Foot|{S}Toe"),
    "kinect": (
        "SpineBase|SpineMid|SpineShoulder|Neck|Head|"
        "Clavicle{S}|Shoulder{S}|Elbow{S}|Wrist{S}|"
        "Hip{S}|Knee{S}|Ankle{S}|Foot{S}"
    ),
    "rokoko": ("Hips|Spine1|Spine3|Neck|Head|{S}Shoulder|{S}Arm|{S}ForeArm|{S}Hand|{S}Thigh|{S}Shin|{S}Foot|{S}Toe"),
    "xsens": ("Hips|Chest|Chest2|Neck|Head|{S}Collar|{S}Shoulder|{S}Elbow|{S}Wrist|{S}Hip|{S}Knee|{S}Ankle|{S}Toe"),
    "makehuman": (
        "root|spine05|spine03|neck01|head|"
        "clavicle.{s}|upperarm01.{s}|lowerarm01.{s}|wrist.{s}|"
        "upperleg01.{s}|lowerleg01.{s}|foot.{s}|toe1-1.{s}"
    ),
    "cc": (
        "CC_Base_Hip|CC_Base_Waist|CC_Base_Spine02|CC_Base_NeckTwist01|CC_Base_Head|"
        "CC_Base_{s}_Clavicle|CC_Base_{s}_Upperarm|CC_Base_{s}_Forearm|CC_Base_{s}_Hand|"
        "CC_Base_{s}_Thigh|CC_Base_{s}_Calf|CC_Base_{s}_Foot|CC_Base_{s}_ToeBase"
    ),
    "valve": (
        "ValveBiped.Bip01_Pelvis|ValveBiped.Bip01_Spine|ValveBiped.Bip01_Spine2|ValveBiped.Bip01_Neck1|ValveBiped.Bip01_Head1|"
        "ValveBiped.Bip01_{s}_Clavicle|ValveBiped.Bip01_{s}_UpperArm|ValveBiped.Bip01_{s}_Forearm|ValveBiped.Bip01_{s}_Hand|"
        "ValveBiped.Bip01_{s}_Thigh|ValveBiped.Bip01_{s}_Calf|ValveBiped.Bip01_{s}_Foot|ValveBiped.Bip01_{s}_Toe0"
    ),
    "second-life": (
        "mPelvis|mTorso|mChest|mNeck|mHead|"
        "mCollar{S}|mShoulder{S}|mElbow{S}|mWrist{S}|"
        "mHip{S}|mKnee{S}|mAnkle{S}|mFoot{S}"
    ),
    "advanced-skeleton": (
        "Root_M|Spine1_M|Chest_M|Neck_M|Head_M|"
        "Scapula_{s}|Shoulder_{s}|Elbow_{s}|Wrist_{s}|"
        "Hip_{s}|Knee_{s}|Ankle_{s}|Toes_{s}"
    ),
    "jnt": (
        "hips_JNT|spine_JNT|spine2_JNT|neck_JNT|head_JNT|"
        "{l}_shoulder_JNT|{l}_arm_JNT|{l}_forearm_JNT|{l}_hand_JNT|"
        "{l}_upleg_JNT|{l}_leg_JNT|{l}_foot_JNT|{l}_toebase_JNT"
    ),
    "mocopi": (
        "root|torso_1|torso_7|neck_1|head|"
        "{l}_shoulder|{l}_up_arm|{l}_low_arm|{l}_hand|"
        "{l}_up_leg|{l}_low_leg|{l}_foot|{l}_toes"
    ),
    "part-first": (
        "Root|Spine_01|Spine_03|Neck_01|Head_01|"
        "Clavicle_{S}|Arm_Upper_{S}|Arm_Lower_{S}|Hand_{S}|"
        "Leg_Upper_{S}|Leg_Lower_{S}|Foot_{S}|Toe_{S}"
    ),
    "freemocap": (
        "hips_center|trunk_center|chest|neck_center|head_center|"
        "{side}_clavicle|{side}_shoulder|{side}_elbow|{side}_wrist|"
        "{side}_hip|{side}_knee|{side}_ankle|{side}_foot_index"
    ),
    "lower-case": (
        "mixamorighips|mixamorigspine|mixamorigspine1|mixamorigneck|mixamorighead|"
        "mixamorig{side}shoulder|mixamorig{side}arm|mixamorig{side}forearm|mixamorig{side}hand|"
        "mixamorig{side}upleg|mixamorig{side}leg|mixamorig{side}foot|mixamorig{side}toebase"
    ),
    "numbered": (
        "1_Hips|2_Spine|3_Chest|4_Neck|5_Head|"
        "6_{S}Shoulder|7_{S}Arm|8_{S}ForeArm|9_{S}Hand|"
        "10_{S}UpLeg|11_{S}Leg|12_{S}Foot|13_{S}Toe"
    ),
    "unknown-german": (
        "Becken|Wirbel|Brust|Hals|Kopf|"
        "Schulter_{s}|Oberarm_{s}|Unterarm_{s}|Handgelenk_{s}|"
        "Oberschenkel_{s}|Unterschenkel_{s}|Fuss_{s}|Zehen_{s}"
    ),
    "unknown-with-sides": (
        "j0|j1|j2|j3|j4|alpha_{s}|beta_{s}|gamma_{s}|delta_{s}|epsilon_{s}|zeta_{s}|eta_{s}|theta_{s}"
    ),
    "unknown": ("j0|j1|j2|j3|j4|j5{s0}|j6{s0}|j7{s0}|j8{s0}|k5{s0}|k6{s0}|k7{s0}|k8{s0}"),
}


def names_of(scheme: str) -> dict[str, str]:
    """Ours in TREE → those of a program."""
    words = SCHEMES[scheme].split("|")
    middle = dict(zip(("Hips", "Spine", "Chest", "Neck", "Head"), words, strict=False))
    limbs = ("Collar", "Arm", "ForeArm", "Hand", "UpLeg", "Leg", "Foot", "Toe")
    sides = {
        "L": {"S": "Left", "s": "L", "l": "l", "side": "left", "jp": "左", "s0": "1"},
        "R": {"S": "Right", "s": "R", "l": "r", "side": "right", "jp": "右", "s0": "2"},
    }
    return middle | {
        f"{letter}{limb}": word.format(**marks)
        for letter, marks in sides.items()
        for limb, word in zip(limbs, words[5:], strict=True)
    }


@dataclass(frozen=True)
class Convention:
    """How a program writes a capture.

    Attributes:
        names: a key of SCHEMES.
        prefix, suffix: of every name.
        up: a key of UPS.
        bones: the joints' own axes at rest: "world", "x" (every bone along its own x) or "random".
        order: of the rotations' channels.
        six: which joints have position channels, all holding the offset: "root", "all", "some"; "zero": all, of 0.
        scale: of the unit, in centimetres.
        rooted: a root without motion, on which the hips hang.
        reverse: the order of the children.
        extras: joints that no person has.
        fingers: names of the joints of both hands, a finger each from the thumb on, with {side}, {s} and {n}, the
            number of the joint.
    """

    names: str = "mixamo"
    prefix: str = ""
    suffix: str = ""
    up: str = "y"
    bones: str = "world"
    order: str = "ZXY"
    six: str = "root"
    scale: float = 1.0
    rooted: bool = False
    reverse: bool = False
    extras: bool = False
    fingers: tuple[str, ...] = ()


def walk(frames: int = 12) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Where the hips are, `f 3`, and how each joint is turned against its parent, `f 3 3`."""
    phase = np.arange(frames) * 2 * np.pi / 24
    swing = 28 * np.sin(phase)
    turns: Mapping[str, tuple[str, Sequence[np.ndarray]]] = {
        "LArm": ("zx", (-75 + 0 * phase, 0.8 * swing)),
        "RArm": ("zx", (75 + 0 * phase, -0.8 * swing)),
        "LForeArm": ("y", (-20 - 8 * np.sin(phase),)),
        "RForeArm": ("y", (20 - 8 * np.sin(phase),)),
        "LUpLeg": ("x", (-swing,)),
        "RUpLeg": ("x", (swing,)),
        "LLeg": ("x", (12 + 10 * np.cos(phase),)),
        "RLeg": ("x", (12 - 10 * np.cos(phase),)),
        "Head": ("y", (6 * np.sin(phase),)),
        "Spine": ("y", (4 * np.sin(phase),)),
    }
    hips = np.stack([0 * phase, 95 + np.cos(2 * phase), 90 * phase / np.pi], axis=-1)
    local = {name: np.tile(np.eye(3), (frames, 1, 1)) for name in PARENT}
    for name, (axes, angles) in turns.items():
        local[name] = Rotation.from_euler(axes, np.stack(angles, axis=-1), degrees=True).as_matrix()
    return hips, local


def write(convention: Convention, frames: int = 12) -> str:
    """The walk as the text of a BVH file."""
    rng = np.random.default_rng(5)
    hips, local = walk(frames)
    up = UPS[convention.up]
    own = {name: _own_axes(name, convention.bones, rng) for name in PARENT} | {None: up.T}
    if convention.bones == "world":
        own = dict.fromkeys(own, up.T)  # at rest, all axes are the file's
        own[None] = up.T
    offsets = {n: own[PARENT[n]].T @ OFFSET[n] * convention.scale for n in PARENT}
    turned = {n: own[PARENT[n]].T @ local[n] @ own[n] for n in PARENT}
    places = hips @ up.T * convention.scale
    names = {n: convention.prefix + name + convention.suffix for n, name in names_of(convention.names).items()}

    lines, columns = ["HIERARCHY"], []
    rotations = "".join(f" {axis}rotation" for axis in convention.order)

    def joint(name: str, kind: str) -> None:
        lines.extend([f"{kind} {names[name]}", "{", _line("OFFSET", offsets[name])])
        number = list(PARENT).index(name)
        moves = PARENT[name] is None or convention.six in ("all", "zero") or (convention.six == "some" and number % 2)
        if moves:
            held = places if PARENT[name] is None else np.tile(offsets[name] * (convention.six != "zero"), (frames, 1))
            columns.append(held)
            lines.append(f"CHANNELS 6 Xposition Yposition Zposition{rotations}")
        else:
            lines.append(f"CHANNELS 3{rotations}")
        with warnings.catch_warnings(action="ignore"):  # gimbal lock: any of the angles will do
            columns.append(Rotation.from_matrix(turned[name]).as_euler(convention.order, degrees=True))
        children = [child for child, parent in PARENT.items() if parent == name]
        for child in children[::-1] if convention.reverse else children:
            joint(child, "JOINT")
        if name in TIPS:
            lines.extend(["End Site", "{", _line("OFFSET", own[name].T @ np.array(TIPS[name]) * convention.scale), "}"])
        if name in ("LHand", "RHand"):
            for number, pattern in enumerate(convention.fingers):
                finger(name, number, pattern)
        if convention.extras and name in ("LHand", "RHand"):
            extra(name, 5, (8, 3))
        if convention.extras and name == "Head":
            extra(name, 2, (6,))
        lines.append("}")

    def finger(hand: str, number: int, pattern: str) -> None:
        """Four points, the last an end, along the hand; those of the thumb nearer to the wrist."""
        side, (x, y, z) = (
            ("left", FINGER_BASES[number]) if hand[0] == "L" else ("right", FINGER_BASES[number] * (-1, 1, 1))
        )
        steps = [np.array([x, y, z]), *[np.array([np.sign(x) * step, -0.5, 0]) for step in (4, 3, 2)]]
        for depth, step in enumerate(steps):
            label = pattern.format(side=side, Side=side.title(), s=side[0], S=side[0].upper(), n=depth + 1, m=depth)
            lines.extend([f"JOINT {label}" if depth < 3 else "End Site", "{"])
            lines.append(_line("OFFSET", own[hand].T @ step * convention.scale))
            if depth < 3:
                lines.append(f"CHANNELS 3{rotations}")
                columns.append(np.zeros((frames, 3)))
        lines.extend(["}"] * 4)

    def extra(name: str, count: int, lengths: tuple[float, ...]) -> None:
        for number in range(count):
            for depth, length in enumerate(lengths):
                lines.extend([f"JOINT {names[name]}Extra{number}{depth}", "{"])
                lines.extend(
                    [_line("OFFSET", np.array([length, number, 0]) * convention.scale), f"CHANNELS 3{rotations}"]
                )
                columns.append(np.zeros((frames, 3)))
            lines.extend(["}"] * len(lengths))

    if convention.rooted:
        lines.extend([f"ROOT {convention.prefix}Reference{convention.suffix}", "{", "OFFSET 0 0 0"])
        lines.append(f"CHANNELS 6 Xposition Yposition Zposition{rotations}")
        columns.append(np.zeros((frames, 6)))
    joint("Hips", "JOINT" if convention.rooted else "ROOT")
    if convention.rooted:
        lines.append("}")
        if convention.six == "root":
            hips_line = next(i for i, line in enumerate(lines) if line == f"JOINT {names['Hips']}")
            assert "Xposition" in lines[hips_line + 3]
    lines += ["MOTION", f"Frames: {frames}", "Frame Time: 0.05"]
    lines += [" ".join(f"{value:.6f}" for value in row) for row in np.concatenate(columns, axis=1)]
    return "\n".join(lines) + "\n"


def _own_axes(name: str, bones: str, rng: np.random.Generator) -> np.ndarray:
    """`3 3`: a joint's own axes at rest, as columns, in the world whose up is y."""
    if bones == "random":
        return Rotation.random(rng=rng).as_matrix()
    children = [child for child, parent in PARENT.items() if parent == name]
    straight = OFFSET[children[0]] if children else np.array(TIPS.get(name, (0, 1, 0)), float)
    along = straight / np.linalg.norm(straight)
    across = np.cross(along, (0, 0, 1) if abs(along[2]) < 0.9 else (0, 1, 0))
    across /= np.linalg.norm(across)
    return np.stack([along, across, np.cross(along, across)], axis=-1)


def _line(word: str, values: np.ndarray) -> str:
    return " ".join([word, *(f"{value:.6f}" for value in values)])
