#!/usr/bin/env python3
"""ML-KEM, ML-DSA, SLH-DSA and EdDSA's variants, with OpenSSL as the judge.

usage: pqc.py MODULE

The openssl command checks what the software token has made, and makes what the
token has to understand. Skipped (77) when the module's OpenSSL is older than
3.5 and so lists none of these mechanisms.
"""

import ctypes
import hashlib
import pathlib
import sys
import tempfile

from soft_token import BUFFER_TOO_SMALL, Judge, Token, mechanism, template
from cryptoki import OK, answer, ulong

CKO_PUBLIC, CKO_PRIVATE, CKO_SECRET = 2, 3, 4
CKK_GENERIC, CKK_AES = 0x10, 0x1F
CKK_KEM, CKK_ML, CKK_SLH, CKK_EDWARDS = 0x49, 0x4A, 0x4B, 0x40
CKA_VALUE, CKA_INFO = 0x11, 0x129
CKM_KEM_GEN, CKM_ML_GEN, CKM_SLH_GEN, CKM_ED_GEN = 0xF, 0x1C, 0x2D, 0x1055
CKM_KEM, CKM_ML, CKM_HASH_ML = 0x17, 0x1D, 0x1F
CKM_SLH, CKM_HASH_SLH, CKM_EDDSA = 0x2E, 0x34, 0x1057
CKM_AES_GEN, CKM_CBC_PAD = 0x1080, 0x1085
SIGNATURE_INVALID = 0xC0
LEN_RANGE, PARAM_INVALID, MECHANISM_INVALID = 0xC1, 0x71, 0x70
KEY_HANDLE_INVALID, INCONSISTENT, LENGTH = 0x60, 0xD1, 0x112
NO_SUCH_SET = 0x209
PREFERRED, REQUIRED, DETERMINISTIC = 0, 1, 2

ML_SETS = {1: "ML-DSA-44", 2: "ML-DSA-65", 3: "ML-DSA-87"}
KEM_SETS = {1: "ML-KEM-512", 2: "ML-KEM-768", 3: "ML-KEM-1024"}
SLH_SETS = {1: "SHA2-128s", 2: "SHAKE-128s", 3: "SHA2-128f", 4: "SHAKE-128f",
            5: "SHA2-192s", 6: "SHAKE-192s", 7: "SHA2-192f", 8: "SHAKE-192f",
            9: "SHA2-256s", 10: "SHAKE-256s", 11: "SHA2-256f",
            12: "SHAKE-256f"}
# offset of the hashing mechanisms from the one of ML-DSA and of SLH-DSA, the
# last number of the OID, the CKM_ of the hash alone, the hash
HASHES = [(0x23, 0x36, 4, 0x255, lambda m: hashlib.sha224(m).digest()),
          (0x24, 0x37, 1, 0x250, lambda m: hashlib.sha256(m).digest()),
          (0x25, 0x38, 2, 0x260, lambda m: hashlib.sha384(m).digest()),
          (0x26, 0x39, 3, 0x270, lambda m: hashlib.sha512(m).digest()),
          (0x27, 0x3A, 7, 0x2B5, lambda m: hashlib.sha3_224(m).digest()),
          (0x28, 0x3B, 8, 0x2B0, lambda m: hashlib.sha3_256(m).digest()),
          (0x29, 0x3C, 9, 0x2C0, lambda m: hashlib.sha3_384(m).digest()),
          (0x2A, 0x3D, 10, 0x2D0, lambda m: hashlib.sha3_512(m).digest()),
          (0x2B, 0x3E, 11, None, lambda m: hashlib.shake_128(m).digest(32)),
          (0x2C, 0x3F, 12, None, lambda m: hashlib.shake_256(m).digest(64))]
MESSAGE = b"What OpenSSL has to agree with.\n" * 9


class SignParam(ctypes.Structure):
    _fields_ = [("hedge", ulong), ("context", ctypes.c_char_p),
                ("size", ulong)]


class HashParam(ctypes.Structure):
    _fields_ = SignParam._fields_ + [("hash", ulong)]


