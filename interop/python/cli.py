"""Where Keeper's command line runs against the embedded Keeper.

It does not hand on the `serverPublicKey` of a config, so the key is put beside those that its SDK knows.
"""

import base64
import json
import os

from keeper_secrets_manager_core.keeper_globals import keeper_public_keys

config = json.loads(base64.b64decode(os.environ["KSM_CONFIG"]))
keeper_public_keys[config["serverPublicKeyId"]] = config["serverPublicKey"]

from keeper_secrets_manager_cli.__main__ import main

main()
