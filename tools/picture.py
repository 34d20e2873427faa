"""Take the picture in README.md again, from the demo bakery: ``python tools/picture.py``; needs Chromium."""

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from support.browsing import chromium_running, sign_in, window  # noqa: E402  found by the line above
from support.serving import serving  # noqa: E402

with (
    tempfile.TemporaryDirectory() as folder,
    serving(Path(folder), "--demo") as server,
    chromium_running() as browser,
    window(browser, server, viewport={"width": 1180, "height": 720}) as page,
):
    sign_in(page, "Bao")
    page.get_by_role("link", name="Bake Gingerbread").click()
    page.get_by_role("textbox", name="Batches").fill("14")
    page.wait_for_timeout(2_000)  # the page checks once typing has stopped
    page.screenshot(path=ROOT / "docs" / "images" / "bake.png")
