"""Reads every PNG picture in a folder with zxing-cpp, a reader that shares no code with ours.

    read_codes.py FOLDER

Prints one JSON object: file name without its ending -> list of what was read, each with `format`, `text`,
`bytes_hex`, `version` and `ec_level`.
"""

import json
import pathlib
import sys

import numpy
import zxingcpp
from PIL import Image

FORMATS = [zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.Aztec, zxingcpp.BarcodeFormat.DataMatrix]


def read(path):
    picture = numpy.asarray(Image.open(path).convert("L"))
    return [
        {
            "format": str(code.format),
            "text": code.text,
            "bytes_hex": code.bytes.hex(),
            "version": code.extra.get("Version", ""),
            "ec_level": code.ec_level,
        }
        for code in zxingcpp.read_barcodes(picture, formats=FORMATS)
    ]


def main():
    folder = pathlib.Path(sys.argv[1])
    json.dump({path.stem: read(path) for path in sorted(folder.glob("*.png"))}, sys.stdout)


if __name__ == "__main__":
    main()
