#!/usr/bin/python3
"""No PIN is in any log, at any level, in any form; and what the settings hide
is hidden.

usage: settings.py MODULE pin|settings
"""

import os
import shutil
import subprocess
import sys

OLD, PIN, WRONG = "123456", "73918264", "84027561"
folder = os.environ["SIGNET_TEST_DIR"]
module = os.path.abspath(sys.argv[1])


def check(condition, what):
    if not condition:
        sys.exit(f"FAIL: {what}")


def tool(*arguments, **settings):
    """Everything that the tool and the module write."""
    done = subprocess.run(["pkcs11-tool", "--module", module, *arguments],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT,
                          env={**os.environ, **settings}, check=False)
    return done.returncode, done.stdout.decode(errors="replace")


def block(pin):
    return pin.encode().hex().ljust(16, "F")


def change_pin():
    """The card's PIN becomes one that occurs nowhere else."""
    select = "00A404000BA000000308000010000100"
    change = "0024008010" + block(OLD) + block(PIN)
    done = subprocess.run(["opensc-tool", "-c", "default", "-s", select, "-s",
                           change], check=True, capture_output=True)
    check(done.stdout.count(b"SW1=0x90") == 2, "the PIN is changed")


def forms(pin):
    spaced = " ".join(f"{byte:02x}" for byte in pin.encode())
    yield pin
    yield pin.encode().hex()
    yield spaced
    yield spaced.replace(" ", ":")
    yield spaced.replace(" ", ", 0x")


def assert_secret(text, level):
    for pin in (PIN, WRONG):
        for form in forms(pin):
            check(form.lower() not in text.lower(),
                  f"a PIN is in the log of level {level}, as {form}")


def logins(**settings):
    """Right and wrong, a signature, one with a PIN of its own; what is said."""
    said = []
    sign = ["--sign", "--mechanism", "SHA256-RSA-PKCS", "--input-file",
            __file__, "--output-file", "/dev/null"]
    for wanted, arguments in (
            (0, ["--login", "--pin", PIN, "--id", "01", *sign]),
            (0, ["--login", "--pin", PIN, "--id", "02", *sign]),
            (1, ["--login", "--pin", WRONG, "-O"]),
            (0, ["--login", "--pin", PIN, "-O"])):
        code, text = tool(*arguments, **settings)
        check(code == wanted, f"pkcs11-tool ended with {code}: {text}")
        said.append(text)
    return "".join(said)


def pin():
    change_pin()
    for level in ("off", "error", "info", "debug"):
        log = f"{folder}/signet.{level}.log"
        assert_secret(logins(SIGNET_LOG_LEVEL=level, SIGNET_LOG_FILE=log),
                      level)
        assert_secret(logins(SIGNET_LOG_LEVEL=level), level)
        text = ""
        if level != "off":
            with open(log, encoding="utf-8", errors="replace") as lines:
                text = lines.read()
        assert_secret(text, level)
    # The search must be able to find: the commands are there.
    check("C_Login" in text and "00200080" in text.replace(" ", ""),
          "VERIFY is in the log, without its data")


def settings():
    def slots(**values):
        return tool("--list-slots", **values)[1].count("Slot ")

    def tokens(**values):
        return tool("--list-token-slots", **values)[1].count("token label")

    check((slots(), tokens()) == (2, 1), "two slots and a token")
    check(slots(SIGNET_SLOTS_HIDE="*01") == 1, "slots.hide: one")
    check(tokens(SIGNET_SLOTS_HIDE="*01") == 1, "slots.hide: not the token")
    check(slots(SIGNET_SLOTS_HIDE="*") == 0, "slots.hide: all")
    check(tokens(SIGNET_SLOTS_HIDE="*00") == 0, "slots.hide: the token")
    check(slots(SIGNET_READERS_IGNORE="*01") == 1, "readers.ignore: one")
    check(slots(SIGNET_READERS_IGNORE="Yubico*") == 0, "readers.ignore: all")
    check(tokens(SIGNET_APPLETS="piv") == 1, "applets: piv")
    check(tokens(SIGNET_APPLETS="openpgp") == 0, "applets: another")
    cache = os.environ["XDG_CACHE_HOME"] + "/signet"
    shutil.rmtree(cache)
    check(tool("-O", SIGNET_CACHE="off")[0] == 0, "cache: off")
    check(not os.path.exists(cache), "cache: off writes nothing")
    check(tool("-O")[0] == 0 and os.listdir(cache), "cache: on")
    check(os.stat(cache).st_mode & 0o777 == 0o700, "cache: the user's alone")
    # A damaged cache is thrown away, and its loss is no loss.
    before = tool("-O")
    for name in os.listdir(cache):
        with open(f"{cache}/{name}", "r+b") as file:
            file.seek(20)
            file.write(b"garbage")
    check(tool("-O") == before, "a damaged cache is thrown away")


{"pin": pin, "settings": settings}[sys.argv[2]]()
