"""Batches of tiles of several fields: what a tile becomes does not show in whose company."""

import dataclasses
import gc
import itertools
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from tests.worker.numerics.samples import art, dots, noise, photo, settings, solved, tensor
from worker.numerics import batches, chunk, field, lanes
from worker.numerics.batches import Batch, open_batch
from worker.numerics.field import FieldSolver
from worker.numerics.field_state import FieldSettings, TileStatus
from worker.numerics.kept import kept_bytes
from worker.numerics.memory import OutOfMemory
from worker.numerics.tile_batch import TileBatch
from worker.numerics.together import solve_together


def picture(height: int = 150, width: int = 170, y: int = 0) -> Tensor:
    """A photograph with drawn parts, equal modes, noise and blank paper."""
    image = tensor(photo(256, y, 120))
    image[:, :40, :40] = tensor(art(64))[:, :40, :40]
    image[:, 60:124, 100:164] = tensor(dots(64))
    image[:, 80:150, :50] = tensor(noise(70))[:, :, :50]
    image[:, height - 20 :, width // 2 :] = 1
    return image[:, :height, :width].contiguous()


NAMES = ("vectors", "theta", "bound", "residual", "iterations", "status")


def assert_same(one: FieldSolver, other: FieldSolver) -> None:
    for name in NAMES:
        assert torch.equal(getattr(one, name), getattr(other, name)), name


def run(shares: list[tuple[FieldSolver, int]], within_s: float = float("inf")) -> None:
    """Batches that mix what can be mixed, until all fields are finished."""
    for _ in range(10_000):
        going = [(f, n) for f, n in shares if not f.finished]
        if not going:
            return
        first = going[0][0].waiting()
        if first is None:
            going[0][0].step()
            going.append(going.pop(0))
            continue
        key = [w.key if (w := f.waiting()) else None for f, _ in going]
        solve_together([s for s, k in zip(going, key, strict=True) if k == first.key], within_s)
        shares = shares[1:] + shares[:1]
    raise AssertionError("it does not end")


def chosen(lanes: int = 1, open_bytes: int = 1 << 30) -> FieldSettings:
    made = settings(tiles_in_batch=5)
    return dataclasses.replace(made, lanes=lanes, open_bytes=open_bytes)


@pytest.mark.parametrize(
    ("lanes", "open_bytes", "within_s"),
    [(1, 1 << 30, 0), (2, 1 << 30, float("inf")), (1, 0, float("inf")), (2, 10 << 20, 0.01)],
)
def test_the_same_bytes_alone_in_company_preempted_and_begun_anew(
    lanes: int, open_bytes: int, within_s: float
):
    images = [picture(), picture(y=90), picture(100, 120, 40)]
    alone = [solved(image, settings()) for image in images]
    fields = [FieldSolver(image, chosen(lanes, open_bytes)) for image in images]
    run(list(zip(fields, (3, 7, 2), strict=True)), within_s)
    for one, other in zip(fields, alone, strict=True):
        assert_same(one, other)


@pytest.mark.parametrize(("lanes", "within_s"), [(1, 0), (2, 0.01), (2, float("inf"))])
def test_the_same_bytes_straight_to_the_end(lanes: int, within_s: float):
    images = [picture(), picture(y=90)]
    alone = [solved(image, settings()) for image in images]
    fields = [FieldSolver(image, chosen(lanes, open_bytes=0)) for image in images]
    fields[0].straight = True
    run([(fields[0], 4), (fields[1], 9)], within_s)
    fields[1].straight = True
    for one, other in zip(fields, alone, strict=True):
        assert_same(one, other)


def test_straight_on_and_off_again_in_the_middle():
    solver, turns = FieldSolver(picture(), chosen()), 0
    while not solver.finished:
        solver.straight = turns % 3 == 1
        if (waiting := solver.waiting()) is None:
            solver.step()
        else:
            solve_together([(solver, min(4, waiting.count))], 0.0)
        turns += 1
        assert turns < 1000
    assert_same(solver, solved(picture(), settings()))


@pytest.mark.parametrize("open_bytes", [0, 1 << 30])
def test_the_same_bytes_from_a_former_field(open_bytes: int):
    former = [solved(picture(), settings()), solved(picture(y=90), settings())]
    images = [former[0].image * 0.8, former[1].image.flip(0)]
    alone = [solved(*pair) for pair in zip(images, [settings()] * 2, former, strict=True)]
    quick = chosen(2, open_bytes)
    fields = [FieldSolver(*pair) for pair in zip(images, [quick] * 2, former, strict=True)]
    run([(fields[0], 4), (fields[1], 5)], within_s=0)
    assert_same(fields[0], alone[0])
    assert_same(fields[1], alone[1])


def test_straight_from_a_former_field_with_tiles_under_way_and_new_ones(
    monkeypatch: pytest.MonkeyPatch,
):
    former, image = solved(tensor(photo(200)), settings()), tensor(photo(200))
    image[:, :100:9, ::11] = 0.1
    image[:, -1, -1] *= 0.99  # the last tile has converged as soon as it is coarse
    alone = solved(image, settings(), former)
    assert alone.iterations[-1] == 0
    solver = FieldSolver(image, chosen(), former)
    while solver.waiting() is None:
        solver.step()
    monkeypatch.setattr(lanes.time, "monotonic", itertools.count().__next__)
    solver.straight = True
    for within in itertools.cycle((2, 1000)):  # two steps, then as many as there are
        if solver.finished:
            break
        solve_together([(solver, solver.tiling.count)], within)
    assert_same(solver, alone)


@pytest.mark.parametrize("side", [14, 40])
def test_small_tiles_have_the_same_bytes_in_any_company(side: int):
    image = picture(40, 44)[:, :side].contiguous()
    exact = settings(15, 3)
    alone = solved(image, exact)
    fields = [FieldSolver(image, exact), FieldSolver(1 - image, exact)]
    run([(fields[0], 3), (fields[1], 4)])
    assert_same(fields[0], alone)


def test_a_warm_field_does_not_share_a_batch_with_a_cold_one():
    former = solved(picture(), settings())
    warm = FieldSolver(picture(y=90), settings(), former)
    cold = FieldSolver(picture(), settings())
    keys = []
    for solver in (warm, cold):
        while (waiting := solver.waiting()) is None or waiting.stage == "coarse":
            assert not solver.finished
            solver.step()
        keys.append(waiting.key)
    assert keys[0] != keys[1]
    again = begun(picture(y=90), settings())
    assert again.waiting().key == begun(picture(), settings()).waiting().key


def begun(image: Tensor, made: FieldSettings) -> FieldSolver:
    """A field whose tiles of one colour are known."""
    solver = FieldSolver(image, dataclasses.replace(made, quantum_s=0))
    while solver.waiting() is None:
        solver.step()
    return solver


def test_no_more_tiles_than_asked_for_and_those_are_told():
    one, two = begun(tensor(photo(200)), chosen()), begun(tensor(photo(200, 9)), chosen())
    before = [f.waiting().count for f in (one, two)]
    changed = solve_together([(one, 3), (two, 2)])
    assert [len(c) for c in changed] == [3, 2]
    assert [f.waiting().count for f in (one, two)] == [before[0] - 3, before[1] - 2]
    for solver, tiles in ((one, changed[0]), (two, changed[1])):
        assert bool((solver.status[tiles] >= TileStatus.COARSE).all())


def coarse(image: Tensor, made: FieldSettings) -> FieldSolver:
    solver = begun(image, made)
    while solver.waiting().stage == "coarse":
        solve_together([(solver, solver.waiting().count)])
    return solver


def test_without_refinement_a_field_is_finished_once_it_is_coarse():
    solver = FieldSolver(tensor(photo(200)), settings())
    solver.refining = False
    while not solver.finished:
        solver.step()
    assert set(solver.status.tolist()) == {TileStatus.COARSE}
    assert solver.waiting() is None
    solver.refining = True
    assert not solver.finished
    while not solver.finished:
        solver.step()
    assert_same(solver, solved(tensor(photo(200)), settings()))


def test_refinement_can_be_given_up_half_way():
    solver = coarse(tensor(photo(200)), settings())
    solve_together([(solver, 4)])
    solver.refining = False
    assert solver.finished
    assert solver.converged == 4


def test_large_fields_without_refinement_still_become_coarse_everywhere(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(field, "WHOLE_PIXELS", 0)
    monkeypatch.setattr(field, "STRIP_TILES", 4)
    solver = FieldSolver(tensor(photo(200)), settings())
    solver.step()
    solver.refining = False
    while not solver.finished:
        solver.step()
    assert bool(solver.usable.all())


def test_what_is_dropped_leaves_its_batch_and_the_others_do_not_notice(
    monkeypatch: pytest.MonkeyPatch,
):
    stays, goes = (coarse(picture(y=y), chosen()) for y in (0, 90))
    sizes: list[int] = []
    prove = batches.CpuBatch.step

    def step(batch: batches.CpuBatch) -> None:
        sizes.append(batch.size)
        prove(batch)
        goes.drop()

    monkeypatch.setattr(batches.CpuBatch, "step", step)
    known = goes.status.clone()
    changed = solve_together([(stays, 2), (goes, 2)])
    assert sizes[:2] == [4, 2]
    assert changed[1] == []
    assert torch.equal(goes.status, known)
    assert goes.waiting() is None
    run([(stays, 5)])
    assert_same(stays, solved(picture(), settings()))


def test_what_is_kept_is_bounded_over_all_fields_and_freed_with_them():
    gc.collect()
    before = kept_bytes()
    made = dataclasses.replace(settings(tiles_in_batch=5), open_bytes=before + (16 << 20))
    fields = [coarse(tensor(photo(200, y)), made) for y in (0, 50, 100)]
    assert before < kept_bytes() <= before + (16 << 20)
    assert fields[0].kept
    for solver in fields[:2]:
        solver.drop()
    del fields[2], solver
    gc.collect()
    assert kept_bytes() == before


def test_kept_batches_are_used_up():
    gc.collect()
    before = kept_bytes()
    fields = [begun(picture(y=y), chosen()) for y in (0, 90)]
    run([(f, 4) for f in fields], within_s=0)
    assert kept_bytes() == before


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], list[int]]:
    """Let so many tiles fit; returns the sizes that were asked for."""

    def limit(tiles: int) -> list[int]:
        sizes: list[int] = []

        def opened(rgb: Tensor, *rest: object) -> Batch:
            sizes.append(len(rgb))
            if len(rgb) > tiles:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")
            return open_batch(rgb, *rest)

        monkeypatch.setattr(chunk, "open_batch", opened)
        return sizes

    return limit


