"""What the event line tells, and for how long."""

from hypothesis import given
from hypothesis import strategies as st

from jamtui.console.news import BRIGHT_S, HOLDS_S, KEPT, LEAVES_S, Age, News
from jamtui.session.snapshot import Event

END = Event(0, "the end", "info")
LOST = Event(0, "jamtui lead was lost", "warning")


def test_an_event_is_news_then_dim_then_gone() -> None:
    news = News()
    news.hear(LOST, "12:41:07", 100.0)
    seen = [news.shown(100.0 + s)[-1].age for s in (0.0, 29.9, 30.1, LEAVES_S - 1, LEAVES_S)]
    assert seen == [Age.NEW, Age.NEW, Age.PAST, Age.PAST, Age.GONE]


def test_what_merely_informs_dims_sooner_than_a_warning() -> None:
    news = News()
    news.hear(LOST, "12:41:07", 100.0)
    news.hear(END, "12:41:07", 100.0)
    assert [(t.event, t.age) for t in news.shown(115.0)] == [(LOST, Age.NEW), (END, Age.PAST)]


def test_a_warning_is_not_pushed_off_its_line_at_once() -> None:
    news = News()
    news.hear(LOST, "12:41:07", 100.0)
    news.hear(END, "12:41:08", 101.0)
    assert news.shown(101.0)[-1].event == LOST
    assert news.shown(100.0 + HOLDS_S)[-1].event == END
    again = Event(0, "jamtui bass was lost", "error")
    news.hear(again, "12:41:09", 101.5)
    assert news.shown(101.5)[-1].event == again, "but by what is as urgent"


def test_what_a_key_leads_to_is_seen_at_once() -> None:
    news = News()
    news.hear(LOST, "12:41:07", 100.0)
    news.acted(100.5)
    news.hear(END, "12:41:08", 100.6)
    assert news.shown(100.6)[-1].event == END
    refused = Event(0, "nothing to capture", "warning")
    news.acted(101.0)
    news.hear(refused, "12:41:09", 101.1)
    news.hear(END, "12:41:09", 101.2)
    assert news.shown(101.3)[-1].event == refused, "what it led to may be a warning"


def test_as_long_as_nothing_changes_it_is_the_same_picture() -> None:
    news = News()
    assert news.shown(0.0) == ()
    news.hear(END, "12:41:07", 1.0)
    assert news.shown(1.5) is news.shown(2.5)


@given(
    st.lists(st.tuples(st.floats(0, 100), st.sampled_from(sorted(BRIGHT_S))), max_size=20), st.floats(0, 300)
)
def test_all_that_was_heard_last_is_there_each_once(heard: list[tuple[float, str]], later: float) -> None:
    news, now = News(), 0.0
    events = [Event(number, str(number), severity) for number, (_, severity) in enumerate(heard)]
    for event, (pause, _) in zip(events, heard, strict=True):
        now += pause
        news.hear(event, "", now)
    shown = news.shown(now + later)
    assert sorted(t.event.at for t in shown) == [e.at for e in events[-KEPT:]]
