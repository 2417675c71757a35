"""Connections, whose requests must begin in time: uvicorn waits for headers without an end."""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from sr_batch.serve.problems import Problem

HEADERS_SECONDS = 20.0  # from the first byte of a request, or from the start of a connection

_LATE = Problem(408, "the headers of the request did not arrive in time")


class Connection(H11Protocol):
    """A connection that is closed if the headers of a request take longer than `HEADERS_SECONDS`.

    So is one whose client goes on with a body after its answer. Between requests, the time limit of
    uvicorn applies.
    """

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, which has to send a request now."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take what arrived."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Go on with the next request, which may have begun to arrive."""
        super().on_response_complete()
        if self.conn.trailing_data[0]:
            self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._stop_timer()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP in the way of all other answers."""
        self._answer(Problem(400, "this is not a request of HTTP/1.1"))
        self.transport.close()

    def _watch(self) -> None:
        """Start the timer, or stop it while a request is read or answered."""
        is_answered = self.conn.our_state in (h11.DONE, h11.MUST_CLOSE)
        if self.conn.their_state is not h11.IDLE and not is_answered:
            self._stop_timer()
        elif not self._timer:
            self._timer = self.loop.call_later(HEADERS_SECONDS, self._give_up)

    def _stop_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        """Close the connection; a client that has said something is told why."""
        if self.transport.is_closing():
            return
        if self.conn.our_state is h11.IDLE and self.conn.trailing_data[0]:
            self._answer(_LATE)
        self.transport.close()

    def _answer(self, problem: Problem) -> None:
        answer = problem.response()
        headers = [*answer.raw_headers, (b"connection", b"close")]
        head = h11.Response(status_code=problem.status, headers=headers)
        for event in (head, h11.Data(data=bytes(answer.body)), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
