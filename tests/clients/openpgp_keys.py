#!/usr/bin/python3
"""Makes, brings in and uses the keys of an OpenPGP card through Cryptoki.

usage: openpgp_keys.py MODULE generate KIND...    for the keys 01, 02, 03
       openpgp_keys.py MODULE import FOLDER       sig.key, dec.key, aut.key
       openpgp_keys.py MODULE use                 each key, judged by openssl
KIND is rsa2048 ... rsa4096, p256, p384, p521, bp256, bp384, bp512, ed25519,
x25519.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import PyKCS11 as p11

PIN, SO_PIN = "123456", "12345678"
CURVES = {
    "p256": "06082a8648ce3d030107",
    "p384": "06052b81040022",
    "p521": "06052b81040023",
    "bp256": "06092b2403030208010107",
    "bp384": "06092b240303020801010b",
    "bp512": "06092b240303020801010d",
    "ed25519": "06032b6570",
    "x25519": "06032b656e",
}
EDWARDS_KEY_PAIR_GEN, MONTGOMERY_KEY_PAIR_GEN = 0x1055, 0x1056
EC_EDWARDS, EC_MONTGOMERY, EDDSA = 0x40, 0x41, 0x1057
PUBLIC_KEY_INFO = 0x129
SIGN, DECIPHER, AUTHENTICATE = 1, 2, 3


def openssl(*arguments, data=b""):
    return subprocess.run(["openssl", *arguments], input=data, check=True,
                          capture_output=True).stdout


class Card:
    def __init__(self, module):
        self.lib = p11.PyKCS11Lib()
        self.lib.load(module)
        self.slot = self.lib.getSlotList(tokenPresent=True)[0]
        self.session = self.lib.openSession(
            self.slot, p11.CKF_SERIAL_SESSION | p11.CKF_RW_SESSION)

    def officer(self, pin=SO_PIN):
        self.session.login(pin, p11.CKU_SO)

    def user(self, pin=PIN):
        self.session.login(pin)

    def logout(self):
        self.session.logout()

    def find(self, key_class, number):
        found = self.session.findObjects([(p11.CKA_CLASS, key_class),
                                          (p11.CKA_ID, bytes([number]))])
        return found[0] if found else None

    def attribute(self, handle, kind):
        return self.session.getAttributeValue(handle, [kind])[0]

    def info(self, number):
        handle = self.find(p11.CKO_PUBLIC_KEY, number)
        return bytes(self.attribute(handle, PUBLIC_KEY_INFO))

    def generate(self, kind, number, private=(), public=()):
        if kind.startswith("rsa"):
            mechanism = p11.CKM_RSA_PKCS_KEY_PAIR_GEN
            what = [(p11.CKA_MODULUS_BITS, int(kind[3:]))]
        else:
            mechanism = {"ed25519": EDWARDS_KEY_PAIR_GEN,
                         "x25519": MONTGOMERY_KEY_PAIR_GEN}.get(
                             kind, p11.CKM_EC_KEY_PAIR_GEN)
            what = [(p11.CKA_EC_PARAMS, bytes.fromhex(CURVES[kind]))]
        place = [(p11.CKA_ID, bytes([number]))] if number else []
        return self.session.generateKeyPair(
            [(p11.CKA_TOKEN, True), *what, *place, *public],
            [(p11.CKA_TOKEN, True), (p11.CKA_PRIVATE, True), *place, *private],
            mecha=p11.Mechanism(mechanism, None))

    def bring(self, path, number):
        """A private key of openssl's."""
        return self.session.createObject(
            [(p11.CKA_CLASS, p11.CKO_PRIVATE_KEY), (p11.CKA_TOKEN, True),
             (p11.CKA_PRIVATE, True), (p11.CKA_ID, bytes([number])),
             *numbers(path)])

    def write_certificate(self, der, number=None):
        place = [] if number is None else [(p11.CKA_ID, bytes([number]))]
        return self.session.createObject(
            [(p11.CKA_CLASS, p11.CKO_CERTIFICATE), (p11.CKA_TOKEN, True),
             (p11.CKA_CERTIFICATE_TYPE, p11.CKC_X_509),
             (p11.CKA_VALUE, der), *place])

    def sign(self, number, data=b"a message"):
        """Signs, once more with its own login where the key wants that."""
        handle = self.find(p11.CKO_PRIVATE_KEY, number)
        kind = self.attribute(handle, p11.CKA_KEY_TYPE)
        mechanism = {p11.CKK_RSA: p11.CKM_SHA256_RSA_PKCS,
                     p11.CKK_EC: p11.CKM_ECDSA_SHA256}.get(kind, EDDSA)
        lib, own = self.session.lib, self.session.session
        signature = p11.ckbytelist(1024 * [0])
        self.check(lib.C_SignInit(own, p11.Mechanism(mechanism, None)
                                  .to_native(), handle))
        if self.attribute(handle, p11.CKA_ALWAYS_AUTHENTICATE):
            self.check(lib.C_Login(own, p11.CKU_CONTEXT_SPECIFIC,
                                   p11.ckbytelist(PIN.encode())))
        self.check(lib.C_Sign(own, p11.ckbytelist(data), signature))
        verify(self.info(number), kind, data, bytes(signature))

    def decrypt(self, number, data=b"a secret"):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "public"
            path.write_bytes(self.info(number))
            cipher = openssl("pkeyutl", "-encrypt", "-pubin", "-keyform", "DER",
                             "-inkey", str(path), data=data)
        plain = self.session.decrypt(
            self.find(p11.CKO_PRIVATE_KEY, number), cipher,
            p11.Mechanism(p11.CKM_RSA_PKCS, None))
        if bytes(plain) != data:
            sys.exit(f"key {number}: the plaintext is wrong")

    def derive(self, number):
        """A shared secret with a key of openssl's own."""
        info = self.info(number)
        with tempfile.TemporaryDirectory() as folder:
            own, theirs = Path(folder) / "own", Path(folder) / "theirs"
            theirs.write_bytes(info)
            text = openssl("pkey", "-pubin", "-inform", "DER", "-in",
                           str(theirs), "-text", "-noout").decode()
            curve = [line.split(":")[1].strip() for line in text.splitlines()
                     if line.startswith("ASN1 OID")]
            openssl("genpkey", "-algorithm", *(
                ["EC", "-pkeyopt", "ec_paramgen_curve:" + curve[0]]
                if curve else ["X25519"]), "-out", str(own))
            secret = openssl("pkeyutl", "-derive", "-inkey", str(own),
                             "-peerkey", str(theirs), "-peerform", "DER")
            public = openssl("pkey", "-in", str(own), "-pubout", "-outform",
                             "DER")
        size = 32 if not curve else 1 + 2 * len(secret)
        key = self.session.deriveKey(
            self.find(p11.CKO_PRIVATE_KEY, number),
            [(p11.CKA_CLASS, p11.CKO_SECRET_KEY),
             (p11.CKA_KEY_TYPE, p11.CKK_GENERIC_SECRET),
             (p11.CKA_TOKEN, False), (p11.CKA_SENSITIVE, False),
             (p11.CKA_EXTRACTABLE, True), (p11.CKA_VALUE_LEN, len(secret))],
            p11.ECDH1_DERIVE_Mechanism(public[-size:]))
        if bytes(self.attribute(key, p11.CKA_VALUE)) != secret:
            sys.exit(f"key {number}: the shared secret is wrong")

    def use(self):
        for number in (SIGN, DECIPHER, AUTHENTICATE):
            handle = self.find(p11.CKO_PRIVATE_KEY, number)
            if handle is None:
                sys.exit(f"no key {number}")
            if number != DECIPHER:
                self.sign(number)
            elif self.attribute(handle, p11.CKA_KEY_TYPE) == p11.CKK_RSA:
                self.decrypt(number)
            else:
                self.derive(number)

    @staticmethod
    def check(rv):
        if rv != p11.CKR_OK:
            raise p11.PyKCS11Error(rv)


