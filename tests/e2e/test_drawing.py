"""Line drawings and fields of whole images: the whole way with the real worker."""

import io
from xml.etree import ElementTree

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.e2e.pictures import packed, photograph, unpacked
from tests.e2e.test_shade import HARDLY_S

pytestmark = pytest.mark.long

SVG, NPZ = {"Accept": "image/svg+xml"}, {"Accept": "application/x-npz"}
PHOTO = {"target": ("photo.png", packed(photograph(160, 120)))}


async def test_a_photograph_is_drawn_in_lines(client: httpx.AsyncClient):
    answer = await client.post("/field", files=PHOTO, data={"render": "contours"}, headers=SVG)
    assert answer.status_code == 200, answer.text
    assert answer.headers["itten-status"] == "complete"
    assert answer.headers["itten-tiles"] == "1/1"
    drawing = ElementTree.fromstring(answer.content)
    assert (drawing.get("width"), drawing.get("height")) == ("160", "120")
    assert drawing.findall(".//{*}path")
    path = f"/jobs/{answer.headers['itten-job']}/field"
    picture = unpacked((await client.get(path)).content)
    assert picture.shape == (120, 160, 3)
    ink = (picture < 128).all(-1).mean()
    assert 0.002 < ink < 0.3
    assert (picture == 255).all(-1).mean() > 0.5  # paper
    arrays = np.load(io.BytesIO((await client.get(path, headers=NPZ)).content))
    assert arrays["vectors"].shape == (120, 160, 4)
    assert arrays["tiles"].tolist() == [[0, 0, 120, 160]]
    assert arrays["angle_bound"][0] <= 0.1
    assert "svg" not in arrays.files


async def test_a_drawing_on_nothing_has_lines_of_the_same_opacity(client: httpx.AsyncClient):
    fields = {"render": "contours", "background": "transparent"}
    answer = await client.post("/field", files=PHOTO, data=fields)
    drawn = Image.open(io.BytesIO(answer.content))
    assert drawn.mode == "RGBA"
    paper = Image.new("RGBA", drawn.size, "white")
    flat = np.asarray(Image.alpha_composite(paper, drawn).convert("RGB")).astype(int)
    opaque = unpacked(
        (await client.post("/field", files=PHOTO, data=fields | {"background": "#ffffff"})).content
    )
    assert np.abs(flat - opaque).max() <= 2


async def test_a_drawing_without_time_is_an_empty_sheet(client: httpx.AsyncClient):
    fields = {"render": "contours", "background": "#f6f1e4"}
    for headers in (SVG, {}):
        for deadline_s in HARDLY_S:
            data = fields | {"deadline_s": deadline_s}
            answer = await client.post("/field", files=PHOTO, data=data, headers=headers)
            if answer.status_code == 200:
                break
        assert answer.status_code == 200, answer.text
        assert answer.headers["itten-status"] == "partial"
    assert (unpacked(answer.content) == (0xF6, 0xF1, 0xE4)).all()
