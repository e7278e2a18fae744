#!/usr/bin/python3
"""What a how-to page does not show: prompts counted, cards that go and come,
cards that are slow.

usage: scenario.py removal|pins|slow|beside|late|unknown
       scenario.py two TOKEN CERTIFICATE STATE
       scenario.py picture FILE
In the stage. CARD_TELL is the way to the card, CARD_KEYS has its keys.
"""

import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import time
from ssl import TLSVersion

import server
from firefox import Firefox, check, until
from picture import Screen

MODULE = "/usr/lib/x86_64-linux-gnu/pkcs11/signet-pkcs11.so"
KEYS = os.environ.get("CARD_KEYS", "")
PINS = {"PIV": ["123456"], "OpenPGP": ["654321"]}
LOG = pathlib.Path("signet.log").absolute()
# What answers from what is known, and so may run in the thread of the windows.
STATE_QUERIES = {"C_GetSlotList", "C_GetSlotInfo", "C_GetTokenInfo",
                 "C_GetSessionInfo"}


def run(*words, **more):
    return subprocess.run(words, check=True, capture_output=True, text=True,
                          **more).stdout


def tell(line):
    """The card's answer."""
    return run(*shlex.split(os.environ["CARD_TELL"]), line)


def exchanges():
    return int(tell("count").split()[1])


def state(*wanted):
    answer = tell("state").split()
    for word in wanted:
        check(word in answer, f"not {word} but {' '.join(answer)}")


def settle(way):
    """Remove or insert the card, and wait until all know it: NSS believes for a
    second what it last saw of a token."""
    tell(way)
    time.sleep(1.5)


def move(way, there):
    """That, and the reader service knows it."""
    settle(way)
    until(lambda: ("PIV" in run("pkcs11-tool", "--module", MODULE,
                                "--list-slots")) == there, way)


