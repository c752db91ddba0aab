"""Take the README's screenshots from a running demonstration: `python scripts/screenshots.py http://127.0.0.1:8000`.

Needs the development dependencies and Debian's chromium. Colours are reduced to a palette, so that pictures stay
small.
"""

from __future__ import annotations

import sys
import zlib
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

IMAGES = Path(__file__).resolve().parents[1] / "docs/images"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
WIDTH = 1200


def sign_in(browser: Browser, address: str, role: str, width: int = WIDTH) -> Page:
    """Open a page as a demonstration user."""
    page = browser.new_context(viewport={"width": width, "height": 900}, base_url=address).new_page()
    page.goto("/sign-in")
    page.get_by_role("button", name=f"Sign in as {role}").click()
    page.wait_for_url(lambda at: "/sign-in" not in at)
    return page


def save(page: Page, name: str, height: int) -> None:
    """Save the top of a page as a small PNG."""
    page.set_viewport_size({"width": page.viewport_size["width"] if page.viewport_size else WIDTH, "height": height})
    pixels = decode(page.screenshot())
    (IMAGES / name).write_bytes(encode(pixels))


def decode(png: bytes) -> np.ndarray:
    """Read an 8-bit RGB or RGBA picture as the browser writes it: shape (height, width, 3)."""
    at, data, width, height, channels = 8, b"", 0, 0, 3
    while at < len(png):
        size, kind = int.from_bytes(png[at : at + 4], "big"), png[at + 4 : at + 8]
        body = png[at + 8 : at + 8 + size]
        if kind == b"IHDR":
            width, height = int.from_bytes(body[:4], "big"), int.from_bytes(body[4:8], "big")
            channels = {2: 3, 6: 4}[body[9]]
        elif kind == b"IDAT":
            data += body
        at += size + 12
    lines = np.frombuffer(zlib.decompress(data), np.uint8).reshape(height, 1 + width * channels)
    picture = np.zeros((height + 1, width + 1, channels), np.int32)
    for y in range(height):
        row = lines[y, 1:].reshape(width, channels).astype(np.int32)
        kind = int(lines[y, 0])
        if kind == 2:
            picture[y + 1, 1:] = (row + picture[y, 1:]) % 256
        elif kind == 0:
            picture[y + 1, 1:] = row
        else:
            for x in range(width):
                left, up, corner = picture[y + 1, x], picture[y, x + 1], picture[y, x]
                guess = left if kind == 1 else (left + up) // 2 if kind == 3 else paeth(left, up, corner)
                picture[y + 1, x + 1] = (row[x] + guess) % 256
    return picture[1:, 1:, :3].astype(np.uint8)


def paeth(left: np.ndarray, up: np.ndarray, corner: np.ndarray) -> np.ndarray:
    """The predictor of PNG's fourth filter."""
    guess = left + up - corner
    to_left, to_up, to_corner = abs(guess - left), abs(guess - up), abs(guess - corner)
    return np.where((to_left <= to_up) & (to_left <= to_corner), left, np.where(to_up <= to_corner, up, corner))


def encode(pixels: np.ndarray) -> bytes:
    """Write a picture with a palette of its 256 commonest colours; others become the nearest of them."""
    height, width, _ = pixels.shape
    key = pixels[..., 0].astype(np.int32) << 16 | pixels[..., 1].astype(np.int32) << 8 | pixels[..., 2]
    colours, inverse, counts = np.unique(key, return_inverse=True, return_counts=True)
    kept = colours[np.argsort(-counts)[:256]]
    parts = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1)
    palette = np.stack([kept >> 16, kept >> 8 & 255, kept & 255], axis=1)
    nearest = np.argmin(((parts[:, None, :] - palette[None, :, :]) ** 2).sum(axis=2), axis=1)
    index = nearest[inverse].reshape(height, width).astype(np.uint8)
    lines = np.concatenate([np.zeros((height, 1), np.uint8), index], axis=1)
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 3, 0, 0, 0])
    body = zlib.compress(lines.tobytes(), 9)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(kind, part)
        for kind, part in (
            (b"IHDR", head),
            (b"PLTE", palette.astype(np.uint8).tobytes()),
            (b"IDAT", body),
            (b"IEND", b""),
        )
    )


def chunk(kind: bytes, body: bytes) -> bytes:
    """One chunk of a PNG file."""
    return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")


def main(address: str) -> None:
    """Take every picture."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        page = sign_in(browser, address, "clinician")
        page.goto("/caseload")
        save(page, "caseload.png", 900)
        page.locator(".wh-caseload__name").first.click()
        page.wait_for_url("**/people/*")
        save(page, "person.png", 1150)
        page = sign_in(browser, address, "steward")
        page.goto("/feeds")
        save(page, "feeds.png", 800)
        page.goto("/linkage")
        save(page, "linkage.png", 800)
        page = sign_in(browser, address, "clinician", width=375)
        page.goto("/caseload")
        save(page, "phone.png", 760)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"))
