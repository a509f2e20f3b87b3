import numpy as np
import pytest
from PIL import Image, ImageCms

from service.pictures.srgb import fit, shrink, to_srgb, upright
from service.problems import BrokenImage
from tests.service.image_files import (
    decoded,
    distance,
    photo,
    png,
    png_chunk,
    saved,
    swapped_profile,
)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "GIF"])
@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_every_simple_mode_becomes_the_same_rgb(kind: str, mode: str):
    if (kind, mode) == ("GIF", "RGB"):
        mode = "P"  # a GIF has no more than 256 colours
    image = photo(mode=mode)
    assert distance(decoded(saved(image, kind)), image.convert("RGB")) == 0


def test_sixteen_bit_grey_is_rounded_and_not_clipped():
    samples = np.array([[0, 128, 129, 257, 32768, 65406, 65407, 65535]], np.uint16)
    expected = np.rint(samples / 257)
    for kind in ("PNG", "TIFF"):
        result = np.asarray(decoded(saved(Image.fromarray(samples), kind)))
        assert (result == expected[..., np.newaxis]).all()


def test_big_endian_sixteen_bit_tiff():
    samples = np.array([[0, 257, 65535]], np.uint16)
    image = Image.frombytes("I;16B", (3, 1), samples.astype(">u2").tobytes())
    assert np.asarray(decoded(saved(image, "TIFF")))[0, :, 0].tolist() == [0, 1, 255]


def test_sixteen_bit_rgb():
    rows = b"\0" + np.array([65535, 32896, 257], ">u2").tobytes()
    assert decoded(png(1, 1, 16, 2, rows)).getpixel((0, 0)) == (255, 128, 1)


def test_sixteen_bit_colour_keys_are_transparent():
    grey = png(2, 1, 16, 0, b"\0\x12\x34\xff\xff", png_chunk(b"tRNS", b"\x12\x34"))
    assert decoded(grey).getpixel((0, 0)) == (18, 18, 18, 0)
    assert decoded(grey).getpixel((1, 0)) == (255, 255, 255, 255)
    key = b"\x12\x34\x56\x78\x9a\xbc"
    colour = png(2, 1, 16, 2, b"\0" + key + b"\xff" * 6, png_chunk(b"tRNS", key))
    assert decoded(colour).getpixel((0, 0)) == (0x12, 0x56, 0x9A, 0)
    assert decoded(colour).getpixel((1, 0)) == (255, 255, 255, 255)


@pytest.mark.parametrize("mode", ["I", "F"])
def test_samples_without_agreed_meaning_are_refused_with_advice(mode: str):
    with pytest.raises(BrokenImage, match="8- or 16-bit"):
        decoded(saved(photo().convert(mode), "TIFF"))


def _with_alpha(mode: str) -> Image.Image:
    image = photo(mode=mode)
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_alpha_is_kept_where_it_shows(kind: str, mode: str):
    image = _with_alpha(mode)
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    assert distance(decoded(saved(image, kind, **options)), image.convert("RGBA")) == 0


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_alpha_that_is_opaque_everywhere_is_dropped(mode: str):
    assert decoded(saved(photo(mode=mode), "PNG")).mode == "RGB"


def test_palette_with_transparency():
    image = photo().quantize(16)
    file = saved(image, "PNG", transparency=bytes([0, 128] + [255] * 14))
    result, index = np.asarray(decoded(file)), np.asarray(image)
    assert result.shape[2] == 4
    assert (result[index == 0, 3] == 0).all()
    assert (result[index == 1, 3] == 128).all()
    assert (result[index > 1, 3] == 255).all()


def test_ink_on_transparent_ground():
    image = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    image.paste((10, 20, 30, 255), (5, 5, 15, 15))
    assert distance(decoded(saved(image, "PNG")), image) == 0


