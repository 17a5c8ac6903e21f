"""What the demo imports: pictures it makes itself, or a set of the user's own."""

import zipfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from django.core.management.base import CommandError

from lepton.demo import archives, line, surfaces, xrays
from training.datasets import layout


@dataclass(frozen=True)
class Source:
    """An ImageFolder zip, its splits file if there is one, and what it is about."""

    name: str
    archive: Path
    classes: list[str]
    need: str
    target: str
    splits: Path | None = None
    more: Path | None = None  # images that arrive later
    stretches: tuple[line.Stretch, ...] = ()  # what a camera sends live
    requirement: dict = field(default_factory=dict)  # further facts of it


def plates(home: Path) -> Source:
    """The factory's: metal plates, whole or with one defect."""
    kind = (surfaces.picture, surfaces.CLASSES)
    return Source(
        "Surface inspection",
        _made(home / "surfaces.zip", *kind, {"train": 45, "valid": 12, "test": 15}, seed=7),
        list(surfaces.CLASSES),
        "Find dented, scratched and stained plates before they are shipped.",
        target="0.70",
        more=_made(home / "surfaces-2.zip", *kind, {"train": 15}, seed=8),
        stretches=line.ALL,
        requirement={
            "business_process": "Each plate is photographed after rolling; a plate with a defect"
            " goes to the inspector's table instead of the truck.",
            "data_format": "JPEG, one plate a picture, 200 to 320 pixels a side",
            "false_positive_cents": 40,
            "false_negative_cents": 9_000,
            "review_cents": 60,
            "p95_latency_ms": 500,
            "volume_per_day": 6_000,
            "sensitivity": "internal",
            "retention_days": 365,
            "acceptance_owner": "Alice, head of quality",
            "stated_images": 300,
            "stated_shares": dict.fromkeys(surfaces.CLASSES, 0.25),
        },
    )


def chests(home: Path) -> Source:
    """The hospital's: chest pictures, clear or with an opacity."""
    kind = (xrays.picture, xrays.CLASSES)
    return Source(
        "Chest X-ray triage",
        _made(home / "chests.zip", *kind, {"train": 75, "valid": 15, "test": 30}, seed=7),
        list(xrays.CLASSES),
        "Put chest pictures that show an opacity first in the radiologist's list.",
        target="0.80",
        more=_made(home / "chests-2.zip", *kind, {"train": 20}, seed=8),
        requirement={
            "business_process": "Pictures arrive from the emergency ward; the list the radiologist"
            " reads from is sorted by what the model says.",
            "data_format": "JPEG, grey, one chest a picture",
            "false_positive_cents": 500,
            "false_negative_cents": 40_000,
            "review_cents": 1_200,
            "p95_latency_ms": 800,
            "volume_per_day": 400,
            "sensitivity": "health",
            "retention_days": 90,
            "acceptance_owner": "Carol, head of radiology",
            "stated_images": 240,
            "stated_shares": {"clear": 0.5, "opacity": 0.5},
        },
    )


def own(given: str, home: Path) -> Source:
    """The user's folder or zip."""
    archive = _archive(Path(given).expanduser().resolve(), home)
    splits = Path(given).resolve() / "splits.csv" if Path(given).is_dir() else None
    splits = splits or archive.with_name("splits.csv")
    return Source(
        archive.stem.replace("_", " ").capitalize(),
        archive,
        _classes(archive),
        f"Tell the classes of {archive.name} apart.",
        target="0.90",
        splits=splits if splits.exists() else None,
    )


def _made(path: Path, picture, classes, splits, *, seed) -> Path:
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = path.with_suffix(".partial")
    return archives.write_zip(whole, picture, classes, splits=splits, seed=seed).replace(path)


def _archive(path: Path, home: Path) -> Path:
    if path.is_file() and zipfile.is_zipfile(path):
        return path
    if not path.is_dir():
        raise CommandError(f"DATA={path} is neither a folder nor a zip archive.")
    zips = sorted(path.glob("*.zip"))
    if len(zips) > 1:
        raise CommandError(f"DATA={path} holds {len(zips)} zip archives: name one of them.")
    return zips[0] if zips else _zipped(path, home / f"{path.name}.zip")


def _zipped(folder: Path, archive: Path) -> Path:
    """Zip a folder of class folders."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as out:
        for file in sorted(folder.rglob("*")):
            if file.is_file() and file.name != "splits.csv":
                out.write(file, file.relative_to(folder))
    return archive


def _classes(archive: Path) -> list[str]:
    """The labels that its folders name at least twice."""
    with zipfile.ZipFile(archive) as opened:
        names = [name for name in opened.namelist() if not name.endswith("/")]
    labels = Counter(place.label for place in layout.places(names) if place.label)
    classes = sorted(label for label, n in labels.items() if n > 1)
    if len(classes) < 2:
        raise CommandError(f"{archive} needs two class folders or more; it has {len(classes)}.")
    return classes
