"""What ``sr-batch serve`` refuses before it listens, and what it loads."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from sr_batch.cli import app
from sr_batch.core.errors import SrBatchError

REFUSED = [
    (["--host", "0.0.0.0"], 2, "needs a secret"),
    (["--token", "short"], 2, "at least 16"),
    (["--model", "nobody"], 2, "there is no model nobody"),
    (["--model", "nowhere.onnx"], 2, "no such file"),
    (["--device", "nonsense"], 2, "must be one of"),
    (["--host", "no such host", "--token", "x" * 16], 2, "--host no such host --port 0"),
    (["--port", "70000"], 2, "from 0 to 65535"),
]


def refused(*arguments: str) -> SrBatchError:
    """The error of a command that was refused."""
    error = CliRunner().invoke(app, ["serve", "--port", "0", *arguments]).exception
    assert isinstance(error, SrBatchError)
    return error


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("SR_BATCH_TOKEN", raising=False)


@pytest.mark.parametrize(("arguments", "code", "said"), REFUSED)
def test_refuses_what_it_cannot_serve(arguments: list[str], code: int, said: str) -> None:
    error = refused(*arguments)
    assert said in str(error)
    assert error.exit_code == code


def test_the_environment_holds_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SR_BATCH_TOKEN", "short")
    assert "at least 16" in str(refused())


def test_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sr_batch.cli.serve._LIBRARIES", ("starlette", "no_such_library"))
    error = refused()
    assert "install 'sr-batch[serve]'" in str(error)
    assert error.exit_code == 2