def test_grey_and_rgb_colour_keys_are_transparent():
    image = Image.new("RGB", (4, 4), (1, 2, 3))
    image.putpixel((0, 0), (9, 9, 9))
    result = decoded(saved(image, "PNG", transparency=(1, 2, 3)))
    assert (result.getpixel((0, 0)), result.getpixel((1, 1))) == ((9, 9, 9, 255), (1, 2, 3, 0))
    grey = decoded(saved(image.convert("L"), "PNG", transparency=2))
    assert grey.getpixel((1, 1)) == (2, 2, 2, 0)


def test_cmyk_is_seen_as_its_rgb_also_inverted_as_adobe_does():
    image = photo(64, 64)
    inverted = saved(image.convert("CMYK"), "JPEG", quality=100, subsampling=0)
    assert b"Adobe" in inverted
    assert distance(decoded(inverted), image) <= 4
    assert distance(decoded(saved(image.convert("CMYK"), "TIFF")), image) <= 1


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_a_profile_of_other_primaries_changes_the_pixels(kind: str):
    image = Image.new("RGB", (16, 16), (250, 20, 60))
    red, _, blue = decoded(saved(image, kind, icc_profile=swapped_profile())).getpixel((8, 8))
    assert blue > 240 > 100 > red  # the profile's red is our blue


def test_a_profile_keeps_alpha_as_it_is():
    image = _with_alpha("RGBA")
    result = decoded(saved(image, "PNG", icc_profile=swapped_profile()))
    assert distance(result.getchannel("A"), image.getchannel("A")) == 0
    assert distance(result.convert("RGB"), image.convert("RGB")) > 50


def test_a_profile_that_says_srgb_changes_nothing():
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = photo()
    assert distance(decoded(saved(image, "PNG", icc_profile=srgb)), image) == 0


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("cut", [0, 1, 100, 128, 200, 400])
def test_a_broken_profile_does_not_spoil_the_picture(mode: str, cut: int):
    image = photo(mode=mode)
    image.info["icc_profile"] = swapped_profile()[:cut] or b"not a profile"
    assert distance(to_srgb(image), image.convert("RGB")) == 0


def test_a_profile_for_another_colour_space_is_left_aside_except_rgb_for_grey():
    cmyk, grey = photo(mode="CMYK"), photo(mode="L")
    cmyk.info["icc_profile"] = grey.info["icc_profile"] = swapped_profile()
    assert distance(to_srgb(cmyk), cmyk.convert("RGB")) == 0
    assert distance(to_srgb(grey), grey.convert("RGB")) <= 1  # greys are the same in both


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("value", range(1, 9))
def test_exif_orientation_turns_the_pixels_once(kind: str, value: int):
    undo = {5: 5, 6: 8, 7: 7, 8: 6}.get(value, value)
    image = photo()
    image.getexif()[0x0112] = undo
    stored = upright(image)
    exif = Image.Exif()
    exif[0x0112] = value
    options = {"JPEG": {"quality": 100}, "WEBP": {"lossless": True}}.get(kind, {})
    assert distance(decoded(saved(stored, kind, exif=exif, **options)), photo()) <= 8


@pytest.mark.parametrize(
    ("size", "max_side", "result"),
    [
        ((300, 200), None, (300, 200)),
        ((300, 200), 300, (300, 200)),
        ((300, 200), 150, (150, 100)),
        ((200, 300), 100, (67, 100)),
        ((3000, 1), 64, (64, 1)),
    ],
)
def test_fit_keeps_the_aspect_and_never_enlarges(
    size: tuple[int, int], max_side: int | None, result: tuple[int, int]
):
    assert fit(size, max_side) == result


def test_shrinking_lets_no_colour_out_of_unseen_pixels():
    image = Image.new("RGBA", (64, 64), (0, 255, 0, 0))
    image.paste((255, 0, 0, 255), (0, 0, 31, 64))
    result = np.asarray(shrink(image, (16, 16)))
    seen = result[result[..., 3] > 8]
    assert len(seen)
    assert (seen[:, 1] < 16).all()
