"""Uploads that are cut, damaged, mixed up and mislabelled: each is answered, none is felt.

`ITTEN_HOSTILE=1000` sends so many of the seeded ones; fewer when not given.
"""

import os
from collections.abc import Iterator

import pytest

from tests.hostile.attack import Upload, attack
from tests.hostile.besieged import Besieged
from tests.hostile.damage import hostile_uploads
from tests.hostile.pictures import FILES

COUNT = int(os.environ.get("ITTEN_HOSTILE", "100"))
SEED = int(os.environ.get("ITTEN_SEED", "1"))
EVERY = 10  # bytes
RAW = {"Content-Type": "application/octet-stream", "Accept": "application/json"}


def cuts(name: str) -> Iterator[Upload]:
    file = FILES[name]
    for end in range(0, len(file), EVERY):
        yield Upload(f"{name} to {end}", file[:end], headers=RAW)


@pytest.mark.parametrize("name", FILES)
async def test_a_picture_cut_at_every_tenth_byte(fort: Besieged, name: str):
    seen = await attack(fort, cuts(name))
    assert sum(seen.values()) == -(-len(FILES[name]) // EVERY)
    assert set(seen) <= {200, 415, 422}
    assert seen.get(415, 0) <= 3  # where not even the first bytes are there


async def test_hostile_uploads(fort: Besieged):
    seen = await attack(fort, hostile_uploads(SEED, COUNT))
    fort.wait_idle()
    assert sum(seen.values()) == COUNT
    assert len(seen) >= 4  # they are of many kinds
