"""Firefox with a person before it: runs the real one, with person.js as its
autoconfig file, in a stage where /usr may be changed. The person tells what
dialogs there were, and answers them."""

import json
import os
import pathlib
import subprocess
import sys
import time

PATIENCE = 120
LIBRARY = pathlib.Path("/usr/lib/firefox-esr")
SCRIPT = pathlib.Path(__file__).with_name("person.js")
# The comment in the first line is what Firefox expects there; what it shows to
# a new user would take the place of the test's page.
PREFERENCES = """//
pref("general.config.filename", "person.js");
pref("general.config.obscure_value", 0);
pref("general.config.sandbox_enabled", false);
pref("browser.aboutwelcome.enabled", false);
pref("datareporting.policy.firstRunURL", "");
"""


def check(condition, what):
    if not condition:
        sys.exit(f"FAIL: {what}")


def until(condition, what):
    """What the condition gives, once it gives something."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    return sys.exit(f"FAIL: never: {what}")


class Firefox:
    """A running Firefox. pins: for a word in a token's name, the PINs that
    the person gives one after the other; display: an X display to be seen on.
    """

    def __init__(self, *arguments, pins, choice="", display=None):
        folder = pathlib.Path("person").absolute()
        folder.mkdir(exist_ok=True)
        for name in ("ask", "answer"):
            (folder / name).unlink(missing_ok=True)
        (LIBRARY / "defaults/pref/person.js").write_text(PREFERENCES)
        (LIBRARY / "person.js").write_text("//\n" + SCRIPT.read_text())
        seen = {"DISPLAY": display} if display else {"MOZ_HEADLESS": "1"}
        environment = {**os.environ, **seen, "FIREFOX_PERSON": str(folder)}
        self.folder, self.asked, self.url = folder, 0, None
        with open(folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                ["/usr/bin/firefox-esr", *arguments], env=environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(lambda: self.ask("ready"), "a window of Firefox")
        self.be(pins=pins, choice=choice)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def ask(self, command, argument=None):
        """What the person answers."""
        self.asked += 1
        question = {"id": self.asked, "command": command, "argument": argument}
        (self.folder / "ask.new").write_text(json.dumps(question))
        (self.folder / "ask.new").rename(self.folder / "ask")
        answer = until(self.answer, f"an answer to {command} {argument}")
        check("error" not in answer, answer.get("error"))
        return answer.get("value")

    def answer(self):
        check(self.process.poll() is None, "Firefox has ended")
        try:
            answer = json.loads((self.folder / "answer").read_text())
        except FileNotFoundError:
            return None
        return answer if answer["id"] == self.asked else None

    def be(self, **state):
        self.ask("be", state)

    def token(self, words):
        """Until a token is there with these words in its name."""
        until(lambda: any(words in (name or "") for _, _, name
                          in self.ask("tokens")), f"a token {words}")

    def open(self, url):
        self.url = url
        self.ask("open", url)

    def page(self):
        """The text of the page that was opened."""
        return until(lambda: self.ask("text"), f"a page {self.url}")

    def visit(self, url):
        """The text of the page, and the dialogs that there were before it."""
        self.open(url)
        text = self.page()
        return text, self.ask("dialogs")

    def quit(self):
        self.ask("quit")
        check(self.process.wait(PATIENCE) == 0, "Firefox ends well")
