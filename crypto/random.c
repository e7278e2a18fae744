/* Random bytes from our own library context. */
#include <openssl/rand.h>

#include "context.h"

CK_RV
random_bytes(void *out, size_t size)
{
	const struct crypto *c = crypto_get();
	if (c == NULL)
		return CKR_HOST_MEMORY;
	if (size == 0)
		return CKR_OK;
	crypto_enter();
	bool good = RAND_bytes_ex(c->library, out, size, 0) == 1;
	return crypto_leave(good, CKR_FUNCTION_FAILED);
}
