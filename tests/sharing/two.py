#!/usr/bin/python3
"""One process is logged in and signs, others use the same card meanwhile.

usage: two.py CLIENTS-FOLDER MODULE CARD warm|cold|disturb|both [ROUNDS]
both: disturb, on a card that has OpenPGP beside PIV.
Every signature is right or refused for a true reason, no PIN try is lost, and
the card is usable afterwards.
"""

import os
import re
import subprocess
import sys

sys.path.insert(0, sys.argv[1])
import cryptoki as ck  # noqa: E402

PIN = b"123456"
OTHERS = 20
OPENSC = "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so"
YKCS11 = "/usr/lib/x86_64-linux-gnu/libykcs11.so"

folder = os.environ["SIGNET_TEST_DIR"]
module = os.path.abspath(sys.argv[2])
card = os.path.abspath(sys.argv[3])
both = sys.argv[4] == "both"
public_key = os.environ["CARD_KEYS"] + "/rsa2048" * both + "/9a.pub"


def check(condition, what):
    if not condition:
        sys.exit(f"FAIL: {what}")


def tell(line):
    return subprocess.run([card, "--tell", folder + "/card0.control", line],
                          check=True, capture_output=True,
                          text=True).stdout.strip()


def tries():
    """What is left of every PIN of the card."""
    found = re.findall(r"\b(pin|puk|pw1|pw3|rc)=(\d+)", tell("state"))
    check(found, "the card tells no tries")
    return found


def verifies():
    with open(os.environ["CARD_TRACE"], encoding="ascii") as lines:
        return sum(line.startswith("> 0020008008") for line in lines)


def started(*command, settings=None):
    return subprocess.Popen(command, stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL,
                            env={**os.environ, **(settings or {})})


def lister(which=module, **settings):
    return started("pkcs11-tool", "--module", which, "-O", settings=settings)


def other(*apdus):
    """Another program, that sends commands of its own."""
    arguments = [word for apdu in apdus for word in ("-s", apdu)]
    return started("opensc-tool", "-c", "default", *arguments)


def signs(which, *login):
    return started("pkcs11-tool", "--module", which, "--login", *login,
                   "--sign", "--id", "01", "--mechanism", "SHA256-RSA-PKCS",
                   "--input-file", __file__, "--output-file", "/dev/null",
                   settings={"SIGNET_APPLETS": "piv"})


