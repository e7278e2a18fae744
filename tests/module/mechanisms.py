#!/usr/bin/env python3
"""Every mechanism that signs, verifies, encrypts, decrypts or digests.

usage: mechanisms.py MODULE

Each one of C_GetMechanismList is run on the software token: a length query, too
small a buffer, in one part and in several, which has to come to the same, and
with what was changed on the way. OpenSSL's command judges the signatures of RSA
and EC keys, Python's hashlib and hmac digests and HMACs. A mechanism that this
test does not know fails it.
"""

import ctypes
import hashlib
import hmac
import sys
import tempfile

from soft_token import Judge, Token, mechanism
from cryptoki import OK, answer, ulong

ENCRYPT, DECRYPT, DIGEST, SIGN, VERIFY = 0x100, 0x200, 0x400, 0x800, 0x2000
WRAP, UNWRAP, GENERATE_PAIR, RECOVER = 0x20000, 0x40000, 0x10000, 0x5000
MESSAGE = bytes(range(256)) * 2
BLOCKS = MESSAGE[:64]
INFO = 0x129
P256, P521 = "06082a8648ce3d030107", "06052b81040023"
K256, BRAINPOOL = "06052b8104000a", "06092b240303020801010b"
HASHES = {"sha1": (0x220, 1), "sha224": (0x255, 5), "sha256": (0x250, 2),
          "sha384": (0x260, 3), "sha512": (0x270, 4), "sha3_224": (0x2B5, 6),
          "sha3_256": (0x2B0, 7), "sha3_384": (0x2C0, 8),
          "sha3_512": (0x2D0, 9)}
MORE = {"sha512_224": 0x48, "sha512_256": 0x4C}
RSA = dict(zip(HASHES, (0x6, 0x46, 0x40, 0x41, 0x42, 0x66, 0x60, 0x61, 0x62)))
PSS = dict(zip(HASHES, (0xE, 0x47, 0x43, 0x44, 0x45, 0x67, 0x63, 0x64, 0x65)))
ECDSA = dict(zip(HASHES, (0x1042, 0x1043, 0x1044, 0x1045, 0x1046, 0x1047,
                          0x1048, 0x1049, 0x104A)))
HMAC = dict(zip([*HASHES, *MORE], (0x221, 0x256, 0x251, 0x261, 0x271, 0x2B6,
                                   0x2B1, 0x2C1, 0x2D1, 0x49, 0x4D)))
# judged by tests of their own: DSA (crypto/ffc), PQC (module/pqc)
ELSEWHERE = {*range(0x11, 0x1C), 0x17, 0x1D, 0x1F, *range(0x23, 0x2D), 0x2E,
             0x34, *range(0x36, 0x40)}


class Pss(ctypes.Structure):
    _fields_ = [("hash", ulong), ("mgf", ulong), ("salt", ulong)]


class Oaep(ctypes.Structure):
    _fields_ = Pss._fields_[:2] + [("source", ulong),
                                   ("data", ctypes.c_char_p), ("size", ulong)]


class Gcm(ctypes.Structure):
    _fields_ = [("iv", ctypes.c_char_p), ("iv_size", ulong),
                ("iv_bits", ulong), ("aad", ctypes.c_char_p),
                ("aad_size", ulong), ("tag_bits", ulong)]


class Ccm(ctypes.Structure):
    _fields_ = [("data_size", ulong), ("nonce", ctypes.c_char_p),
                ("nonce_size", ulong), ("aad", ctypes.c_char_p),
                ("aad_size", ulong), ("mac_size", ulong)]


class Counter(ctypes.Structure):
    _fields_ = [("bits", ulong), ("block", ctypes.c_ubyte * 16)]


class Chacha(ctypes.Structure):
    _fields_ = [("counter", ctypes.c_char_p), ("bits", ulong),
                ("nonce", ctypes.c_char_p), ("nonce_bits", ulong)]


class ChachaPoly(ctypes.Structure):
    _fields_ = [("nonce", ctypes.c_char_p), ("nonce_size", ulong),
                ("aad", ctypes.c_char_p), ("aad_size", ulong)]


class TlsMac(ctypes.Structure):
    _fields_ = [("prf", ulong), ("size", ulong), ("who", ulong)]


