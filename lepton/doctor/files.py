"""Folders, files and storage."""

import secrets
import shutil
import stat

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from training.engine import backbones

from .finding import Finding

GB = 1e9
SCARCE_GB, TOO_LITTLE_GB = 10, 1


def data_folder():
    home = settings.LEPTON_HOME
    if not home.exists():
        yield Finding.warning(_("Data folder"), _("%s does not exist yet") % home, "make run")
        return
    free_gb = shutil.disk_usage(home).free / GB
    found = _("%(home)s, %(free).1f GB free") % {"home": home, "free": free_gb}
    mend = _("Make room, or set LEPTON_HOME to a folder on a larger disk.")
    if free_gb < TOO_LITTLE_GB:
        yield Finding.problem(_("Data folder"), found, mend)
    elif free_gb < SCARCE_GB:
        yield Finding.warning(_("Data folder"), found, mend)
    else:
        yield Finding.ok(_("Data folder"), found)


def secret_key():
    path = settings.LEPTON_HOME / "secret_key"
    if not path.exists():
        yield Finding.ok(_("Secret key"), _("from LEPTON_SECRET_KEY"))
    elif stat.S_IMODE(path.stat().st_mode) & 0o077:
        yield Finding.problem(_("Secret key"), _("others can read it"), f"chmod 600 {path}")
    else:
        yield Finding.ok(_("Secret key"), _("%s, readable by its owner only") % path)


def storage():
    """Write, read and delete one small file where tenants' files go."""
    kind = settings.STORAGES["default"]["BACKEND"].rpartition(".")[2]
    content = secrets.token_bytes(32)
    name = default_storage.save(f"doctor/{secrets.token_hex(8)}", ContentFile(content))
    try:
        with default_storage.open(name) as file:
            same = file.read() == content
    finally:
        default_storage.delete(name)
    if same:
        yield Finding.ok(_("Storage"), _("%s takes, gives back and deletes") % kind)
    else:
        mend = _("Check LEPTON_S3_BUCKET, LEPTON_S3_ENDPOINT_URL and the AWS_* variables.")
        yield Finding.problem(_("Storage"), _("it gives back other bytes than it took"), mend)


def weights():
    folder = settings.LEPTON_WEIGHTS_DIR
    known = [backbone for backbone in backbones.CATALOGUE.values() if backbone.pretrained]
    have = [b for b in known if backbones.weights_available(b.name, folder)]
    lack = [b.weights_file for b in known if b not in have]
    found = _("%(folder)s has %(names)s") % {
        "folder": folder,
        "names": ", ".join(b.title for b in have) or _("none"),
    }
    if have:
        yield Finding.ok(_("Pretrained weights"), found)
    else:
        mend = _("Put torchvision's files there (%s), or set LEPTON_WEIGHTS_DIR.") % ", ".join(lack)
        yield Finding.warning(_("Pretrained weights"), found, mend)


CHECKS = (data_folder, secret_key, storage, weights)
