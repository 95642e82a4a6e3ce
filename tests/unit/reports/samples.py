"""Notebooks, cells and pictures to make reports from."""

import base64
import json
import struct
import zlib
from pathlib import Path
from typing import Any

HOSTILE = '#read("/etc/passwd") \\ " ] } ) $ * _ ` @x <l> #{panic()} \\u{41}'


def notebook(*cells: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": list(cells)}


def prose(source: str, **metadata: Any) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": metadata, "source": source}


def code(*outputs: Any, source: str = "", **metadata: Any) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": metadata, "source": source, "outputs": list(outputs), "execution_count": 1}


def shown(**bundle: Any) -> dict[str, Any]:
    """An output; ``image_png=...`` stands for the MIME type image/png."""
    types = {name.replace("_", "/", 1).replace("svg", "svg+xml"): value for name, value in bundle.items()}
    return {"output_type": "display_data", "metadata": {}, "data": types}


def failed(name: str = "ValueError", message: str = "no", trace: list[str] | None = None) -> dict[str, Any]:
    return {"output_type": "error", "ename": name, "evalue": message, "traceback": trace or []}


def saved(folder: Path, content: dict[str, Any], name: str = "sample.ipynb") -> Path:
    path = folder / name
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def png(width: int = 4, height: int = 3, *, pixels: bytes | None = None) -> bytes:
    rows = b"".join(b"\x00" + b"\x7f" * width for _ in range(height)) if pixels is None else pixels

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def png_text(width: int = 4, height: int = 3) -> str:
    return base64.b64encode(png(width, height)).decode("ascii")


def frame_html(rows: int, columns: int = 2) -> str:
    """A table as pandas writes it."""
    head = "<th></th>" + "".join(f"<th>c{column}</th>" for column in range(columns))
    body = "".join(
        f"<tr><th>{row}</th>" + "".join(f"<td>{row}.{column}</td>" for column in range(columns)) + "</tr>"
        for row in range(rows)
    )
    return f'<table class="dataframe"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
