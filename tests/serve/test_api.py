"""The routes of ``/api/v1``, asked as clients do."""

import io
import json
import zipfile
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image as Pillow

import sr_batch
from sr_batch.codec import encode_image
from tests.serve.conftest import JOBS, Served, noise, picture

UPSCALE = "/api/v1/upscale"


def pixels(png: bytes) -> Any:
    return np.asarray(Pillow.open(io.BytesIO(png)))


def problem(answer: httpx.Response) -> tuple[int, str]:
    """The status and the detail of an answer that is a problem."""
    assert answer.headers["content-type"] == "application/problem+json"
    content = answer.json()
    assert content["status"] == answer.status_code
    assert content["title"]
    return answer.status_code, content["detail"]


def test_answers_the_picture_that_the_library_makes(served: Served) -> None:
    image = noise(30, 20)
    answer = served.client.post(UPSCALE, content=encode_image(image, "png", 95))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["sr-batch-model"] == "espcn"
    assert json.loads(answer.headers["sr-batch-notes"]) == []
    assert "image_x2_espcn.png" in answer.headers["content-disposition"]
    expected = sr_batch.upscale(image, "espcn")
    assert np.array_equal(pixels(answer.content), expected.color)


def test_takes_a_form_with_options_as_fields(served: Served) -> None:
    form = {"scale": "3", "format": "jpeg", "quality": "80"}
    files = {"file": ("trip/a.png", picture(), "image/png")}
    answer = served.client.post(UPSCALE, data=form, files=files)
    assert answer.status_code == 200
    assert Pillow.open(io.BytesIO(answer.content)).size == (72, 48)
    assert answer.headers["content-type"] == "image/jpeg"
    assert "a_x3_espcn.jpg" in answer.headers["content-disposition"]


def test_tells_in_a_header_what_a_format_cannot_hold(served: Served) -> None:
    image = noise(16, 16)
    transparent = type(image)(image.color, image.color[..., 0])
    content = encode_image(transparent, "png", 95)
    answer = served.client.post(UPSCALE, content=content, params={"format": "jpg"})
    notes = json.loads(answer.headers["sr-batch-notes"])
    assert any("white" in note for note in notes), notes


def test_a_job_goes_from_held_to_done_and_can_be_made_again(served: Served) -> None:
    job = served.add(picture(), name="trip/a.png", hold="1", scale="3")
    assert job["status"] == "held"
    assert job["input"] == {
        "width": 24,
        "height": 16,
        "bytes": len(picture()),
        "format": "png",
        "pages": 1,
    }
    assert job["output"]["name"] == "trip/a_x3_espcn.png"
    assert (job["output"]["width"], job["output"]["bytes"]) == (72, None)
    assert served.client.get(f"{JOBS}/{job['id']}/result").status_code == 409

    started = served.client.post(f"{JOBS}/{job['id']}/start", json={"scale": 2})
    assert started.status_code == 202
    done = served.wait_for(job["id"], "done")
    assert done["progress"] == 1
    assert done["options"] == {"model": "espcn", "scale": 2.0}
    assert done["output"]["width"] == 48
    assert done["precision"] in ("fp32", "int8")  # whichever is quicker on this processor
    result = served.client.get(f"{JOBS}/{job['id']}/result")
    assert len(result.content) == done["output"]["bytes"]
    assert pixels(result.content).shape == (32, 48, 3)

    again = {"width": 30, "format": "webp"}
    served.client.post(f"{JOBS}/{job['id']}/start", json=again)
    made = served.wait_for(job["id"], "done")
    assert made["output"]["name"] == "trip/a_w30_espcn.webp"
    assert made["output"]["width"] == 30

    assert served.client.delete(f"{JOBS}/{job['id']}").status_code == 204
    assert served.client.get(f"{JOBS}/{job['id']}").status_code == 404


def test_auto_names_the_model_that_it_chose(served: Served) -> None:
    job = served.add(picture(32, 32, "jpg"), name="a.jpg", model="auto")
    done = served.wait_for(job["id"], "done")
    assert done["model"] in ("photo", "balanced")
    assert done["output"]["name"] == f"a_x2_{done['model']}.jpg"
    assert done["notes"]


def test_the_location_of_a_new_job_is_its_address(served: Served) -> None:
    answer = served.client.post(JOBS, params={"hold": "1"}, content=picture())
    assert served.client.get(answer.headers["location"]).json() == answer.json()
    assert answer.json()["id"] in {job["id"] for job in served.client.get(JOBS).json()["jobs"]}


def test_a_verified_picture_is_done(served: Served) -> None:
    smooth = noise(8, 8)
    large = type(smooth)(smooth.color.repeat(8, 0).repeat(8, 1))
    job = served.add(encode_image(large, "png", 95), verify="true", model="balanced")
    assert served.wait_for(job["id"], "done", "failed")["status"] == "done"


