"""Who may ask: hosts, pages of other sites, and the token."""

import asyncio
import base64
from collections.abc import Sequence

import httpx
import pytest
from starlette.responses import PlainTextResponse

from sr_batch.serve.guard import Guard
from sr_batch.serve.settings import ServeOptions

TOKEN = "correct-horse-battery"
PORT = 8590
LOCAL = ServeOptions()
SECRET = ServeOptions(token=TOKEN)


def ask(
    headers: Sequence[tuple[str, str]] = (),
    options: ServeOptions = LOCAL,
    path: str = "/api/v1/jobs",
    method: str = "GET",
    host: str | None = "127.0.0.1:8590",
    port: int = PORT,
) -> httpx.Response:
    """The answer to one request, of an application that allows everything."""

    async def run() -> httpx.Response:
        guard = Guard(PlainTextResponse("in"), options, port)
        transport = httpx.ASGITransport(guard)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            request = client.build_request(method, path)
            kept = [pair for pair in request.headers.raw if pair[0].lower() != b"host"]
            more = [("host", host)] if host is not None else []
            request.headers = httpx.Headers(
                [*kept, *((k.encode(), v.encode()) for k, v in (*more, *headers))]
            )
            return await client.send(request)

    return asyncio.run(run())


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8590", "localhost:8590", "LOCALHOST:8590", "[::1]:8590"]
)
def test_answers_to_names_of_this_machine(host: str) -> None:
    assert ask(host=host).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:8590",
        "evil.example",
        "127.0.0.1",
        "localhost:80",
        "localhost:8590.evil.example",
        "evil.example@localhost:8590",
        "192.168.1.5:8590",
        "",
        None,
    ],
)
def test_answers_to_no_other_name(host: str | None) -> None:
    answer = ask(host=host)
    assert answer.status_code == 421
    assert answer.headers["content-type"] == "application/problem+json"


def test_answers_to_one_host_only() -> None:
    assert ask([("host", "evil.example")]).status_code == 421
    assert ask([("host", "localhost:8590")]).status_code == 421


def test_allowed_names_may_have_a_port_or_none() -> None:
    options = ServeOptions(allow_host=("Photos.example", "a.example:8443"))
    for host in ("photos.example", "photos.example:8590", "a.example:8443"):
        assert ask(host=host, options=options).status_code == 200, host
    for host in ("a.example", "a.example:8590", "b.photos.example", "photos.example:1"):
        assert ask(host=host, options=options).status_code == 421, host


def test_a_server_for_all_addresses_answers_to_numbers_and_not_to_names() -> None:
    options = ServeOptions(host="0.0.0.0", token=TOKEN)
    token = [("authorization", f"Bearer {TOKEN}")]
    for host in ("192.168.1.5:8590", "[fe80::1]:8590", "localhost:8590"):
        assert ask(token, options, host=host).status_code == 200, host
    for host in ("evil.example:8590", "192.168.1.5:80", "192.168.1.5", "[fe80::1"):
        assert ask(token, options, host=host).status_code == 421, host
    for host in ("192.168.1.5", "[fe80::1]", "192.168.1.5:80"):
        assert ask(token, options, host=host, port=80).status_code == 200, host


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "http://evil.example",
        "http://127.0.0.1:8591",
        "http://localhost:8590",
        "http://[::1]:8590",
        "http://127.0.0.1:8590.evil.example",
        "file://",
    ],
)
def test_refuses_pages_of_other_origins(origin: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        assert ask([("origin", origin)], method=method).status_code == 403


def test_takes_its_own_pages() -> None:
    own = [("origin", "http://127.0.0.1:8590"), ("sec-fetch-site", "same-origin")]
    assert ask(own, method="POST").status_code == 200
    behind = ServeOptions(allow_host=("photos.example",))
    https = [("origin", "https://photos.example")]
    assert ask(https, behind, method="POST", host="photos.example").status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_refuses_what_pages_of_other_sites_embed(site: str) -> None:
    image = [("sec-fetch-site", site), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")]
    assert ask(image).status_code == 403
    assert ask(image, path="/").status_code == 403
    frame = [*image[:1], ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")]
    assert ask(frame, path="/").status_code == 403


def test_a_link_may_lead_to_the_page_and_not_to_files() -> None:
    link = [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
    ]
    assert ask(link, path="/").status_code == 200
    assert ask(link, path="/api/v1/results.zip").status_code == 403
    assert ask(link, path="/", method="POST").status_code == 403


def basic(text: str) -> str:
    return f"Basic {base64.b64encode(text.encode()).decode()}"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Bearer",
        "Bearer ",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN}x",
        f"bearer {TOKEN.upper()}",
        TOKEN,
        basic(f"{TOKEN}:"),
        "Basic %%%",
        "Bearer \u00e9\u00e9",
    ],
)
def test_refuses_whoever_has_no_token(value: str) -> None:
    answer = ask([("authorization", value)], SECRET)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert TOKEN not in answer.text


@pytest.mark.parametrize("value", [f"Bearer {TOKEN}", f"bearer {TOKEN}", basic(f"me:{TOKEN}")])
def test_takes_the_token_as_bearer_or_password(value: str) -> None:
    assert ask([("authorization", value)], SECRET).status_code == 200


def test_the_address_of_the_page_sets_a_cookie_and_hides_the_token() -> None:
    answer = ask(options=SECRET, path=f"/?token={TOKEN}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert TOKEN not in cookie
    value = cookie.partition(";")[0]
    assert ask([("cookie", value)], SECRET).status_code == 200
    assert ask([("cookie", f"{value}x")], SECRET).status_code == 401
    assert ask([("cookie", value)], ServeOptions(token=TOKEN[::-1])).status_code == 401
    assert ask([("cookie", f'a={{"x": 1}}; \u00e9=1; {value}')], SECRET).status_code == 200
    assert ask([("cookie", value)], SECRET, path="/?token=old").status_code == 200


def test_a_token_in_another_address_counts_nothing() -> None:
    assert ask(options=SECRET, path="/?token=wrong").status_code == 401
    assert ask(options=SECRET, path=f"/api/v1/jobs?token={TOKEN}").status_code == 401
    assert ask(options=SECRET, path=f"/?token={TOKEN}", method="POST").status_code == 401


def test_health_needs_no_token_but_the_right_host() -> None:
    assert ask(options=SECRET, path="/healthz").status_code == 200
    assert ask(options=SECRET, path="/metrics").status_code == 401
    assert ask(options=SECRET, path="/healthz", host="evil.example").status_code == 421


def test_refuses_more_requests_than_it_can_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sr_batch.serve.guard.MOST_REQUESTS", 0)
    answer = ask()
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
