"""Prints how long one patch takes to apply and to render: python tools/measure.py, after
npm run build -- --out dist. Needs Playwright and a Chromium (CHROMIUM, or the one on the path)."""

import functools
import http.server
import os
import shutil
import threading
from pathlib import Path

from playwright.sync_api import sync_playwright

PAGE = """<!doctype html><meta charset="utf-8"><title>measure</title><div id="here"></div>
<script type="module" src="/tools/measure.mjs"></script>"""


class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.split("?")[0] != "/":
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE.encode())

    def log_message(self, *args: object) -> None:
        pass


def main() -> None:
    handler = functools.partial(Handler, directory=str(Path(__file__).parents[1]))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"]
        )
        for slower, query in ((1, ""), (1, "?log=1"), (4, ""), (4, "?log=1")):
            page = browser.new_page(viewport={"width": 420, "height": 900})
            # Who looks at the page may have a slower machine than this one.
            session = page.context.new_cdp_session(page)
            session.send("Emulation.setCPUThrottlingRate", {"rate": slower})
            page.on("pageerror", lambda error: print(error))
            page.goto(f"http://127.0.0.1:{server.server_port}/{query}")
            page.wait_for_function("window.result", timeout=90_000)
            print(f"CPU {slower} times slower:", page.evaluate("window.result"))
            page.close()
        browser.close()
    server.shutdown()


if __name__ == "__main__":
    main()
