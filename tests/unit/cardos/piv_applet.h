/* What tests of a PIV card begin with: its applet, which has told nothing. */
#ifndef TESTS_PIV_APPLET_H
#define TESTS_PIV_APPLET_H

#include "../../../cardos/piv.h"

#include "script.h"

#define FACTS "yubikey-5.4.3-write.apdu"

static struct script *script;
static struct card_applet applet;

static inline int
applet_setup(void **state)
{
	script = script_new();
	applet = script_applet(script, &piv_driver);
	return piv_driver.open(&applet, hex("")) == CKR_OK ? 0 : -1;
}

static inline int
applet_teardown(void **state)
{
	script_applet_free(script, &applet);
	return 0;
}

#endif
