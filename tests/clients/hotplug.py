#!/usr/bin/python3
"""C_WaitForSlotEvent beside a real reader service: cards and readers that come
and go, a service that dies and comes back, and C_Finalize in the middle.

usage: hotplug.py MODULE CARD card|both|none|many
Preloaded with pcsccount, so that waiting is seen to be waiting.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time

OK, NO_EVENT, NOT_INITIALIZED = 0, 8, 0x190
DONT_BLOCK = 1
CANT_CREATE_OS_THREADS, OS_LOCKING_OK = 1, 2
FIRST_PORT = 0x8C00  # of pcscd/run: 16 for each reader, one for each slot
PATIENCE = 60

folder = os.environ["SIGNET_TEST_DIR"]
module = ctypes.CDLL(sys.argv[1])
counter = ctypes.CDLL(None).pcsccount
counter.restype = ctypes.c_ulong


def check(condition, what):
    if not condition:
        sys.exit(f"FAIL: {what}")


def looks():
    return counter(b"GetStatusChange") + counter(b"EstablishContext")


def until(condition, what):
    for _ in range(PATIENCE * 100):
        if condition():
            return
        time.sleep(0.01)
    sys.exit(f"FAIL: never: {what}; now {slots(True)} of {slots(False)}")


class Arguments(ctypes.Structure):
    """CK_C_INITIALIZE_ARGS."""

    _fields_ = [("mutexes", ctypes.c_void_p * 4), ("flags", ctypes.c_ulong),
                ("reserved", ctypes.c_void_p)]


def initialize(flags=OS_LOCKING_OK):
    arguments = Arguments(flags=flags)
    check(module.C_Initialize(ctypes.byref(arguments)) == OK, "C_Initialize")


def finalize():
    check(module.C_Finalize(None) == OK, "C_Finalize")


def slots(with_token):
    count = ctypes.c_ulong(64)
    found = (ctypes.c_ulong * 64)()
    module.C_GetSlotList(with_token, None, ctypes.byref(count))
    check(module.C_GetSlotList(with_token, found, ctypes.byref(count)) == OK,
          "C_GetSlotList")
    return list(found[:count.value])


def event(flags=0):
    slot = ctypes.c_ulong(0)
    rv = module.C_WaitForSlotEvent(ctypes.c_ulong(flags), ctypes.byref(slot),
                                   None)
    return rv, slot.value


class Waiter(threading.Thread):
    """One blocking call, in a thread of the application's."""

    def __init__(self):
        super().__init__(daemon=True)
        self.answer = None
        self.start()

    def run(self):
        self.answer = event()

    def ended(self):
        self.join(PATIENCE)
        check(self.answer is not None, "the wait does not end")
        return self.answer

    def asleep(self):
        """Until it has nothing more to do than to wait."""
        before = None
        while before != looks():
            before = looks()
            time.sleep(0.3)
        return self


def tell(line):
    subprocess.run([sys.argv[2], "--tell", folder + "/card0.control", line],
                   check=True, stdout=subprocess.DEVNULL)


def pcscd_pid():
    with open("/run/pcscd/pcscd.pid", encoding="ascii") as file:
        return int(file.read().strip("\n\0"))


def pcscd_kill():
    pid = pcscd_pid()
    os.kill(pid, signal.SIGKILL)

    def gone():
        try:
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            pass
        # not while it is a zombie: the next pcscd would take it for alive
        return not os.path.exists(f"/proc/{pid}")
    until(gone, "pcscd ends")


def pcscd_start():
    os.makedirs("/run/pcscd", exist_ok=True)
    environment = {key: value for key, value in os.environ.items()
                   if key != "LD_PRELOAD"}
    with open(folder + "/pcscd.log", "ab") as log:
        subprocess.Popen(["pcscd", "--foreground", "--config",
                          folder + "/readers"], env=environment, stdout=log,
                         stderr=log, stdin=subprocess.DEVNULL)


def cards():
    initialize()
    check(event(DONT_BLOCK)[0] == NO_EVENT, "what is there is no event")
    check(slots(True) == [1], "a card in the first slot")
    for line in ["remove", "insert"] * 3:
        waiter = Waiter().asleep()
        tell(line)
        check(waiter.ended() == (OK, 1), f"{line} is seen")
    check(event(DONT_BLOCK)[0] == NO_EVENT, "an event is told once")
    finalize()


def second():
    """Who waits hears of a card's second token when another looks at the card,
    which PC/SC knows nothing of."""
    both = [1, 0x1001]
    initialize()
    check(slots(True) == both, "two tokens")
    waiter = Waiter().asleep()
    tell("remove")
    check(waiter.ended() == (OK, both[0]), "the first has gone")
    check(event(DONT_BLOCK) == (OK, both[1]), "and the second")
    waiter = Waiter().asleep()
    tell("insert")
    check(waiter.ended() == (OK, both[0]), "a card has come")
    waiter = Waiter().asleep()
    check(slots(True) == both, "two tokens again")
    check(waiter.ended() == (OK, both[1]), "the second has come")
    finalize()


