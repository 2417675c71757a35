"""Commands that install what is missing, for messages."""

import shlex
import sys


def pip(*arguments: str) -> str:
    """A command line that runs pip in this environment, from any folder."""
    return shlex.join([sys.executable, "-m", "pip", *arguments])
