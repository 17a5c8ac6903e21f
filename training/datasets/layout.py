"""What a file's place in the archive says: its label (the folder), its split (the root)."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

SPLIT_FOLDERS = {
    "train": "train",
    "training": "train",
    "valid": "valid",
    "val": "valid",
    "validation": "valid",
    "test": "test",
    "testing": "test",
}
SPLITS_FILE = "splits.csv"  # of this name at the top of an archive it says where files belong
ERASED_FILE = "erased.csv"  # names what an exported archive no longer has
OS_NAMES = {"thumbs.db", "desktop.ini", "__macosx", "$recycle.bin"}
IMAGE_ENDINGS = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp"),
    *(".ppm", ".pgm", ".pbm", ".pnm"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file belongs; without a label where nobody said one. `kind` (of reasons.WORDS) is set
    when it belongs nowhere."""

    label: str = ""
    split: str = ""
    group: str = ""
    meta: dict = field(default_factory=dict)
    kind: str = ""
    params: dict = field(default_factory=dict)


def places(paths: Sequence[str], *, manifest=None, classes: Sequence[str] = ()) -> list[Place]:
    """Say for each path where it belongs.

    `manifest` maps a path to what a splits file says of it (splits.Line); it wins over folders.
    With `classes`, other labels are not known; without, the folders define the classes.
    """
    wrapper = _wrapper([path for path in paths if not is_os_file(path)])
    inner = [path[len(wrapper) :] if path.startswith(wrapper) else path for path in paths]
    has_roots = _has_split_roots(inner)
    return [
        _checked(_place(path, short, has_roots, manifest or {}), path, classes)
        for path, short in zip(paths, inner, strict=True)
    ]


def is_os_file(path: str) -> bool:
    """Say whether the operating system left this file: Thumbs.db, .DS_Store, __MACOSX/…"""
    return any(part.startswith(".") or part.lower() in OS_NAMES for part in path.split("/"))


def without_wrapper(paths: Sequence[str]) -> dict[str, str]:
    """Map each path as it is without the one folder around everything to the path itself."""
    wrapper = _wrapper([path for path in paths if not is_os_file(path)])
    return {path.removeprefix(wrapper): path for path in paths}


def _wrapper(paths) -> str:
    """The one folder around everything, with its slash; "" where there is none."""
    first = {path.split("/", 1)[0] for path in paths}
    images = [path.count("/") for path in paths if looks_like_image(path)]
    if len(first) != 1 or not images or min(images) < 2:
        return ""
    name = first.pop()
    return "" if name.lower() in SPLIT_FOLDERS else f"{name}/"


def _has_split_roots(paths) -> bool:
    deep = [path for path in paths if path.count("/") >= 2 and not is_os_file(path)]
    return bool(deep) and all(path.split("/", 1)[0].lower() in SPLIT_FOLDERS for path in deep)


def _place(path, short, has_roots, manifest) -> Place:
    if is_os_file(path):
        return Place(kind="ignored")
    if path in (SPLITS_FILE, ERASED_FILE):
        return Place(kind="splits_file")
    found = _from_folders(short, has_roots)
    line = manifest.get(path)
    if line is None:
        return found
    label = line.label or found.label
    lost = {} if label else {"kind": found.kind, "params": found.params}
    return Place(label, line.split or found.split, line.group, line.meta, **lost)


def _from_folders(path, has_roots) -> Place:
    *folders, _file = path.split("/")
    if not folders:
        return Place()  # to be labelled
    if not has_roots:
        return Place(label=folders[0])
    split = SPLIT_FOLDERS.get(folders[0].lower(), "")
    if not split:
        return Place(kind="no_split")
    if len(folders) < 2:
        return Place(split=split)
    return Place(label=folders[1], split=split)


def _checked(place, path, classes) -> Place:
    if place.kind:
        return place
    if len(place.label) > 80:
        return replace(place, label=place.label[:80], kind="label_too_long")
    if not looks_like_image(path) and "." in path.rsplit("/", 1)[-1]:
        return replace(place, kind="not_an_image")
    if classes and place.label and place.label not in classes:
        params = {"label": place.label, "classes": ", ".join(classes)}
        return replace(place, kind="unknown_label", params=params)
    return place


def looks_like_image(path) -> bool:
    """Say whether the name ends as an image's does."""
    return path.lower().endswith(IMAGE_ENDINGS)