class EdParam(ctypes.Structure):
    _fields_ = [("ph", ctypes.c_ubyte), ("size", ulong),
                ("context", ctypes.c_char_p)]


def prehashed(context, number, digest):
    """M' of FIPS 204, algorithm 4, line 23."""
    oid = bytes.fromhex("0609608648016503040200")[:-1] + bytes([number])
    return bytes([1, len(context)]) + context + oid + digest


def signatures(token, judge, kind, hashing, keys, info):
    """Every variant of one key, made here and verified there."""
    context = b"signet's context"
    plain = mechanism(kind)
    param = mechanism(kind, SignParam(REQUIRED, context, len(context)))
    fixed = mechanism(kind, SignParam(DETERMINISTIC, None, 0))
    once = token.sign(plain, keys[1], MESSAGE)
    assert judge.verifies(info, MESSAGE, once)
    assert once != token.sign(plain, keys[1], MESSAGE), "no hedging"
    assert token.verify(plain, keys[0], MESSAGE, once, 2) == OK
    assert token.verify(plain, keys[0], MESSAGE + b"!",
                        once) == SIGNATURE_INVALID
    assert token.verify(plain, keys[0], MESSAGE, once[:-1]) == LEN_RANGE
    in_context = token.sign(param, keys[1], MESSAGE, 2)
    assert judge.verifies(info, MESSAGE, in_context,
                          "context-string:" + context.decode())
    assert not judge.verifies(info, MESSAGE, in_context)
    assert token.verify(plain, keys[0], MESSAGE,
                        in_context) == SIGNATURE_INVALID
    first = token.sign(fixed, keys[1], MESSAGE)
    assert first == token.sign(fixed, keys[1], MESSAGE, 2), "not deterministic"
    assert judge.verifies(info, MESSAGE, first)
    for place, number, alone, make in (
            (row[0 if kind == CKM_ML else 1], *row[2:]) for row in HASHES):
        m = mechanism(place, SignParam(PREFERRED, context, len(context)))
        signature = token.sign(m, keys[1], MESSAGE, 2)
        inside = prehashed(context, number, make(MESSAGE))
        assert judge.verifies(info, inside, signature,
                              "message-encoding:0"), hex(place)
        assert token.verify(m, keys[0], MESSAGE, signature) == OK
        if alone is None:
            continue
        m = mechanism(hashing, HashParam(PREFERRED, context, len(context),
                                         alone))
        signature = token.sign(m, keys[1], make(MESSAGE))
        assert judge.verifies(info, inside, signature, "message-encoding:0")
        token.call("C_SignInit", ctypes.byref(m), keys[1])
        out, size = ctypes.create_string_buffer(60000), ulong(60000)
        assert answer(token.call, "C_Sign", b"short", ulong(5), out,
                      ctypes.byref(size)) == 0x21  # CKR_DATA_LEN_RANGE


def imported(token, judge, name, cls, key_type, number, kind):
    """A key that OpenSSL has made, brought by seed, by value, by both."""
    seed_size = {CKK_ML: 32, CKK_KEM: 64}[key_type]
    seed = bytes(range(seed_size))
    path, info = judge.generate(name, "-pkeyopt", "hexseed:" + seed.hex())
    wanted = dict(cls=cls, type=key_type, set=number, sensitive=False,
                  extractable=True)
    by_seed = token.create(seed=seed, **wanted)
    assert token.attribute(by_seed, CKA_INFO) == info, name
    value = token.attribute(by_seed, CKA_VALUE)
    by_value = token.create(value=value, **wanted)
    assert token.attribute(by_value, CKA_INFO) == info
    token.create(value=value, seed=seed, **wanted)
    other = bytes([seed[0] ^ 1]) + seed[1:]
    for wrong in (dict(value=value, seed=other), dict(value=value[:-1]),
                  dict(seed=seed[:-1]), {}):
        assert answer(lambda: token.create(**wrong, **wanted)) in (
            0x13, 0xD0), (name, wrong.keys())
    size = len(token.attribute(token.pair(kind, set=number)[0], CKA_VALUE))
    public = token.create(cls=CKO_PUBLIC, type=key_type, set=number,
                          value=info[-size:])
    assert token.attribute(public, CKA_INFO) == info
    return path, info, by_seed, by_value, public


