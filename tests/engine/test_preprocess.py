"""Every picture a customer may send is seen upright, in full depth, or refused with a reason."""

import io
import warnings

import numpy as np
import pytest
from PIL import Image

from tests.engine.pictures import encoded, noise, two_halves
from training.engine import preprocess
from training.engine.preprocess import UnreadableImage, canonical, centre, decode, evaluation_input

RED, BLUE = (204, 51, 51), (51, 51, 204)


def assert_red_left_blue_right(pixels):
    assert np.abs(pixels[16, 8].astype(int) - RED).max() < 25
    assert np.abs(pixels[16, -8].astype(int) - BLUE).max() < 25


def in_mode(mode):
    return two_halves(RED, BLUE).convert(mode)


def animated():
    frames = [two_halves(RED, BLUE), two_halves(BLUE, RED)]
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(encoded(in_mode("RGB"), quality=95, subsampling=0), id="JPEG"),
        pytest.param(encoded(in_mode("RGB"), quality=95, progressive=True), id="progressive JPEG"),
        pytest.param(encoded(in_mode("CMYK"), quality=95), id="CMYK JPEG"),
        pytest.param(encoded(in_mode("RGB"), "PNG"), id="PNG"),
        pytest.param(encoded(in_mode("P"), "PNG"), id="palette PNG"),
        pytest.param(encoded(in_mode("RGBA"), "PNG"), id="opaque alpha PNG"),
        pytest.param(encoded(in_mode("RGB"), "WEBP", lossless=True), id="WebP"),
        pytest.param(encoded(in_mode("RGB"), "BMP"), id="BMP"),
        pytest.param(encoded(in_mode("RGB"), "TIFF"), id="TIFF"),
        pytest.param(animated(), id="animated GIF shows its first frame"),
    ],
)
def test_a_picture_of_any_usual_kind_keeps_its_colours(data):
    pixels = decode(data)
    assert pixels.shape == (32, 64, 3)
    assert pixels.dtype == np.uint8
    assert_red_left_blue_right(pixels)


def test_a_grey_jpeg_becomes_rgb():
    pixels = decode(encoded(Image.new("L", (40, 30), 77)))
    assert pixels.shape == (30, 40, 3)
    assert np.abs(pixels.astype(int) - 77).max() <= 1


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_and_not_clipped(format):
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)[None].repeat(8, 0)
    pixels = decode(encoded(Image.fromarray(ramp), format))
    assert np.abs(pixels[0, :, 0].astype(int) - np.arange(256)).max() <= 1


@pytest.mark.parametrize("full_scale", [1.0, 255.0])
def test_float_tiffs_use_their_whole_range(full_scale):
    ramp = np.linspace(0, full_scale, 256, dtype=np.float32)[None].repeat(8, 0)
    pixels = decode(encoded(Image.fromarray(ramp), "TIFF"))
    assert np.abs(pixels[0, :, 0].astype(int) - np.arange(256)).max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_applied(orientation):
    upright = two_halves(RED, BLUE)
    undo = {
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_270],
    }
    stored = upright
    for step in undo.get(orientation, []):
        stored = stored.transpose(step)
    exif = Image.Exif()
    exif[preprocess.ORIENTATION_TAG] = orientation
    pixels = decode(encoded(stored, quality=95, subsampling=0, exif=exif))
    assert pixels.shape == (32, 64, 3)
    assert_red_left_blue_right(pixels)


def test_transparency_is_laid_over_white():
    half_clear = two_halves(RED, BLUE).convert("RGBA")
    half_clear.paste((0, 0, 0, 0), (32, 0, 64, 32))
    pixels = decode(encoded(half_clear, "PNG"))
    assert (pixels[16, -8] == 255).all()
    assert np.abs(pixels[16, 8].astype(int) - RED).max() < 25


def test_a_transparent_palette_colour_is_laid_over_white():
    image = in_mode("P")
    pixels = decode(encoded(image, "PNG", transparency=image.getpixel((60, 16))))
    assert (pixels[16, -8] == 255).all()


