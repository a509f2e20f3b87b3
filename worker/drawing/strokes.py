"""Lines made good to look at: ends meet what they point at, corners are round, points even."""

import numpy as np
from scipy.spatial import cKDTree
from torch import Tensor

from worker.drawing.chains import Floats, Indices, unit
from worker.drawing.lines import Lines, ridge_lines

TOUCH = 6.0  # pixels that an end is drawn out to meet another line or the border
NEAREST = 32  # points among which an end looks for one that lies ahead
AHEAD = 0.5  # cosine, of a point as far away as that; a closer one may lie to the side
HEADING = 6  # points from an end from which its direction is taken
APART = 24  # points along its own line that an end does not see

SMOOTH = 16  # rounds of (1, 2, 1) / 4: a Gaussian of about three points
SPACING = 2.0  # pixels between points


def spectral_lines(modes: Tensor, theta: Tensor) -> Lines:
    """The line drawing of an image.

    Args:
        modes: (K, H, W), the first modes of the image's graph.
        theta: (K,) their eigenvalues.

    Returns:
        Smooth lines with points about two pixels apart, inside the image. None where it is flat.
    """
    height, width = modes.shape[1:]
    lines = touching(ridge_lines(modes, theta), height, width)
    points, weight, start = resampled(smoothed(lines))
    return Lines(points.clip(-0.5, (height - 0.5, width - 0.5)), weight, start)


def touching(lines: Lines, height: int, width: int) -> Lines:
    """Open ends go on to the next line ahead of them, or to the border of the image."""
    first, last = lines.start[:-1][~lines.closed], lines.start[1:][~lines.closed] - 1
    # Where two are added at one place, the end of a line comes before the start of the next.
    ends, inner = np.r_[last, first], np.r_[last - HEADING, first + HEADING]
    own = lines.owner[ends]
    inner = inner.clip(lines.start[own], lines.start[own + 1] - 1)
    ahead = unit(lines.points[ends] - lines.points[inner])
    target = _border_ahead(lines.points[ends], ahead, height, width)
    near = _line_ahead(lines, ends, ahead)
    target[near >= 0] = lines.points[near[near >= 0]]
    found = np.isfinite(target[:, 0])
    at = np.r_[last + 1, first][found]
    added = np.r_[0, np.bincount(own[found], minlength=len(lines.start) - 1).cumsum()]
    return Lines(
        np.insert(lines.points, at, target[found], axis=0),
        np.insert(lines.weight, at, lines.weight[ends[found]]),
        lines.start + added.astype(np.int64),
    )


def _line_ahead(lines: Lines, ends: Indices, ahead: Floats) -> Indices:
    """The nearest point ahead of each of E ends, on another line or far along its own; or -1."""
    if not len(ends):
        return np.zeros(0, np.int64)
    size = len(lines.points)
    apart, near = cKDTree(lines.points).query(
        lines.points[ends], k=np.arange(1, NEAREST + 1), distance_upper_bound=TOUCH
    )
    missing = near == size
    near = np.where(missing, 0, near)
    towards = unit(lines.points[near] - lines.points[ends][:, None])
    straight = (towards * ahead[:, None]).sum(2) > AHEAD * apart / TOUCH
    owner = lines.owner
    beside = (owner[near] == owner[ends][:, None]) & (np.abs(near - ends[:, None]) < APART)
    fits = straight & ~beside & ~missing
    nearest = near[np.arange(len(ends)), fits.argmax(1)]
    return np.where(fits.any(1), nearest, -1)


def _border_ahead(ends: Floats, ahead: Floats, height: int, width: int) -> Floats:
    """Where the way ahead of each of E ends leaves the image, if it is near; else NaN."""
    low, high = np.full(2, -0.5), np.array((height - 0.5, width - 0.5))
    border = np.where(ahead > 0, high, low)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.where(ahead == 0, np.inf, (border - ends) / ahead).min(1, keepdims=True)
    return np.where(distance < TOUCH, ends + distance.clip(0, TOUCH) * ahead, np.nan)


def smoothed(lines: Lines) -> Lines:
    """Points and weights averaged along each line; ends stay where they are."""
    points, weight, start = lines
    before, after = beside(lines)
    for _ in range(SMOOTH):
        points = (points[before] + 2 * points + points[after]) / 4
        weight = (weight[before] + 2 * weight + weight[after]) / 4
    return Lines(points, weight, start)


def beside(lines: Lines) -> tuple[Indices, Indices]:
    """(P,) each: the points before and after; an open end stands beside itself twice."""
    here = np.arange(len(lines.points))
    first, last = lines.start[:-1], lines.start[1:] - 1
    before, after = here - 1, here + 1
    before[first] = after[first] = first
    before[last] = after[last] = last
    loop = lines.closed
    first, last = first[loop], last[loop]
    before[first] = before[last] = last - 1
    after[first] = after[last] = first + 1
    return before, after


def resampled(lines: Lines, spacing: float = SPACING) -> Lines:
    """The same lines with points evenly spaced, about `spacing` pixels apart."""
    points, weight, start = lines
    if not len(points):
        return lines
    step = np.r_[0.0, np.linalg.norm(np.diff(points, axis=0), axis=1)]
    step[start[:-1]] = 1.0
    along = step.cumsum()
    begin, end = along[start[:-1]], along[start[1:] - 1]
    pieces = np.maximum(1, np.round((end - begin) / spacing)).astype(np.int64)
    places = np.r_[0, (pieces + 1).cumsum()]
    owner = np.repeat(np.arange(len(pieces)), pieces + 1)
    share = (np.arange(places[-1]) - places[owner]) / pieces[owner]
    at = begin[owner] + share * (end - begin)[owner]
    y, x, w = (np.interp(at, along, values) for values in (*points.T, weight))
    even = np.stack((y, x), 1)
    even[places[1:] - 1] = points[start[1:] - 1]  # exactly, or a closed line would look open
    return Lines(even, w, places)
