"""darktable: a target storage of the export module, by a Lua script and a line in ``luarc``."""

import re
from pathlib import Path

from sr_batch.integrations import quoting, user_folders
from sr_batch.integrations.file_plugin import Content, FilePlugin, filled_template
from sr_batch.integrations.managed_block import ManagedBlock

_NEW_LUARC = b"-- made by sr-batch plugin install darktable\n"
_BEGIN, _END = b"\n-- sr-batch plugin install darktable:", b"\n-- so far.\n"
_BLOCK = re.compile(re.escape(_BEGIN) + b".*?" + re.escape(_END), re.DOTALL)


def _content(tool: Path) -> Content:
    folder = user_folders.settings() / "darktable"
    luarc = ManagedBlock(folder / "luarc", _BLOCK, b"", _NEW_LUARC)
    script = filled_template("darktable/sr-batch.lua", TOOL=quoting.lua(str(tool)))
    lines = _BEGIN + b'\nrequire "sr-batch"' + _END
    return Content({folder / "lua" / "sr-batch.lua": script}, ((luarc, lines),))


INSTALLER = FilePlugin(
    "darktable",
    "a target storage of darktable's export",
    "to use it: restart darktable, export, target storage: enlarge (sr-batch)",
    _content,
    programs=("darktable",),
)
