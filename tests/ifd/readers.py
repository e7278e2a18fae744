#!/usr/bin/python3
"""signet in readers with a keypad, with T=0, without extended length, and that
stall on the bus: beside a real pcscd with the driver of ifd.c.

usage: readers.py CLIENTS-FOLDER MODULE keypad|short|told-short|extended|t0|stall
"""

import os
import subprocess
import sys

sys.path.insert(0, sys.argv[1])
import cryptoki as ck  # noqa: E402

PIN = b"123456"
folder = os.environ["SIGNET_TEST_DIR"]
keys = os.environ["CARD_KEYS"]
module = os.path.abspath(sys.argv[2])


def check(condition, what):
    if not condition:
        sys.exit(f"FAIL: {what}")


def trace():
    with open(os.environ["CARD_TRACE"], encoding="ascii") as lines:
        return [line[2:-1] for line in lines if line.startswith("> ")]


def verified(signature):
    with open(folder + "/signature", "wb") as out:
        out.write(signature)
    subprocess.run(["openssl", "dgst", "-sha256", "-verify", keys + "/9a.pub",
                    "-signature", folder + "/signature", "/dev/stdin"],
                   input=b"Hello World!\n", check=True,
                   stdout=subprocess.DEVNULL)


def signs(session):
    verified(session.sign(session.key()))


def keypad():
    typed = os.environ["SIGNET_IFD_PINS"]
    wrong, right = "654321", "123456"
    with open(typed, "w", encoding="ascii") as lines:
        lines.write("\n".join(["cancel", "timeout", "12", wrong, right, right,
                               ""]))
    lib = ck.Module(module).initialize()
    slot = lib.slots()[0]
    check(lib.token_flags(slot) & ck.PROTECTED_AUTHENTICATION_PATH,
          "CKF_PROTECTED_AUTHENTICATION_PATH")
    session = lib.session(slot)
    for wanted in (ck.FUNCTION_CANCELED, ck.FUNCTION_CANCELED,
                   ck.PIN_INCORRECT):
        before = sum(line.startswith("002000800") for line in trace())
        got = ck.answer(session.login, None)
        check(got == wanted, f"C_Login {got:#x}, not {wanted:#x}")
        check(before == sum(line.startswith("002000800") for line in trace()),
              "nothing reaches the card")
    check(ck.answer(session.login, None) == ck.PIN_INCORRECT, "a wrong PIN")
    check("0020008008" + wrong.encode().hex() + "FFFF" in trace(),
          "the PIN went to the card, padded")
    session.login(None)
    signs(session)
    # Nobody has the PIN: after a reset by somebody else the login is over.
    subprocess.run(["opensc-tool", "--reset"], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    key = session.key()
    check(ck.answer(session.sign, key) == ck.USER_NOT_LOGGED_IN,
          "a reset ends the login")
    session.login(None)
    session.logout()
    lib.finalize()
    with open(folder + "/signet.log", encoding="utf-8") as log:
        text = log.read()
    check("keypad" in text, "the wait is in the log")
    for secret in (wrong, right):
        for form in (secret, secret.encode().hex()):
            check(form not in text, "no PIN in the log")


def longest():
    return max(len(line) // 2 for line in trace())


def works():
    """A list, a login, signatures; the exchanges of a further signature."""
    lib = ck.Module(module).initialize()
    session = lib.session(lib.slots()[0])
    session.login(PIN)
    key = session.key()
    verified(session.sign(key))
    before = len(trace())
    verified(session.sign(key))
    count = len(trace()) - before
    lib.finalize()
    output = subprocess.run(["pkcs11-tool", "--module", module, "-O"],
                            check=True, capture_output=True).stdout
    check(output.count(b"Certificate Object") == 4, "four certificates")
    return count


def stall():
    lib = ck.Module(module).initialize()
    session = lib.session(lib.slots()[0])
    session.login(PIN)
    key = session.key()
    verified(session.sign(key))
    for _ in range(3):
        with open(os.environ["SIGNET_IFD_STALL"], "w", encoding="ascii"):
            pass
        check(ck.answer(session.sign, key) == ck.DEVICE_ERROR,
              "a stall is a device error")
        verified(session.sign(key))
    lib.finalize()


def main():
    what = sys.argv[3]
    if what == "keypad":
        keypad()
    elif what == "stall":
        stall()
    elif what == "extended":
        check(works() == 1, "one exchange")
        check(longest() > 261, "extended length")
    else:
        # The answer of RSA-2048 is announced by 61xx, the command chained.
        check(works() == 3, "three exchanges")
        check(longest() <= 261, "no extended length reaches the card")


main()
