#!/usr/bin/python3
"""signet in readers with a keypad, with T=0, without extended length, and that
stall on the bus: beside a real pcscd with the driver of ifd.c.

usage: readers.py CLIENTS-FOLDER MODULE
       keypad|keypad-piv|keypad-openpgp|keypad-openpgp-narrow|keypad-verify-only|
       short|told-short|extended|t0|stall
"""

import os
import re
import subprocess
import sys

sys.path.insert(0, sys.argv[1])
import cryptoki as ck  # noqa: E402

PIN = b"123456"
folder = os.environ["SIGNET_TEST_DIR"]
keys = os.environ.get("CARD_KEYS")
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
    not_logged(wrong, right)


def not_logged(*secrets):
    with open(folder + "/signet.log", encoding="utf-8") as log:
        text = log.read()
    check("keypad" in text, "the wait is in the log")
    for secret in secrets:
        for form in (secret, secret.encode().hex()):
            check(form not in text, "no PIN in the log")


def counted(prefix):
    return sum(line.startswith(prefix) for line in trace())


def tries():
    text = subprocess.run(os.environ["CARD_TELL"].split() + ["state"],
                          check=True, capture_output=True, text=True).stdout
    return int(re.search(r"\b(?:pw1|pin)=(\d+)", text).group(1))


def change_at_keypad(old, new, short):
    """C_SetPIN with NULL for both PINs: the person types them."""
    with open(os.environ["SIGNET_IFD_PINS"], "w", encoding="ascii") as lines:
        lines.write("\n".join([
            "cancel", old, "timeout", old, "differ", short, new, short,
            new, new, old, new, old, new, ""]))
    lib = ck.Module(module).initialize()
    session = lib.session(lib.slots()[0], flags=ck.SERIAL | ck.READ_WRITE)

    def expect(wanted, *arguments):
        got = ck.answer(session.set_pin, *(arguments or (None, None)))
        check(got == wanted, f"C_SetPIN {got:#x}, not {wanted:#x}")

    expect(ck.ARGUMENTS_BAD, None, new.encode())
    expect(ck.ARGUMENTS_BAD, old.encode(), None)
    for wanted in (ck.FUNCTION_CANCELED, ck.FUNCTION_CANCELED, ck.PIN_INVALID,
                   ck.PIN_LEN_RANGE):
        expect(wanted)
    check(counted("0024") == 0, "nothing has reached the card")
    expect(ck.PIN_LEN_RANGE)
    check(counted("0024") == 0, "nothing has reached the card")
    check(tries() == 3, "nothing has cost a try")
    expect(ck.PIN_INCORRECT)
    check(tries() == 2, "a wrong PIN costs one")
    expect(ck.OK)
    check(tries() == 3, "a change gives the tries back")
    check(ck.answer(session.login, None) == ck.PIN_INCORRECT, "the old PIN")
    session.login(None)
    lib.finalize()
    not_logged(old, new)


def verify_only():
    with open(os.environ["SIGNET_IFD_PINS"], "w", encoding="ascii") as lines:
        lines.write("123456\n")
    lib = ck.Module(module).initialize()
    session = lib.session(lib.slots()[0], flags=ck.SERIAL | ck.READ_WRITE)
    check(ck.answer(session.set_pin, None, None) == ck.FUNCTION_NOT_SUPPORTED,
          "a keypad that changes no PIN")
    session.set_pin(b"123456", b"654321")
    session.set_pin(b"654321", b"123456")
    session.login(None)
    lib.finalize()


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
    elif what in ("keypad-openpgp", "keypad-piv"):
        change_at_keypad("739182", "84027561", "739")
    elif what == "keypad-openpgp-narrow":
        change_at_keypad("7391826", "8402756", "739182")
    elif what == "keypad-verify-only":
        verify_only()
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
