"""Who has streams open: not too many of one viewer, and none beyond the end of what opened it."""

import pytest

from pokea.clock import SECOND
from pokea.errors import ApiError
from pokea.events.viewers import Viewer, Viewers

AMINA = Viewer("amina", 2, 100 * SECOND)


def test_a_viewer_has_as_many_streams_as_it_may() -> None:
    """One more is refused with a time to come back, another viewer is not, and one that ends makes place."""
    viewers: Viewers[str] = Viewers()
    for name in ("first", "second"):
        viewers.check(AMINA)
        viewers.add(AMINA, name)
    with pytest.raises(ApiError, match="2 streams are open") as refused:
        viewers.check(AMINA)
    assert (refused.value.code, refused.value.retry_after_seconds) == ("too_many_requests", 30)
    viewers.check(AMINA._replace(name="juma"))
    viewers.remove(AMINA, "first")
    viewers.check(AMINA)


def test_a_stream_ends_with_what_opened_it() -> None:
    """At the second after its end it is taken, once; one that has gone before is not."""
    viewers: Viewers[str] = Viewers()
    later = AMINA._replace(until=100 * SECOND + 1)
    for viewer, name in ((AMINA, "first"), (AMINA, "gone"), (later, "later")):
        viewers.add(viewer, name)
    viewers.remove(AMINA, "gone")
    assert viewers.take_ended(100 * SECOND - 1) == []
    assert viewers.take_ended(100 * SECOND) == ["first"]
    assert viewers.take_ended(100 * SECOND) == []
    assert viewers.take_ended(101 * SECOND) == ["later"]
    for viewer, name in ((AMINA, "first"), (later, "later")):
        viewers.remove(viewer, name)
    viewers.check(AMINA)
