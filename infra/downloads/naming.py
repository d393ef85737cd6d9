"""Under which name a download is kept: what the server or the address calls it, made harmless."""

import re
import unicodedata
from email.message import Message
from urllib.parse import unquote

SUFFIX = ".pdf"
UNNAMED = "download"
LONGEST_NAME = 200

_HARMFUL = re.compile(r'[/\\:*?"<>|]')


def name_of(disposition: str | None, path: str) -> str:
    """Give a name that no directory minds, from a Content-Disposition or a URL's path."""
    given = _offered(disposition) or unquote(path.rpartition("/")[2], errors="replace")
    name = unicodedata.normalize("NFC", given).replace("\\", "/").rpartition("/")[2]
    name = "".join(char for char in _HARMFUL.sub("_", name) if char.isprintable())
    if name.lower().endswith(SUFFIX):
        name = name[: -len(SUFFIX)]
    name = name.strip(" .")  # no hidden file, and none that looks like a directory
    return (name.encode()[:LONGEST_NAME].decode(errors="ignore") or UNNAMED) + SUFFIX


def _offered(disposition: str | None) -> str | None:
    if not disposition:
        return None
    message = Message()
    message["Content-Disposition"] = re.sub(r"[\r\n]", " ", disposition)
    return message.get_filename()