def whole_jpeg():
    return encoded(noise(np.random.default_rng(0), 200, 150))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(b"", "not an image", id="empty"),
        pytest.param(b"Dear sir, please find attached", "not an image", id="text named .jpg"),
        pytest.param(whole_jpeg()[:3000], "damaged", id="truncated JPEG"),
        pytest.param(b"\xff\xd8" + b"\x00" * 500, "not an image", id="JPEG of zeros"),
        pytest.param(encoded(two_halves(RED, BLUE), "PNG")[:60], "damaged", id="truncated PNG"),
        pytest.param(b"%PDF-1.7 and so on", "not an image", id="PDF"),
    ],
)
def test_what_cannot_be_decoded_is_refused_with_words(data, words):
    with pytest.raises(UnreadableImage, match=words):
        decode(data)


@pytest.mark.parametrize("format", ["PNG", "JPEG"])
def test_sixty_megapixels_are_refused_before_decoding(format):
    with pytest.raises(UnreadableImage, match="60 megapixels"):
        decode(encoded(Image.new("L", (10_000, 6_000)), format))


def test_a_picture_beyond_pillows_own_limit_is_refused():
    with pytest.raises(UnreadableImage, match="megapixels"):
        decode(encoded(Image.new("1", (14_000, 14_000)), "PNG"))


@pytest.mark.parametrize(
    ("width", "height"),
    [(640, 480), (480, 641), (256, 256), (90, 61), (1030, 517), (3000, 300), (257, 1023)],
)
@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_the_request_transform_is_the_held_out_transform_bit_for_bit(width, height, format):
    data = encoded(noise(np.random.default_rng(width), width, height), format)
    cached = canonical(data)
    asked = evaluation_input(data)
    assert cached.shape == (256, 256, 3)
    assert asked.shape == (224, 224, 3)
    assert asked.flags.c_contiguous
    assert np.array_equal(centre(np.stack([cached]))[0], asked)


@pytest.mark.parametrize(
    ("width", "height"), [(640, 480), (333, 500), (255, 300), (1000, 257), (90, 61)]
)
def test_the_geometry_is_torchvisions_resize_and_centre_crop(width, height):
    image = noise(np.random.default_rng(height), width, height)
    short = min(width, height)
    whole = image.resize((256 * width // short, 256 * height // short), Image.Resampling.BILINEAR)
    left, top = round((whole.width - 224) / 2), round((whole.height - 224) / 2)
    expected = np.asarray(whole.crop((left, top, left + 224, top + 224))).astype(int)
    assert np.abs(evaluation_input(encoded(image, "PNG")).astype(int) - expected).max() <= 1


def test_a_large_jpeg_is_decoded_small_and_looks_the_same():
    image = noise(np.random.default_rng(5), 256, 192).resize((2048, 1536))
    small = decode(encoded(image, quality=95), min_side=256)
    assert small.shape == (384, 512, 3)
    quick = evaluation_input(encoded(image, quality=95)).astype(int)
    slow = evaluation_input(encoded(image, "PNG")).astype(int)
    assert np.abs(quick - slow).mean() < 2


def test_a_rotated_large_jpeg_is_decoded_small_too():
    exif = Image.Exif()
    exif[preprocess.ORIENTATION_TAG] = 6
    image = noise(np.random.default_rng(5), 2048, 1536)
    assert decode(encoded(image, exif=exif), min_side=256).shape == (512, 384, 3)


def test_decoding_never_warns():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        decode(encoded(Image.new("P", (9, 9)), "PNG", transparency=b"\x00\x80"))


def test_decoded_pixels_do_not_depend_on_metadata():
    image = noise(np.random.default_rng(1), 300, 200)
    exif = Image.Exif()
    exif[0x010F] = "A camera"
    plain, described = encoded(image, "PNG"), encoded(image, "PNG", exif=exif)
    assert np.array_equal(evaluation_input(plain), evaluation_input(described))
    assert Image.open(io.BytesIO(described)).getexif()[0x010F] == "A camera"
