"""A few Cryptoki calls through ctypes, where a test needs the bare codes."""

import ctypes

OK = 0
ARGUMENTS_BAD = 7
DEVICE_ERROR = 0x30
DEVICE_REMOVED = 0x32
FUNCTION_CANCELED = 0x50
FUNCTION_NOT_SUPPORTED = 0x54
PIN_INCORRECT, PIN_INVALID, PIN_LEN_RANGE = 0xA0, 0xA1, 0xA2
USER_NOT_LOGGED_IN = 0x101
SESSION_HANDLE_INVALID = 0xB3
PROTECTED_AUTHENTICATION_PATH = 0x100
LOGIN_REQUIRED = 4
SHA256_RSA_PKCS = 0x40
PRIVATE_KEY, CLASS, ID = 3, 0, 0x102
SURRENDER = 0
SERIAL, READ_WRITE = 4, 2
SO, USER = 0, 1

ulong = ctypes.c_ulong
NOTIFY = ctypes.CFUNCTYPE(ulong, ulong, ulong, ctypes.c_void_p)


class Attribute(ctypes.Structure):
    _fields_ = [("type", ulong), ("value", ctypes.c_void_p), ("size", ulong)]


class Mechanism(ctypes.Structure):
    _fields_ = [("mechanism", ulong), ("parameter", ctypes.c_void_p),
                ("size", ulong)]


class Refused(Exception):
    def __init__(self, name, rv):
        super().__init__(f"{name}: {rv:#x}")
        self.rv = rv


class Module:
    """C_Initialize to C_Finalize; a method per function, which raises."""

    def __init__(self, path):
        self.library = ctypes.CDLL(path)

    def call(self, name, *arguments):
        rv = getattr(self.library, name)(*arguments)
        if rv != OK:
            raise Refused(name, rv)

    def initialize(self):
        self.call("C_Initialize", None)
        return self

    def finalize(self):
        self.call("C_Finalize", None)

    def slots(self, with_token=True):
        count = ulong(0)
        self.call("C_GetSlotList", with_token, None, ctypes.byref(count))
        found = (ulong * 64)()
        count = ulong(64)
        self.call("C_GetSlotList", with_token, found, ctypes.byref(count))
        return list(found[:count.value])

    def token_flags(self, slot):
        info = ctypes.create_string_buffer(256)
        self.call("C_GetTokenInfo", ulong(slot), info)
        return ulong.from_buffer(info, 96).value

    def session(self, slot, notify=None, flags=SERIAL):
        handle = ulong(0)
        self.call("C_OpenSession", ulong(slot), ulong(flags), None, notify,
                  ctypes.byref(handle))
        return Session(self, handle)


class Session:
    def __init__(self, module, handle):
        self.module, self.handle = module, handle

    def call(self, name, *arguments):
        self.module.call(name, self.handle, *arguments)

    def login(self, pin, user=USER):
        self.call("C_Login", ulong(user), pin, ulong(len(pin or b"")))

    def set_pin(self, old, new):
        self.call("C_SetPIN", old, ulong(len(old or b"")), new,
                  ulong(len(new or b"")))

    def logout(self):
        self.call("C_Logout")

    def close(self):
        self.call("C_CloseSession")

    def state(self):
        info = (ulong * 4)()
        self.call("C_GetSessionInfo", info)
        return info[1]

    def key(self, key_id=b"\x01"):
        wanted = ulong(PRIVATE_KEY)
        match = (Attribute * 2)(
            (CLASS, ctypes.addressof(wanted), ctypes.sizeof(wanted)),
            (ID, ctypes.cast(key_id, ctypes.c_void_p), len(key_id)))
        found, count = ulong(0), ulong(0)
        self.call("C_FindObjectsInit", match, ulong(2))
        self.call("C_FindObjects", ctypes.byref(found), ulong(1),
                  ctypes.byref(count))
        self.call("C_FindObjectsFinal")
        if count.value != 1:
            raise Refused("no such key", 0)
        return found

    def sign(self, key, data=b"Hello World!\n"):
        out = ctypes.create_string_buffer(1024)
        size = ulong(1024)
        mechanism = Mechanism(SHA256_RSA_PKCS, None, 0)
        self.call("C_SignInit", ctypes.byref(mechanism), key)
        self.call("C_Sign", data, ulong(len(data)), out, ctypes.byref(size))
        return out.raw[:size.value]


def answer(function, *arguments):
    """The code of a call: OK, or what it was refused with."""
    try:
        function(*arguments)
    except Refused as refused:
        return refused.rv
    return OK