class Bench:
    def __init__(self, path, folder):
        self.token, self.judge = Token(path), Judge(folder)
        self.known = self.token.mechanisms()
        self.seen = set()

    def flags(self, kind):
        info = (ulong * 3)()
        self.token.module.call("C_GetMechanismInfo", ulong(self.token.slot),
                               ulong(kind), info)
        return info[2]

    def take(self, kind, flags):
        assert kind in self.known, hex(kind)
        assert self.flags(kind) & flags == flags, hex(kind)
        self.seen.add(kind)

    def secret(self, key_type, size):
        return self.token.create(
            cls=4, type=key_type, value=MESSAGE[:size], encrypt=True,
            decrypt=True, sign=True, verify=True, sensitive=False)

    def pair(self, kind, **public):
        keys = self.token.pair(kind, **public)
        return keys, self.token.attribute(keys[0], INFO)


def sign_and_verify(b, m, keys, message, parts=True, digest=None):
    """A signature that is right in every way of asking; gives it."""
    t = b.token
    b.take(m.mechanism, SIGN | VERIFY)
    signature = t.sign(m, keys[1], message)
    wrong = signature[:-1] + bytes([signature[-1] ^ 1])
    for n in (1, 2) if parts else (1,):
        assert t.verify(m, keys[0], message, signature, n) == OK
        assert t.verify(m, keys[0], message, wrong, n) == 0xC0
        assert t.verify(m, keys[0], message, signature + b"\0", n) == 0xC1
    if parts:
        again = t.sign(m, keys[1], message, 2)
        assert t.verify(m, keys[0], message, again) == OK
        return again
    t.call("C_SignInit", ctypes.byref(m), keys[1])
    assert answer(t.call, "C_SignUpdate", message, ulong(8)) != OK
    return signature


def test_rsa(b):
    keys, info = b.pair(0x0, bits=1024)
    b.take(0x0, GENERATE_PAIR)
    for name, kind in RSA.items():
        s = sign_and_verify(b, mechanism(kind), keys, MESSAGE)
        assert dgst(b, info, name, s)
        mgf = HASHES[name][1]
        size = hashlib.new(name).digest_size
        for kind, data, parts in ((PSS[name], MESSAGE, True), (
                0xD, hashlib.new(name, MESSAGE).digest(), False)):
            for salt in (0, size):
                if 2 * size + 2 > 128 and salt:
                    continue
                m = mechanism(kind, Pss(HASHES[name][0], mgf, salt))
                s = sign_and_verify(b, m, keys, data, parts)
                assert dgst(b, info, name, s, "rsa_padding_mode:pss",
                            f"rsa_pss_saltlen:{salt}"), (name, salt)
    for kind in (0x1, 0x3):
        sign_and_verify(b, mechanism(kind), keys, MESSAGE[1:65], False)
        b.take(kind, ENCRYPT | DECRYPT | RECOVER)
        crypt(b, mechanism(kind), keys, b"\1" * 100, parts=False)
    # a 2048 bit key has room for the label's hash of any size
    keys, info = b.pair(0x0, bits=2048)
    for number, mgf in HASHES.values():
        for label in (None, b"label"):
            m = mechanism(0x9, Oaep(number, mgf, 1, label,
                                    len(label or b"")))
            crypt(b, m, keys, b"secret", parts=False)
    b.take(0x1, WRAP | UNWRAP)
    b.take(0x9, WRAP | UNWRAP)


def dgst(b, info, name, signature, *options):
    arguments = ["dgst", "-" + name.replace("_", "-"), "-verify",
                 b.judge.file("pub.pem"), "-signature",
                 b.judge.file("sig", signature)]
    for option in options:
        arguments += ["-sigopt", option]
    b.judge.run("pkey", "-pubin", "-inform", "DER", "-in",
                b.judge.file("pub", info), "-out", b.judge.file("pub.pem"))
    return b.judge.run(*arguments, b.judge.file("msg", MESSAGE),
                       expected=False).returncode == 0


