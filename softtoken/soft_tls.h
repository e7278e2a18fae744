/* CKM_TLS12_KEY_AND_MAC_DERIVE and its like, of which four keys come, and
 * CKM_TLS_PRF, of which none comes. */
#ifndef SIGNET_SOFT_TLS_H
#define SIGNET_SOFT_TLS_H

#include "soft_base.h"

/* The keys of both directions; IVs go to where the parameter says. */
CK_RV tls_keys_derive(struct soft_token *t, const struct derivation *d,
		      const struct base *base, struct template with,
		      struct derived *list, size_t *count) MUST_CHECK;
CK_RV tls_prf_derive(struct soft_token *t, const struct derivation *d,
		     const struct base *base, struct template with,
		     struct derived *list, size_t *count) MUST_CHECK;

#endif
