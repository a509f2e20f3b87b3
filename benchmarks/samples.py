"""The samples of the page, drawn anew: `python -m benchmarks.samples`."""

from pathlib import Path
from typing import Final

from PIL import Image

from benchmarks.drawings import DRAWINGS

FOLDER: Final = Path(__file__).resolve().parents[1] / "static" / "samples"
SAMPLES: Final = ("whale", "plant", "face", "cup", "snail", "balloons", "cottage")
THUMBNAIL: Final = (192, 144)  # pixels


def main() -> None:
    """Write each drawing and its thumbnail."""
    FOLDER.mkdir(exist_ok=True)
    for name in SAMPLES:
        picture = drawn(name)
        picture.save(FOLDER / f"{name}.png", optimize=True)
        picture.thumbnail(THUMBNAIL)
        picture.save(FOLDER / f"{name}-small.webp", quality=70, method=6)


def drawn(name: str) -> Image.Image:
    """A sample as the page has it: opaque, with no more colours than it needs."""
    return DRAWINGS[name]().convert("RGB")


if __name__ == "__main__":
    main()
