"""Where the lines of a picture are."""

from torch import Tensor

from worker.shader.filters import box_mean, box_std

WINDOW = 31  # pixels
LOCAL_STD_FLOOR = 0.06
BUSY = 0.2
"""Above this share of contour pixels `auto` looks locally: a photograph has 0.43, a drawing 0.05."""


def find_contours(luma: Tensor, kind: str) -> Tensor:
    """Pixels whose luma stands out by more than one standard deviation, (H, W) bool.

    Args:
        luma: (H, W), 0..1.
        kind: `global` compares with the whole image, `local` with a 31 px window, `auto` takes
            local where global would mark more than a fifth of the image.
    """
    if kind == "local":
        return _local(luma)
    spread = luma.std(correction=0)
    everywhere = ((luma - luma.mean()).abs() / (spread + 1e-8)) > 1
    if kind == "global" or float(everywhere.float().mean()) <= BUSY:
        return everywhere & (spread > 1e-6)
    return _local(luma)


def _local(luma: Tensor) -> Tensor:
    spread = box_std(luma, WINDOW).clamp(min=LOCAL_STD_FLOOR)
    return ((luma - box_mean(luma, WINDOW)).abs() / spread) > 1