def quiet():
    """Other programs that come and go wake nobody."""
    initialize()
    check(slots(True) == [1], "a card in the first slot")
    waiter = Waiter().asleep()
    before = looks()
    for _ in range(3):
        subprocess.run(["opensc-tool", "--atr"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1)
    check(looks() == before, f"{looks() - before} calls of a sleeping wait")
    finalize()
    check(waiter.ended()[0] == NOT_INITIALIZED, "C_Finalize ends the wait")


def threads():
    """No thread of ours waits, forbidden or not."""
    for flags in (OS_LOCKING_OK, OS_LOCKING_OK | CANT_CREATE_OS_THREADS):
        initialize(flags)
        check(slots(True) == [1], "a card in the first slot")
        waiter = Waiter().asleep()
        tasks = os.listdir("/proc/self/task")
        check(len(tasks) == 2, f"{len(tasks)} threads: ours and the waiter")
        finalize()
        check(waiter.ended()[0] == NOT_INITIALIZED, "C_Finalize ends the wait")


def swapped():
    """Out and in again while nobody looks."""
    initialize()
    session = ctypes.c_ulong(0)
    check(module.C_OpenSession(ctypes.c_ulong(1), ctypes.c_ulong(4), None,
                               None, ctypes.byref(session)) == OK,
          "C_OpenSession")
    tell("remove")
    time.sleep(1)
    tell("insert")
    until(lambda: event(DONT_BLOCK) == (OK, 1), "the swap is seen")
    check(module.C_CloseSession(session) == 0xB3, "the session has ended")
    until(lambda: slots(True) == [1], "the card is back")
    finalize()


def service():
    """Killed, down for a while, and back."""
    initialize()
    check(slots(False) == [1, 2], "two slots")
    waiter = Waiter().asleep()
    pcscd_kill()
    check(waiter.ended() == (OK, 1), "the reader has gone")
    check(event(DONT_BLOCK) == (OK, 2), "and its other half")
    waiter = Waiter()
    before = looks()
    time.sleep(2)
    check(looks() - before < 10, f"{looks() - before} calls with nobody there")
    pcscd_start()
    check(waiter.ended()[0] == OK, "the reader is back")
    check(slots(False) == [1, 2], "in the same slots")
    until(lambda: slots(True) == [1], "the card is back")
    finalize()


def first_reader():
    """Nothing is there when the application starts to wait."""
    pcscd_kill()
    initialize()
    check(slots(False) == [], "no slots")
    waiter = Waiter()
    time.sleep(1)
    check(waiter.answer is None, "nothing to be seen yet")
    pcscd_start()
    rv, slot = waiter.ended()
    check(rv == OK and slot in (1, 2), "the first reader is an event")
    until(lambda: slots(True) == [1], "and then its card")
    finalize()


def finalized():
    """At any moment of the wait, also before it starts."""
    for turn in range(30):
        initialize()
        waiter = Waiter()
        time.sleep(turn % 5 * 0.003)
        finalize()
        check(waiter.ended()[0] == NOT_INITIALIZED, "C_Finalize ends the wait")


def on_none():
    """No service at first: the first reader is an event."""
    initialize()
    check(slots(False) == [], "no slots")
    waiter = Waiter()
    time.sleep(1)
    finalize()
    check(waiter.ended()[0] == NOT_INITIALIZED, "C_Finalize ends the wait")


def reader_names():
    """By slot, as CK_SLOT_INFO has them."""
    info = ctypes.create_string_buffer(256)
    names = {}
    for slot in slots(False):
        check(module.C_GetSlotInfo(ctypes.c_ulong(slot), info) == OK,
              "C_GetSlotInfo")
        names[slot] = info.raw[:64]
    return names


def cards_put(numbers):
    """Into slots of pcscd's, two for each reader."""
    environment = {key: value for key, value in os.environ.items()
                   if key != "LD_PRELOAD"}
    return [subprocess.Popen([sys.argv[2], "--port", str(
        FIRST_PORT + 16 * (number // 2) + number % 2)], env=environment)
            for number in numbers]


def cards_take(programs):
    for program in programs:
        program.terminate()
        program.wait()


def on_many():
    """As many as Debian's pcscd can have, with a card in each."""
    programs = cards_put(range(16))
    initialize()
    found = slots(False)
    check(len(found) == 16, f"{len(found)} slots of 16")
    names = reader_names()
    check(len(set(names.values())) == 16, "each has a reader of its own")
    until(lambda: len(slots(True)) == 16, "16 cards")
    info = ctypes.create_string_buffer(256)
    for slot in found:
        check(module.C_GetTokenInfo(ctypes.c_ulong(slot), info) == OK,
              f"a token in slot {slot}")
    cards_take(programs[5:6])
    until(lambda: len(slots(True)) == 15, "15 cards")
    gone, = set(found) - set(slots(True))
    check(b"CCID 3 00 01" in names[gone], f"{names[gone]} is empty")
    waiter = Waiter().asleep()
    before = looks()
    time.sleep(1)
    check(looks() == before, "a wait for 16 readers sleeps")
    pcscd_kill()
    check(waiter.ended()[0] == OK, "the end of the service is seen")
    cards_take(programs)
    check(slots(False) == found, "slots never vanish")
    check(waiter.ended() and slots(True) == [], "and are empty")
    # The readers come back in another order, to the slots that they had.
    with open(folder + "/readers/vpcd", encoding="ascii") as file:
        readers = file.read().strip().split("\n\n")
    with open(folder + "/readers/vpcd", "w", encoding="ascii") as file:
        file.write("\n\n".join(reversed(readers)) + "\n\n")
    pcscd_start()
    programs = cards_put(number for number in range(16) if number != 5)
    until(lambda: len(slots(True)) == 15, "15 cards are back")
    check(set(found) - set(slots(True)) == {gone}, "each in its slot")
    for slot, name in reader_names().items():
        was = names[slot]
        print(slot, was.decode().strip(), "->", name.decode().strip())
        check(name == was, f"slot {slot} has the reader that it had")
    finalize()
    cards_take(programs)


def main():
    if sys.argv[3] == "none":
        on_none()
    elif sys.argv[3] == "many":
        on_many()
    elif sys.argv[3] == "both":
        second()
    else:
        for scene in (cards, quiet, threads, swapped, finalized, service,
                      first_reader):
            print(scene.__name__, flush=True)
            scene()


main()
