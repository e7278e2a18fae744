/* Stages "sign" and "verify". */
#include "bench.h"

static bool
begin(struct signature *s, const struct signature_kind *kind,
      enum verdict *verdict)
{
	char name[80];
	struct keypair *k = key(kind->key);
	*verdict = UNCHECKED;
	if (k->rv) {
		snprintf(name, sizeof name, "sign/verify %s", kind->name);
		result_absent(name, k->rv, "key generation");
		return false;
	}
	signature_setup(s, kind, run.work);
	if (op_sign(s) == CKR_OK) {
		*verdict = signature_check(s, k->check, kind->ecdsa);
		return true;
	}
	work_session_renew();
	s->session = run.work;
	return true;
}

void
stage_sign(void)
{
	struct signature *s = malloc(sizeof *s);
	char name[80];
	if (!s)
		die("out of memory");
	for (size_t i = 0; i < KIND_COUNT; i++) {
		const struct signature_kind *kind = &signature_kinds[i];
		enum verdict verdict;
		if (!begin(s, kind, &verdict))
			continue;
		snprintf(name, sizeof name, "sign %s", kind->name);
		measure(&(struct work){ name, op_sign, s,
					s->own ? ref_sign : NULL, s, verdict,
					NULL });
	}
	free(s);
	result_memory("memory after sign");
}

/* A verifier that accepts a broken signature is worth knowing about. */
static void
verify_broken(struct signature *s, const char *name)
{
	s->value[s->size / 2] ^= 0x55;
	if (op_verify(s) != CKR_OK)
		return;
	result_absent(name, CKR_OK, "ACCEPTS A BROKEN SIGNATURE");
	run.wrong++;
}

void
stage_verify(void)
{
	struct signature *s = malloc(sizeof *s);
	char name[80];
	if (!s)
		die("out of memory");
	for (size_t i = 0; i < KIND_COUNT; i++) {
		const struct signature_kind *kind = &signature_kinds[i];
		enum verdict verdict;
		if (!begin(s, kind, &verdict) || op_sign(s) != CKR_OK)
			continue;
		if (s->own)
			ref_sign(s);
		s->key = key(kind->key)->public_key;
		snprintf(name, sizeof name, "verify %s", kind->name);
		measure(&(struct work){ name, op_verify, s,
					s->own ? ref_verify : NULL, s,
					UNCHECKED, NULL });
		verify_broken(s, name);
	}
	free(s);
	result_memory("memory after verify");
}
