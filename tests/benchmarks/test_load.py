"""The load benchmark's plan of requests, and its arithmetic."""

import io
from collections import Counter

import pytest
from PIL import Image

from benchmarks.load import pictures
from benchmarks.load.arrivals import DEADLINES_S, MANNERS, requests, sample
from benchmarks.load.client import prepare
from benchmarks.load.costs import Lone, costs_of, lone_requests
from benchmarks.load.metrics import parse, quantile
from benchmarks.load.outcome import Outcome
from benchmarks.load.summary import differences, figures
from benchmarks.load.summary import quantile as of
from tests.benchmarks.load_samples import HELLO, costs, outcome, request

# --- the plan ------------------------------------------------------------------------------------


def test_a_seed_says_everything():
    assert requests(3, 2.0, 30) == requests(3, 2.0, 30)
    assert requests(3, 2.0, 30) != requests(4, 2.0, 30)


def test_the_same_requests_come_sooner_at_a_higher_rate():
    slow, fast = requests(3, 1.0, 40), requests(3, 4.0, 10)
    assert len(slow) == len(fast)
    for one, other in zip(slow, fast, strict=True):
        assert one.at_s == pytest.approx(4 * other.at_s)
        assert (one.side, one.kind, one.deadline_s) == (other.side, other.kind, other.deadline_s)


def test_arrivals_are_as_many_as_the_rate_says():
    plan = requests(5, 50.0, 100)
    assert len(plan) == pytest.approx(5000, rel=0.05)
    assert [each.at_s for each in plan] == sorted(each.at_s for each in plan)
    assert plan[0].at_s >= 0
    assert plan[-1].at_s < 100


def test_the_mix_has_its_shares():
    mix = sample(1, 5000)
    manners = Counter(each.manner for each in mix)
    for manner, share in MANNERS.items():
        assert manners[manner] / len(mix) == pytest.approx(share, abs=0.015)
    assert all(DEADLINES_S[0] <= each.deadline_s <= DEADLINES_S[1] for each in mix)
    assert all((each.hangs_up_s is not None) == (each.manner == "hangs up") for each in mix)
    assert all(each.passes == 1 for each in mix if each.kind == "field")


def test_no_side_is_longer_than_asked():
    assert max(each.side for each in sample(1, 500, most_side=512)) == 512


# --- what is sent --------------------------------------------------------------------------------


def test_each_request_sends_a_file_of_its_own_of_the_same_picture():
    one, other = (b"".join(pictures.pieces(256, 1, number)) for number in (1, 2))
    assert one != other
    first, second = (Image.open(io.BytesIO(each)) for each in (one, other))
    assert first.size == (256, 256)
    assert first.tobytes() == second.tobytes()


def test_a_large_picture_is_a_smaller_one_mirrored():
    pixels = pictures.picture(2048, 0)
    assert pixels.shape == (2048, 2048, 3)
    assert (pixels[:1024] == pixels[:1023:-1]).all()


def test_strokes_come_in_a_form_of_two_files():
    alone, form = prepare(request()), prepare(request(kind="cross"))
    assert alone.kind == "image/jpeg"
    assert form.kind.startswith("multipart/form-data")
    text = b"".join(form.pieces)
    assert text.count(b"\xff\xd8\xff\xfe") == 2
    assert form.length == len(text)


# --- metrics -------------------------------------------------------------------------------------


METRICS = """# HELP delay How late.
delay_bucket{le="0.01"} 90
delay_bucket{le="0.1"} 99.0
delay_bucket{le="+Inf"} 100
answers_total{status="200"} 3
answers_total{status="503"} 4
"""


def test_counts_are_added_up_over_labels():
    assert parse(METRICS).values["answers_total"] == 7


def test_a_quantile_is_the_bound_that_reaches_it():
    counts = parse(METRICS).since(parse(""), "delay")
    assert quantile(counts, 0.5) == 0.01
    assert quantile(counts, 0.99) == 0.1
    assert quantile(counts, 0.999) == float("inf")
    assert quantile(parse(METRICS).since(parse(METRICS), "delay"), 0.5) is None


# --- figures -------------------------------------------------------------------------------------


def test_figures_count_each_end_and_who_was_late():
    found = figures(
        [
            outcome("complete", 1.0),
            outcome("partial", 5.2, passes=1),
            outcome("partial", 5.4, passes=0),
            outcome("refused", 0.1),
            outcome("hung up", None),
        ]
    )
    assert found.counts["partial"] == 2
    assert found.share("refused") == 0.2
    assert found.late == 1
    assert found.passes == 1.0
    assert of(found.overs_s, 1.0) == pytest.approx(0.4)


def test_quantiles_are_values_that_occurred():
    values = [float(i) for i in range(1, 1001)]
    assert of(values, 0.5) == 500
    assert of(values, 0.999) == 999
    assert of(values, 1.0) == 1000


def test_differences_are_of_all_requests_or_of_the_measurement():
    measured = figures([outcome("complete", 2.0), outcome("partial", 2.0)])
    simulated = figures([outcome("complete", 1.0), outcome("complete", 1.0)])
    off = differences(measured, simulated)
    assert off["complete, of all"] == 0.5
    assert off["median latency"] == 0.5
    assert off["passes done"] == 0
    assert set(differences(measured, measured).values()) == {0.0}


# --- costs ---------------------------------------------------------------------------------------


def lone(each: Outcome) -> Lone:
    """A lone request whose parts take what its shape says: 1 s a field, 0.1 s the shader."""
    asked = each.request
    scale = (asked.side / 256) ** 2
    field_s = scale * (1.0 + 0.5 * (asked.passes - 1)) + 2.0 * (asked.contours == "auto")
    shade_s = 0.1 * scale * asked.passes
    if asked.kind == "cross":
        field_s, shade_s = field_s + scale, shade_s + 0.7
    answer_s = 0.01 + field_s + shade_s + 0.3 * scale + 0.02
    return Lone(
        Outcome(
            asked,
            "complete",
            200,
            answer_s,
            queue_s=0.01,
            field_s=field_s,
            shade_s=shade_s,
            encode_s=0.02,
        ),
        after_s=0.05,
    )


def test_costs_are_taken_apart_from_lone_requests():
    outcomes = [Outcome(each, "complete") for each in lone_requests(512, 60.0)]
    found = costs_of([lone(each) for each in outcomes], (256, 512, 1024), HELLO, 2)
    small = found.sides[256]
    assert small.first_s == pytest.approx(1.0)
    assert small.later_s == pytest.approx(0.5)
    assert small.outline_s == pytest.approx(2.0)
    assert small.shade_s == pytest.approx(0.1)
    assert small.conclude_s == pytest.approx(0.3)
    assert found.sources[256] == pytest.approx(0.7)
    assert found.sides[1024].first_s == pytest.approx(4 * found.sides[512].first_s)
    assert found.sides[1024].outline_s == found.sides[512].outline_s


def test_a_request_is_worth_no_more_than_its_deadline_leaves():
    known = costs()
    long, short = (request(side=1024, passes=4, deadline_s=d) for d in (60.0, 1.0))
    assert known.lone_s(long) == known.lone_s(short)
    assert known.worth_s(short) < 1.2 < known.lone_s(short) < known.worth_s(long)


def test_capacity_is_the_rate_at_which_work_fills_the_device():
    mix = sample(1, 4000, 1024)
    mean_s = sum(map(costs().worth_s, mix)) / len(mix)
    assert costs().capacity(1024) == pytest.approx(1 / mean_s)
