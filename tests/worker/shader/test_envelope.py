import pytest

from worker.shader.envelope import Phase, phase_of

PHASES = tuple(Phase(0.1 * i, 0.5, 0.1, float(i)) for i in range(1, 5))


def test_every_pass_has_its_phase_and_the_last_one_holds():
    assert [phase_of(p, PHASES) for p in range(1, 5)] == list(PHASES)
    assert {phase_of(p, PHASES) for p in range(5, 17)} == {PHASES[-1]}


@pytest.mark.parametrize("pass_index", [1, 2, 16])
def test_a_single_phase_holds_throughout(pass_index: int):
    assert phase_of(pass_index, PHASES[:1]) == PHASES[0]
