/* Names of return values, for the log. */
#ifndef SIGNET_RV_NAME_H
#define SIGNET_RV_NAME_H

#include "cryptoki.h"

/* "CKR_OK"; "CKR_?" for what the standard does not name. */
const char *rv_name(CK_RV rv);

#endif