def test_ml_dsa(token, judge):
    for number, name in ML_SETS.items():
        keys = token.pair(CKM_ML_GEN, set=number)
        info = token.attribute(keys[0], CKA_INFO)
        assert info == token.attribute(keys[1], CKA_INFO)
        signatures(token, judge, CKM_ML, CKM_HASH_ML, keys, info)
        path, info, by_seed, by_value, public = imported(
            token, judge, name, CKO_PRIVATE, CKK_ML, number, CKM_ML_GEN)
        theirs = judge.sign(path, MESSAGE)
        assert token.verify(mechanism(CKM_ML), public, MESSAGE, theirs) == OK
        fixed = mechanism(CKM_ML, SignParam(DETERMINISTIC, None, 0))
        exactly = judge.sign(path, MESSAGE, "deterministic:1")
        assert token.sign(fixed, by_seed, MESSAGE) == exactly
        assert token.sign(fixed, by_value, MESSAGE) == exactly


def test_slh_dsa(token, judge):
    for number, name in SLH_SETS.items():
        keys = token.pair(CKM_SLH_GEN, set=number)
        info = token.attribute(keys[0], CKA_INFO)
        if number in (3, 4):
            signatures(token, judge, CKM_SLH, CKM_HASH_SLH, keys, info)
        signature = token.sign(mechanism(CKM_SLH), keys[1], MESSAGE, 2)
        assert judge.verifies(info, MESSAGE, signature), name
        value = token.attribute(keys[1], CKA_VALUE)
        again = token.create(cls=CKO_PRIVATE, type=CKK_SLH, set=number,
                             value=value)
        assert token.attribute(again, CKA_INFO) == info
    path, info = judge.generate("SLH-DSA-SHA2-128f")
    public = token.create(cls=CKO_PUBLIC, type=CKK_SLH, set=3,
                          value=info[-32:])
    theirs = judge.sign(path, MESSAGE)
    assert token.verify(mechanism(CKM_SLH), public, MESSAGE, theirs) == OK


def encapsulate(token, public, **more):
    m, size, key = mechanism(CKM_KEM), ulong(0), ulong(0)
    rows = template(**{**dict(cls=CKO_SECRET, type=CKK_GENERIC,
                              sensitive=False, extractable=True), **more})
    arguments = (ctypes.byref(m), public, rows, ulong(len(rows)))
    token.call("C_EncapsulateKey", *arguments, None, ctypes.byref(size),
               ctypes.byref(key))
    out = ctypes.create_string_buffer(size.value)
    small = ulong(size.value - 1)
    assert answer(token.call, "C_EncapsulateKey", *arguments, out,
                  ctypes.byref(small), ctypes.byref(key)) == BUFFER_TOO_SMALL
    token.call("C_EncapsulateKey", *arguments, out, ctypes.byref(size),
               ctypes.byref(key))
    return out.raw[:size.value], token.attribute(key, CKA_VALUE)


def decapsulate(token, private, ciphertext, **more):
    m, key = mechanism(CKM_KEM), ulong(0)
    rows = template(**{**dict(cls=CKO_SECRET, type=CKK_GENERIC,
                              sensitive=False, extractable=True), **more})
    token.call("C_DecapsulateKey", ctypes.byref(m), private, rows,
               ulong(len(rows)), ciphertext, ulong(len(ciphertext)),
               ctypes.byref(key))
    return token.attribute(key, CKA_VALUE)


