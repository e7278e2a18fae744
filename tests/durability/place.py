"""Folders of software tokens that nobody else has, and the keeper on them."""

import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile


class Place:
    """A folder of tokens, the keeper in it, and the log of every run."""

    def __init__(self, module, keeper, folder=None, wrapper=(), user=None):
        self.scratch = tempfile.TemporaryDirectory()
        os.chmod(self.scratch.name, 0o777)
        self.base = pathlib.Path(self.scratch.name)
        self.folder = pathlib.Path(folder) if folder else self.base / "tokens"
        self.program = [*wrapper, keeper, module]
        self.user = user
        self.environment = dict(
            os.environ, SIGNET_SOFTTOKEN="off", SIGNET_CACHE="off",
            SIGNET_SOFTTOKEN_KDF="pbkdf2:1000", SIGNET_LOG_LEVEL="error",
            SIGNET_LOG_FILE="-", SIGNET_SOFTTOKEN_PATH=str(self.folder),
            HOME=str(self.base), XDG_CONFIG_HOME=str(self.base))
        # meson fills freed memory in tests, which only costs time here
        self.environment.pop("MALLOC_PERTURB_", None)

    def start(self, label, what, *arguments, **more):
        environment = dict(self.environment)
        if what == "init":
            environment["SIGNET_SOFTTOKEN"] = "on"
        return subprocess.Popen(
            [*self.program, label, what, *map(str, arguments)], text=True,
            env=environment, user=self.user, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)

    def run(self, label, what, *arguments, good=True):
        """Lines on stdout, lines of the log."""
        process = self.start(label, what, *arguments)
        out, log = process.communicate("\n")
        log = told(log)
        if good and (process.returncode or log):
            fail(f"{what} {label}: exit status {process.returncode}:"
                 f" {out} {log}")
        return out.splitlines(), log

    def make(self, label):
        """A token with one pair and one key."""
        out, _ = self.run(label, "init")
        wanted(out[-1] == "init 0", f"C_InitToken: {out}")
        self.run(label, "pairs", 1)
        self.run(label, "make", 1)
        return self.path(label)

    def tokens(self):
        """Serial and "rw" or "ro" of every token, by its label."""
        out, log = self.run("-", "tokens", good=False)
        rows = [line.split() for line in out]
        return {row[3]: (row[1], row[2]) for row in rows}, log

    def path(self, label):
        return self.folder / (self.tokens()[0][label][0] + ".token")

    def objects(self, label):
        """CKA_IDs of all objects, by class; each was seen to be whole."""
        out, _ = self.run(label, "check")
        wanted(out[-1] == "checked 0", f"check: {out[-3:]}")
        found = {}
        for line in out[:-1]:
            _, kind, name = line.split(" ", 2)
            found.setdefault(int(kind), []).append(name)
        return found


def settle(path):
    """All of a token in its one file, for a test that damages it."""
    subprocess.run(["sqlite3", str(path),
                    "PRAGMA wal_checkpoint(TRUNCATE)"], check=True,
                   stdout=subprocess.DEVNULL)
    for end in ("-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)


def told(log):
    """The lines of a log, without the one about readers that are not here."""
    return [line for line in log.splitlines() if "no readers" not in line]


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def fail(why):
    sys.exit(f"FAIL: {why}")


def wanted(fact, why):
    if not fact:
        fail(why)


def need(program):
    if not shutil.which(program):
        print(f"no {program} here")
        sys.exit(77)


def rest(process):
    """What is left of its output after readline(), which reads ahead and
    hides that from communicate()."""
    process.stdin.close()
    out, log = process.stdout.read(), process.stderr.read()
    process.wait()
    return out, log


def kill(process):
    process.send_signal(signal.SIGKILL)
    return rest(process)
