"""What the tests of signet-import share: targets, source keys, and OpenSSL."""

import contextlib
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import PyKCS11 as p11

PIN, SO_PIN, SOURCE_PIN = "123456", "12345678", "Geheim4321"
SOFTHSM = "/usr/lib/softhsm/libsofthsm2.so"
MESSAGE = b"Hello World!\n"


def need(*programs):
    """Skips the test when a program of others is not installed."""
    for name in programs:
        if not (shutil.which(name) or os.path.exists(name)):
            print("not installed:", name)
            sys.exit(77)


def run(*command, fails=False, **keywords):
    """The output of a command that has to succeed."""
    done = subprocess.run([str(word) for word in command], text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **keywords)
    if (done.returncode != 0) != fails:
        print(done.stdout)
        words = " ".join(map(str, command))
        sys.exit(f"exit status {done.returncode}: {words}")
    return done.stdout


@contextlib.contextmanager
def scratch():
    with tempfile.TemporaryDirectory() as name:
        yield pathlib.Path(name)


def softhsm_setup(folder):
    """A SoftHSM of its own, for this process and its children."""
    tokens = folder / "tokens"
    tokens.mkdir(parents=True)
    config = folder / "softhsm2.conf"
    config.write_text(f"directories.tokendir = {tokens}\n"
                      "objectstore.backend = file\nlog.level = ERROR\n")
    return {"SOFTHSM2_CONF": str(config)}


def signet_setup(folder):
    folder.mkdir(parents=True)
    return {"SIGNET_SOFTTOKEN": "on", "SIGNET_SOFTTOKEN_KDF": "pbkdf2:1000",
            "SIGNET_SOFTTOKEN_PATH": str(folder / "tokens"),
            "XDG_CONFIG_HOME": str(folder)}


class Token:
    """A fresh token of a module, looked at and used through PyKCS11."""

    def __init__(self, module, folder, label="target", pin=PIN):
        setup = softhsm_setup if module == SOFTHSM else signet_setup
        self.module, self.label, self.pin = module, label, pin
        self.environment = setup(folder)
        with self.loaded() as lib:
            slot = next(s for s in lib.getSlotList(tokenPresent=True)
                        if not lib.getTokenInfo(s).flags
                        & p11.CKF_TOKEN_INITIALIZED)
            lib.initToken(slot, SO_PIN, label.ljust(32))
        with self.session(SO_PIN, p11.CKU_SO) as session:
            session.initPin(pin)

    @contextlib.contextmanager
    def loaded(self):
        os.environ.update(self.environment)
        lib = p11.PyKCS11Lib()
        lib.load(self.module)
        try:
            yield lib
        finally:
            lib.lib.Unload()

    @contextlib.contextmanager
    def session(self, pin=None, user=p11.CKU_USER):
        with self.loaded() as lib:
            slot = next(s for s in lib.getSlotList(tokenPresent=True)
                        if lib.getTokenInfo(s).label.strip() == self.label)
            session = lib.openSession(
                slot, p11.CKF_SERIAL_SESSION | p11.CKF_RW_SESSION)
            # PyKCS11's own list fails on a mechanism that it has no name for.
            numbers = p11.LowLevel.ckintlist()
            lib.lib.C_GetMechanismList(slot, numbers)
            session.mechanisms = [p11.CKM.get(n) for n in numbers]
            session.login(pin or self.pin, user)
            yield session
            session.logout()
            session.closeSession()


def get(session, key_class, key_id, label):
    """The one object of a class with this CKA_ID and label."""
    template = [(p11.CKA_CLASS, key_class), (p11.CKA_LABEL, label)]
    if key_id is not None:
        template.append((p11.CKA_ID, bytes.fromhex(key_id)))
    found = session.findObjects(template)
    if len(found) != 1:
        sys.exit(f"{len(found)} objects of class {key_class} with ID {key_id}"
                 f" and label {label!r}")
    return found[0]


def value(session, handle, attribute=p11.CKA_VALUE):
    return bytes(session.getAttributeValue(handle, [attribute])[0])


def importer(program, target, folder, *arguments, status=0, source=SOURCE_PIN):
    """Runs signet-import on a token and gives what it says."""
    (folder / "pin").write_text(target.pin + "\n")
    (folder / "source-pin").write_text(source + "\n")
    done = subprocess.run(
        [program, "--module", target.module, "--token", target.label,
         "--pin-file", folder / "pin",
         "--source-pin-file", folder / "source-pin", *arguments],
        text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, env=dict(os.environ, **target.environment))
    print(done.stdout, end="")
    if done.returncode != status:
        sys.exit(f"exit status {done.returncode}, not {status}")
    return done.stdout


def raw_to_der(raw):
    """r and s of Cryptoki in the DER that OpenSSL wants."""
    def integer(number):
        number = number.lstrip(b"\0") or b"\0"
        number = b"\0" + number if number[0] & 0x80 else number
        return bytes([2, len(number)]) + number
    half = len(raw) // 2
    body = integer(raw[:half]) + integer(raw[half:])
    return bytes([0x30, len(body)]) + body


def check_signature(session, handle, public_pem, folder):
    """Signs with the token; OpenSSL verifies with the source's public key."""
    kind = session.getAttributeValue(handle, [p11.CKA_KEY_TYPE])[0]
    made, text = folder / "signature", folder / "message"
    text.write_bytes(MESSAGE)
    if kind == p11.CKK_RSA:
        made.write_bytes(bytes(session.sign(
            handle, MESSAGE, p11.Mechanism(p11.CKM_SHA256_RSA_PKCS, None))))
        run("openssl", "dgst", "-sha256", "-verify", public_pem,
            "-signature", made, text)
        return
    if kind == p11.CKK_EC:
        digest = hashlib.sha256(MESSAGE).digest()
        made.write_bytes(raw_to_der(bytes(session.sign(
            handle, digest, p11.Mechanism(p11.CKM_ECDSA, None)))))
        run("openssl", "dgst", "-sha256", "-verify", public_pem,
            "-signature", made, text)
        return
    made.write_bytes(bytes(session.sign(
        handle, MESSAGE, p11.Mechanism(0x1057, None))))
    run("openssl", "pkeyutl", "-verify", "-pubin", "-inkey", public_pem,
        "-rawin", "-in", text, "-sigfile", made)


def knows(session, mechanism):
    return mechanism in session.mechanisms
