"""Keys and regions from the files of the command line of AWS."""

from pathlib import Path

import pytest
from obstore.store import S3Store

from sr_batch.core.errors import UsageError
from sr_batch.stores.aws_files import aws_settings
from sr_batch.stores.location import Place
from sr_batch.stores.object_client import Retries, open_client

_CREDENTIALS = """
[default]
aws_access_key_id = A
aws_secret_access_key = 50%x
[work]
aws_access_key_id = B
aws_secret_access_key = y
aws_session_token = z
"""
_CONFIG = """
[default]
region = eu-west-1
[profile work]
region = eu-central-1
[profile browser]
sso_session = company
"""
_WORK = {"access_key_id": "B", "secret_access_key": "y", "session_token": "z"}


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("ACCESS_KEY_ID", "REGION", "DEFAULT_REGION", "PROFILE", "SKIP_SIGNATURE"):
        monkeypatch.delenv(f"AWS_{name}", raising=False)
    for variable, text in (("SHARED_CREDENTIALS", _CREDENTIALS), ("CONFIG", _CONFIG)):
        (tmp_path / variable).write_text(text)
        monkeypatch.setenv(f"AWS_{variable}_FILE", str(tmp_path / variable))
    return tmp_path


def test_a_profile_gives_keys_and_region(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = {"access_key_id": "A", "secret_access_key": "50%x", "region": "eu-west-1"}
    assert aws_settings() == usual
    monkeypatch.setenv("AWS_PROFILE", "work")
    assert aws_settings() == {**_WORK, "region": "eu-central-1"}
    client = open_client(Place("s3://bucket"), Retries())
    assert isinstance(client, S3Store)
    assert (client.config["access_key_id"], client.config["region"]) == ("B", "eu-central-1")


def test_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-2")
    monkeypatch.setenv("AWS_PROFILE", "work")
    assert aws_settings() == _WORK
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "C")
    assert aws_settings() == {}


def test_a_profile_without_keys_is_refused(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for profile, told in (("browser", "it has no access key"), ("other", "no such profile")):
        monkeypatch.setenv("AWS_PROFILE", profile)
        with pytest.raises(UsageError, match=f"AWS_PROFILE {profile}: {told}.*export-credentials"):
            aws_settings()
    (files / "CONFIG").write_text("no section")
    with pytest.raises(UsageError, match="CONFIG: it cannot be read"):
        aws_settings()


def test_without_files_nothing_is_set(files: Path) -> None:
    for file in files.iterdir():
        file.unlink()
    assert aws_settings() == {}
