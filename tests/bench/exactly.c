/* Does one thing an exact number of times, for who counts system calls. */
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

void
exactly(const char *request)
{
	static const struct {
		const char *name;
		CK_RV (*once)(unsigned long number);
	} kinds[] = { { "object=", do_object },
		      { "pair=", do_pair },
		      { "sign=", do_sign } };
	for (size_t i = 0; i < COUNT(kinds); i++) {
		size_t size = strlen(kinds[i].name);
		if (strncmp(request, kinds[i].name, size))
			continue;
		unsigned long count = strtoul(request + size, NULL, 10);
		for (unsigned long n = 0; n < count; n++) {
			CK_RV rv = kinds[i].once(n);
			if (rv != CKR_OK)
				die("%s failed: 0x%lx", request, rv);
		}
		return;
	}
	die("--exactly takes object=N, pair=N or sign=N");
}
