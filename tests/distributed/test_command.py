"""The real command over a real server of S3, with a real network."""

import json
import subprocess
import sys
from pathlib import Path

from tests.cli.conftest import ENVIRONMENT
from tests.fakes import save_picture
from tests.object_server import CREDENTIALS, Bucket


def sr_batch(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sr_batch", *arguments],
        cwd=folder,
        env=ENVIRONMENT | CREDENTIALS,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_bucket_gets_the_bytes_that_a_folder_gets(bucket: Bucket, tmp_path: Path) -> None:
    picture = save_picture(tmp_path / "in" / "a.png", 1, (24, 16))
    options = ("--model", "espcn", "--json")
    place = ("--endpoint-url", bucket.endpoint)
    local = sr_batch(tmp_path, "upscale", "in", "-o", "out", *options)
    remote = sr_batch(
        tmp_path, "upscale", "in", "-o", f"{bucket.url}/out", *options, *place, "--progress"
    )
    assert (local.returncode, remote.returncode) == (0, 0), remote.stderr
    assert bucket.get("out/a.png") == (tmp_path / "out" / "a.png").read_bytes()

    there, here = (json.loads(each.stdout.splitlines()[0]) for each in (remote, local))
    assert there.pop("output") == f"{bucket.url}/out/a.png"
    for record in (there, here):
        record.pop("seconds")
    assert there | {"output": "out/a.png"} == here
    assert [json.loads(line).get("progress") for line in remote.stdout.splitlines()[1:]] == [
        1,
        None,
    ]
    assert json.loads(remote.stdout.splitlines()[-1])["done"] == 1
    assert "a bucket keeps no permissions of files" in remote.stderr
    assert picture.exists()

    status = sr_batch(tmp_path, "status", f"{bucket.url}/out", "--json", *place)
    assert json.loads(status.stdout)["done"] == 1
