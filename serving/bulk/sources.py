"""Where the images of a bulk prediction come from: a zip of its own, or datasets by a manifest."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from django.conf import settings
from django.core.files.storage import default_storage
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.scoping import tenant_scope
from lepton.lib import storage
from serving.bulk import manifest
from serving.bulk.models import BulkPrediction
from serving.bulk.receiving import MANIFEST_ENDING
from training.datasets.archive import BadArchive, DamagedEntry, open_archive
from training.datasets.layout import is_os_file
from training.models import Dataset, Image, Item


class Question(NamedTuple):
    """An image to ask about, or in `error` why there is none."""

    position: int
    path: str
    reference: str
    data: bytes | None
    error: str = ""


@contextmanager
def opened(bulk: BulkPrediction):
    """Give the source of its images. Raises BadArchive."""
    try:
        file = storage.reading(bulk.upload_key)
    except FileNotFoundError:
        raise BadArchive(_("The upload is no longer in storage."), _("Upload it again.")) from None
    with file:
        yield Listed(bulk, file) if bulk.upload_key.endswith(MANIFEST_ENDING) else Zipped(file)


class Zipped:
    """The images of an archive; operating systems' own files are passed over."""

    def __init__(self, file):
        self.archive = open_archive(file, max_files=settings.LEPTON_MAX_IMPORT_FILES)
        self.entries = [one for one in self.archive.entries if not is_os_file(one.path)]
        if not self.entries:
            raise BadArchive(_("The archive holds no images."), _("Zip the images themselves."))

    def questions(self, entries: Sequence) -> Iterator[Question]:
        for entry in entries:
            facts = entry.position, entry.path, entry.path[-200:]
            try:
                yield Question(*facts, self.archive.read(entry))
            except DamagedEntry as error:
                yield Question(*facts, None, _("It cannot be unpacked: %s") % error)


class Listed:
    """The images that a manifest's rows name; only those of the bulk prediction's own tenant."""

    def __init__(self, bulk: BulkPrediction, file):
        self.tenant_id, self.engagement_id = bulk.tenant_id, bulk.endpoint.engagement_id
        self.entries = [*enumerate(manifest.read(file.read()))]

    def questions(self, entries: Sequence[tuple[int, manifest.Named]]) -> Iterator[Question]:
        with tenant_scope(self.tenant_id):
            by_hash = _by_hash([row.sha256.lower() for _position, row in entries])
            found = [self._found(row, by_hash) for _position, row in entries]
        for (position, row), image in zip(entries, found, strict=True):
            path = row.path or row.sha256
            facts = position, path, row.reference or path[-200:]
            data, error = _read(image)
            yield Question(*facts, data, error)

    def _found(self, row: manifest.Named, by_hash: dict[str, Image]) -> Image | str:
        """The image, or why there is none."""
        if row.sha256:
            return by_hash.get(row.sha256.lower()) or _("There is no image of this sha256.")
        datasets = Dataset.objects.filter(engagement=self.engagement_id, name=row.dataset)
        dataset = datasets.first()
        if dataset is None:
            return _("There is no dataset “%s” in this engagement.") % row.dataset
        items = Item.objects.filter(dataset=dataset, path=row.path).select_related("image")[:2]
        if len(items) > 1:
            return _("The dataset has several images at this path: name one by its sha256.")
        return items[0].image if items else _("The dataset has no image at this path.")


def _by_hash(hashes: list[str]) -> dict[str, Image]:
    """Images by the hash of their bytes as they are stored, or as they were sent."""
    wanted = Q(sha256__in=hashes) | Q(original_sha256__in=hashes)
    images = list(Image.objects.filter(wanted))
    sent = {image.original_sha256: image for image in images}
    return sent | {image.sha256: image for image in images}


def _read(image: Image | str) -> tuple[bytes | None, str]:
    """Its bytes, or why they cannot be had."""
    if isinstance(image, str):
        return None, image
    if image.erased_at:
        return None, _("This image was erased.")
    try:
        with default_storage.open(image.storage_key) as file:
            return file.read(), ""
    except FileNotFoundError:
        return None, _("This image is missing from storage.")