def servers(clients):
    """The addresses of one that speaks TLS 1.2 and one for TLS 1.3."""
    request = ["openssl", "req", "-newkey", "ec", "-pkeyopt",
               "ec_paramgen_curve:P-256", "-noenc"]
    run(*request, "-x509", "-keyout", "ca.key", "-out", "ca.pem",
        "-subj", "/CN=Try CA")
    run(*request, "-keyout", "server.key", "-out", "server.csr", "-subj",
        "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
    run("openssl", "x509", "-req", "-in", "server.csr", "-CA", "ca.pem",
        "-CAkey", "ca.key", "-copy_extensions", "copy", "-out", "server.pem")
    return [server.start(version, "server.pem", "server.key", clients)
            for version in (TLSVersion.TLSv1_2, TLSVersion.TLSv1_3)]


class Scene:
    """Servers, and a Firefox that has loaded signet."""

    def __init__(self, certificate, pins, display=None):
        self.tls12, self.tls13 = servers(certificate)
        self.looks = 0
        subject = run("openssl", "x509", "-in", certificate, "-noout",
                      "-subject")
        self.name = subject.rpartition("CN = ")[2].strip()
        policies = pathlib.Path("/etc/firefox/policies")
        policies.mkdir(parents=True)
        (policies / "policies.json").write_text(json.dumps({"policies": {
            "SecurityDevices": {"Add": {"signet": MODULE}},
            "Certificates": {"Install": [os.path.abspath("ca.pem")]}}}))
        os.environ.update(SIGNET_LOG_LEVEL="debug", SIGNET_LOG_FILE=str(LOG))
        self.firefox = Firefox(pins=pins, choice=self.name, display=display)
        until(lambda: any(name == "signet" for name, _, _
                          in self.firefox.ask("tokens")), "signet is loaded")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.firefox.__exit__()

    def visit(self, url):
        """Whether the server knows us, and the texts of the PIN prompts."""
        text, dialogs = self.firefox.visit(url)
        check(all(kind in ("PIN", "certificate") for kind, *_ in dialogs),
              f"{dialogs}")
        check(self.name in text or text.startswith("about:"), text)
        return self.name in text, [what for kind, what, *_ in dialogs
                                   if kind == "PIN"]

    def welcome(self, url, prompts):
        """The server knows us, after so many PIN prompts."""
        known, asked = self.visit(url)
        check(known, f"{url} does not know us, after {asked}")
        check(len(asked) == prompts, f"{prompts} prompts: {asked}")
        return asked

    def refused(self, url, prompts=0):
        """The server does not know us, after at least so many PIN prompts, or
        none: each connection that Firefox tries asks until a PIN was right."""
        known, asked = self.visit(url)
        check(not known, f"{url} knows us")
        check(len(asked) >= prompts and (prompts or not asked),
              f"{prompts} prompts: {asked}")

    def sees(self):
        """The PIN prompts of a page that knows us; none come before another."""
        self.looks += 1
        known, asked = self.visit(f"{self.tls12}?look{self.looks}")
        check(known or not asked, f"asked for {asked}")
        time.sleep(0.5)
        return asked if known else None

    def windows_are_free(self):
        """The thread of the windows called state queries only, and caused no
        exchange with the card."""
        process = str(self.firefox.process.pid)
        calls = {True: set(), False: set()}
        for line in LOG.read_text(encoding="utf-8").splitlines():
            _, who, thread, _, text = line.split(" ", 4)
            if who == process:
                calls[thread == process].add(text.partition(":")[0])
        check("C_Sign" in calls[False], f"elsewhere only {calls[False]}")
        check(calls[True] <= STATE_QUERIES, f"the main thread: {calls[True]}")


def removal():
    """Out and in again while Firefox runs: a PIN prompt for each insertion. At
    the next start the card is asked little."""
    with Scene(KEYS + "/9a.pem", pins={"PIV": ["123456"] * 3}) as scene:
        scene.welcome(scene.tls12, 1)
        scene.welcome(scene.tls13, 0)
        for turn in "12":
            move("remove", False)
            scene.refused(scene.tls12 + "?out" + turn)
            scene.refused(scene.tls13 + "?out" + turn)
            move("insert", True)
            scene.welcome(scene.tls13 + "?in" + turn, 1)
            scene.welcome(scene.tls12 + "?in" + turn, 0)
            state("pin=3/3", "puk=3/3", "verified=1")
        scene.windows_are_free()
        scene.firefox.quit()
        before = exchanges()
        with Firefox(pins={}) as again:
            check(exchanges() - before <= 4, f"{exchanges() - before} at start")
            check(any("PIV" in (name or "") for _, _, name
                      in again.ask("tokens")), "the token is there")


def pins():
    """A PIN is sent once for each time that it was typed."""
    with Scene(KEYS + "/9a.pem", pins={}) as scene:
        scene.refused(scene.tls12, 1)
        state("pin=3/3")
        scene.firefox.be(pins={"PIV": ["111111"]})
        scene.refused(scene.tls12 + "?wrong", 2)
        state("pin=2/3")
        scene.firefox.be(pins={"PIV": ["123456"]})
        scene.welcome(scene.tls12 + "?right", 1)
        state("pin=3/3", "puk=3/3")


def two(used, certificate, verified):
    """Two tokens on a card: only the PIN of the one that is used is wanted."""
    with Scene(f"{KEYS}/{certificate}", PINS) as scene:
        for applet in PINS:
            scene.firefox.token(applet)
        asked, = scene.welcome(scene.tls12, 1)
        check(used in asked, f"asked for {asked}")
        scene.welcome(scene.tls13, 0)
        state("pin=3/3", "puk=3/3", "pw1=3/3", "pw3=3/3", verified)
        scene.windows_are_free()


def beside():
    """A software token wants its PIN as well, unless it is hidden."""
    with Scene(KEYS + "/9a.pem", {**PINS, "mine": ["123456"]}) as scene:
        first, second = scene.welcome(scene.tls12, 2)
        check("mine" in first and "PIV" in second, f"{first} {second}")
        scene.firefox.quit()
        os.environ["SIGNET_SLOTS_HIDE"] = "Software token*"
        scene.firefox = Firefox(pins=PINS, choice=scene.name)
        asked, = scene.welcome(scene.tls12, 1)
        check("PIV" in asked, f"asked for {asked}")
        state("pin=3/3", "puk=3/3")


def late():
    """A card with two tokens comes after Firefox has started: the second of
    them is there when Firefox has looked again, which it may put off."""
    tell("remove")
    with Scene(KEYS + "/pgp-p256/aut.pem", PINS) as scene:
        scene.refused(scene.tls12)
        move("insert", True)
        asked = until(scene.sees, "the second token")
        check(len(asked) == 1 and "OpenPGP" in asked[0], f"{asked}")
        state("pin=3/3", "puk=3/3", "pw1=3/3", "pw3=3/3", "pw1-82=1")


def slow():
    """Firefox answers while the card signs. The signature comes when it has."""
    with Scene(KEYS + "/9a.pem", pins={"PIV": ["123456"]}) as scene:
        firefox = scene.firefox
        scene.welcome(scene.tls12, 1)
        tell("slow 3600000")
        for url in scene.tls12 + "?slow", scene.tls13:
            before = exchanges()
            firefox.open(url)
            until(lambda: exchanges() > before, "the card is asked")
            during = exchanges()
            check(firefox.ask("ping"), "Firefox answers")
            check(any("PIV" in (name or "") for _, _, name
                      in firefox.ask("tokens")), "the tokens")
            check(not firefox.ask("text"), "a page without a signature")
            check(exchanges() == during, "the card does something else")
            # Firefox may want more than one connection.
            until(lambda: tell("answer") and firefox.ask("text"), "a page")
            check(scene.name in firefox.page(), firefox.page())
        state("pin=3/3")
        scene.windows_are_free()


def unknown():
    """A card that nobody knows is looked at once and then left alone, and
    the software token works beside it."""
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-noenc", "-subj",
        "/CN=Somebody", "-addext", "basicConstraints=CA:FALSE",
        "-keyout", "my.key", "-out", "my.pem")
    run("openssl", "x509", "-in", "my.pem", "-outform", "DER", "-out", "my.der")
    tool = ["pkcs11-tool", "--module", MODULE, "--token-label", "mine",
            "--login", "--pin", "123456", "--id", "01", "--write-object"]
    run(*tool, "my.key", "--type", "privkey", "--usage-sign")
    run(*tool, "my.der", "--type", "cert")
    tell("remove")
    with Scene("my.pem", pins={"mine": ["123456"]}) as scene:
        firefox = scene.firefox
        # What pkcs11-tool saw of the card is not to be remembered.
        shutil.rmtree(pathlib.Path(os.environ["XDG_CACHE_HOME"], "signet"))
        for number in range(1, 13):
            tell(f"fault +{number}:6A82")
        tell("delay 3600000")
        before = exchanges()
        # Whichever thread of Firefox asks first looks at it: the one that
        # connects, unless a page was just being shown.
        settle("insert")
        firefox.open(scene.tls12)
        until(lambda: exchanges() > before, "the card is looked at")
        check(firefox.ask("ping"), "Firefox answers")
        check(not firefox.ask("text"), "a page already")
        tell("delay 0")
        tell("answer")
        check(scene.name in firefox.page(), firefox.page())
        looked = exchanges()
        check(looked - before <= 4, f"{looked - before} exchanges")
        firefox.ask("dialogs")
        scene.welcome(scene.tls13, 0)
        check(exchanges() == looked, "looked at again")
        names = [name for _, _, name in firefox.ask("tokens")]
        check("mine" in names and not any("PIV" in (name or "")
                                          for name in names), f"{names}")


def picture(path):
    """The certificate manager, on a screen, with the card's certificates."""
    screen = Screen(820, 580)
    with Scene(KEYS + "/9a.pem", {}, screen.display) as scene:
        firefox = scene.firefox
        check(not firefox.visit("about:preferences#privacy")[1], "a dialog")
        check(firefox.ask("manager"), "the certificate manager")
        until(lambda: len(firefox.ask("rows")) == 5, "the certificates")
        names = [row[0] for row in firefox.ask("rows") if "PIV" in row[1]]
        check(sorted(names) == ["Card Authentication", "Digital Signature",
                                "Key Management", "PIV Authentication"], names)
        check(not firefox.ask("dialogs"), "a dialog")
        until(screen.still, "a picture that stays")
        screen.save(path)
        check(pathlib.Path(path).stat().st_size > 10000, "a picture")


SCENARIOS = {"removal": removal, "pins": pins, "two": two, "beside": beside,
             "late": late, "slow": slow, "unknown": unknown,
             "picture": picture}
SCENARIOS[sys.argv[1]](*sys.argv[2:])
