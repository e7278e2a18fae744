#!/usr/bin/python3
"""Counts the exchanges of each step on the card's side, against a budget.

usage: budget.py MODULE short|extended|unknown|no-forget
The card has four RSA-2048 certificates of about 1,200 bytes; CARD_TRACE is where it
writes a line that begins with "> " for each command it gets. Preloaded with
pcsccount, so that all other calls of PC/SC are counted, too.
no-forget: a card that does not know VERIFY with P1 = FF.
"""

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile

import PyKCS11 as p11

PIN = "123456"
SIGN = {"short": 3, "extended": 1}
LIST = {"short": 24, "extended": 9}
# One of them asks whether there are retired keys.
LIST_WARM = {"short": 7, "extended": 7}
OTHERS = {"short": 25, "extended": 10}
ONE_SIGNATURE = {"short": 14, "extended": 8}
ONE_SIGNATURE_WARM = {"short": 9, "extended": 7}


class Card:
    """Counts what the card was sent since the last step."""

    def __init__(self, trace):
        self.trace = trace
        self.seen = 0
        self.over = []
        self.seen = self.count()

    def count(self):
        with open(self.trace, encoding="ascii") as lines:
            return sum(line.startswith("> ") for line in lines)

    def step(self, name, budget):
        now = self.count()
        used, self.seen = now - self.seen, now
        verdict = "ok" if used <= budget else "OVER"
        print(f"{name:58} {used:3} of {budget:3}  {verdict}")
        if used > budget:
            self.over.append(name)
        return used


CALLS = ("EstablishContext", "ReleaseContext", "IsValidContext", "Connect",
         "Reconnect", "Disconnect", "BeginTransaction", "EndTransaction",
         "Status", "GetStatusChange", "Control", "Transmit", "ListReaders",
         "ListReaderGroups", "FreeMemory", "Cancel", "GetAttrib", "SetAttrib")


def calls():
    """Those of PC/SC that this process has made."""
    counter = ctypes.CDLL(None).pcsccount
    counter.restype = ctypes.c_ulong
    return [counter(name.encode()) for name in CALLS]


def calls_since(before):
    return {name: now - then for name, then, now in
            zip(CALLS, before, calls()) if now != then}


def state_queries(lib, slot, session):
    lib.getSlotList(tokenPresent=True)
    lib.getSlotInfo(slot)
    lib.getTokenInfo(slot)
    lib.getMechanismList(slot)
    session.getSessionInfo()
    lib.openSession(slot, p11.CKF_SERIAL_SESSION).closeSession()


def in_one_process(module, card, length):
    lib = p11.PyKCS11Lib()
    lib.load(module)
    card.step("C_Initialize", 0)
    slot = lib.getSlotList(tokenPresent=True)[0]
    if card.step("first C_GetSlotList(TRUE)", 2) == 0:
        sys.exit("the card was not asked at all: wrong trace?")
    session = lib.openSession(slot, p11.CKF_SERIAL_SESSION)
    card.step("C_OpenSession", 0)
    lib.getTokenInfo(slot)
    card.step("first C_GetTokenInfo", 2)
    for _ in range(3):
        state_queries(lib, slot, session)
    card.step("state queries and C_OpenSession, repeated", 0)
    session.login(PIN)
    card.step("C_Login", 2)
    key = session.findObjects([(p11.CKA_CLASS, p11.CKO_PRIVATE_KEY),
                               (p11.CKA_ID, b"\x01")])[0]
    card.step("find a private key by CKA_ID", 5)
    mechanism = p11.Mechanism(p11.CKM_SHA256_RSA_PKCS, None)
    session.sign(key, b"first", mechanism)
    card.step("first C_SignInit + C_Sign", SIGN[length] + 1)
    for turn in range(3):
        before = calls()
        session.sign(key, b"again", mechanism)
        made = calls_since(before)
        card.step("further C_SignInit + C_Sign", SIGN[length])
        wanted = {"BeginTransaction": 1, "EndTransaction": 1,
                  "Transmit": SIGN[length]}
        if made != wanted:
            sys.exit(f"a steady C_Sign calls {made}, not {wanted}")
    state_queries(lib, slot, session)
    card.step("state queries while logged in", 0)
    session.logout()
    card.step("C_Logout", 1)
    session.closeSession()


