#!/usr/bin/python3
"""No PIN is in any log, at any level, in any form; and what the settings hide
is hidden.

usage: settings.py MODULE pin|openpgp|piv|settings|system
openpgp: C_SetPIN and the officer's C_Login of a card whose PW1 and resetting code
are PIN and CODE; piv: the same, whose PIN and PUK are.
"""

import functools
import glob
import hashlib
import os
import shutil
import subprocess
import sys

import cryptoki as ck

OLD, PIN, WRONG = "123456", "73918264", "84027561"
NEW, CODE = "58103972", "69301847"
PW3 = "31415926"
MANAGEMENT_KEY = "010203040506070801020304050607080102030405060708"
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
    for pin in (PIN, WRONG, NEW, CODE, MANAGEMENT_KEY, PW3):
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


def changes(prefix, officer, **settings):
    """C_SetPIN: right, wrong, and by the code that PREFIX is for; then what is
    the officer's."""
    said = []
    wrong = ck.PIN_INCORRECT
    for wanted, old, new in (
            (wrong, WRONG, NEW), (ck.OK, PIN, NEW), (ck.OK, NEW, PIN),
            (wrong, prefix + WRONG, NEW), (ck.OK, prefix + CODE, PIN),
            (ck.OK, officer, "")):
        done = subprocess.run(
            [sys.executable, *sys.argv[:2], "set-pin", old, new], check=True,
            capture_output=True, text=True, env={**os.environ, **settings})
        check(done.stdout == f"{wanted}\n", f"C_SetPIN: {done.stdout}")
        said.append(done.stderr)
    return "".join(said) + tool("--login", "--pin", PIN, "-O", **settings)[1]


def set_pin():
    """In a process of its own, as the log is opened once."""
    lib = ck.Module(module).initialize()
    session = lib.session(lib.slots()[0], flags=ck.SERIAL | ck.READ_WRITE)
    old, new = (a.encode() for a in sys.argv[3:])
    print(ck.answer(session.set_pin, old, new) if new else
          ck.answer(session.login, old, ck.SO))
    lib.finalize()


def openpgp():
    text = every_level(functools.partial(changes, "RC:", PW3))
    for word in ("C_SetPIN", "00240081", "002C0081", "00200083"):
        check(word in text, f"{word} is in the log, without its data")


def piv():
    text = every_level(functools.partial(changes, "PUK:", MANAGEMENT_KEY))
    for word in ("C_SetPIN", "00240080", "002C0080", "0087039B"):
        check(word in text, f"{word} is in the log, without its data")


def pin():
    change_pin()
    text = every_level(logins)
    check("C_Login" in text and "00200080" in text,
          "VERIFY is in the log, without its data")


def every_level(act):
    """What ACT makes of a log of the highest level; no level has a PIN."""
    for level in ("off", "error", "info", "debug"):
        log = f"{folder}/signet.{level}.log"
        assert_secret(act(SIGNET_LOG_LEVEL=level, SIGNET_LOG_FILE=log), level)
        assert_secret(act(SIGNET_LOG_LEVEL=level), level)
        text = ""
        if level != "off":
            with open(log, encoding="utf-8", errors="replace") as lines:
                text = lines.read()
        assert_secret(text, level)
    # The search must be able to find: the commands are there.
    return text.replace(" ", "")


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


def exchanges():
    with open(os.environ["CARD_TRACE"], encoding="ascii") as lines:
        return sum(line.startswith("> ") for line in lines)


def another_key(path):
    """What is kept, with a key behind its first block that is not the card's;
    nothing tells that it is stale before a signature does."""
    with open(path, "rb") as file:
        magic, kept = file.read(15), file.read()[32:]
    if len(kept) < 1000:  # no certificate
        return False
    kept = kept[:400] + bytes([kept[400] ^ 1]) + kept[401:]
    name = os.path.basename(path).encode() + b"\0"
    with open(path, "wb") as file:
        file.write(magic + hashlib.sha256(name + kept).digest() + kept)
    return True


def system():
    """One folder for all, as PAM and SSSD need it: root writes, others read."""
    if not os.access("/usr", os.W_OK):  # root in a user's namespace, at most
        sys.exit(77)
    cache, nobody = folder + "/system", 65534
    os.mkdir(cache, 0o755)
    os.chmod(folder, 0o755)
    os.environ["SIGNET_CACHE"] = cache
    home = folder + "/nobody"
    os.mkdir(home)
    os.chown(home, nobody, nobody)
    # where the sources are may be for root alone
    readable = [shutil.copy(path, folder) for path in (module, __file__)]

    def as_nobody(*arguments):
        return subprocess.run(
            ["pkcs11-tool", "--module", readable[0], *arguments], check=True,
            user=nobody, group=nobody, extra_groups=[], capture_output=True,
            env={**os.environ, "HOME": home, "XDG_CACHE_HOME": home},
            stdin=subprocess.DEVNULL).stdout

    before = exchanges()
    first = tool("-O")
    cold = exchanges() - before
    for path in glob.glob(cache + "/*"):
        check(os.stat(path).st_mode & 0o777 == 0o644, "readable for all")
    before = exchanges()
    listed = as_nobody("-O").decode()
    warm = exchanges() - before
    print(f"root: {cold} exchanges, somebody else then: {warm}")
    check(first[0] == 0 and listed in first[1], "the same list")
    check(warm <= 7 < cold, "what root has read is not read again")
    check(not os.listdir(home), "nothing of its own is kept")
    # A stale entry that is not one's own to throw away does no harm.
    spoilt = [another_key(path) for path in sorted(glob.glob(cache + "/*"))]
    check(sum(spoilt) == 4, f"four certificates are kept: {spoilt}")
    sign = ["--login", "--pin", OLD, "--sign", "--id", "01", "--mechanism",
            "SHA256-RSA-PKCS", "--input-file", readable[1], "--output-file"]
    as_nobody(*sign, home + "/signature")
    verified(home + "/signature")
    check(tool(*sign, folder + "/signature")[0] == 0, "root signs")
    verified(folder + "/signature")
    before = exchanges()
    check(tool(*sign, folder + "/signature")[0] == 0, "root signs again")
    check(exchanges() - before <= 9, "the entry was made anew")


def verified(path):
    subprocess.run(["openssl", "dgst", "-sha256", "-verify",
                    os.environ["CARD_KEYS"] + "/9a.pub", "-signature", path,
                    __file__], check=True, stdout=subprocess.DEVNULL)


{"pin": pin, "set-pin": set_pin, "openpgp": openpgp, "piv": piv, "settings": settings,
 "system": system}[sys.argv[2]]()
