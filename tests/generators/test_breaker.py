"""When a host is left alone, and when it is asked again."""

from hypothesis import given
from hypothesis import strategies as st

from jamtui.generators.breaker import FIRST_REST_S, LONGEST_REST_S, PATIENCE, Breaker
from jamtui.generators.ollama_client import Kind


def test_a_host_that_is_gone_is_left_alone_at_once_and_tried_again() -> None:
    breaker = Breaker()
    assert breaker.failed(Kind.REFUSED, "nobody", 10.0)
    assert not breaker.allows(10.0 + FIRST_REST_S - 0.01)
    assert breaker.allows(10.0 + FIRST_REST_S)
    assert breaker.reached()
    assert breaker.allows(0.0)
    assert not breaker.reached(), "it is no news twice"


def test_nonsense_is_borne_for_a_while_and_only_music_ends_it() -> None:
    breaker = Breaker()
    assert [breaker.failed(Kind.NONSENSE, "?", n) for n in range(PATIENCE[Kind.NONSENSE])] == [
        False,
        False,
        True,
    ]
    assert not breaker.reached(), "that it answers was never in doubt"
    assert breaker.open
    assert breaker.failed(Kind.NONSENSE, "?", 100.0), "one more in a trial is enough"
    assert breaker.retry_at == 100.0 + 2 * FIRST_REST_S
    assert breaker.succeeded()
    assert not breaker.failed(Kind.NONSENSE, "?", 101.0)


def test_an_answer_between_begins_the_count_anew() -> None:
    breaker = Breaker()
    for n in range(20):
        assert not breaker.failed(Kind.NONSENSE, "?", n)
        assert not breaker.succeeded()


@given(st.lists(st.tuples(st.sampled_from([*Kind, None]), st.floats(0, 30)), max_size=60))
def test_the_rest_is_bounded(events: list[tuple[Kind | None, float]]) -> None:
    breaker, now = Breaker(), 0.0
    for kind, passed in events:
        now += passed
        if kind is None:
            breaker.succeeded()
            assert breaker.allows(now)
        elif breaker.failed(kind, "", now):
            assert now + FIRST_REST_S <= breaker.retry_at <= now + LONGEST_REST_S
            assert not breaker.allows(now)
        assert breaker.allows(now + LONGEST_REST_S)
