"""What `jamtui play --headless` says while it plays."""

from jamtui.processes.headless import Teller

GONE = "the input Nord disappeared; plug it in again"


def test_a_notice_is_said_when_it_comes_up_and_again_when_it_comes_back() -> None:
    teller = Teller()
    assert teller.new([], [GONE]) == [GONE]
    assert teller.new([], [GONE]) == []
    assert teller.new([], []) == []
    assert teller.new([], [GONE]) == [GONE]


def test_what_is_event_and_notice_is_said_once_whichever_comes_first() -> None:
    teller = Teller()
    assert teller.new([GONE], []) == [GONE]
    assert teller.new([], [GONE]) == []
    assert teller.new(["the input Nord is back"], []) == ["the input Nord is back"]
    assert teller.new([], [GONE]) == [GONE]
    assert teller.new([GONE], [GONE]) == []
    assert teller.new([], []) == []
    assert teller.new([GONE], [GONE]) == [GONE]


def test_an_event_may_come_as_often_as_it_happens() -> None:
    teller = Teller()
    assert teller.new(["panic", "panic"], []) == ["panic", "panic"]
    assert teller.new(["panic"], []) == ["panic"]


def test_a_long_session_is_not_remembered_event_by_event() -> None:
    teller = Teller()
    teller.new([GONE], [GONE])
    for bar in range(1000):
        assert teller.new([f"style blues at bar {bar}"], [GONE]) == [f"style blues at bar {bar}"]
    assert len(teller._events) < 100
    assert teller.new([], []) == []
    assert teller.new([GONE], [GONE]) == [GONE]
