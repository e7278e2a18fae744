"""Starts and sessions beside SoftHSM 2 and NSS softokn.

These have no counterpart in libcrypto, so the peers run in turn with us.
"""

import os
import pathlib
import subprocess
import tempfile

from scratch import Token, bench

SOFTHSM = [pathlib.Path("/usr/lib/softhsm/libsofthsm2.so")]
NSS = sorted(pathlib.Path("/usr/lib").glob("*-linux-gnu*/libsoftokn3.so"))
START = "C_Initialize+C_GetSlotList+C_Finalize"
SESSION = "C_OpenSession+C_CloseSession"
ATTEMPTS = 5


def rate(command, environment, name):
    return bench(command, environment)[name]["busy_ops"]


def best(ours, theirs, enough):
    """The ratio of two rates that are measured in turn, until it is enough."""
    ratios = [0]
    while max(ratios) < enough and len(ratios) <= ATTEMPTS:
        mine, other = ours(), theirs()
        ratios.append(mine / other)
    return max(ratios)


class Peers:
    def __init__(self, module, p11bench, seconds):
        self.module, self.p11bench = module, p11bench
        self.seconds = seconds
        self.folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.folder.name)

    def command(self, module, only, *options):
        return [self.p11bench, "--module", str(module), "--pin", "123456",
                "--only", only, "--seconds", self.seconds, *options]

    def softhsm(self):
        (self.path / "tokens").mkdir(exist_ok=True)
        conf = self.path / "softhsm2.conf"
        conf.write_text(f"directories.tokendir = {self.path}/tokens\n"
                        "objectstore.backend = file\n")
        return dict(os.environ, SOFTHSM2_CONF=str(conf))

    def starts(self, enough):
        """Neither has a token; None when there is no SoftHSM here."""
        if not SOFTHSM[0].exists():
            return None
        environment = dict(
            os.environ, SIGNET_SOFTTOKEN="off", XDG_CONFIG_HOME=str(self.path),
            SIGNET_SOFTTOKEN_PATH=str(self.path / "none"))
        return best(
            lambda: rate(self.command(self.module, "init"), environment,
                         START),
            lambda: rate(self.command(SOFTHSM[0], "init"), self.softhsm(),
                         START), enough)

    def sessions(self, enough):
        """None when there is no softokn here, or no certutil."""
        if not NSS:
            return None
        store = self.path / "nss"
        store.mkdir(exist_ok=True)
        made = subprocess.run(["certutil", "-N", "-d", f"sql:{store}",
                               "--empty-password"])
        if made.returncode:
            return None
        theirs = self.command(
            NSS[0], "session", "--token", "NSS Certificate DB",
            "--init-args", f"configdir='sql:{store}' certPrefix=''"
            " keyPrefix='' secmod='secmod.db' flags=noRootInit")
        theirs[theirs.index("123456")] = ""
        token = Token(self.module, self.p11bench)
        return best(
            lambda: token.run("--only", "session", "--seconds",
                              self.seconds)[SESSION]["busy_ops"],
            lambda: rate(theirs, dict(os.environ), SESSION), enough)
