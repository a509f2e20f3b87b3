from collections.abc import Iterator

from worker.shader.stages import result_of


def test_the_result_comes_after_the_last_stage():
    passed = []

    def stages() -> Iterator[None]:
        for stage in range(3):
            passed.append(stage)
            yield
        return "done"

    assert result_of(stages()) == "done"
    assert passed == [0, 1, 2]
