"""The Lua script for darktable, run by Lua with a stand-in for darktable."""

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from sr_batch.integrations import installer, quoting
from tests.cli.conftest import size_of
from tests.integrations.conftest import needs, picture, run

DARKTABLE = """
local storage
local dt = { configuration = { running_os = "linux" }, control = {}, database = {} }
dt.new_widget = function() return function(made) made.value = made[1]; return made end end
dt.print = function(text) print("printed: " .. text) end
dt.control.execute = function(command) local _, _, code = os.execute(command); return code end
dt.database.import = function(path) print("imported: " .. path:match("[^/]*$")) end
dt.register_storage = function(...) storage = { ... } end
package.preload["darktable"] = function() return dt end
package.path = arg[1] .. "/lua/?.lua"
dofile(arg[1] .. "/luarc")
local extra = {}
storage[6](nil, nil, {}, false, extra)
storage[3](nil, { path = arg[2] }, nil, arg[3], 1, 1, false, extra)
"""


def test_darktable_enlarges_what_it_exports(home: Path, tool: Path) -> None:
    """Runs the script in the Lua version of darktable, with a stand-in for darktable itself."""
    lua, luac = needs("lua5.4", "lua5.4"), needs("luac5.4", "lua5.4")
    installer("darktable").install(tool)
    settings, photos = home / "config" / "darktable", home / "photos"
    for file in (settings / "luarc", settings / "lua" / "sr-batch.lua"):
        assert run([luac, "-p", file], home).returncode == 0
    photos.mkdir()
    (home / "host.lua").write_text(DARKTABLE)
    for made in ("a'$(touch pwned)_x2.png", "a'$(touch pwned)_x2_1.png"):
        exported = picture(home / "a'$(touch pwned).png")
        done = run([lua, "host.lua", settings, photos, exported], home)
        assert f"imported: {made}".encode() in done.stdout, done.stdout + done.stderr
        assert size_of(photos / made) == (40, 24)
        assert not exported.exists()
    (home / "bad.png").write_bytes(b"not an image")
    done = run([lua, "host.lua", settings, photos, home / "bad.png"], home)
    assert b"was not made" in done.stdout
    assert len(list(photos.iterdir())) == 2
    assert not list(home.rglob("pwned"))


@given(st.text(st.characters(codec="utf-8"), max_size=20))
def test_lua_strings_round_trip(text: str) -> None:
    literal = quoting.lua(text)
    assert literal.isascii()
    assert "\n" not in literal
    numbers = re.sub(r"\\(\d{3})", lambda code: chr(int(code[1])), literal[1:-1])
    assert numbers.encode("latin-1") == text.encode()
