/* Does one thing an exact number of times, for who counts system calls. */
#include <malloc.h>

#include "bench.h"

static CK_RV
do_object(unsigned long number)
{
	CK_OBJECT_HANDLE object;
	return object_make(number, CK_TRUE, &object);
}

static CK_RV
do_pair(unsigned long number)
{
	CK_OBJECT_HANDLE public_key, private_key;
	struct pair_request q = pair_p256(CK_TRUE, CK_FALSE, key_id(K_P256));
	(void)number;
	return pair_make(&q, &public_key, &private_key);
}

static CK_RV
do_sign(unsigned long number)
{
	static struct signature s = { .mechanism = { CKM_ECDSA, NULL, 0 },
				      .message_size = 32 };
	if (number == 0) {
		s.session = run.session;
		s.key = object_by_id(CKO_PRIVATE_KEY, key_id(K_P256));
	}
	return op_sign(&s);
}

/* A buffer that stays for all N. */
static struct buffer *
digest_buffer(unsigned long number)
{
	static struct buffer b;
	if (number == 0)
		digest_setup(&b, 16);
	return &b;
}

static struct buffer *
encrypt_buffer(unsigned long number, bool gcm)
{
	static struct buffer b;
	if (number == 0 && encrypt_setup(&b, 16, gcm, false) != CKR_OK)
		die("no key to encrypt with");
	return &b;
}

static CK_RV
do_digest(unsigned long number)
{
	return op_digest(digest_buffer(number));
}

static CK_RV
do_own_digest(unsigned long number)
{
	return ref_digest(digest_buffer(number));
}

static CK_RV
do_gcm(unsigned long number)
{
	return op_encrypt(encrypt_buffer(number, true));
}

static CK_RV
do_own_gcm(unsigned long number)
{
	return ref_encrypt(encrypt_buffer(number, true));
}

static CK_RV
do_cbc(unsigned long number)
{
	return op_encrypt(encrypt_buffer(number, false));
}

static CK_RV
do_own_cbc(unsigned long number)
{
	return ref_encrypt(encrypt_buffer(number, false));
}

/* Bytes of this process's heap in use. */
static size_t
heap_used(void)
{
	struct mallinfo2 m = mallinfo2();
	return m.uordblks + m.hblkhd;
}

static size_t heap_before;

static CK_RV
do_session(unsigned long number)
{
	CK_SESSION_HANDLE session;
	if (number == 0)
		heap_before = heap_used();
	return run.p11->C_OpenSession(run.slot, CKF_SERIAL_SESSION, NULL, NULL,
				      &session);
}

static void
sessions_weigh(unsigned long count)
{
	printf("%zu bytes each\n", (heap_used() - heap_before) / count);
}

/* Among --objects session objects. */
static CK_RV
do_session_find(unsigned long number)
{
	static struct search search;
	CK_OBJECT_HANDLE object;
	if (number > 0)
		return op_find(&search);
	search.count = options.objects;
	for (unsigned long i = 0; i < options.objects; i++) {
		CK_RV rv = object_make(i, CK_FALSE, &object);
		if (rv != CKR_OK)
			return rv;
	}
	return op_find(&search);
}

static const struct {
	const char *name;
	CK_RV (*once)(unsigned long number);
	void (*after)(unsigned long count);
} kinds[] = {
	{ "object", do_object },
	{ "pair", do_pair },
	{ "sign", do_sign },
	{ "session", do_session, sessions_weigh },
	{ "session-find", do_session_find },
	{ "digest", do_digest },
	{ "gcm", do_gcm },
	{ "cbc", do_cbc },
	/* the same with libcrypto */
	{ "own-digest", do_own_digest },
	{ "own-gcm", do_own_gcm },
	{ "own-cbc", do_own_cbc },
};

void
exactly(const char *request)
{
	size_t size = strcspn(request, "=");
	for (size_t i = 0; i < COUNT(kinds); i++) {
		if (strlen(kinds[i].name) != size ||
		    strncmp(request, kinds[i].name, size))
			continue;
		unsigned long count = strtoul(request + size + 1, NULL, 10);
		for (unsigned long n = 0; n < count; n++) {
			CK_RV rv = kinds[i].once(n);
			if (rv != CKR_OK)
				die("%s failed: 0x%lx", request, rv);
		}
		if (kinds[i].after)
			kinds[i].after(count);
		return;
	}
	die("--exactly does not know %s", request);
}
