"""How passes came about, and each eigenvector of a field, with the real worker."""

from typing import Any

import httpx
import numpy as np

from tests.e2e.pictures import drawing, packed, photograph, unpacked

IMAGE, SOURCE = drawing(200, 160), photograph(240, 180)
Arrays = dict[str, np.ndarray]


async def shaded(client: httpx.AsyncClient, **fields: str) -> tuple[str, bytes]:
    """The path of a complete job, and its answer."""
    files = {"target": ("a.png", packed(IMAGE)), "source": ("b.png", packed(SOURCE))}
    answer = await client.post("/shade", files=files, data={"passes": "2"} | fields)
    assert answer.headers["itten-status"] == "complete", answer.text
    return f"/jobs/{answer.headers['itten-job']}", answer.content


async def explained(client: httpx.AsyncClient, path: str, index: int) -> tuple[Any, Arrays]:
    """The document of a pass, and its layers."""
    query = {"pass": str(index)}
    answer = await client.get(f"{path}/explanation", params=query)
    assert answer.status_code == 200, answer.text
    document = answer.json()
    layers = {}
    for name in document["layers"]:
        picture = await client.get(f"{path}/explanation", params=query | {"layer": name})
        layers[name] = unpacked(picture.content)
        assert layers[name].shape[:2] == (document["height"], document["width"])
    return document, layers


async def test_an_explanation_is_true_to_the_picture_and_does_not_change_it(
    client: httpx.AsyncClient,
):
    _, plain = await shaded(client)
    path, answer = await shaded(client, explain="true")
    assert answer == plain
    document, layers = await explained(client, path, 1)
    assert document["source"] == {"width": 240, "height": 180}
    ink = np.asarray(IMAGE)[..., 0] < 128
    assert ((layers["contours"][..., 3] > 0) == ink).mean() > 0.98
    assert len(np.unique(layers["gate"])) > 100
    sizes = [each["pixels"] for each in document["segments"]]
    assert np.count_nonzero(layers["segments"][..., 3]) == sum(sizes) > 0
    for box in document["segments"]:
        rows = slice(box["y"], box["y"] + box["height"])
        columns = slice(box["x"], box["x"] + box["width"])
        assert np.count_nonzero(layers["segments"][rows, columns, 3]) >= box["pixels"]
    assert document["matches"]
    for match in document["matches"]:
        assert 0 <= match["from"]["x"] < 240
        assert 0 <= match["from"]["y"] < 180
        assert match["to"]["y"] > match["beside"]["y"]
    later, _ = await explained(client, path, 2)
    assert later["pass"] == 2


async def test_the_channels_of_a_field_are_those_of_its_arrays(client: httpx.AsyncClient):
    files = {"target": ("a.png", packed(SOURCE))}
    whole = {"scope": "image", "channel": "2"}
    answer = await client.post("/field", files=files, data=whole)
    field = f"/jobs/{answer.headers['itten-job']}/field"
    pictures = [
        unpacked((await client.get(f"{field}?channel={channel}")).content).astype(int)
        for channel in range(1, 5)
    ]
    apart = [np.abs(each - unpacked(answer.content)).mean() for each in pictures]
    assert apart[1] < 0.1 < min(apart[0], *apart[2:])
