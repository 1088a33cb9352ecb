"""What a broken connection means depends on whether a byte of the request has left."""

from __future__ import annotations

import socket
from collections.abc import Callable

import httpcore2
import pytest

from gateway.transport.connection import Call, DeadlineStream, current
from gateway.transport.errors import NotSent, Stage


@pytest.fixture
def broken() -> DeadlineStream:
    ours, theirs = socket.socketpair()
    theirs.close()
    return DeadlineStream(ours)


def begin(clock: Callable[[], float] = lambda: 0.0) -> Call:
    current.call = Call(clock=clock, limit_s=1.0, ends_at=1.0, connect_s=1.0)
    return current.call


def test_a_kept_connection_that_breaks_at_the_first_byte_has_sent_nothing(broken: DeadlineStream) -> None:
    begin()

    with pytest.raises(NotSent) as raised:
        broken.write(b"POST / HTTP/1.1\r\n")

    assert (raised.value.code, raised.value.stage) == ("agency-cut-off", Stage.WRITE)
    broken.close()


def test_after_a_first_byte_the_answer_may_still_be_read(broken: DeadlineStream) -> None:
    begin().sent = True

    with pytest.raises(httpcore2.WriteError):
        broken.write(b"the rest")

    broken.close()


def test_an_idle_connection_is_readable_once_the_other_side_has_closed_it() -> None:
    ours, theirs = socket.socketpair()
    stream = DeadlineStream(ours)

    before = stream.get_extra_info("is_readable")
    theirs.close()

    assert (before, stream.get_extra_info("is_readable")) == (False, True)
    assert stream.get_extra_info("ssl_object") is None
    assert stream.get_extra_info("another") is None
    stream.close()


def test_a_connection_that_is_not_wanted_any_more_is_closed_whatever_interrupts() -> None:
    ours, theirs = socket.socketpair()

    class Context:
        def wrap_socket(self, sock: socket.socket, *, server_hostname: str | None) -> socket.socket:
            raise KeyboardInterrupt

    begin()
    with pytest.raises(KeyboardInterrupt):
        DeadlineStream(ours).start_tls(Context())  # type: ignore[arg-type]  # only what start_tls uses

    assert ours.fileno() == -1
    theirs.close()


def test_no_step_begins_after_the_deadline(broken: DeadlineStream) -> None:
    begin(clock=lambda: 2.0)

    with pytest.raises(NotSent) as raised:
        broken.write(b"POST / HTTP/1.1\r\n")

    assert raised.value.code == "agency-timeout"
    broken.close()