WRONG: list[tuple[dict[str, str], int, str]] = [
    ({"scale": "100"}, 422, "scale=100: must be above 0 and at most 64"),
    ({"scale": "nan"}, 422, "scale=nan: must be"),
    ({"scale": "2,5"}, 422, "scale=2,5: must have a decimal point, not a comma"),
    ({"width": "1e3"}, 422, "width=1e3: must be a whole number, written with digits only"),
    ({"width": "9" * 300}, 422, f"width={'9' * 60}...: must be above 0"),
    ({"scal": "2"}, 422, "unknown option scal: did you mean scale?"),
    ({"scale": "2", "width": "9"}, 422, "cannot be combined"),
    ({"quality": "0"}, 422, "quality=0: must be from 1 to 100"),
    ({"precision": "fp8"}, 422, "precision"),
    ({"self_ensemble": "maybe"}, 422, "self_ensemble"),
    ({"model": "nobody"}, 422, "there is no model nobody"),
    ({"model": "../exported/espcn_x2.onnx"}, 422, "there is no model"),
    ({"model": "/etc/passwd"}, 422, "there is no model"),
    ({"device": "cpu"}, 422, "unknown option device"),
    ({"tile": "0"}, 422, "unknown option tile"),
    ({"only_if_smaller": "1", "width": "5"}, 422, "large enough"),
    ({"scale": "64"}, 413, "limit of this server"),
]


@pytest.mark.parametrize(("query", "status", "said"), WRONG)
def test_refuses_wrong_options(
    served: Served, query: dict[str, str], status: int, said: str
) -> None:
    found, detail = problem(served.client.post(UPSCALE, params=query, content=picture(64, 64)))
    assert (found, said in detail, "--" in detail) == (status, True, False), detail


def test_refuses_what_is_no_picture(served: Served) -> None:
    assert problem(served.client.post(UPSCALE, content=b"hello"))[0] == 415
    assert problem(served.client.post(JOBS, content=b""))[0] == 400
    cut = served.client.post(JOBS, content=picture()[:30])
    status, detail = problem(cut)
    assert (status, "truncated" in detail) == (422, True), detail
    form = {"file": ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(99))}
    assert problem(served.client.post(JOBS, files=form))[0] == 422


