"""Time, memory and busy cores of the engine against the number of pixels."""

from skimage import data

from benchmarks.engine.apart import apart, peak_bytes
from benchmarks.engine.choice import Choice, say
from benchmarks.engine.measurement import ScaleRow
from benchmarks.engine.ours import solved, tensor, warm_engine
from benchmarks.engine.pictures import mirrored
from benchmarks.engine.timing import best_of
from worker.numerics.lanes import cores


def measure(choice: Choice) -> list[ScaleRow]:
    """Each size in a process of its own: peak memory does not go down again."""
    return [apart(at_size, side) for side in choice.sides]


def at_size(side: int) -> ScaleRow:
    """A field, blended, of the same 256 x 256 pixels mirrored over and over."""
    say(f"engine: {side} x {side}")
    image = tensor(mirrored(data.astronaut()[:256, 128:384], side))

    def field() -> None:
        solved(image).blend("sign", False, [0])

    with warm_engine():
        before = peak_bytes()
        _, took = best_of(field)
    return ScaleRow(side, took, peak_bytes(), before, cores())
