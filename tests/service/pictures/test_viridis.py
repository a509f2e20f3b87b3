"""The service draws an eigenvector as the worker draws a field."""

import numpy as np
import pytest
import torch

from service.jobs.live_job import NO_FIELD
from service.pictures import viridis as ours
from worker.kinds import colours as theirs

FIELD = np.random.default_rng(1).standard_normal((300, 400)).astype(np.float32) / 50


def drawn(field: np.ndarray) -> np.ndarray:
    picture = ours.viridis(field)
    return np.frombuffer(picture.pixels, np.uint8).reshape(*field.shape, 3)


def test_it_is_the_picture_of_the_worker():
    tensor = torch.from_numpy(FIELD)
    expected = theirs.viridis(theirs.by_value(tensor)).permute(1, 2, 0).numpy()
    apart = np.abs(drawn(FIELD).astype(int) - expected).max(2)
    assert apart.max() <= 4  # the next colour, where rounding falls differently
    assert (apart > 0).mean() < 1e-3


def test_strips_do_not_show(monkeypatch: pytest.MonkeyPatch):
    whole = drawn(FIELD)
    monkeypatch.setattr(ours, "_ROWS", 1300)
    assert (drawn(FIELD) == whole).all()


def test_nothing_is_the_middle_of_the_colours():
    assert drawn(np.zeros((3, 2), np.float32))[0, 0].tolist() == list(NO_FIELD)
