"""The program of a process that runs one step of an import (:mod:`sandbox` starts it).

It is confined before it imports the libraries that read the file.
"""

import errno
import json
import os
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sr_batch.importing.confine import confine, end_with_parent

ANSWER = "answer.json"
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def main() -> None:
    """Run a step. Arguments: its name, the folder to work in, and the request as JSON."""
    name, folder, text = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    request = json.loads(text)
    end_with_parent()
    confined = confine([Path(each) for each in request["readable"]], [folder])
    code = 1
    try:
        answer = run(name, folder, request)
        (folder / ANSWER).write_text(json.dumps(answer | {"confined": confined}), "utf-8")
        code = 0
    except MemoryError:
        code = errno.ENOMEM
    except BaseException as fault:
        if getattr(fault, "errno", 0) in DISK_FULL:
            code = errno.ENOSPC
        else:
            traceback.print_exc()
    finally:
        os._exit(code)  # a library may have a thread that does not end


def run(name: str, folder: Path, request: Mapping[str, Any]) -> dict[str, Any]:
    """What the step ``name`` ``found``, or the reason why it ``refused`` the file."""
    from sr_batch.batch.decoder_process import Limits, held_to
    from sr_batch.core.errors import ImportRefused, SrBatchError
    from sr_batch.importing import steps
    from sr_batch.importing.trial import CallFailed

    limits = Limits(request["seconds"], request["memory"])
    try:
        with held_to(limits):
            return {"found": steps.STEPS[name](folder, request)}
    except ImportRefused as refusal:
        return {"refused": str(refusal)}
    except MemoryError:
        return {"refused": too_large(request["memory"])}
    except CallFailed as fault:
        return {"refused": f"it works at some sizes only ({fault}): export it with free sides"}
    except SrBatchError as fault:
        return {"refused": f"it does not run: {fault}"}


def too_large(memory: int) -> str:
    """The refusal of a network that needs more than ``memory`` bytes."""
    return f"it needs more than {memory >> 30} GiB of memory: take a smaller network"


if __name__ == "__main__":
    main()
