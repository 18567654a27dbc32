"""Holds messages of ours against pyiso8583, a codec that shares no code with ours.

    iso8583_peer.py < LINES

Each line is JSON: `{"spec": TABLE}` names the table of the messages that follow, `{"message": MESSAGE, "hex": BYTES}` is
a message as we have it and as we wrote it. Prints one JSON object: how many agreed in both directions, the first that did
not, and how long decoding and encoding took.
"""

import json
import sys
import time

import iso8583

CODINGS = {"ascii": "ascii", "latin1": "latin-1", "cp037": "cp037", "cp500": "cp500", "binary": "b"}


def field(ours):
    """A field of our table in pyiso8583's words."""
    coding = ours["coding"]
    theirs = {"data_enc": "b" if coding in ("bcd", "binary") else CODINGS[coding], "desc": ""}
    if coding == "bcd" and ours.get("counts", "digits") == "digits":
        theirs["len_count"] = "nibbles"
    for side, digit in ours.get("filler", {}).items():
        theirs[f"{side}_pad"] = digit
    length = ours["length"]
    if "fixed" in length:
        return theirs | {"len_enc": "ascii", "len_type": 0, "max_len": length["fixed"]}
    variable = length["variable"]
    enc = "bcd" if variable["coding"] == "bcd" else CODINGS[variable["coding"]]
    return theirs | {"len_enc": enc, "len_type": variable["width"], "max_len": variable["max"]}


def table(ours):
    text = lambda coding: "b" if coding in ("bcd", "binary") else CODINGS[coding]
    plain = {"len_enc": "ascii", "len_type": 0, "desc": ""}
    bitmap = plain | {"data_enc": text(ours["bitmap"]), "max_len": 16}
    spec = {str(number): field(one) for number, one in ours["fields"].items()}
    spec["h"] = field(ours["header"]) if "header" in ours else plain | {"data_enc": "ascii", "max_len": 0}
    spec["t"] = plain | {"data_enc": text(ours["mti"]), "max_len": 4}
    return spec | {"p": bitmap, "1": bitmap}


def document(message):
    """A message in pyiso8583's words: bytes are hexadecimal digits there, too."""
    theirs = {"t": message["mti"], **message["fields"]}
    if "header" in message:
        theirs["h"] = message["header"]
    return theirs


def main():
    spec, agreed, differ = None, 0, []
    seconds = {"decode": 0.0, "encode": 0.0}
    for line in sys.stdin:
        line = json.loads(line)
        if "spec" in line:
            spec = table(line["spec"])
            continue
        raw, wanted = bytes.fromhex(line["hex"]), document(line["message"])
        try:
            begun = time.perf_counter()
            decoded, _ = iso8583.decode(raw, spec)
            seconds["decode"] += time.perf_counter() - begun
            begun = time.perf_counter()
            encoded, _ = iso8583.encode(dict(wanted), spec)
            seconds["encode"] += time.perf_counter() - begun
        except (iso8583.DecodeError, iso8583.EncodeError) as error:
            differ.append(f"{error}: {line}")
            continue
        found = {name: value for name, value in decoded.items() if name not in ("p", "1")}
        if found == wanted and bytes(encoded) == raw:
            agreed += 1
        else:
            differ.append(f"decoded {found}, encoded {bytes(encoded).hex()}: {line}")
    print(json.dumps({"agreed": agreed, "differ": len(differ), "first": differ[:2], "seconds": seconds}))


main()
