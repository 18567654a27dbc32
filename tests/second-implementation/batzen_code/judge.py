"""One request to the Rust door (`judge-codes`), and the answer that this implementation expects to it.

Both judge a code from its digits up to the PIN tag: what can be said without an enrolment's history.
"""

import json
import subprocess
from pathlib import Path

from .code import Recipient, check_code_signature, open_code, pin_tag_is_right
from .forms import read_text
from .kem import SUITES
from .notation import Refused

DOOR = ["cargo", "run", "-q", "-p", "fixtures", "--bin", "judge-codes"]
# Long, since the door may have to be built first.
DOOR_S_MAX = 1800


def make_request(recipient: Recipient, device_public: bytes, pin_key: bytes, digits: str) -> dict:
    return {
        "realm": recipient.realm,
        "suite": recipient.suite.number,
        "recipient_private_hex": recipient.private.hex(),
        "key_id": recipient.key_id,
        "device_public_hex": device_public.hex(),
        "pin_key_hex": pin_key.hex(),
        "digits": digits,
    }


def judge(request: dict) -> dict:
    answer = {"verdict": "ok", "fields": None, "code_hash_hex": None}
    private = bytes.fromhex(request["recipient_private_hex"])
    recipient = Recipient(request["realm"], request["key_id"], SUITES[request["suite"]], private)
    try:
        opened = open_code(read_text(request["digits"], profile=None), recipient)
        answer |= {"fields": opened.fields.named(), "code_hash_hex": opened.code_hash.hex()}
        check_code_signature(opened, recipient, bytes.fromhex(request["device_public_hex"]))
        if not pin_tag_is_right(opened, bytes.fromhex(request["pin_key_hex"])):
            raise Refused("wrong_pin")
    except Refused as refusal:
        answer["verdict"] = refusal.verdict
    return answer


def ask_the_door(requests: list[dict], root: Path) -> list[dict]:
    lines = "".join(json.dumps(request) + "\n" for request in requests)
    door = subprocess.run(
        DOOR, input=lines.encode(), stdout=subprocess.PIPE, cwd=root, check=True, timeout=DOOR_S_MAX
    )
    return [json.loads(line) for line in door.stdout.splitlines()]