def test_fields_that_share_a_batch_shrink_together(fits: Callable[[int], list[int]]):
    fields = [begun(picture(y=y), chosen()) for y in (0, 90)]
    sizes = fits(2)
    run([(f, 4) for f in fields])
    assert max(sizes) == 5
    for solver, y in zip(fields, (0, 90), strict=True):
        assert solver.memory.retries > 0
        assert_same(solver, solved(picture(y=y), settings()))


def test_a_field_that_does_not_fit_says_so_with_its_next_step(fits: Callable[[int], list[int]]):
    solver = begun(tensor(photo(200)), chosen())
    fits(0)
    while solver.waiting() is not None:
        assert solve_together([(solver, 4)]) == [[]]
    for _ in range(2):
        with pytest.raises(OutOfMemory, match="CUDA out of memory"):
            solver.step()
    assert not solver.finished


def test_batches_of_plain_operators_mix_too(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(batches, "CpuBatch", TileBatch)
    images = [picture(), picture(y=90)]
    alone = [solved(image, settings()) for image in images]
    fields = [FieldSolver(image, chosen()) for image in images]
    run(list(zip(fields, (3, 4), strict=True)), within_s=0)
    for one, other in zip(fields, alone, strict=True):
        assert torch.equal(one.status, other.status)
        torch.testing.assert_close(one.theta[:, 0], other.theta[:, 0], rtol=1e-2, atol=1e-5)