def test_ml_kem(token, judge):
    for number, name in KEM_SETS.items():
        keys = token.pair(CKM_KEM_GEN, set=number)
        ciphertext, secret = encapsulate(token, keys[0])
        assert len(secret) == 32
        assert decapsulate(token, keys[1], ciphertext) == secret
        assert decapsulate(token, keys[1], ciphertext, type=CKK_AES,
                           size=32) == secret
        # implicit rejection: another secret, not an error
        wrong = ciphertext[:-1] + bytes([ciphertext[-1] ^ 1])
        assert decapsulate(token, keys[1], wrong) != secret
        for bad in (dict(size=16), dict(type=CKK_AES, size=16)):
            assert answer(lambda: decapsulate(token, keys[1], ciphertext,
                                              **bad)) == LENGTH
        assert answer(lambda: decapsulate(token, keys[1],
                                          ciphertext[:-1])) == LENGTH
        path, info, by_seed, by_value, public = imported(
            token, judge, name, CKO_PRIVATE, CKK_KEM, number, CKM_KEM_GEN)
        ciphertext, secret = encapsulate(token, public)
        out = judge.file("secret")
        judge.run("pkeyutl", "-decap", "-inkey", path, "-in",
                  judge.file("ct", ciphertext), "-secret", out)
        assert pathlib.Path(out).read_bytes() == secret, name
        judge.run("pkeyutl", "-encap", "-pubin", "-keyform", "DER", "-inkey",
                  judge.file("pub", info), "-out", judge.file("ct"),
                  "-secret", out)
        ciphertext = pathlib.Path(judge.file("ct")).read_bytes()
        theirs = pathlib.Path(out).read_bytes()
        assert decapsulate(token, by_seed, ciphertext) == theirs
        assert decapsulate(token, by_value, ciphertext) == theirs


def test_ml_kem_templates(token, _judge):
    """5.18.8: matched, or CKR_KEY_HANDLE_INVALID; 5.18.9: added, or
    CKR_TEMPLATE_INCONSISTENT."""
    keys = token.pair(CKM_KEM_GEN, set=1)
    public = token.create(
        cls=CKO_PUBLIC, type=CKK_KEM, set=1,
        value=token.attribute(keys[0], CKA_VALUE),
        encapsulate_template=template(label=b"wanted"))
    private = token.create(
        cls=CKO_PRIVATE, type=CKK_KEM, set=1,
        value=token.attribute(keys[1], CKA_VALUE),
        decapsulate_template=template(label=b"wanted"))
    for more in ({}, dict(label=b"other")):
        assert answer(lambda: encapsulate(token, public,
                                          **more)) == KEY_HANDLE_INVALID
    ciphertext, secret = encapsulate(token, public, label=b"wanted")
    for more in ({}, dict(label=b"wanted")):
        assert decapsulate(token, private, ciphertext, **more) == secret
    assert answer(lambda: decapsulate(token, private, ciphertext,
                                      label=b"other")) == INCONSISTENT


def test_sets(token, _judge):
    """6.67 to 6.69: CKR_PARAMETER_SET_NOT_SUPPORTED"""
    for kind, key_type in ((CKM_KEM_GEN, CKK_KEM), (CKM_ML_GEN, CKK_ML),
                           (CKM_SLH_GEN, CKK_SLH)):
        assert answer(lambda: token.pair(kind, set=99)) == NO_SUCH_SET
        for cls in (CKO_PUBLIC, CKO_PRIVATE):
            assert answer(lambda: token.create(
                cls=cls, type=key_type, set=99,
                value=bytes(32))) == NO_SUCH_SET


