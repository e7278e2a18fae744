"""A scratch software token of the module under test, and p11bench on it."""

import json
import os
import pathlib
import subprocess
import tempfile

PIN, SO_PIN, LABEL = "123456", "12345678", "bench"


def bench(command, environment):
    """The results of p11bench by name; ends the program on a failure."""
    done = subprocess.run([*command, "--json"], text=True, env=environment,
                          stdout=subprocess.PIPE)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}:"
                         f" exit status {done.returncode}")
    report = json.loads(done.stdout)
    return {r["name"]: r for r in report["results"]}


class Token:
    """A fresh token in a folder of its own, gone with the object."""

    def __init__(self, module, p11bench):
        self.module, self.p11bench = module, p11bench
        self.folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.folder.name)
        self.environment = dict(
            os.environ, SIGNET_SOFTTOKEN="on",
            SIGNET_SOFTTOKEN_KDF="pbkdf2:1000",
            SIGNET_SOFTTOKEN_PATH=str(self.path / "tokens"),
            XDG_CONFIG_HOME=str(self.path))
        self.run("--only", "none")
        # from here on there is no empty slot: as with any other user
        self.environment["SIGNET_SOFTTOKEN"] = "off"

    def command(self, *options):
        return [self.p11bench, "--module", self.module, "--token", LABEL,
                "--pin", PIN, "--so-pin", SO_PIN, *options]

    def run(self, *options):
        return bench(self.command(*options), self.environment)
