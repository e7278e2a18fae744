#!/usr/bin/python3
"""GnuPG takes the card for itself alone while a browser has sessions open that
are not logged in: both work, one after the other.

usage: exclusive.py CLIENTS-FOLDER MODULE
"""

import os
import pty
import subprocess
import sys
import termios
import time

sys.path.insert(0, sys.argv[1])
import cryptoki as ck  # noqa: E402

folder = os.environ["SIGNET_TEST_DIR"]
log = folder + "/signet.log"
home = folder + "/gnupg"
os.mkdir(home, 0o700)
os.environ.update(GNUPGHOME=home, SIGNET_LOG_LEVEL="info",
                  SIGNET_LOG_FILE=log)


def check(condition, what):
    if not condition:
        sys.exit(f"FAIL: {what}")


def gpg():
    """Its own reader driver would look for USB readers."""
    return subprocess.run(["gpg", "--batch", "--card-status"],
                          capture_output=True, text=True, check=False)


class Terminal:
    """A program that asks a person."""

    def __init__(self, *command):
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.execvp(command[0], command)
        self.said = ""

    def until(self, text):
        while text not in self.said:
            try:
                self.said += os.read(self.master, 4096).decode()
            except OSError:
                sys.exit(f"FAIL: it never says {text!r}: {self.said}")

    def type(self, line):
        """Once the echo is off: what is typed before that is thrown away."""
        while termios.tcgetattr(self.master)[3] & termios.ECHO:
            time.sleep(0.01)
        os.write(self.master, line.encode() + b"\n")


def nss():
    """NSS with sessions open and nobody logged in: certutil asks for the PIN."""
    database = "sql:" + folder + "/nss"
    os.mkdir(folder + "/nss")
    subprocess.run(["certutil", "-N", "-d", database, "--empty-password"],
                   check=True)
    subprocess.run(["modutil", "-force", "-dbdir", database, "-add", "signet",
                    "-libfile", os.path.abspath(sys.argv[2])], check=True,
                   stdout=subprocess.DEVNULL)
    terminal = Terminal("certutil", "-K", "-d", database, "-h", "all")
    terminal.until("Enter Password or Pin for \"OpenPGP")
    done = gpg()
    check(done.returncode == 0, f"gpg beside NSS: {done.stderr}")
    subprocess.run(["gpgconf", "--kill", "all"], check=True)
    terminal.type("654321")
    terminal.until("Enter Password or Pin for \"PIV")
    terminal.type("123456")
    terminal.until("CARD AUTH key")
    os.waitpid(terminal.pid, 0)
    check("Authentication key" in terminal.said, "the keys of both")


with open(home + "/scdaemon.conf", "w", encoding="ascii") as conf:
    conf.write("disable-ccid\n")
lib = ck.Module(os.path.abspath(sys.argv[2])).initialize()
slot = lib.slots()[0]  # PIV, beside OpenPGP for GnuPG
sessions = [lib.session(slot) for _ in range(3)]
try:
    sessions[0].key(b"\x04")
    done = gpg()
    check(done.returncode == 0, f"gpg --card-status: {done.stderr}")
    # scdaemon keeps the card: ours waits for a while, then says why not.
    rv = ck.answer(sessions[0].login, b"123456")
    check(rv == ck.DEVICE_ERROR, f"C_Login {rv:#x} while scdaemon has the card")
    with open(log, encoding="utf-8") as text:
        check("scdaemon" in text.read(), "the log names the cause")
finally:
    subprocess.run(["gpgconf", "--kill", "all"], check=True)
sessions[0].login(b"123456")
sessions[0].key()
sessions[0].logout()
check(gpg().returncode == 0, "gpg after a logout")
subprocess.run(["gpgconf", "--kill", "all"], check=True)
lib.finalize()
nss()
