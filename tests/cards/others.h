/* Small applets that stand beside PIV on a chip. */
#ifndef TESTS_CARDS_OTHERS_H
#define TESTS_CARDS_OTHERS_H

#include "card.h"

/* What the Yubico applets tell about their device. */
struct yubico {
	uint32_t version;
	uint32_t serial;
};

/* Selectable as OpenPGP and able to do nothing. */
extern const struct applet_ops dummy_applet;

/* The management and OTP applets of a YubiKey; the applet is a yubico. */
extern const struct applet_ops yubico_management;
extern const struct applet_ops yubico_otp;

#endif
