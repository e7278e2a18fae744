#!/usr/bin/python3
"""A key that takes its time: the application hears of it before it waits.

usage: waiting.py MODULE CARD slow|touch|metadata
slow: a PIV card that gets slower. touch: an OpenPGP card that tells that its
authentication key wants a touch. metadata: a YubiKey that tells so of a key.
"""

import os
import subprocess
import sys

import cryptoki as ck

folder = os.environ["SIGNET_TEST_DIR"]
log = folder + "/signet.log"
os.environ.update(SIGNET_LOG_LEVEL="info", SIGNET_LOG_FILE=log)
calls = []
answers = [ck.OK, 1]  # CKR_CANCEL


def check(condition, what):
    if not condition:
        sys.exit(f"FAIL: {what}")


def slow(milliseconds):
    subprocess.run([sys.argv[2], "--tell", folder + "/card0.control",
                    f"slow {milliseconds}"], check=True,
                   stdout=subprocess.DEVNULL)


def lines():
    with open(log, encoding="utf-8") as text:
        return text.read().count("waiting for the card")


@ck.NOTIFY
def notify(session, event, application):
    calls.append((session, event))
    return answers[0]


def login(key_id):
    lib = ck.Module(os.path.abspath(sys.argv[1])).initialize()
    session = lib.session(lib.slots()[0], notify)
    session.login(b"123456")
    return lib, session, session.key(key_id)


def touch(touched=b"\x03", quick=b"\x01"):
    """Before the first use, and however quick the last one was."""
    lib, session, key = login(touched)
    for turn in range(1, 4):
        session.sign(key)
        check(calls == [(session.handle.value, ck.SURRENDER)] * turn,
              f"{len(calls)} calls before {turn} signatures")
        check(lines() == turn, "a line in the log for each")
    answers.reverse()
    before = trace()
    check(ck.answer(session.sign, key) == ck.FUNCTION_CANCELED, "cancelled")
    check(trace() == before, "the card is not asked")
    session.sign(session.key(quick))
    check(len(calls) == 4, "a key that wants no touch is quick")
    lib.finalize()


def metadata():
    """PIV has no standard for it: GET METADATA tells it."""
    for action in (["delete-certificate"],
                   ["generate", "-A", "RSA2048", "--touch-policy=always",
                    "--pin-policy=once"]):
        subprocess.run(["yubico-piv-tool", "-r", "", "-s", "9a", "-a", *action],
                       check=True, stdout=subprocess.DEVNULL)
    touch(b"\x01", b"\x04")


def trace():
    with open(os.environ["CARD_TRACE"], encoding="ascii") as text:
        return text.read().count("> ")


def gets_slow():
    lib, session, key = login(b"\x01")
    session.sign(key)
    session.sign(key)
    check(not calls and lines() == 0, "a quick key is not worth a word")
    slow(600)
    right = session.sign(key)
    check(not calls, "nobody knows it before the first time")
    check(session.sign(key) == right, "the signature")
    check(calls == [(session.handle.value, ck.SURRENDER)], "the callback")
    check(lines() == 1, "one line in the log")
    answers.reverse()
    check(ck.answer(session.sign, key) == ck.FUNCTION_CANCELED, "cancelled")
    check(len(calls) == 2, "asked again")
    answers.reverse()
    slow(0)
    check(session.sign(key) == right, "the last slow one is announced")
    check(len(calls) == 3, "asked once more")
    check(session.sign(key) == right and len(calls) == 3, "quick again")
    without = lib.session(lib.slots()[0])
    slow(600)
    without.sign(key)
    without.sign(key)
    check(len(calls) == 3 and lines() == 4, "no callback, but a line")
    lib.finalize()


{"slow": gets_slow, "touch": touch, "metadata": metadata}[sys.argv[3]]()
