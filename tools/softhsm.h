/* Numbers of SoftHSM 2's own making, as its two kinds of store share them. */
#ifndef SIGNET_TOOLS_SOFTHSM_H
#define SIGNET_TOOLS_SOFTHSM_H

enum {
	SOFTHSM_VENDOR = 0x5348,
	SOFTHSM_TOKEN_LABEL = 1,
	SOFTHSM_USER_PIN = 5,
};
/* An attribute of the token object. */
#define SOFTHSM_ATTRIBUTE(number) \
	((CKA_VENDOR_DEFINED | SOFTHSM_VENDOR) + (number))

#define SOFTHSM_FILE	 "token.object"
#define SOFTHSM_DATABASE "sqlite3.db"

#endif
