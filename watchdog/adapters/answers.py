"""A response from outside → its bytes, within a cap; bytes → a JSON document. `ValueError` says why not.

orjson refuses NaN, invalid UTF-8 and endless depth by itself; keys that stand twice in one object are refused here.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from typing import Any

import orjson
import requests

_CHUNK_BYTES = 64 * 1024
_PIECE_BYTES = 1024 * 1024


class TooLarge(ValueError):
    """More than the cap."""


def read(response: requests.Response, bytes_max: int) -> bytes:
    """The body, unzipped. Counted as it comes and as it unfolds, so that neither a long body nor a bomb gets further
    than the cap. Raises `ValueError`, and the client's errors when the connection breaks off."""
    content = bytearray()
    for chunk in _unzipped(response, bytes_max):
        content += chunk
        if len(content) > bytes_max:
            # The error's traceback would keep it for as long as the error is kept, while something else is read.
            content.clear()
            raise _too_large(bytes_max)
    return bytes(content)


def _unzipped(response: requests.Response, bytes_max: int) -> Iterator[bytes]:
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ("", "identity", "gzip"):
        raise ValueError("the answer is encoded in a way that was not asked for")
    unzip = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
    received = 0
    while chunk := response.raw.read(_CHUNK_BYTES, decode_content=False):
        received += len(chunk)
        if received > bytes_max:
            raise _too_large(bytes_max)
        yield from _pieces(unzip, chunk) if unzip else (chunk,)
    if unzip and received and not unzip.eof:
        raise ValueError("the answer's gzip ends too early")


def _pieces(unzip: zlib._Decompress, chunk: bytes) -> Iterator[bytes]:
    # A bomb's whole cap at once, beside what is gathered of it, would be twice the cap.
    try:
        while chunk:
            yield unzip.decompress(chunk, _PIECE_BYTES)
            chunk = unzip.unconsumed_tail
    except zlib.error as error:
        raise ValueError("the answer is no valid gzip") from error


def _too_large(bytes_max: int) -> TooLarge:
    return TooLarge(f"the answer is larger than the cap of {bytes_max:,} bytes")


def parse(body: bytes) -> Any:
    """Raises `ValueError`. Depth is limited to 254, which is what orjson can write."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ValueError(_why_not(body, error)) from error
    try:
        written = orjson.dumps(document)
    except TypeError as error:
        raise ValueError("the answer's JSON is nested too deep") from error
    # Cheap first: as many keys written as were read means that none was there twice. More may also be spacing.
    if body.count(b'":') != written.count(b'":'):
        json.loads(body, object_pairs_hook=_unique)
    return document


def _why_not(body: bytes, error: orjson.JSONDecodeError) -> str:
    if body.lstrip()[:1] == b"<":
        return "the answer is a page (HTML or XML), not JSON"
    return f"the answer is no valid JSON: {error.msg} at character {error.pos}"


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("the answer's JSON holds a key twice in one object")
    return document
