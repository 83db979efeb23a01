"""Prints HTML files with a headless Chromium that stays open: one browser for all files, spoken to over a pipe."""
import base64
import itertools
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
]
# A file of 5,000 lines takes some ten seconds on a busy machine.
TIMEOUT_SECONDS = 300


class Chromium:
    """A browser that prints; use it in a `with` block."""

    def __init__(self, program="chromium"):
        self.program = program
        self.numbers = itertools.count(1)
        self.received = b""
        self.waiting = []

    def __enter__(self):
        self.profile = tempfile.mkdtemp(prefix="chromium-")
        commands, self.commands = os.pipe()
        self.answers, answers = os.pipe()
        # The protocol wants descriptors 3 and 4; ours are moved out of their way first.
        high = [os.dup2(descriptor, 100 + place) for place, descriptor in enumerate((commands, answers))]

        def connect():
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen(
            [self.program, *FLAGS, f"--user-data-dir={self.profile}", "about:blank"],
            preexec_fn=connect,
            close_fds=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for descriptor in {commands, answers, *high}:
            os.close(descriptor)
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable", self.session)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.commands)
        os.close(self.answers)
        shutil.rmtree(self.profile, ignore_errors=True)

    def _message(self, wanted, what):
        """The next message that `wanted` accepts; others are kept for later calls."""
        for index, message in enumerate(self.waiting):
            if wanted(message):
                return self.waiting.pop(index)
        until = time.monotonic() + TIMEOUT_SECONDS
        while True:
            while b"\0" not in self.received:
                if not select.select([self.answers], [], [], max(0, until - time.monotonic()))[0]:
                    raise TimeoutError(f"chromium did not answer: {what}")
                part = os.read(self.answers, 1 << 20)
                if not part:
                    raise ConnectionError(f"chromium ended: {what}")
                self.received += part
            text, self.received = self.received.split(b"\0", 1)
            message = json.loads(text)
            if wanted(message):
                return message
            self.waiting.append(message)

    def call(self, method, session=None, **parameters):
        number = next(self.numbers)
        request = {"id": number, "method": method, "params": parameters}
        if session:
            request["sessionId"] = session
        request = json.dumps(request).encode() + b"\0"
        while request:
            request = request[os.write(self.commands, request):]
        answer = self._message(lambda message: message.get("id") == number, method)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def print(self, html, pdf):
        """Prints the file `html` to the file `pdf`, with backgrounds, on the paper its `@page` names."""
        self.waiting.clear()
        self.call("Page.navigate", self.session, url=Path(html).resolve().as_uri())
        self._message(lambda message: message.get("method") == "Page.loadEventFired", f"loading {html}")
        printed = self.call("Page.printToPDF", self.session, printBackground=True, preferCSSPageSize=True)
        Path(pdf).write_bytes(base64.b64decode(printed["data"]))
