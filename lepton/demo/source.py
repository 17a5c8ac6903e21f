"""What the demo imports: pictures it makes itself, or a set of the user's own."""

import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from django.core.management.base import CommandError

from lepton.demo import surfaces
from training.datasets import layout


@dataclass(frozen=True)
class Source:
    """An ImageFolder zip, its splits file if there is one, and what it is about."""

    name: str
    archive: Path
    splits: Path | None
    classes: list[str]
    need: str


def of(given: str | None, home: Path) -> Source:
    """Return the set to play with: the user's folder or zip, else pictures made here."""
    if given is None:
        home.mkdir(parents=True, exist_ok=True)
        archive = surfaces.write_zip(home / "surfaces.zip")
        need = "Find dented, scratched and stained plates before they are shipped."
        return Source("Surface inspection", archive, None, list(surfaces.CLASSES), need)
    archive = _archive(Path(given).expanduser().resolve(), home)
    splits = Path(given).resolve() / "splits.csv" if Path(given).is_dir() else None
    splits = splits or archive.with_name("splits.csv")
    name = archive.stem.replace("_", " ").capitalize()
    need = f"Tell the classes of {archive.name} apart."
    return Source(name, archive, splits if splits.exists() else None, _classes(archive), need)


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
