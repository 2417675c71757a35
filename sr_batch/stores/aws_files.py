"""Keys and the region from the files of the command line of AWS, for the profile in use.

Only keys that are written there: logins that need a program or a browser are left to the
environment, as obstore does.
"""

import os
from configparser import ConfigParser, Error
from pathlib import Path

from sr_batch.core.errors import UsageError

_KEYS = {
    "aws_access_key_id": "access_key_id",
    "aws_secret_access_key": "secret_access_key",
    "aws_session_token": "session_token",
}
# Whoever sets one of these does not want keys from a file.
_LOGINS = ("AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_SKIP_SIGNATURE")
_REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")


def aws_settings() -> dict[str, str]:
    """What the environment lacks and ``~/.aws`` has, as obstore calls it.

    Raises:
        UsageError: ``AWS_PROFILE`` names a profile that does not exist or has no keys.
    """
    profile = os.environ.get("AWS_PROFILE", "")
    config, section = _file("AWS_CONFIG_FILE", "config"), profile or "default"
    found = _section(config, section if section == "default" else f"profile {section}")
    found |= _section(_file("AWS_SHARED_CREDENTIALS_FILE", "credentials"), section)
    settings = {}
    if not _is_set(_REGIONS) and (region := found.get("region")):
        settings["region"] = region
    if not _is_set(_LOGINS):
        settings |= {own: found[name] for name, own in _KEYS.items() if name in found}
        if profile and "access_key_id" not in settings:
            raise UsageError(
                f"AWS_PROFILE {profile}: {'it has no access key' if found else 'no such profile'}"
                " in the files of ~/.aws; for another kind of login, run"
                f' eval "$(aws configure export-credentials --profile {profile} --format env)"'
            )
    return settings


def _is_set(names: tuple[str, ...]) -> bool:
    return any(os.environ.get(name) for name in names)


def _file(variable: str, name: str) -> Path:
    return Path(os.environ.get(variable) or f"~/.aws/{name}").expanduser()


def _section(file: Path, name: str) -> dict[str, str]:
    parser = ConfigParser(interpolation=None, default_section="")
    try:
        parser.read(file, encoding="utf-8")
        return dict(parser[name]) if parser.has_section(name) else {}
    except (Error, OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: it cannot be read: {str(error).splitlines()[0]}") from error
