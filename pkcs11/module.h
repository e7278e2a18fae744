/* The module's state, and how a call enters and leaves it. */
#ifndef SIGNET_MODULE_H
#define SIGNET_MODULE_H

#include <stdint.h>

#include "config.h"
#include "cryptoki.h"
#include "must_check.h"

/*
 * A call that needs no session. CKR_CRYPTOKI_NOT_INITIALIZED before
 * C_Initialize, after C_Finalize and in a forked child; else C_Finalize waits
 * until the call leaves. NAME is for the log.
 */
CK_RV module_enter(const char *name) MUST_CHECK;
/* Logs and gives the result. */
CK_RV module_leave(const char *name, CK_RV rv);

/* What there is between enter and leave. */
struct slots;
struct sessions;
struct slots *module_slots(void);
struct sessions *module_sessions(void);

/* A number never given before in this process; for handles. */
CK_ULONG module_handle(void);

#endif
