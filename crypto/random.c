/* Random bytes from our own library context. */
#include <openssl/evp.h>
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

CK_RV
random_seed(struct cursor seed)
{
	const struct crypto *c = crypto_get();
	if (c == NULL)
		return CKR_HOST_MEMORY;
	if (seed.left == 0)
		return CKR_OK;
	crypto_enter();
	/* every thread's generator is seeded anew by this one */
	EVP_RAND_CTX *primary = RAND_get0_primary(c->library);
	bool good = primary != NULL &&
		    EVP_RAND_reseed(primary, 0, NULL, 0, seed.at,
				    seed.left) == 1;
	return crypto_leave(good, CKR_FUNCTION_FAILED);
}
