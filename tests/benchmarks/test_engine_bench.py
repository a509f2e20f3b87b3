"""The benchmark keeps working: its peers are right, and its report says what was measured."""

import re
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from benchmarks.engine import summary
from benchmarks.engine.exact import Exact, exact
from benchmarks.engine.graph import laplacian
from benchmarks.engine.pictures import TILE, Picture, cut, mirrored
from benchmarks.engine.report import TEMPLATE, digits, page, tables
from tests.benchmarks.canned import ENGINE, measured
from tests.worker.numerics.exact import cluster_size, dense_laplacian
from tests.worker.numerics.samples import coffee
from worker.numerics.field_state import FieldState
from worker.numerics.lanczos import lanczos

SIDE = 20  # pixels


@pytest.fixture(scope="module")
def tile() -> csr_matrix:
    return laplacian(coffee(SIDE) / 255.0)


@pytest.fixture(scope="module")
def truth(tile: csr_matrix) -> Exact:
    return exact(tile)


def test_the_graph_follows_the_definition():
    pixels = np.random.default_rng(1).random((9, 14, 3))
    assert np.abs(laplacian(pixels).toarray() - dense_laplacian(pixels)).max() < 1e-12


def test_the_exact_space_is_that_of_a_dense_solver(tile: csr_matrix, truth: Exact):
    values, vectors = np.linalg.eigh(tile.toarray())
    size = cluster_size(values[1:])
    assert truth.space.shape[1] == size
    assert truth.values[:4] == pytest.approx(values[1:5], rel=1e-8)
    assert max(truth.sine(v) for v in vectors[:, 1 : size + 1].T) < 1e-6
    assert truth.sine(vectors[:, size + 1]) == pytest.approx(1)


def test_a_cluster_counts_as_one_space():
    flat = exact(laplacian(np.ones((SIDE, SIDE, 3))))
    assert flat.space.shape[1] == 2  # a square's x and y modes
    assert flat.sine(np.tile(np.cos(np.pi * (np.arange(SIDE) + 0.5) / SIDE), SIDE)) < 0.2


# What they warn of is told by the accuracy that they reach; here they reach it.
@pytest.mark.filterwarnings("ignore")
def test_every_peer_finds_the_fiedler_vector(tile: csr_matrix, truth: Exact):
    pytest.importorskip("sklearn")
    pytest.importorskip("pyamg")
    from benchmarks.engine import peers

    most = {summary.family(peer.name): peer for peer in peers.PEERS}  # the last has most steps
    found = {name: peers.fiedler(peer, tile) for name, peer in most.items()}
    assert {name: truth.sine(v) < 1e-3 for name, v in found.items() if v is not None} == (
        dict.fromkeys(most, True)
    )


def test_the_engine_and_lanczos_are_what_the_tables_call_them():
    pytest.importorskip("threadpoolctl")
    from benchmarks.engine import ours

    image, graph = ours.tensor(coffee(40)), laplacian(coffee(40) / 255.0)
    truth = exact(graph)

    def sine(state: FieldState) -> float:
        return truth.sine(state.vectors[0, 0].double().numpy())

    assert sine(ours.solved(image, 0.003)) < 0.003
    assert sine(ours.solved(image, 0.003, scope="image")) < 0.003
    assert sine(ours.solved(image, lanczos_steps=3)) > 0.1
    plain = lanczos(ours.PlainLaplacian(image[None]), 30, 1).vectors[0, 0]
    batched = ours.solved(image, lanczos_steps=30).vectors[0, 0]
    assert abs(float(plain @ batched)) > 0.999


def test_a_sample_is_spread_over_the_tiles_that_show_anything():
    pixels = np.full((200, 304, 3), 255, np.uint8)
    pixels[::7, 150:] = 0
    parts = cut(Picture("half", "", lambda: pixels, sampled=4))
    assert len(parts.origins) == 4 * 6
    assert set(parts.sample) <= set(parts.busy)
    assert len(set(parts.sample)) == 4
    assert all(parts.origins[t][1] + TILE > 150 for t in parts.busy)
    assert parts.strip().shape == (4 * TILE, TILE, 3)
    assert parts.sample == cut(Picture("half", "", lambda: pixels, sampled=4)).sample


def test_mirroring_repeats_pixels_at_their_scale():
    small = coffee(10)
    large = mirrored(small, 25)
    assert np.array_equal(large[:10, :10], small)
    assert np.array_equal(large[10:20, :10], small[::-1])


def test_a_peer_is_compared_at_the_cheapest_setting_that_solves_the_picture():
    line = _line(tables(measured())["factors"], "peer")
    assert line == ["peer", "40", "40", "40", "20"]  # not the setting that fails a tile
    assert _line(tables(measured())["factors"], "hopeless") == ["hopeless", "-", "-", "-", "-"]


def test_the_overview_counts_only_tiles_that_had_to_be_solved():
    line = _line(tables(measured())["overview"], ENGINE)
    assert float(line[1]) == pytest.approx(1e3 * 0.5 / 50, rel=0.01)  # of 25 and of 100
    assert line[5] == "2 of 2"


def test_certificates_say_how_many_hold():
    assert _line(tables(measured())["certificates"], "0.03")[1:] == ["6", "5", "83.3 %"]


def test_a_cosine_is_never_rounded_up():
    assert digits(0.999996) == "0.99999"
    assert digits(1 - 1e-9) == "1.00000"


def test_the_page_has_every_table_and_nothing_left_to_fill_in():
    text = page(measured(), "two cores of some model", 600)
    assert all(table in text for table in tables(measured()).values())
    assert not re.search(r"\$\w", text)
    assert set(re.findall(r"figures/[\w-]+\.svg", TEMPLATE.read_text())) == {
        "figures/error-time.svg",
        "figures/pixels.svg",
    }


@pytest.mark.filterwarnings("ignore")
def test_the_figures_show_every_family(tmp_path: Path):
    pytest.importorskip("matplotlib")
    from benchmarks.engine.plots import draw

    draw(measured(), tmp_path)
    legend = (tmp_path / "error-time.svg").read_text()
    assert all(f">{name}<" in legend for name in ("Itten", "peer", "hopeless", "cat", "whale"))
    assert ">hopeless<" not in (tmp_path / "pixels.svg").read_text()  # it solves nothing


def _line(table: str, first: str) -> list[str]:
    rows = [[cell.strip() for cell in row.strip("| ").split("|")] for row in table.splitlines()]
    return next(row for row in rows if row[0] == first)
