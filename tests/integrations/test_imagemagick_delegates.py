"""The lines of sr-batch in ``delegates.xml``, alone and beside the lines of a user."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sr_batch.core.errors import UsageError
from sr_batch.inference.model_catalog import ModelFile, find_models
from sr_batch.integrations import imagemagick_delegates as delegates
from sr_batch.integrations.imagemagick import INSTALLER

TOOL = Path("/opt/sr batch/bin/sr-batch")
LINE = '<delegate decode="mine" command="&quot;mine&quot; &quot;%i&quot;"/>'


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's ``delegates.xml``, which does not exist yet."""
    monkeypatch.delenv("MAGICK_CONFIGURE_PATH", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path / "ImageMagick" / "delegates.xml"


def model(name: str, scale: int = 2, precision: str = "fp32") -> ModelFile:
    return ModelFile(name, scale, precision, Path("any.onnx"))


def test_every_network_gets_one_prefix() -> None:
    models = [model("edsr"), model("edsr", 4), model("edsr", 4, "fp16"), model("My Net_v2.1", 3)]
    assert list(delegates.prefixes(models)) == ["edsr2x", "edsr4x", "my-net-v2-1-3x"]


def test_ambiguous_and_unsafe_names_get_no_prefix() -> None:
    models = [model("a-b"), model("a.b"), model('a"b'), model("%i"), model("..")]
    assert {prefix: found.name for prefix, found in delegates.prefixes(models).items()} == {
        "a-b2x": "a-b"
    }


def test_installs_a_line_for_every_network(file: Path) -> None:
    INSTALLER.install(TOOL)
    found = delegates.commands(file.read_bytes())
    assert {each.name for each in find_models()} == {
        command.split("--model=")[1].split('"')[0] for command in found.values()
    }
    assert {delegates.program(command) for command in found.values()} == {TOOL}


def test_no_command_needs_a_shell() -> None:
    content = b"<delegatemap>" + delegates.lines(TOOL, find_models()) + delegates.CLOSING
    assert not any(set("&;<>|") & set(line) for line in delegates.commands(content).values())


def test_accepts_a_path_with_letters_of_any_language(file: Path) -> None:
    INSTALLER.install(Path("/home/rené/é/sr-batch"))
    (program,) = {
        delegates.program(each) for each in delegates.commands(file.read_bytes()).values()
    }
    assert program == Path("/home/rené/é/sr-batch")


@pytest.mark.parametrize("name", ['a"b', "a$b", "100%", "a;b", "a\nb"])
def test_refuses_a_path_that_needs_a_shell(name: str, file: Path) -> None:
    with pytest.raises(UsageError, match="ImageMagick cannot run a command with this path"):
        INSTALLER.install(Path("/opt", name, "sr-batch"))
    assert not file.exists()


def test_a_second_install_changes_nothing(file: Path) -> None:
    INSTALLER.install(Path("/old/sr-batch"))
    INSTALLER.install(TOOL)
    before = file.read_bytes()
    assert "up to date" in INSTALLER.install(TOOL)[0]
    assert file.read_bytes() == before


def test_uninstall_removes_a_file_that_install_created(file: Path) -> None:
    INSTALLER.install(TOOL)
    assert len(INSTALLER.uninstall()) == 1
    assert not file.exists()
    assert INSTALLER.uninstall() == []


spaces = st.sampled_from(["", "\n", "  ", "\r\n\t", "<!-- it's > mine -->", "\n<!--é--\x3e"])


@settings(max_examples=40)
@given(st.lists(st.tuples(spaces, st.just(LINE))), spaces, spaces, st.sampled_from(["\n", ""]))
def test_uninstall_restores_the_users_bytes(
    body: list[tuple[str, str]], end: str, after: str, last: str
) -> None:
    text = "".join(map("".join, body))
    theirs = f'<?xml version="1.0"?>\n<delegatemap>{text}{end}</delegatemap>{after}{last}'.encode()
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as folder:
        patch.setenv("MAGICK_CONFIGURE_PATH", f"{os.pathsep}{folder}{os.pathsep}/elsewhere")
        file = Path(folder, "delegates.xml")
        file.write_bytes(theirs)
        INSTALLER.install(TOOL)
        merged = delegates.commands(file.read_bytes())
        assert ("mine" in merged) == bool(body)
        assert len(merged) == len(delegates.prefixes(find_models())) + bool(body)
        INSTALLER.uninstall()
        assert file.read_bytes() == theirs


def test_keeps_a_symbolic_link_and_the_permissions_of_its_file(file: Path, tmp_path: Path) -> None:
    kept = tmp_path / "dotfiles.xml"
    kept.write_bytes(delegates.NEW_FILE.replace(b"made", b"kept"))
    kept.chmod(0o600)
    file.parent.mkdir()
    file.symlink_to(kept)
    INSTALLER.install(TOOL)
    assert file.is_symlink()
    assert kept.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<delegatemap>", "</delegatemap> is missing"),
        (b"<delegatemap/>", "</delegatemap> is missing"),
        (b"<delegatemap><a></delegatemap>", "not valid XML"),
        (b"<a><delegatemap></delegatemap></a>", "its root element is a, not delegatemap"),
        (b"<delegatemap></delegatemap><!-- </delegatemap> -->", "not valid XML"),
    ],
)
def test_leaves_a_file_alone_that_it_cannot_parse(content: bytes, message: str, file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(UsageError, match=message) as caught:
        INSTALLER.install(TOOL)
    assert str(file) in str(caught.value)
    assert file.read_bytes() == content


def test_status_finds_changed_networks_and_a_missing_command(file: Path, tmp_path: Path) -> None:
    assert INSTALLER.status().state == "absent"
    tool = tmp_path / "sr-batch"
    INSTALLER.install(tool)
    status = INSTALLER.status()
    assert (status.state, status.fix) == ("broken", "sr-batch plugin install imagemagick")
    assert f"{tool} no longer exists" in status.detail
    file.write_text(file.read_text().replace('decode="espcn2x"', 'decode="gone2x"'))
    assert "networks have changed" in INSTALLER.status().detail
    file.write_text(file.read_text().replace('decode="gone2x"', "decode"))
    assert "were changed" in INSTALLER.status().detail