def no_forget(module, card):
    lib = p11.PyKCS11Lib()
    lib.load(module)
    session = lib.openSession(lib.getSlotList(tokenPresent=True)[0],
                              p11.CKF_SERIAL_SESSION)
    card.seen = card.count()
    session.login(PIN)
    card.step("C_Login", 2)
    session.logout()
    if card.step("C_Logout, without VERIFY FF", 2) < 2:
        sys.exit("the card knows VERIFY FF: wrong card?")


def unknown_card(module, card):
    """A card of which no driver knows an applet: looked at once."""
    lib = p11.PyKCS11Lib()
    lib.load(module)
    slot = lib.getSlotList(tokenPresent=True)[0]
    if card.step("unknown card: first look", 6) == 0:
        sys.exit("the card was not asked at all: wrong trace?")
    for _ in range(3):
        lib.getSlotList(tokenPresent=True)
        lib.getSlotInfo(slot)
        try:
            lib.getTokenInfo(slot)
            sys.exit("an unknown card has a token")
        except p11.PyKCS11Error as error:
            if error.value != p11.CKR_TOKEN_NOT_RECOGNIZED:
                raise
    card.step("unknown card: any later call", 0)


def run(card, name, budget, *command):
    """A program, from its start to its end; what it writes."""
    output = subprocess.run(command, check=True, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE).stdout
    if card.step(name + ", whole process", budget) < 2:
        sys.exit("the card was hardly asked: wrong trace?")
    return output


def cold():
    shutil.rmtree(os.environ["XDG_CACHE_HOME"] + "/signet",
                  ignore_errors=True)


def tool(module, *arguments):
    return ["pkcs11-tool", "--module", module, *arguments]


def lists(module, card, length):
    first = run(card, "pkcs11-tool -O, cold", LIST[length],
                *tool(module, "-O"))
    again = run(card, "pkcs11-tool -O, warm", LIST_WARM[length],
                *tool(module, "-O"))
    if first != again or first.count(b"Certificate Object") != 4:
        sys.exit("the cache changes what is listed")


def signatures(module, card, length):
    arguments = tool(module, "--login", "--pin", PIN, "--sign", "--id", "01",
                     "--mechanism", "SHA256-RSA-PKCS", "--input-file",
                     __file__, "--output-file", "/dev/null")
    run(card, "login and one signature, cold", ONE_SIGNATURE[length],
        *arguments)
    run(card, "login and one signature, warm", ONE_SIGNATURE_WARM[length],
        *arguments)


def others(module, card, length):
    """Programs that know nothing of us, each with nothing kept."""
    database = tempfile.mkdtemp()
    subprocess.run(["certutil", "-N", "-d", "sql:" + database,
                    "--empty-password"], check=True)
    subprocess.run(["modutil", "-force", "-dbdir", "sql:" + database, "-add",
                    "signet", "-libfile", module], check=True,
                   stdout=subprocess.DEVNULL)
    cold()
    card.seen = card.count()
    for name, command in (
            ("p11tool --list-all-certs",
             ["p11tool", "--provider", module, "--list-all-certs"]),
            ("certutil -L -h all",
             ["certutil", "-L", "-d", "sql:" + database, "-h", "all"]),
            ("ssh-keygen -D", ["ssh-keygen", "-D", module])):
        if shutil.which(command[0]):
            cold()
            run(card, name, OTHERS[length], *command)
    shutil.rmtree(database)


def main():
    module, length = os.path.abspath(sys.argv[1]), sys.argv[2]
    card = Card(os.environ["CARD_TRACE"])
    os.environ.pop("LD_PRELOAD", None)  # not for the programs
    other_cards = {"unknown": unknown_card, "no-forget": no_forget}
    if length in other_cards:
        other_cards[length](module, card)
        sys.exit(bool(card.over))
    in_one_process(module, card, length)
    card.step("C_Finalize", 1)
    cold()
    lists(module, card, length)
    cold()
    signatures(module, card, length)
    others(module, card, length)
    sys.exit(bool(card.over))


main()
