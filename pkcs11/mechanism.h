/* The mechanisms of a slot: its token's, and what the host adds. */
#ifndef SIGNET_MECHANISM_H
#define SIGNET_MECHANISM_H

#include "presence.h"

enum { MECHANISMS_MAX = 512 };

/* Fills in LIST and gives how many there are. */
size_t mechanism_list(struct presence *p,
		      struct mechanism list[static MECHANISMS_MAX]);
/* CKR_MECHANISM_INVALID when the slot has none such with these flags. */
CK_RV mechanism_check(struct presence *p, CK_MECHANISM_TYPE type,
		      CK_FLAGS flags) MUST_CHECK;

#endif
