"""Who may ask: only the machines, pages and holders of the token that the server is for.

A web page of anybody can send requests to servers on the machine of its reader. The guard refuses
them by the headers that only browsers set: ``Host`` (names that lead here although they belong to
others), ``Origin`` and ``Sec-Fetch-Site`` (other pages, those of other ports included).
"""

import asyncio
import hashlib
import hmac
import ipaddress
import re
from base64 import b64decode
from binascii import Error as BadBase64
from collections.abc import Mapping
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sr_batch.serve.problems import Problem
from sr_batch.serve.queue import STOPPING
from sr_batch.serve.settings import ServeOptions

MOST_REQUESTS = 400  # in flight

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:;"
        " connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_PAGES = ("/", "/docs")  # that a link of another site may lead to
_OPEN = ("/healthz",)
_OURS = ("none", "same-origin")
_ADDRESS = re.compile(r"(?P<name>\[[^\]]*\]|[^:]*)(:(?P<port>\d{1,5}))?")
_HTTP = 80  # browsers leave this port out


class Guard:
    """Passes on the requests that are allowed, and adds the headers that every answer has.

    Args:
        app: What answers.
        options: Names and token of the server.
        port: That it listens on.
    """

    def __init__(self, app: ASGIApp, options: ServeOptions, port: int) -> None:
        self._app = app
        self._hosts = _Hosts(options, port)
        self._tokens = _Tokens(options.token, port)
        self._count = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _WithHeaders(send)
        self._count += 1
        try:
            app = self._refused(scope) or self._app
            await app(scope, receive, answer)
        except asyncio.CancelledError:
            # The server stops and waits no longer, such as for a body that is still being sent.
            if answer.has_begun:
                raise
            await STOPPING.response()(scope, receive, answer)
        finally:
            self._count -= 1

    def _refused(self, scope: Scope) -> ASGIApp | None:
        """The answer to a request that goes no further; None if it is allowed."""
        headers = Headers(scope=scope)
        try:
            if self._count > MOST_REQUESTS:
                raise Problem(503, "too many requests at once: try again", {"Retry-After": "2"})
            self._hosts.require(headers)
            _require_own_page(headers, scope)
            return self._tokens.require(headers, scope)
        except Problem as problem:
            return problem.response()


class _Hosts:
    """The names under which the server may be asked: names of others may lead here, too."""

    def __init__(self, options: ServeOptions, port: int) -> None:
        names = {options.host.lower()}
        if options.is_loopback or options.is_wildcard:
            names |= {"127.0.0.1", "localhost", "::1"}
        bracketed = {f"[{name}]" if ":" in name else name for name in names}
        allowed = {name.lower() for name in options.allow_host}
        self._port = port
        self._any_address = options.is_wildcard
        self._allowed = {_with_port(name, port) for name in (*bracketed, *allowed)} | allowed
        if port == _HTTP:
            self._allowed |= bracketed

    def require(self, headers: Headers) -> None:
        """Raise Problem (421) unless exactly one host is named, and it is this server."""
        hosts = headers.getlist("host")
        if len(hosts) == 1 and self._is_allowed(hosts[0].lower()):
            return
        if len(hosts) != 1:
            raise Problem(421, "the request must name one host")
        raise Problem(
            421,
            f"this server does not answer to the host {hosts[0][:100]};"
            " whoever runs it can allow that with --allow-host",
        )

    def _is_allowed(self, host: str) -> bool:
        return host in self._allowed or (self._any_address and self._is_address(host))

    def _is_address(self, host: str) -> bool:
        """Whether it is a number, which no other site can have, and our port."""
        found = _ADDRESS.fullmatch(host)
        if not found or int(found["port"] or _HTTP) != self._port:
            return False
        try:
            ipaddress.ip_address(found["name"].strip("[]"))
        except ValueError:
            return False
        return True


def _with_port(name: str, port: int) -> str:
    has_port = name.rpartition(":")[2].isdigit() and not name.endswith("]")
    return name if has_port else f"{name}:{port}"


def _require_own_page(headers: Headers, scope: Scope) -> None:
    """Raise Problem (403) for a request that a page of another server makes."""
    host = headers["host"].lower()
    origins = headers.getlist("origin")
    if any(origin.lower() not in (f"http://{host}", f"https://{host}") for origin in origins):
        raise Problem(403, f"pages of another site ({origins[0][:100]}) may not use this server")
    site = headers.get("sec-fetch-site", "none")
    follows_link = (
        scope["method"] == "GET"
        and scope["path"] in _PAGES
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
    )
    if site not in _OURS and not follows_link:
        raise Problem(403, "pages of other sites may not use this server")


class _Tokens:
    """Checks the token: of a header, or of the cookie that the address of the page sets."""

    def __init__(self, token: str, port: int) -> None:
        self._token = token
        # Cookies of one machine are shared by all its ports: the name keeps servers apart.
        self._cookie = f"sr_batch_{port}"
        self._pass = hmac.new(token.encode(), b"sr-batch cookie", hashlib.sha256).hexdigest()

    def require(self, headers: Headers, scope: Scope) -> ASGIApp | None:
        """Raise Problem (401) without the token; or redirect whoever comes with it."""
        if not self._token or scope["path"] in _OPEN:
            return None
        query = parse_qs(scope["query_string"].decode("latin-1")).get("token", [])
        opens_page = scope["path"] == "/" and scope["method"] in ("GET", "HEAD")
        if opens_page and query and self._is_token(query[0]):
            return self._entrance()
        if self._is_token(_stated(headers)) or self._has_cookie(headers):
            return None
        raise Problem(
            401,
            "this server needs its token: open the address that it printed at its start,"
            " or send the header Authorization: Bearer TOKEN",
            {"WWW-Authenticate": 'Bearer realm="sr-batch"'},
        )

    def _entrance(self) -> Response:
        """The page without the token in its address, which histories and screenshots keep."""
        answer = RedirectResponse("/", 303)
        answer.set_cookie(self._cookie, self._pass, httponly=True, samesite="strict")
        return answer

    def _has_cookie(self, headers: Headers) -> bool:
        found = cookie_parser(headers.get("cookie", "")).get(self._cookie, "")
        return _equal(found, self._pass)

    def _is_token(self, text: str) -> bool:
        return _equal(text, self._token)


def _stated(headers: Headers) -> str:
    """The token of ``Authorization``: of Bearer, or as the password of Basic."""
    kind, _, value = headers.get("authorization", "").partition(" ")
    if kind.lower() == "basic":
        try:
            return b64decode(value).decode("utf-8", "replace").partition(":")[2]
        except (BadBase64, ValueError):
            return ""
    return value.strip() if kind.lower() == "bearer" else ""


def _equal(text: str, secret: str) -> bool:
    """Compare in a time that says nothing about where they differ."""
    return hmac.compare_digest(text.encode("utf-8", "replace"), secret.encode())


class _WithHeaders:
    """Sends an answer with `HEADERS`, unless it states another value.

    Attributes:
        has_begun: Whether the answer was begun.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self.has_begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_begun = True
            stated = {name.lower() for name, _ in message["headers"]}
            more = [
                (name.lower().encode(), value.encode())
                for name, value in HEADERS.items()
                if name.lower().encode() not in stated
            ]
            message = {**message, "headers": [*message["headers"], *more]}
        await self._send(message)