def der(raw):
    def number(part):
        value = int.from_bytes(part, "big")
        out = value.to_bytes(value.bit_length() // 8 + 1, "big")
        return bytes([2, len(out)]) + out
    half = len(raw) // 2
    body = number(raw[:half]) + number(raw[half:])
    size = bytes([len(body)]) if len(body) < 128 else bytes([129, len(body)])
    return b"\x30" + size + body


def test_ec(b):
    b.take(0x1040, GENERATE_PAIR)
    for params in (P256, P521, K256, BRAINPOOL):
        keys, info = b.pair(0x1040, params=bytes.fromhex(params))
        for name, kind in ECDSA.items():
            s = sign_and_verify(b, mechanism(kind), keys, MESSAGE)
            assert dgst(b, info, name, der(s)), (params, name)
        s = sign_and_verify(b, mechanism(0x1041), keys,
                            hashlib.sha256(MESSAGE).digest(), False)
        assert dgst(b, info, "sha256", der(s))
    b.take(0x1055, GENERATE_PAIR)
    b.take(0x1056, GENERATE_PAIR)
    keys, info = b.pair(0x1055, params=bytes.fromhex("06032b6570"))
    s = sign_and_verify(b, mechanism(0x1057), keys, MESSAGE)
    assert b.judge.verifies(info, MESSAGE, s)


def test_digests(b):
    for name, kind in {**{n: row[0] for n, row in HASHES.items()}, **MORE,
                       "blake2b": 0x401B, "blake2b20": 0x400C,
                       "blake2b32": 0x4011, "blake2b48": 0x4016}.items():
        if kind not in b.known and name.startswith("blake2b"):
            continue
        b.take(kind, DIGEST)
        m = mechanism(kind)
        size = int(name[7:] or 64) if name.startswith("blake2b") else None
        wanted = (hashlib.blake2b(MESSAGE, digest_size=size) if size else
                  hashlib.new(name, MESSAGE)).digest()
        b.token.call("C_DigestInit", ctypes.byref(m))
        assert b.token.sized("C_Digest", MESSAGE,
                             ulong(len(MESSAGE))) == wanted, name
        b.token.call("C_DigestInit", ctypes.byref(m))
        for part in (MESSAGE[:1], b"", MESSAGE[1:200], MESSAGE[200:]):
            b.token.call("C_DigestUpdate", part, ulong(len(part)))
        assert b.token.sized("C_DigestFinal") == wanted, name


def test_macs(b):
    generic, aes = b.secret(0x10, 48), b.secret(0x1F, 16)
    des3 = b.secret(0x15, 24)
    short = bytes(ulong(5))
    for name, kind in HMAC.items():
        wanted = hmac.new(MESSAGE[:48], MESSAGE, name).digest()
        for m, size in ((mechanism(kind), None),
                        (mechanism(kind + 1, short), 5)):
            s = sign_and_verify(b, m, (generic, generic), MESSAGE)
            assert s == wanted[:size], name
    for kind, key, size in ((0x401C, generic, 64), (0x108A, aes, 16),
                            (0x138, des3, 8)):
        s = sign_and_verify(b, mechanism(kind), (key, key), MESSAGE)
        general = kind - 1 if kind == 0x138 else kind + 1
        g = sign_and_verify(b, mechanism(general, short), (key, key), MESSAGE)
        assert len(s) == size and s.startswith(g) and len(g) == 5
    sign_and_verify(b, mechanism(0x108E, b"twelve bytes"), (aes, aes), MESSAGE)
    for kind in (0x3E4, 0x3D8):
        m = mechanism(kind, TlsMac(0x250, 12, 1))
        assert len(sign_and_verify(b, m, (generic, generic), MESSAGE)) == 12


def crypt(b, m, keys, data, parts=True):
    """Both ways, whole and in parts; gives the ciphertext."""
    t = b.token
    b.take(m.mechanism, ENCRYPT | DECRYPT)
    results = []
    for init, name, key in (("C_EncryptInit", "C_Encrypt", keys[0]),
                            ("C_DecryptInit", "C_Decrypt", keys[1])):
        source = data if name == "C_Encrypt" else results[0]
        t.call(init, ctypes.byref(m), key)
        whole = t.sized(name, source, ulong(len(source)))
        results.append(whole)
        if not parts:
            continue
        t.call(init, ctypes.byref(m), key)
        out = b""
        for at in range(0, len(source), 23):
            part = source[at:at + 23]
            space, size = ctypes.create_string_buffer(600), ulong(0)
            if answer(t.call, name + "Update", part, ulong(len(part)), space,
                      ctypes.byref(size)) == 0x150:
                assert size.value > 0
            else:
                continue
            t.call(name + "Update", part, ulong(len(part)), space,
                   ctypes.byref(size))
            out += space.raw[:size.value]
        space, size = ctypes.create_string_buffer(600), ulong(600)
        t.call(name + "Final", space, ctypes.byref(size))
        assert out + space.raw[:size.value] == whole, hex(m.mechanism)
    assert results[1][-len(data):] == data, hex(m.mechanism)
    return results[0]


def enc(b, name, data, *options):
    out = b.judge.file("enc")
    b.judge.run("enc", "-" + name, "-K", MESSAGE[:16].hex(), "-in",
                b.judge.file("msg", data), "-out", out, *options)
    return open(out, "rb").read()


def test_ciphers(b):
    aes, xts = b.secret(0x1F, 16), b.secret(0x35, 64)
    des3, chacha = b.secret(0x15, 24), b.secret(0x33, 32)
    iv, odd = MESSAGE[7:23], MESSAGE[:77]
    block = (ctypes.c_ubyte * 16)(*iv)
    judged = {0x1081: ("aes-128-ecb", None, BLOCKS, ["-nopad"]),
              0x1082: ("aes-128-cbc", iv, BLOCKS, ["-nopad"]),
              0x1085: ("aes-128-cbc", iv, odd, []),
              0x1086: ("aes-128-ctr", Counter(128, block), odd, []),
              0x2104: ("aes-128-ofb", iv, odd, []),
              0x2106: ("aes-128-cfb8", iv, odd, []),
              0x2107: ("aes-128-cfb", iv, odd, [])}
    for kind, (name, parameter, data, options) in judged.items():
        out = crypt(b, mechanism(kind, parameter), (aes, aes), data)
        if kind != 0x1081:
            options = [*options, "-iv", iv.hex()]
        assert out == enc(b, name, data, *options), name
    # CS1 of SP 800-38A: for whole blocks it is CBC
    cts = mechanism(0x1089, iv)
    assert crypt(b, cts, (aes, aes), BLOCKS) == enc(
        b, "aes-128-cbc", BLOCKS, "-nopad", "-iv", iv.hex())
    crypt(b, cts, (aes, aes), odd)
    for tag in (96, 128):
        crypt(b, mechanism(0x1087, Gcm(iv[:12], 12, 96, b"aad", 3, tag)),
              (aes, aes), odd)
        crypt(b, mechanism(0x1088, Ccm(len(odd), iv[:12], 12, b"aad", 3,
                                       tag // 8)), (aes, aes), odd, False)
    crypt(b, mechanism(0x2109), (aes, aes), BLOCKS, parts=False)
    crypt(b, mechanism(0x210B), (aes, aes), odd, parts=False)
    crypt(b, mechanism(0x1071, iv), (xts, xts), odd)
    crypt(b, mechanism(0x132), (des3, des3), BLOCKS)
    crypt(b, mechanism(0x133, iv[:8]), (des3, des3), BLOCKS)
    crypt(b, mechanism(0x136, iv[:8]), (des3, des3), odd)
    crypt(b, mechanism(0x1226, Chacha(bytes(4), 32, iv[:12], 96)),
          (chacha, chacha), odd)
    crypt(b, mechanism(0x4021, ChachaPoly(iv[:12], 12, b"aad", 3)),
          (chacha, chacha), odd)


def main():
    with tempfile.TemporaryDirectory() as folder:
        b = Bench(sys.argv[1], folder)
        for test in (test_digests, test_macs, test_ciphers, test_ec, test_rsa):
            test(b)
            print(test.__name__, "passed", flush=True)
        work = ENCRYPT | DECRYPT | DIGEST | SIGN | VERIFY
        left = {hex(kind) for kind in b.known - b.seen - ELSEWHERE
                if b.flags(kind) & work}
        assert not left, f"not tested: {sorted(left)}"
        print(len(b.seen), "mechanisms of", len(b.known))


main()
