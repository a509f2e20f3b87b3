"""What the page makes of a graph: nodes and edges, places, colours."""

import io
import json
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

from worker.graphs.reading import read_document

pytestmark = [pytest.mark.browser, pytest.mark.long]

DRAWN = """async ([name, values]) => {
  const { GENERATORS, documentOf } = await import("/static/graph/generators.js");
  const drawn = GENERATORS[name].draw(values);
  const { n, src, dst, x, y } = drawn;
  return { n, src: [...src], dst: [...dst], x: x && [...x], y: y && [...y],
           document: documentOf(name, values, drawn) };
}"""
READ = """async (bytes) => {
  const { readGraph } = await import("/static/graph/files.js");
  const { n, src, dst, x, y } = await readGraph(new File([new Uint8Array(bytes)], "graph"));
  return { n, src: [...src], dst: [...dst], x: x && [...x], y: y && [...y] };
}"""
LAID_OUT = """async ({ n, src, dst }) => {
  const { ForceLayout } = await import("/static/graph/layout.js");
  const layout = new ForceLayout({ n, src: Int32Array.from(src), dst: Int32Array.from(dst) });
  while (!layout.settled) layout.step();
  return [...layout.x].map((x, i) => [x, layout.y[i]]);
}"""
CASES: list[tuple[str, dict[str, float]]] = [
    ("territory", {"num_islands": 3, "radius": 6, "bridge_width": 1, "spacing": 18}),
    ("territory", {"num_islands": 4, "radius": 3, "bridge_width": 9, "spacing": 5}),
    ("territory", {"num_islands": 2, "radius": 0, "bridge_width": 2, "spacing": 4}),
    ("square", {"rows": 3, "cols": 5}),
    ("triangle", {"rows": 4, "cols": 3}),
    ("hex", {"rows": 4, "cols": 7}),
    (
        "pinched",
        {"x_range": 20, "y_range": 9, "period": 4, "bottleneck_prob": 0.5, "seed": 3_000_000_000},
    ),
    (
        "heightfield",
        {"rows": 5, "cols": 6, "hills": 3, "elevation_scale": 2, "connectivity": 8, "seed": 1},
    ),
    ("gnp", {"n": 60, "p": 0.1, "seed": 7}),
    ("gnp", {"n": 9, "p": 1, "seed": 0}),
]


def ends(graph: dict[str, Any]) -> set[tuple[int, int]]:
    """Its edges, each once."""
    return {(min(pair), max(pair)) for pair in zip(graph["src"], graph["dst"], strict=True)}


@pytest.mark.parametrize(("name", "values"), CASES)
def test_generator_draws_what_the_service_draws(
    graphs: Page, name: str, values: dict[str, float]
) -> None:
    drawn = graphs.evaluate(DRAWN, [name, values])
    theirs = read_document(drawn["document"])
    counts = np.diff(theirs.rows.crow)
    rows, columns = np.repeat(np.arange(theirs.rows.n), counts), theirs.rows.col
    assert drawn["n"] == theirs.rows.n
    assert len(drawn["src"]) == len(ends(drawn))
    assert ends(drawn) == {(int(r), int(c)) for r, c in zip(rows, columns, strict=True) if r < c}
    if drawn["x"]:
        assert theirs.coords is not None
        np.testing.assert_allclose(np.stack([drawn["x"], drawn["y"]], 1), theirs.coords)


def test_files_are_read_as_the_service_reads_them(graphs: Page) -> None:
    src, dst = np.array([0, 1, 2]), np.array([1, 2, 3])
    coords = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
    packed_up, rows, listed = io.BytesIO(), io.BytesIO(), io.BytesIO()
    np.savez(listed, n=np.array(4), coords=coords, src=src, dst=dst)
    np.savez_compressed(packed_up, n=np.int32(4), src=src, dst=dst)
    indptr, indices = np.array([0, 1, 3, 5, 6]), np.array([1, 0, 2, 1, 3, 2], np.int32)
    np.savez(rows, indptr=indptr, indices=indices)
    lists = {"src": [0, 1, 2], "dst": [1, 2, 3]}
    document = {"format": "itten.graph/1", "n": 4, "edges": lists, "coords": coords.tolist()}
    texts = [listed.getvalue(), packed_up.getvalue(), rows.getvalue(), json.dumps(document)]
    for text in texts:
        data = text.encode() if isinstance(text, str) else text
        read = graphs.evaluate(READ, list(data))
        assert read["n"] == 4
        assert ends(read) == {(0, 1), (1, 2), (2, 3)}
        assert read["x"] in (None, [0, 1, 1, 0])


def test_layout_keeps_neighbours_near_and_others_apart(graphs: Page) -> None:
    n = 40
    ring = {"n": n, "src": [*range(n)], "dst": [*range(1, n), 0]}
    places = np.array(graphs.evaluate(LAID_OUT, ring))
    near = np.linalg.norm(places - np.roll(places, -1, 0), axis=1)
    across = np.linalg.norm(places - np.roll(places, n // 2, 0), axis=1)
    assert np.isfinite(places).all()
    assert across.min() > 3 * near.max()


def test_layout_keeps_lonely_nodes_in_sight(graphs: Page) -> None:
    n, lonely = 300, 6
    cycle = list(range(n - lonely))
    far = [(7 * i + 31) % len(cycle) for i in cycle]
    knot = {"n": n, "src": cycle * 2, "dst": cycle[1:] + cycle[:1] + far}
    radius = np.linalg.norm(np.array(graphs.evaluate(LAID_OUT, knot)), axis=1)
    assert radius[-lonely:].max() < 3 * radius[:-lonely].max()
    assert radius[-lonely:].min() > np.median(radius)


def test_colours_reach_all_but_a_rare_top(graphs: Page) -> None:
    ranges = """async (values) => {
      const { rangeOf } = await import("/static/graph/values.js");
      return [rangeOf(Float32Array.from(values), 0.02), rangeOf(Float32Array.from(values))];
    }"""
    usual = [0.25 + 0.25 * (i % 2) for i in range(198)]
    clamped, whole = graphs.evaluate(ranges, [*usual, 8, 0.125])
    assert clamped == {"low": 0.125, "high": 0.5, "isOver": True}
    assert whole == {"low": 0.125, "high": 8, "isOver": False}
    assert graphs.evaluate(ranges, [3, 3, 3])[0] == {"low": 3, "high": 3, "isOver": False}
    assert graphs.evaluate(ranges, [])[0] is None


def test_layout_of_nodes_at_one_place_ends(graphs: Page) -> None:
    graphs.evaluate("""async () => {
      const { Quadtree } = await import("/static/graph/quadtree.js");
      const tree = new Quadtree(500);
      tree.build(new Float64Array(500).fill(3), new Float64Array(500).fill(4));
      if (tree.mass[0] !== 500 || Math.abs(tree.x[0] - 3) > 1e-9) throw new Error("lost some");
    }""")
