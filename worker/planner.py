"""Which stages of a job to do in the time that is left: by value for their cost; pure.

What is mandatory is planned first, with all that it needs, and whatever it costs. Then, one by one,
the stage whose effect for its cost is the highest, counted together with what it needs and is not
planned yet, as long as everything fits with a margin. A stage without effect is planned only when
another one needs it. What is skipped passes on what it was given; nothing that needs it is planned.
"""

import heapq
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

MARGIN = 1.15  # of the time that is left, for each second planned: costs are estimates


class PlanError(ValueError):
    """Stages that make no plan; the message says which."""


@dataclass(frozen=True)
class Stage:
    """A piece of work.

    Attributes:
        cost_s: seconds, >= 0; of what is left of it.
        effect: what it is worth, >= 0.
        parents: ids of the stages that it needs.
        mandatory: planned whether it fits or not.
    """

    id: str
    cost_s: float
    effect: float = 1.0
    parents: tuple[str, ...] = ()
    mandatory: bool = False


@dataclass(frozen=True)
class Plan:
    """What to do, in order, and what not.

    Attributes:
        chosen: ids, parents before children; where that leaves a choice, the smallest id first.
        skipped: id -> why, of all others.
    """

    chosen: tuple[str, ...]
    skipped: dict[str, str]


def plan(stages: Sequence[Stage], remaining_s: float) -> Plan:
    """Choose the stages that fit into `remaining_s` seconds, which may be negative.

    Raises:
        PlanError: for an id given twice, a parent that is not there, a cycle, or a cost or effect
            that is negative or no number.
    """
    order = _ordered(stages)
    by_id = {stage.id: stage for stage in stages}
    needs: dict[str, frozenset[str]] = {}  # of every stage: itself and all that it needs
    for each in order:
        needs[each] = frozenset((each,)).union(*(needs[p] for p in by_id[each].parents))
    chosen = {each for stage in stages if stage.mandatory for each in needs[stage.id]}
    useful = chosen.union(*(needs[each.id] for each in stages if each.effect > 0.0))
    if MARGIN * _cost(useful, by_id) <= remaining_s:
        chosen = useful
    else:
        _fill(chosen, {each: needs[each] for each in order if each in useful}, by_id, remaining_s)
    left_s = remaining_s - MARGIN * _cost(chosen, by_id)
    skipped = {
        each: _too_long(MARGIN * _cost(needs[each] - chosen, by_id), left_s)
        if each in useful
        else "it has no effect"
        for each in order
        if each not in chosen
    }
    return Plan(tuple(each for each in order if each in chosen), skipped)


def _fill(
    chosen: set[str],
    needs: Mapping[str, frozenset[str]],
    by_id: Mapping[str, Stage],
    remaining_s: float,
) -> None:
    """Add to `chosen` what is worth most for its cost, until nothing more fits."""
    fitting = [each for each in needs if by_id[each].effect > 0.0]
    while fitting:
        planned_s = _cost(chosen, by_id)
        missing = {each: needs[each] - chosen for each in fitting if each not in chosen}
        # What does not fit now never will: with more planned it takes as long or longer.
        fitting = [
            each
            for each, more in missing.items()
            if MARGIN * (planned_s + _cost(more, by_id)) <= remaining_s
        ]
        if fitting:
            chosen |= missing[max(fitting, key=lambda each: _worth(missing[each], by_id))]


def _ordered(stages: Sequence[Stage]) -> list[str]:
    """Ids by Kahn's algorithm, smallest first."""
    _check(stages)
    open_parents = {stage.id: len(set(stage.parents)) for stage in stages}
    children: dict[str, list[str]] = {stage.id: [] for stage in stages}
    for stage in stages:
        for parent in set(stage.parents):
            children[parent].append(stage.id)
    free = [each for each, count in open_parents.items() if count == 0]
    heapq.heapify(free)
    order: list[str] = []
    while free:
        order.append(heapq.heappop(free))
        for child in children[order[-1]]:
            open_parents[child] -= 1
            if open_parents[child] == 0:
                heapq.heappush(free, child)
    if len(order) < len(stages):
        raise PlanError(f"stages need each other: {', '.join(sorted(set(children) - set(order)))}")
    return order


def _check(stages: Sequence[Stage]) -> None:
    known: set[str] = set()
    for stage in stages:
        if stage.id in known:
            raise PlanError(f"two stages are called {stage.id}")
        known.add(stage.id)
        for name, value in (("cost", stage.cost_s), ("effect", stage.effect)):
            if not (math.isfinite(value) and value >= 0.0):
                raise PlanError(f"the {name} of {stage.id} is {value}")
    for stage in stages:
        for parent in stage.parents:
            if parent not in known:
                raise PlanError(f"{stage.id} needs {parent}, which is not there")


def _cost(ids: Iterable[str], by_id: Mapping[str, Stage]) -> float:
    return math.fsum(by_id[each].cost_s for each in ids)


def _worth(ids: Iterable[str], by_id: Mapping[str, Stage]) -> float:
    """Effect for cost; what costs nothing is worth more than anything else."""
    effect = math.fsum(by_id[each].effect for each in ids)
    cost_s = _cost(ids, by_id)
    return effect / cost_s if cost_s > 0.0 else math.inf


def _too_long(takes_s: float, left_s: float) -> str:
    return f"it would take {takes_s:.2f} s of the {max(0.0, left_s):.2f} s that were left"