def test_wrap(token, judge):
    """PKCS#8, which OpenSSL reads, and back into the token."""
    m, kek = mechanism(CKM_AES_GEN), ulong(0)
    rows = template(size=32, wrap=True, unwrap=True, encrypt=True,
                    decrypt=True)
    token.call("C_GenerateKey", ctypes.byref(m), rows, ulong(len(rows)),
               ctypes.byref(kek))
    by = mechanism(CKM_CBC_PAD, bytes(16))
    for kind, key_type, sets in ((CKM_ML_GEN, CKK_ML, ML_SETS),
                                 (CKM_KEM_GEN, CKK_KEM, KEM_SETS),
                                 (CKM_SLH_GEN, CKK_SLH, {3: ""})):
        for number in sets:
            keys = token.pair(kind, set=number)
            bare = token.create(cls=CKO_PRIVATE, type=key_type, set=number,
                                value=token.attribute(keys[1], CKA_VALUE),
                                sensitive=False, extractable=True)
            info = token.attribute(keys[0], CKA_INFO)
            for key in (keys[1], bare):
                wrapped = token.sized("C_WrapKey", ctypes.byref(by), kek, key)
                token.call("C_DecryptInit", ctypes.byref(by), kek)
                out, size = ctypes.create_string_buffer(8192), ulong(8192)
                token.call("C_Decrypt", wrapped, ulong(len(wrapped)), out,
                           ctypes.byref(size))
                path = judge.file("p8", out.raw[:size.value])
                judge.run("pkey", "-inform", "DER", "-in", path, "-pubout",
                          "-outform", "DER", "-out", judge.file("info"))
                assert pathlib.Path(judge.file("info")).read_bytes() == info
                unwrapped, rows = ulong(0), template(
                    cls=CKO_PRIVATE, type=key_type, sensitive=False,
                    extractable=True)
                token.call("C_UnwrapKey", ctypes.byref(by), kek, wrapped,
                           ulong(len(wrapped)), rows, ulong(len(rows)),
                           ctypes.byref(unwrapped))
                assert token.attribute(unwrapped, CKA_INFO) == info


def test_eddsa(token, judge):
    curves = {"06032b6570": ("Ed25519ctx", "Ed25519ph"),
              "06032b6571": ("Ed448", "Ed448ph")}
    context = b"some context"
    for params, instances in curves.items():
        keys = token.pair(CKM_ED_GEN, params=bytes.fromhex(params))
        info = token.attribute(keys[0], CKA_INFO)
        for ph, instance in enumerate(instances):
            m = mechanism(CKM_EDDSA, EdParam(ph, len(context), context))
            signature = token.sign(m, keys[1], MESSAGE, 1 + ph)
            assert judge.verifies(info, MESSAGE, signature,
                                  "instance:" + instance,
                                  "context-string:" + context.decode())
            assert token.verify(m, keys[0], MESSAGE, signature, 2) == OK
            for other in (None, EdParam(1 - ph, len(context), context),
                          EdParam(ph, 3, b"not")):
                assert token.verify(mechanism(CKM_EDDSA, other), keys[0],
                                    MESSAGE, signature) == SIGNATURE_INVALID
        long = mechanism(CKM_EDDSA, EdParam(0, 256, bytes(256)))
        assert answer(token.call, "C_SignInit", ctypes.byref(long),
                      keys[1]) == PARAM_INVALID


def test_blake2b(token, judge):
    for kind, size in ((0x400C, 20), (0x4011, 32), (0x4016, 48),
                       (0x401B, 64)):
        m = mechanism(kind)
        wanted = hashlib.blake2b(MESSAGE, digest_size=size).digest()
        for _ in range(2):
            token.call("C_DigestInit", ctypes.byref(m))
            assert token.sized("C_Digest", MESSAGE,
                               ulong(len(MESSAGE))) == wanted, size


def main():
    with tempfile.TemporaryDirectory() as folder:
        token, judge = Token(sys.argv[1]), Judge(folder)
        known = token.mechanisms()
        if CKM_ML not in known:
            assert CKM_KEM not in known and CKM_SLH not in known
            assert answer(token.pair, CKM_ML_GEN) == MECHANISM_INVALID
            print("skipped: the module's OpenSSL is older than 3.5")
            sys.exit(77)
        for kind in (CKM_KEM, CKM_SLH, CKM_HASH_ML, CKM_HASH_SLH, CKM_KEM_GEN,
                     CKM_ML_GEN, CKM_SLH_GEN, *(row[0] for row in HASHES),
                     *(row[1] for row in HASHES)):
            assert kind in known, hex(kind)
        for test in (test_ml_kem, test_ml_kem_templates, test_ml_dsa,
                     test_slh_dsa, test_sets, test_wrap, test_eddsa,
                     test_blake2b):
            test(token, judge)
            print(test.__name__, "passed", flush=True)


main()