def scdaemon(*options):
    """GnuPG's own, which takes the card for itself unless it is told not to;
    its own reader driver would look for USB readers."""
    home = folder + "/gnupg"
    os.makedirs(home, 0o700, exist_ok=True)
    libexec = subprocess.run(["gpgconf", "--list-dirs", "libexecdir"],
                             check=True, capture_output=True,
                             text=True).stdout.strip()
    daemon = subprocess.Popen(
        [libexec + "/scdaemon", "--homedir", home, "--disable-ccid", *options,
         "--server"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    daemon.stdin.write(b"SERIALNO\nLEARN --force\nBYE\n")
    daemon.stdin.close()
    return daemon


SELECT_PIV = "00A404000BA000000308000010000100"
SELECT_OTHER = ("00A4040006D2760001240100" if both else
                "00A4040008A00000015100000000")
WRONG_PIN = "0020008008363534333231FFFF"
WRONG = ("--pin", "654321")


def quiet_ones():
    """What other programs do, and spend no try of a PIN by it."""
    right = ("--pin", PIN.decode())
    return {
        "signet lists": lambda: lister(),
        "OpenSC lists": lambda: lister(OPENSC),
        "ykcs11 lists": lambda: lister(YKCS11),
        "another applet": lambda: other(SELECT_OTHER),
        "PIV again": lambda: other(SELECT_PIV),
        "a reset": lambda: started("opensc-tool", "--reset"),
        "scdaemon, sharing": lambda: scdaemon("--pcsc-shared"),
        "scdaemon": lambda: scdaemon(),
        "signet signs": lambda: signs(module, *right),
        "OpenSC signs": lambda: signs(OPENSC, *right),
        "ykcs11 signs": lambda: signs(YKCS11, *right),
    }


def wrong_ones():
    """And those that do."""
    return {
        "a wrong PIN": lambda: other(SELECT_PIV, WRONG_PIN),
        "signet, a wrong PIN": lambda: signs(module, *WRONG),
        "OpenSC, a wrong PIN": lambda: signs(OPENSC, *WRONG),
        "ykcs11, a wrong PIN": lambda: signs(YKCS11, *WRONG),
    }


class Signer:
    """The process that is logged in."""

    def __init__(self):
        self.lib = ck.Module(module).initialize()
        self.session = self.lib.session(self.lib.slots()[0])
        self.session.login(PIN)
        self.key = self.session.key()
        # RSA PKCS #1 v1.5 gives the same signature to the same text.
        self.right = self.session.sign(self.key)
        self.verify()
        self.lost = 0

    def verify(self):
        with open(folder + "/signature", "wb") as out:
            out.write(self.right)
        subprocess.run(["openssl", "dgst", "-sha256", "-verify",
                        public_key, "-signature",
                        folder + "/signature", "/dev/stdin"],
                       input=b"Hello World!\n", check=True,
                       stdout=subprocess.DEVNULL)

    def sign(self):
        """A right signature, or a login that has truly ended."""
        try:
            check(self.session.sign(self.key) == self.right,
                  "a wrong signature")
            return
        except ck.Refused as refused:
            check(refused.rv == ck.USER_NOT_LOGGED_IN,
                  f"refused with {refused}")
        self.lost += 1
        check(self.session.state() == 0, "the session knows of its logout")
        self.session.login(PIN)
        self.key = self.session.key()
        check(self.session.sign(self.key) == self.right,
              "a signature after a new login")

    def beside(self, *processes):
        """Signs until they have all ended."""
        self.sign()
        while any(process.poll() is None for process in processes):
            self.sign()
        self.sign()
        return [process.returncode for process in processes]

    def end(self):
        self.session.logout()
        self.lib.finalize()


def polite(lost_max):
    """Others that list and exit: one after the other, then all at once."""
    signer = Signer()
    before = verifies()
    for _ in range(OTHERS):
        check(signer.beside(lister()) == [0], "a list beside a signer")
    ended = signer.beside(*[lister() for _ in range(OTHERS)])
    check(ended == [0] * OTHERS, f"lists beside a signer: {ended}")
    print(f"the login was lost {signer.lost} times,"
          f" {verifies() - before} PINs were sent")
    check(signer.lost <= lost_max, f"lost {signer.lost} logins")
    if lost_max == 0:
        check(verifies() == before, "the card stayed verified")
    signer.end()


def disturb(rounds):
    """Programs that have no manners, at any moment of the loop."""
    signer = Signer()
    full = tries()
    for turn in range(rounds):
        for name, start in quiet_ones().items():
            signer.beside(start())
            check(tries() == full, f"{name}: {tries()}, {full} before")
        # The PIN is not lost to one wrong try of somebody else's, and ours
        # gives the tries back.
        for name, start in wrong_ones().items():
            signer.beside(start())
            signer.sign()
            check(tries() == full, f"{name}: {tries()}, {full} before")
        print(f"round {turn + 1}: the login was lost {signer.lost} times",
              flush=True)
    # The last try is the user's.
    other(SELECT_PIV, WRONG_PIN, WRONG_PIN).wait()
    left = tries()
    check(ck.answer(signer.session.sign, signer.key) ==
          ck.USER_NOT_LOGGED_IN, "no PIN is sent with one try left")
    check(tries() == left, "the last try is not spent")
    signer.session.login(PIN)
    check(tries() == full, "the user's own login")
    signer.end()
    check(lister().wait() == 0, "the card is usable afterwards")


def main():
    what = sys.argv[4]
    if what in ("disturb", "both"):
        disturb(int(sys.argv[5]))
    elif what == "warm":
        check(lister().wait() == 0, "a first list")
        polite(0)
    else:
        polite(1)


main()