def test_a_picture_that_breaks_later_fails_alone(served: Served) -> None:
    broken = bytearray(picture(64, 64, "jpg"))
    del broken[len(broken) // 2 :]
    job = served.add(bytes(broken), name="broken.jpg")
    failed = served.wait_for(job["id"], "failed")
    assert failed["error"]["status"] == 422
    assert failed["error"]["detail"].startswith("broken.jpg: ")
    status, detail = problem(served.client.post(UPSCALE, content=bytes(broken)))
    assert status == 422, detail


def test_refuses_other_paths_and_methods(served: Served) -> None:
    assert problem(served.client.get("/api/v2"))[0] == 404
    answer = served.client.put(JOBS)
    assert problem(answer)[0] == 405
    assert "POST" in answer.headers["allow"]
    assert problem(served.client.get(f"{JOBS}/nobody/result"))[0] == 404
    assert problem(served.client.get("/static/../app.py"))[0] == 404
    assert problem(served.client.get("/static/%2e%2e/app.py"))[0] == 404


def test_refuses_bodies_that_are_no_options(served: Served) -> None:
    job = served.add(picture(), hold="1")["id"]
    start = f"{JOBS}/{job}/start"
    assert problem(served.client.post(start, content=b"{"))[0] == 400
    assert problem(served.client.post(start, json=[1]))[0] == 400
    assert problem(served.client.post(start, json={"scale": True}))[0] == 422
    assert problem(served.client.post(start, content=b'"' + b"x" * 70_000))[0] == 413
    assert problem(served.client.post(start, content=b"[" * 60_000))[0] == 400
    assert served.client.post(start, content=b"").status_code == 202


def test_shows_parts_of_both_pictures(served: Served) -> None:
    content = picture(40, 30)
    job = served.add(content)["id"]
    served.wait_for(job, "done")
    part = {"left": 5, "top": 6, "width": 10, "height": 8}
    before = served.client.get(f"{JOBS}/{job}/view/before", params=part)
    assert before.headers["content-type"] == "image/png"
    assert np.array_equal(pixels(before.content), pixels(content)[6:14, 5:15])
    after = served.client.get(f"{JOBS}/{job}/view/after").content
    result = served.client.get(f"{JOBS}/{job}/result").content
    assert np.array_equal(pixels(after), pixels(result))
    small = served.client.get(f"{JOBS}/{job}/view/after", params={"most": 20}).content
    assert pixels(small).shape == (15, 20, 3)
    outside = served.client.get(f"{JOBS}/{job}/view/before", params={"left": 40})
    assert problem(outside)[0] == 422
    assert problem(served.client.get(f"{JOBS}/{job}/view/beside"))[0] == 404
    assert problem(served.client.get(f"{JOBS}/{job}/view/after?most=x"))[0] == 422


def test_shows_16_bit_tiff_as_8_bit_png(served: Served) -> None:
    random = np.random.default_rng(1)
    image = type(noise(1, 1))(random.integers(0, 65536, (12, 14, 3), np.uint16))
    job = served.add(encode_image(image, "tif", 95), hold="1")["id"]
    shown = pixels(served.client.get(f"{JOBS}/{job}/view/before").content)
    assert shown.dtype == np.uint8
    assert np.abs(shown - image.color / 257).max() <= 0.51


def test_compares_models_on_a_part(served: Served) -> None:
    content = picture(120, 90)
    job = served.add(content, hold="1")["id"]
    part = {"left": 40, "top": 30, "width": 20, "height": 16}
    shown = served.client.get(f"{JOBS}/{job}/compare/espcn", params=part).content
    whole = pixels(served.client.post(UPSCALE, content=content).content)
    assert np.array_equal(pixels(shown), whole[60:92, 80:120])
    smooth = served.client.get(f"{JOBS}/{job}/compare/bicubic", params={**part, "scale": 3})
    assert pixels(smooth.content).shape == (48, 60, 3)
    unknown = served.client.get(f"{JOBS}/{job}/compare/x.onnx", params=part)
    assert problem(unknown)[0] == 422


def test_limits_what_is_compared(served: Served) -> None:
    job = served.add(picture(300, 20), hold="1")["id"]
    assert problem(served.client.get(f"{JOBS}/{job}/compare/espcn"))[0] == 413
    part = {"width": 60, "height": 20, "scale": 60}  # 4.3 million pixels, no side over 4096
    answer = served.client.get(f"{JOBS}/{job}/compare/bicubic", params=part)
    assert "more pixels than this server allows" in problem(answer)[1]
    part = {"width": 200, "height": 20, "scale": 40}
    assert problem(served.client.get(f"{JOBS}/{job}/compare/bicubic", params=part))[0] == 413


def test_a_download_is_whole_although_its_job_is_deleted(served: Served) -> None:
    job = served.add(picture(400, 300))["id"]
    size = served.wait_for(job, "done")["output"]["bytes"]
    with served.client.stream("GET", f"{JOBS}/{job}/result") as answer:
        served.client.delete(f"{JOBS}/{job}")
        assert len(answer.read()) == size
    assert problem(served.client.get(f"{JOBS}/{job}/result"))[0] == 404


def test_a_form_may_hold_a_job(served: Served) -> None:
    def add(word: str) -> httpx.Response:
        return served.client.post(JOBS, files={"file": picture()}, data={"hold": word})

    assert add("yes").json()["status"] == "held"
    assert problem(add("maybe")) == (422, "hold maybe: must be true or false")


def test_zips_results_with_their_folders_and_each_name_once(served: Served) -> None:
    names = ("trip/a.png", "trip/a.png", "TRIP/A.png", "../../b.png")
    jobs = [served.add(picture(seed=seed), name=name)["id"] for seed, name in enumerate(names)]
    for job in jobs:
        served.wait_for(job, "done")
    answer = served.client.get("/api/v1/results.zip", params={"ids": ",".join(jobs)})
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    assert archive.namelist() == [
        "trip/a_x2_espcn.png",
        "trip/a_x2_espcn_2.png",
        "TRIP/A_x2_espcn_3.png",
        "b_x2_espcn.png",
    ]
    first = served.client.get(f"{JOBS}/{jobs[0]}/result").content
    assert archive.read("trip/a_x2_espcn.png") == first
    assert problem(served.client.get("/api/v1/results.zip?ids=nobody"))[0] == 404


def test_tells_all_models_options_and_limits(served: Served) -> None:
    told = served.client.get("/api/v1/models").json()
    assert told["default"] == {"model": "espcn", "scale": 2.0}
    models = {model["name"]: model for model in told["models"]}
    assert models["photo"]["purpose"]
    assert models["photo"]["license"]
    assert models["photo"]["scales"] == [2, 3, 4]
    options = {option["name"]: option for option in told["options"]}
    assert options["quality"]["kind"] == "integer"
    assert (options["quality"]["least"], options["quality"]["most"]) == (1, 100)
    assert "photo" in options["model"]["choices"]
    assert "device" not in options
    assert not [option["help"] for option in options.values() if "--" in option["help"]]
    assert told["limits"]["max_body_bytes"] == 1_000_000
    assert told["limits"]["max_output_pixels"] == 2_000_000
    assert "jpg" in {kind["name"] for kind in told["formats"]}


def test_describes_every_route(served: Served) -> None:
    paths = served.client.get("/openapi.json").json()["paths"]
    for path, methods in paths.items():
        for method in methods:
            address = path.replace("{id}", "nobody")
            answer = served.client.request(method, address) if "events" not in path else None
            assert answer is None or answer.status_code != 405, path
    page = served.client.get("/docs")
    assert all(path in page.text for path in paths)
    assert 'src="' not in page.text
    assert "https://" not in page.text


def test_tells_counts_and_health(served: Served) -> None:
    served.client.post(UPSCALE, content=picture())
    assert served.client.get("/healthz").text == "ok\n"
    metrics = served.client.get("/metrics").text
    assert 'sr_batch_serve_jobs{status="waiting"}' in metrics
    assert 'ended_jobs_total{status="done"} 0' not in metrics
    assert "sr_batch_serve_open_networks" in metrics


def test_every_answer_has_the_headers_of_a_careful_server(served: Served) -> None:
    for path in ("/docs", JOBS, "/nothing"):
        headers = served.client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in headers
