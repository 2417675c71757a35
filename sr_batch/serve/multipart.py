"""Bodies of ``multipart/form-data``, taken apart while they arrive.

The only importer of python_multipart.
"""

import logging
from collections.abc import Callable
from typing import Protocol

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from sr_batch.serve.problems import Problem

KIND = "multipart/form-data"
FILE = "file"  # the name of the part that holds the picture

# It warns of what clients send wrong, who are told anyway.
logging.getLogger("python_multipart").setLevel(logging.CRITICAL)

_LONGEST_FIELD = 2000  # bytes
_MOST_FIELDS = 64


class Sink(Protocol):
    """Where the bytes of the picture go."""

    def write(self, data: bytes) -> None: ...


class FormReader:
    """Sends the one file of a form to ``sink``, and keeps its fields.

    Attributes:
        fields: By name.
        file_name: What the client calls the file; empty if it does not say.
        has_file: Whether there was one.
    """

    def __init__(self, content_type: str, sink: Sink) -> None:
        self.fields: dict[str, str] = {}
        self.file_name = ""
        self.has_file = False
        self._is_complete = False
        self._parts = 0
        self._sink = sink
        self._write: Callable[[bytes], None] = lambda data: None
        self._header = self._value = b""
        self._headers: dict[bytes, bytes] = {}
        self._field, self._content = "", bytearray()
        boundary = parse_options_header(content_type)[1].get(b"boundary")
        if not boundary:
            raise Problem(400, "the Content-Type of a form must state its boundary")
        try:
            self._parser = MultipartParser(boundary, self._callbacks())  # type: ignore[arg-type]
        except FormParserError as error:
            raise _damaged(error) from error

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the body. Raises Problem (400) unless they belong to a form."""
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise _damaged(error) from error

    def end(self) -> None:
        """The body is complete. Raises Problem (400) if it is not, or has no file."""
        try:
            self._parser.finalize()
        except FormParserError as error:
            raise _damaged(error) from error
        if not self._is_complete:
            raise Problem(400, "the form ends before its last boundary")
        if not self.has_file:
            raise Problem(400, f"the form has no part named {FILE}, which is the picture")

    def _complete(self) -> None:
        self._is_complete = True

    def _callbacks(self) -> dict[str, Callable[..., None]]:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._header_done,
            "on_headers_finished": self._start,
            "on_part_data": lambda data, start, end: self._write(data[start:end]),
            "on_part_end": self._finish,
            "on_end": self._complete,
        }

    def _begin(self) -> None:
        self._headers = {}
        self._parts += 1
        if self._parts > _MOST_FIELDS + 1:
            raise Problem(413, f"the form has more than {_MOST_FIELDS} fields")

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_done(self) -> None:
        self._headers[self._header.lower()] = self._value
        self._header = self._value = b""

    def _start(self) -> None:
        """The headers of a part are complete: it is the file, or a field."""
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._field = _text(options.get(b"name", b""))
        self._content = bytearray()
        if self._field == FILE:
            if self.has_file:
                raise Problem(400, "the form has two files: send each in its own request")
            self.has_file = True
            self.file_name = _text(options.get(b"filename", b""))
            self._write = self._sink.write
        else:
            self._write = self._keep

    def _keep(self, data: bytes) -> None:
        self._content += data
        if len(self._content) > _LONGEST_FIELD:
            raise Problem(
                413, f"the field {self._field[:100]} is longer than {_LONGEST_FIELD} bytes"
            )

    def _finish(self) -> None:
        if self._field != FILE:
            self.fields[self._field] = _text(bytes(self._content))


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _damaged(error: Exception) -> Problem:
    return Problem(400, f"the body is not the form that its Content-Type states: {error}")
