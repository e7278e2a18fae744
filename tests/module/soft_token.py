"""A fresh software token through ctypes, and the openssl command as its judge."""

import ctypes
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "clients"))
from cryptoki import Attribute, Mechanism, Module, answer, ulong

SO_PIN, PIN = b"so-pin-1", b"user-pin"
BUFFER_TOO_SMALL = 0x150
NAMES = {"type": 0x100, "cls": 0, "value": 0x11, "set": 0x61D, "seed": 0x637,
         "sensitive": 0x103, "extractable": 0x162, "params": 0x180,
         "point": 0x181, "size": 0x161, "wrap": 0x106, "unwrap": 0x107,
         "encrypt": 0x104, "decrypt": 0x105, "sign": 0x108, "verify": 0x10A,
         "derive": 0x10C, "bits": 0x121, "prime": 0x130, "base": 0x132,
         "sign_recover": 0x109, "verify_recover": 0x10B, "label": 3,
         "encapsulate_template": 0x62A,
         "decapsulate_template": 0x62B}


def mechanism(kind, parameter=None):
    if parameter is None:
        return Mechanism(kind, None, 0)
    if isinstance(parameter, bytes):
        parameter = ctypes.create_string_buffer(parameter, len(parameter))
    m = Mechanism(kind, ctypes.addressof(parameter), ctypes.sizeof(parameter))
    m.kept = parameter
    return m


def template(**values):
    """Attributes by their CKA_ name here; numbers, truths, bytes, templates."""
    kept, rows = [], []
    for name, value in values.items():
        if isinstance(value, bool):
            value = bytes([value])
        elif isinstance(value, int):
            value = bytes(ulong(value))
        elif isinstance(value, ctypes.Array):
            kept.append(value)
            value = bytes(value)
        kept.append(ctypes.create_string_buffer(value, len(value)))
        rows.append((NAMES[name], ctypes.addressof(kept[-1]), len(value)))
    array = (Attribute * len(rows))(*rows)
    array.kept = kept
    return array


class Token:
    """A session on a fresh software token, with its user logged in."""

    def __init__(self, path):
        self.module = Module(path).initialize()
        slot = self.module.slots()[0]
        self.module.call("C_InitToken", ulong(slot), SO_PIN,
                         ulong(len(SO_PIN)), b"tested".ljust(32))
        self.slot = slot
        self.session = ulong(0)
        self.module.call("C_OpenSession", ulong(slot), ulong(6), None, None,
                         ctypes.byref(self.session))
        self.call("C_Login", ulong(0), SO_PIN, ulong(len(SO_PIN)))
        self.call("C_InitPIN", PIN, ulong(len(PIN)))
        self.call("C_Logout")
        self.call("C_Login", ulong(1), PIN, ulong(len(PIN)))

    def call(self, name, *arguments):
        self.module.call(name, self.session, *arguments)

    def mechanisms(self):
        count = ulong(0)
        self.module.call("C_GetMechanismList", ulong(self.slot), None,
                         ctypes.byref(count))
        found = (ulong * count.value)()
        self.module.call("C_GetMechanismList", ulong(self.slot), found,
                         ctypes.byref(count))
        return set(found)

    def attribute(self, key, kind):
        asked = Attribute(kind, None, 0)
        self.call("C_GetAttributeValue", key, ctypes.byref(asked), ulong(1))
        value = ctypes.create_string_buffer(asked.size)
        asked.value = ctypes.addressof(value)
        self.call("C_GetAttributeValue", key, ctypes.byref(asked), ulong(1))
        return value.raw

    def create(self, **values):
        key, rows = ulong(0), template(**values)
        self.call("C_CreateObject", rows, ulong(len(rows)), ctypes.byref(key))
        return key

    def pair(self, kind, **public):
        keys, m = (ulong(0), ulong(0)), mechanism(kind)
        rows = template(**public)
        private = template(sensitive=False, extractable=True)
        self.call("C_GenerateKeyPair", ctypes.byref(m), rows,
                  ulong(len(rows)), private, ulong(len(private)),
                  ctypes.byref(keys[0]), ctypes.byref(keys[1]))
        return keys

    def sized(self, name, *arguments):
        """Length query, too small a buffer, then the real thing."""
        size = ulong(0)
        self.call(name, *arguments, None, ctypes.byref(size))
        wanted = size.value
        out = ctypes.create_string_buffer(wanted)
        # before a decryption its size is but an upper bound
        exact = "Decrypt" not in name
        size = ulong(wanted - 1 if exact else min(1, wanted - 1))
        rv = answer(self.call, name, *arguments, out, ctypes.byref(size))
        assert rv == BUFFER_TOO_SMALL, (name, rv)
        assert size.value == wanted or not exact, (name, size.value, wanted)
        size = ulong(wanted)
        self.call(name, *arguments, out, ctypes.byref(size))
        return out.raw[:size.value]

    def sign(self, m, key, message, parts=1):
        self.call("C_SignInit", ctypes.byref(m), key)
        if parts == 1:
            return self.sized("C_Sign", message, ulong(len(message)))
        middle = len(message) // parts
        for part in (message[:middle], message[middle:]):
            self.call("C_SignUpdate", part, ulong(len(part)))
        return self.sized("C_SignFinal")

    def verify(self, m, key, message, signature, parts=1):
        self.call("C_VerifyInit", ctypes.byref(m), key)
        if parts == 1:
            return answer(self.call, "C_Verify", message, ulong(len(message)),
                          signature, ulong(len(signature)))
        self.call("C_VerifyUpdate", message, ulong(len(message)))
        return answer(self.call, "C_VerifyFinal", signature,
                      ulong(len(signature)))


class Judge:
    """The openssl command, in a folder of its own."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    def file(self, name, content=None):
        path = self.folder / name
        if content is not None:
            path.write_bytes(content)
        return str(path)

    def run(self, *arguments, expected=True):
        done = subprocess.run(["openssl", *arguments], capture_output=True)
        if expected and done.returncode != 0:
            raise AssertionError((arguments, done.stderr))
        return done

    def verifies(self, info, message, signature, *options):
        """OpenSSL's word on a signature by the key of this public half."""
        key, data, sig = (self.file("pub", info), self.file("msg", message),
                          self.file("sig", signature))
        return self.run("pkeyutl", "-verify", "-pubin", "-keyform", "DER",
                        "-inkey", key, "-rawin", "-in", data, "-sigfile", sig,
                        *(o for option in options
                          for o in ("-pkeyopt", option)),
                        expected=False).returncode == 0

    def generate(self, name, *options):
        """A private key file, and its public half in DER."""
        key, info = self.file("key.pem"), self.file("info")
        self.run("genpkey", "-algorithm", name, "-out", key, *options)
        self.run("pkey", "-in", key, "-pubout", "-outform", "DER", "-out",
                 info)
        return key, pathlib.Path(info).read_bytes()

    def sign(self, key, message, *options):
        data, sig = self.file("msg", message), self.file("sig")
        self.run("pkeyutl", "-sign", "-inkey", key, "-rawin", "-in", data,
                 "-out", sig, *(o for option in options
                                for o in ("-pkeyopt", option)))
        return pathlib.Path(sig).read_bytes()
