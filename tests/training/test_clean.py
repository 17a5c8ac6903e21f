"""Stored images: stripped of metadata, and pixel for pixel what the original decodes to."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from tests.training.zips import picture
from training.datasets import cleaner, decoder
from training.datasets.clean import clean
from training.datasets.decoder import Decoder
from training.engine.preprocess import decode

SIZE = (70, 50)
LOSSLESS = {
    "baseline.jpg": picture(1, size=SIZE, format="JPEG"),
    "progressive.jpg": picture(1, size=SIZE, format="JPEG", progressive=True),
    "grey.jpg": picture(1, size=SIZE, format="JPEG", mode="L"),
    "subsampled.jpg": picture(1, size=SIZE, format="JPEG", subsampling=2, restart_marker_rows=1),
    "rgb.png": picture(1, size=SIZE),
    "grey.png": picture(1, size=SIZE, mode="L"),
    "palette.png": picture(1, size=SIZE, mode="P"),
    "bilevel.png": picture(1, size=SIZE, mode="1"),
    "rgba.png": picture(1, size=SIZE, mode="RGBA"),
    "picture.bmp": picture(1, size=SIZE, format="BMP"),
    "picture.gif": picture(1, size=SIZE, format="GIF"),
    "picture.tif": picture(1, size=SIZE, format="TIFF"),
    "deep.png": picture(1, size=SIZE, mode="I;16"),
    "picture.pgm": picture(1, size=SIZE, mode="L", format="PPM"),
}


@pytest.mark.parametrize("name", LOSSLESS)
def test_no_pixel_changes_where_none_needs_to(name):
    cleaned = clean(LOSSLESS[name])
    assert cleaned.kind == "" and (cleaned.width, cleaned.height) == SIZE
    assert np.array_equal(decode(cleaned.data), decode(LOSSLESS[name]))
    assert cleaned.ending == ("jpg" if name.endswith("jpg") else "png")


@pytest.mark.parametrize("name", LOSSLESS)
def test_cleaning_twice_changes_nothing_more(name):
    once = clean(LOSSLESS[name]).data
    assert clean(once).data == once


def test_an_animation_keeps_its_first_frame():
    frames = [Picture.new("RGB", SIZE, colour) for colour in ("red", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    assert tuple(decode(clean(out.getvalue()).data)[0, 0]) == (255, 0, 0)


def test_transparency_is_laid_over_white():
    out = io.BytesIO()
    Picture.new("RGBA", SIZE, (0, 0, 0, 0)).save(out, "PNG")
    assert decode(clean(out.getvalue()).data).min() == 255


def test_what_hides_behind_the_end_of_an_image_is_not_kept():
    for name in ("baseline.jpg", "rgb.png"):
        assert b"<script>" not in clean(LOSSLESS[name] + b"<script>alert(1)</script>").data


def test_a_thumbnail_inside_a_photo_is_not_kept():
    exif = Picture.Exif()
    exif[0x8298] = "Somebody's copyright"
    photo = picture(1, size=SIZE, format="JPEG", exif=exif, icc_profile=b"profile" * 99)
    cleaned = clean(photo).data
    assert b"copyright" not in cleaned and b"profile" not in cleaned
    assert len(cleaned) < len(photo)


@pytest.mark.parametrize("data", [b"%!PS-Adobe-3.0 EPSF-3.0\n", b"<svg/>", b"%PDF-1.7", b"\0" * 99])
def test_formats_we_do_not_know_reach_no_decoder(data):
    assert clean(data).kind == "not_an_image"


@pytest.mark.parametrize("cut", [3, 60, 300, 2000])
def test_cut_files_are_corrupt(cut):
    for name in ("baseline.jpg", "rgb.png", "picture.tif"):
        assert clean(LOSSLESS[name][:cut]).kind in ("corrupt", "not_an_image")


def test_the_decoder_survives_what_it_is_fed():
    with Decoder() as decoder:
        assert decoder.clean(b"\xff\xd8\xff" + b"garbage" * 1000).kind == "corrupt"
        assert decoder.clean(LOSSLESS["rgb.png"]).kind == ""
        pid = decoder._process.pid
        decoder._process.kill()
        decoder._process.wait()
        assert decoder.clean(LOSSLESS["rgb.png"]).kind == ""
        assert decoder._process.pid != pid


def test_a_decoder_that_does_not_start_is_no_fault_of_an_image(monkeypatch, tmp_path):
    monkeypatch.setattr(decoder, "ROOT", tmp_path)
    monkeypatch.setitem(decoder.ENVIRONMENT, "PYTHONPATH", str(tmp_path))
    with Decoder() as broken, pytest.raises(decoder.DoesNotStart, match="No module named"):
        broken.clean(LOSSLESS["rgb.png"])
    monkeypatch.setattr(decoder.sys, "executable", str(tmp_path / "nothing"))
    with Decoder() as broken, pytest.raises(decoder.DoesNotStart, match="No such file"):
        broken.clean(LOSSLESS["rgb.png"])


def test_a_25_megapixel_image_fits_into_the_decoders_memory():
    with Decoder() as decoder:
        for mode in ("RGB", "RGBA", "1", "I;16"):
            out = io.BytesIO()
            Picture.new(mode, (5000, 5000), 1).save(out, "PNG", compress_level=1)
            cleaned = decoder.clean(out.getvalue())
            assert cleaned.kind == "", (mode, cleaned.params)


def test_the_decoder_is_limited_and_knows_no_secrets():
    with Decoder() as decoder:
        decoder.clean(LOSSLESS["rgb.png"])
        at = Path(f"/proc/{decoder._process.pid}")
        limits, environment = (at / "limits").read_text(), (at / "environ").read_text()
    line = next(line for line in limits.splitlines() if line.startswith("Max address space"))
    assert line.split()[3] == str(cleaner.ADDRESS_BYTES)
    assert "LEPTON" not in environment and "DATABASE" not in environment
