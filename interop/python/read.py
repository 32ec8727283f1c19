"""Where Keeper's Python SDK reads a vault.

In, as JSON: { config, notations, codes }. Out, as JSON, what `interop/readers.js` describes.
"""

import base64
import hashlib
import json
import logging
import sys
import time
from importlib.metadata import version

from keeper_secrets_manager_core import SecretsManager
from keeper_secrets_manager_core.storage import InMemoryKeyValueStorage
from keeper_secrets_manager_core.utils import get_totp_code

# The SDK logs what it can't read; here that is seen in what is missing.
logging.disable(logging.CRITICAL)


def main():
    asked = json.loads(sys.stdin.buffer.read().decode("utf-8"))
    manager = SecretsManager(config=InMemoryKeyValueStorage(asked["config"]))
    read = {
        "version": version("keeper-secrets-manager-core"),
        "records": [record(each) for each in manager.get_secrets()],
        "answers": {
            function: [answer(getattr(manager, function), notation) for notation in asked["notations"]]
            for function in ("get_notation", "get_notation_results")
        },
        "codes": [code(uri) for uri in asked["codes"]],
    }
    # In ASCII, so that no console's encoding can get in the way.
    sys.stdout.write(json.dumps(read))


def record(read):
    return {
        "uid": read.uid,
        "folder": read.folder_uid or None,
        "data": read.dict,
        "files": [attachment(file) for file in read.files],
    }


def attachment(file):
    about = {"uid": file.f["fileUid"], "name": file.name, "title": file.title}
    try:
        return {**about, "sha256": hashlib.sha256(file.get_file_data()).hexdigest()}
    except Exception as error:  # The SDK raises whatever it meets.
        return {**about, "error": reason(error)}


def answer(ask, notation):
    try:
        value = ask(notation)
    except Exception as error:
        return {"error": reason(error)}
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode("ascii")}
    return {"value": value}


def reason(error):
    return str(error) or type(error).__name__


def code(uri):
    """The code and the half minute in which it holds: the SDK goes by its own clock."""
    while True:
        since = this_half_minute()
        made = get_totp_code(uri).code
        if this_half_minute() == since:
            return {"code": made, "since": since}


def this_half_minute():
    return int(time.time()) // 30 * 30


main()
