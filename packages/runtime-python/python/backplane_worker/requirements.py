"""What a plugin asks for of Python packages."""
import re
from importlib import metadata


def missing(requirements):
    """Gives those of the requirements whose package is not there; versions are not looked at."""
    return [wanted for wanted in requirements if not _is_there(re.match(r"[A-Za-z0-9._-]*", wanted).group())]


def _is_there(name):
    try:
        metadata.version(name)
        return True
    except (metadata.PackageNotFoundError, ValueError):
        return False