def verify(info, kind, data, signature):
    with tempfile.TemporaryDirectory() as folder:
        public, message, sign = (str(Path(folder) / name) for name in "pms")
        if kind == p11.CKK_EC:
            half = len(signature) // 2
            signature = sequence(integer(signature[:half]) +
                                 integer(signature[half:]))
        for path, content in ((public, info), (message, data),
                              (sign, signature)):
            Path(path).write_bytes(content)
        raw = ["-rawin"]
        if kind != EC_EDWARDS:
            raw += ["-digest", "sha256"]
        openssl("pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey",
                public, *raw, "-in", message, "-sigfile", sign)


def integer(number):
    number = number.lstrip(b"\0")
    if not number or number[0] & 0x80:
        number = b"\0" + number
    return bytes([2, len(number)]) + number


def sequence(content):
    size = bytes([len(content)])
    return b"\x30" + (b"\x81" if len(content) > 127 else b"") + size + content


def numbers(path):
    """The attributes of a private key in a PEM file."""
    lines = openssl("pkey", "-in", str(path), "-noout", "-text").decode()
    parts, name = {}, ""
    for line in lines.splitlines():
        if line and not line.startswith(" "):
            name, _, value = line.partition(":")
            parts[name] = value.split("(")[0].strip()
        else:
            parts[name] += line.strip().replace(":", "")
    if "modulus" in parts:
        return [(p11.CKA_KEY_TYPE, p11.CKK_RSA)] + [
            (kind, bytes.fromhex(parts[part])) for kind, part in (
                (p11.CKA_MODULUS, "modulus"),
                (p11.CKA_PRIVATE_EXPONENT, "privateExponent"),
                (p11.CKA_PRIME_1, "prime1"), (p11.CKA_PRIME_2, "prime2"),
                (p11.CKA_EXPONENT_1, "exponent1"),
                (p11.CKA_EXPONENT_2, "exponent2"),
                (p11.CKA_COEFFICIENT, "coefficient"))] + [
            (p11.CKA_PUBLIC_EXPONENT, bytes.fromhex("010001"))]
    head = lines.split()[0]
    kind, curve = {"ED25519": (EC_EDWARDS, "ed25519"),
                   "X25519": (EC_MONTGOMERY, "x25519")}.get(
                       head, (p11.CKK_EC, {
                           "prime256v1": "p256", "secp384r1": "p384",
                           "secp521r1": "p521"}.get(parts.get("ASN1 OID"))))
    value = bytes.fromhex(parts["priv"])
    return [(p11.CKA_KEY_TYPE, kind), (p11.CKA_VALUE, value),
            (p11.CKA_EC_PARAMS, bytes.fromhex(CURVES[curve]))]


def main():
    card, action = Card(sys.argv[1]), sys.argv[2]
    if action == "generate":
        card.officer()
        for number, kind in enumerate(sys.argv[3:], 1):
            card.generate(kind, number)
    elif action == "import":
        card.officer()
        for number, name in enumerate(("sig", "dec", "aut"), 1):
            card.bring(Path(sys.argv[3]) / f"{name}.key", number)
    else:
        card.user()
        card.use()
    card.logout()


if __name__ == "__main__":
    main()
