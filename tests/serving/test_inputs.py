"""What clients send is kept without what it says about them, and with the same pixels."""

import hashlib
import io

import numpy as np
import pytest
from django.core.files.storage import default_storage
from PIL import Image

from accounts.scoping import tenant_scope
from serving.inputs import suffix, without_metadata
from serving.models import Prediction
from tests.serving import models
from tests.serving.conftest import answer
from training.engine.preprocess import decode


def secretive_jpeg(**options):
    exif = Image.Exif()
    exif[0x010F] = "SECRET camera"
    exif[0x0112] = options.pop("orientation", 1)
    return models.picture(exif=exif, comment=b"SECRET comment", **options)


@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"orientation": 6}, {"quality": 99}]
)
def test_a_jpeg_loses_its_metadata_and_no_pixel(options):
    data = secretive_jpeg(**options) + b"SECRET video behind the picture"
    stripped = without_metadata(data)
    assert b"SECRET" in data and b"SECRET" not in stripped
    assert np.array_equal(decode(stripped), decode(data))
    assert without_metadata(stripped) == stripped


def test_a_colour_profile_stays():
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    kept = without_metadata(models.picture(icc_profile=profile))
    with Image.open(io.BytesIO(kept)) as image:
        assert image.info["icc_profile"] == profile


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "BMP"])
def test_anything_else_becomes_a_png_of_the_same_pixels(kind):
    data = models.picture(kind=kind)
    stripped = without_metadata(data)
    assert suffix(data) == "png" and stripped.startswith(b"\x89PNG")
    assert np.array_equal(decode(stripped), decode(data))


@pytest.mark.slow
def test_an_input_is_kept_under_its_hash_if_the_endpoint_keeps_inputs(
    ask, deployed, version_of, acme, castings, inference
):
    deployed(version_of())
    data = secretive_jpeg()
    reply = answer(ask(data))
    sha256 = hashlib.sha256(data).hexdigest()
    key = f"tenants/{acme.pk}/inputs/{sha256}.jpg"
    inference.until(lambda: default_storage.exists(key), seconds=5)
    with default_storage.open(key) as file:
        assert b"SECRET" not in file.read()
    inference.until(lambda: _row(acme, reply) is not None, seconds=2)
    row = _row(acme, reply)
    assert (row.input_sha256, row.input_key) == (sha256, key)
    assert row.scores[models.CLASSES.index(reply["label"])] == pytest.approx(reply["score"])


def _row(tenant, reply):
    with tenant_scope(tenant):
        return Prediction.objects.filter(pk=reply["prediction_id"]).first()
