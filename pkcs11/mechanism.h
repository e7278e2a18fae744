/* The mechanisms of a slot: its token's, and what the host adds. */
#ifndef SIGNET_MECHANISM_H
#define SIGNET_MECHANISM_H

#include "presence.h"

enum { MECHANISMS_MAX = 512 };

/* CKR_MECHANISM_INVALID when the slot has none such with these flags. */
CK_RV mechanism_check(struct presence *p, CK_MECHANISM_TYPE type,
		      CK_FLAGS flags) MUST_CHECK;

#endif
