"""The pages of a listing, without a server."""

import threading
from collections.abc import Generator, Iterator
from concurrent.futures import thread

import pytest

from sr_batch.core.errors import StorageError
from sr_batch.stores import object_listing
from sr_batch.stores.location import Place
from sr_batch.stores.object_listing import Found, list_objects

SOON = 10.0  # seconds


class Pages:
    """A bucket whose pages are counted as they are asked for."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.asked = [threading.Event() for _ in range(most + 1)]

    def __call__(self, *arguments: object) -> Iterator[list[Found]]:
        for number, asked in enumerate(self.asked):
            asked.set()
            if number == self.most:
                raise StorageError("s3://bucket could not be listed")
            yield [(f"{number}.png", 1, "", 0.0)]


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> Pages:
    made = Pages(3)
    monkeypatch.setattr(object_listing, "_pages", made)
    return made


def listed() -> Generator[list[Found]]:
    return list_objects(None, Place("s3://bucket"), "")  # type: ignore[arg-type]


def test_the_next_page_is_asked_for_while_the_caller_works_on_one_and_no_other(
    pages: Pages,
) -> None:
    listing = listed()
    assert next(listing)[0][0] == "0.png"
    assert pages.asked[1].wait(SOON)
    assert next(listing)[0][0] == "1.png"
    assert pages.asked[2].wait(SOON)
    assert not pages.asked[3].is_set()


def test_an_error_comes_after_the_pages_before_it(pages: Pages) -> None:
    listing = listed()
    assert [next(listing)[0][0] for _ in range(3)] == ["0.png", "1.png", "2.png"]
    with pytest.raises(StorageError, match="could not be listed"):
        next(listing)


def test_a_listing_ends_quietly_when_the_process_ends(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = listed()
    next(listing)
    monkeypatch.setattr(thread, "_shutdown", True)
    assert list(listing) == []


def test_the_thread_of_a_listing_that_is_given_up_ends(pages: Pages) -> None:
    before = set(threading.enumerate())
    listing = listed()
    next(listing)
    (started,) = set(threading.enumerate()) - before
    listing.close()
    started.join(SOON)
    assert not started.is_alive()
