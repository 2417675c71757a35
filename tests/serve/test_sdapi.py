"""The routes of the widespread API, asked as its clients do."""

import base64
import io
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image as Pillow

from tests.serve.conftest import Served, picture

SINGLE = "/sdapi/v1/extra-single-image"
IMAGE = picture(30, 20)
TEXT = base64.b64encode(IMAGE).decode()


def ask(served: Served, **wish: Any) -> httpx.Response:
    return served.client.post(SINGLE, json={"image": TEXT, "upscaler_1": "espcn", **wish})


def shown(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    content = answer.json()
    assert set(content) == {"html_info", "image"}
    return np.asarray(Pillow.open(io.BytesIO(base64.b64decode(content["image"]))))


def test_enlarges_by_a_factor_as_the_other_door_does(served: Served) -> None:
    made = shown(ask(served, upscaling_resize=3, resize_mode=0, gfpgan_visibility=0))
    other = served.client.post("/api/v1/upscale", params={"scale": 3}, content=IMAGE).content
    assert np.array_equal(made, np.asarray(Pillow.open(io.BytesIO(other))))


def test_takes_data_urls_and_names_in_any_case(served: Served) -> None:
    lines = base64.encodebytes(IMAGE).decode()
    made = shown(ask(served, image=f"data:image/png;base64,{lines}", upscaler_1="ESPCN"))
    assert made.shape == (40, 60, 3)


def test_fills_a_size_and_crops_it_in_the_middle(served: Served) -> None:
    size = {"resize_mode": 1, "upscaling_resize_w": 50, "upscaling_resize_h": 50}
    cropped = shown(ask(served, **size))
    assert cropped.shape == (50, 50, 3)
    whole = shown(ask(served, **size, upscaling_crop=False))
    assert whole.shape == (50, 75, 3)
    assert np.array_equal(cropped, whole[:, 12:62])


def test_none_resamples_without_a_network(served: Served) -> None:
    made = shown(ask(served, upscaler_1="None", upscaling_resize=2))
    assert made.shape == (40, 60, 3)


WRONG = [
    ({"image": "%%%"}, 422),
    ({"image": "https://example.org/a.png"}, 422),
    ({"image": None}, 422),
    ({"image": base64.b64encode(b"hello").decode()}, 415),
    ({"upscaler_1": "../x.onnx"}, 422),
    ({"upscaler_1": "R-ESRGAN 4x+"}, 422),
    ({"upscaling_resize": 100}, 422),
    ({"upscaling_resize": "two"}, 422),
    ({"upscaler_1": "None", "upscaling_resize": 60}, 413),
    ({"codeformer_visibility": 0.5}, 422),
]


@pytest.mark.parametrize(("wish", "status"), WRONG)
def test_refuses_what_it_cannot_do(served: Served, wish: dict[str, Any], status: int) -> None:
    answer = ask(served, **wish)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_lists_upscalers(served: Served) -> None:
    names = [each["name"] for each in served.client.get("/sdapi/v1/upscalers").json()]
    assert names[:2] == ["None", "auto"]
    assert "photo" in names


def test_refuses_bodies_that_are_no_json(served: Served) -> None:
    assert served.client.post(SINGLE, content=b"{").status_code == 400
    assert served.client.post(SINGLE, content=b"[]").status_code == 422
    assert served.client.post(SINGLE, content=bytes(1_500_000)).status_code == 413


def test_leaves_no_files(served: Served) -> None:
    def stored() -> str:
        lines = served.client.get("/metrics").text.splitlines()
        return next(line for line in lines if line.startswith("sr_batch_serve_stored"))

    before = stored()
    ask(served)
    ask(served, upscaler_1="None")
    ask(served, image="%%%")
    ask(served, upscaling_resize=100)
    assert stored() == before
