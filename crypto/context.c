/* OpenSSL's state for this module alone: one library context, made at first
 * need. */
#include <openssl/err.h>
#include <openssl/provider.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "context.h"
#include "mem.h"

/*
 * The room's one mutable object. Both crypto/ and softtoken/ work in the same
 * context at any depth of call, also where no state of the module's is at hand.
 * It is published by one atomic exchange and has no lock, so that a fork in
 * the middle of another thread's first call leaves no lock held in the child.
 */
static _Atomic(struct crypto *) shared;
static atomic_bool inherited; /* this process is a child of one that had it */

static void
crypto_free(struct crypto *c)
{
	if (c == NULL)
		return;
	for (size_t d = 0; d < DIGESTS; d++)
		EVP_MD_free(c->digests[d]);
	for (size_t m = 0; m < MODES; m++)
		for (size_t k = 0; k < KEY_SIZES_MAX; k++)
			EVP_CIPHER_free(atomic_load(&c->ciphers[m][k]));
	if (c->provider != NULL)
		OSSL_PROVIDER_unload(c->provider);
	OSSL_LIB_CTX_free(c->library);
	mem_free(c, sizeof(*c));
}

static bool
crypto_fetch(struct crypto *c)
{
	c->library = OSSL_LIB_CTX_new();
	if (c->library == NULL)
		return false;
	c->provider = OSSL_PROVIDER_load(c->library, "default");
	if (c->provider == NULL)
		return false;
	for (enum digest d = DIGEST_NONE + 1; d < DIGESTS; d++) {
		c->digests[d] = digest_fetch(c->library, d);
		if (c->digests[d] == NULL && !digest_optional(d))
			return false;
	}
	return true;
}

static struct crypto *
crypto_new(void)
{
	/*
	 * No exit handler on our behalf. OPENSSL_INIT_NO_LOAD_CONFIG is not
	 * given on purpose: it would keep the host program's default context
	 * from reading its configuration. A context of our own reads none.
	 */
	if (!OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL))
		return NULL;
	struct crypto *c = mem_new(sizeof(*c));
	if (c == NULL)
		return NULL;
	crypto_enter();
	bool good = crypto_fetch(c);
	DROP(crypto_leave(good, CKR_OK)); /* NULL says it all */
	if (good)
		return c;
	crypto_free(c);
	return NULL;
}

struct crypto *
crypto_get(void)
{
	struct crypto *c = atomic_load(&shared);
	if (c != NULL)
		return c;
	struct crypto *mine = crypto_new();
	if (mine == NULL)
		return NULL;
	if (atomic_compare_exchange_strong(&shared, &c, mine))
		return mine;
	crypto_free(mine); /* another thread was faster */
	return c;
}

struct ossl_lib_ctx_st *
crypto_context(void)
{
	const struct crypto *c = crypto_get();
	return c == NULL ? NULL : c->library;
}

/* Does the process have no thread but this one, as far as one can tell? */
static bool
process_single(void)
{
	struct stat tasks;
	return stat("/proc/self/task", &tasks) == 0 && tasks.st_nlink == 3;
}

void
crypto_close(void)
{
	/*
	 * A thread that drew random numbers in this context keeps a generator
	 * of it and looks into the context when it ends (OPENSSL_thread_stop_ex
	 * (3)); freed before, that crashes the host. So the context is kept
	 * for the next C_Initialize while other threads live. In a forked child
	 * it is kept for good: freeing it takes a lock of libcrypto's own, which
	 * a thread of the parent may have held at the fork.
	 */
	if (process_single() && !atomic_load(&inherited))
		crypto_free(atomic_exchange(&shared, NULL));
}

void
crypto_forget(void)
{
	atomic_store(&inherited, true);
	atomic_store(&shared, NULL);
}

void
crypto_enter(void)
{
	ERR_set_mark();
}

CK_RV
crypto_leave(bool good, CK_RV otherwise)
{
	CK_RV rv = CKR_OK;
	if (!good) {
		int reason = ERR_GET_REASON(ERR_peek_last_error());
		rv = reason == ERR_R_MALLOC_FAILURE ? CKR_HOST_MEMORY
						    : otherwise;
	}
	ERR_pop_to_mark();
	return rv;
}

CK_RV
crypto_written(const struct builder *out)
{
	if (builder_ok(out))
		return CKR_OK;
	return out->heap ? CKR_HOST_MEMORY : CKR_BUFFER_TOO_SMALL;
}
