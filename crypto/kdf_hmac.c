/* Derivations on top of a MAC: HKDF, SP 800-108, P_hash of TLS 1.2. */
#include "kdf_inside.h"
#include "mem.h"

enum { BLOCKS_MAX = 255, FIELDS_MAX = 32, BITS = 8, WIDTH_MAX = 64 };

/* One MAC over three pieces, any of which may be empty. */
static CK_RV
mac_three(struct mac *m, struct cursor a, struct cursor b, struct cursor c,
	  struct builder *out)
{
	CK_RV rv = mac_update(m, a);
	if (rv == CKR_OK)
		rv = mac_update(m, b);
	if (rv == CKR_OK)
		rv = mac_update(m, c);
	return rv == CKR_OK ? mac_finish(m, out) : rv;
}

static CK_RV
hmac_three(enum digest d, struct cursor key, struct cursor a, struct cursor b,
	   struct cursor c, struct builder *out)
{
	struct mac *m = mac_new();
	CK_RV rv = m == NULL ? CKR_HOST_MEMORY : mac_start_hmac(m, d, key);
	if (rv == CKR_OK)
		rv = mac_three(m, a, b, c, out);
	mac_free(m);
	return rv;
}

/* RFC 5869, 2.3 */
static CK_RV
hkdf_expand(enum digest d, struct cursor key, struct cursor info, size_t wanted,
	    struct builder *out)
{
	uint8_t space[DIGEST_SIZE_MAX];
	struct builder block = builder_over(space, sizeof(space));
	CK_RV rv = CKR_OK;
	if (wanted > BLOCKS_MAX * digest_size(d))
		return CKR_KEY_SIZE_RANGE;
	for (uint8_t i = 1; rv == CKR_OK && wanted > 0; i++) {
		uint8_t next_space[DIGEST_SIZE_MAX];
		struct builder next =
			builder_over(next_space, sizeof(next_space));
		rv = hmac_three(d, key, builder_read(&block), info,
				cursor_of(&i, 1), &next);
		builder_reset(&block);
		builder_append(&block, builder_read(&next));
		mem_wipe(next_space, sizeof(next_space));
		size_t now = wanted < block.used ? wanted : block.used;
		if (rv == CKR_OK)
			rv = kdf_cut(builder_read(&block), now, out);
		wanted -= now;
	}
	mem_wipe(space, sizeof(space));
	return rv;
}

/* No salt is one of zeros, as long as the digest (RFC 5869, 2.2). */
static bool
hkdf_salt(const CK_HKDF_PARAMS *p, struct cursor other, struct cursor *salt)
{
	switch (p->ulSaltType) {
	case CKF_HKDF_SALT_NULL:
		*salt = cursor_of(NULL, 0);
		break;
	case CKF_HKDF_SALT_DATA:
		*salt = param_bytes(p->pSalt, p->ulSaltLen);
		break;
	case CKF_HKDF_SALT_KEY:
		*salt = other;
		break;
	default:
		return false;
	}
	return cursor_ok(salt);
}

CK_RV
kdf_hkdf(const struct kdf_job *job, struct builder *out)
{
	CK_HKDF_PARAMS p;
	struct cursor salt = cursor_of(NULL, 0), none = salt, key = job->base;
	if (!param_read(job->mechanism, &p, sizeof(p)))
		return CKR_MECHANISM_PARAM_INVALID;
	struct cursor info = param_bytes(p.pInfo, p.ulInfoLen);
	enum digest d = digest_of_mechanism(p.prfHashMechanism);
	if ((!p.bExtract && !p.bExpand) || d == DIGEST_NONE ||
	    !cursor_ok(&info))
		return CKR_MECHANISM_PARAM_INVALID;
	if (p.bExtract && !hkdf_salt(&p, job->other, &salt))
		return CKR_MECHANISM_PARAM_INVALID;
	uint8_t space[DIGEST_SIZE_MAX];
	struct builder extracted = builder_over(space, sizeof(space));
	CK_RV rv = CKR_OK;
	if (p.bExtract) {
		rv = hmac_three(d, salt, job->base, none, none, &extracted);
		key = builder_read(&extracted);
	}
	if (rv == CKR_OK && !p.bExpand)
		rv = kdf_cut(key, job->wanted, out);
	else if (rv == CKR_OK && job->wanted == 0)
		rv = CKR_TEMPLATE_INCOMPLETE;
	else if (rv == CKR_OK)
		rv = hkdf_expand(d, key, info, job->wanted, out);
	mem_wipe(space, sizeof(space));
	return rv;
}

/* A(i) = HMAC(secret, A(i-1)), output HMAC(secret, A(i) || seed). */
CK_RV
kdf_p_hash(enum digest d, struct cursor secret, struct cursor seed,
	    size_t wanted, struct builder *out)
{
	uint8_t a_space[DIGEST_SIZE_MAX], space[DIGEST_SIZE_MAX];
	struct builder a = builder_over(a_space, sizeof(a_space));
	const struct cursor none = cursor_of(NULL, 0);
	CK_RV rv = hmac_three(d, secret, seed, none, none, &a);
	while (rv == CKR_OK && wanted > 0) {
		struct builder block = builder_over(space, sizeof(space));
		rv = hmac_three(d, secret, builder_read(&a), seed, none,
				&block);
		size_t now = wanted < block.used ? wanted : block.used;
		if (rv == CKR_OK)
			rv = kdf_cut(builder_read(&block), now, out);
		wanted -= now;
		builder_reset(&block);
		if (rv == CKR_OK)
			rv = hmac_three(d, secret, builder_read(&a), none, none,
					&block);
		builder_reset(&a);
		builder_append(&a, builder_read(&block));
	}
	mem_wipe(a_space, sizeof(a_space));
	mem_wipe(space, sizeof(space));
	return rv;
}

/* SP 800-108 as PKCS#11 wants it: a list of fields to be put together anew for
 * each block (6.42). */
struct sp800 {
	CK_PRF_DATA_PARAM fields[FIELDS_MAX];
	size_t count;
	CK_MECHANISM prf;
	size_t block;	/* bytes of the PRF */
	uint64_t total; /* bits that are wanted */
	bool counter_mode;
};

static CK_RV
number_put(struct builder *b, uint64_t value, CK_ULONG bits, bool little)
{
	if (bits == 0 || bits > WIDTH_MAX || bits % BITS != 0)
		return CKR_MECHANISM_PARAM_INVALID;
	if (bits < WIDTH_MAX && value >> bits != 0)
		return CKR_KEY_SIZE_RANGE;
	for (CK_ULONG done = 0; done < bits; done += BITS)
		builder_u8(b, (uint8_t)(value >>
					(little ? done : bits - BITS - done)));
	return CKR_OK;
}

static CK_RV
counter_put(struct builder *b, const CK_PRF_DATA_PARAM *f, uint32_t i)
{
	CK_SP800_108_COUNTER_FORMAT format;
	CK_MECHANISM m = { 0, f->pValue, f->ulValueLen };
	if (!param_read(&m, &format, sizeof(format)))
		return CKR_MECHANISM_PARAM_INVALID;
	return number_put(b, i, format.ulWidthInBits, format.bLittleEndian);
}

static CK_RV
length_put(struct builder *b, const CK_PRF_DATA_PARAM *f, const struct sp800 *s)
{
	CK_SP800_108_DKM_LENGTH_FORMAT format;
	CK_MECHANISM m = { 0, f->pValue, f->ulValueLen };
	uint64_t segment = BITS * (uint64_t)s->block, total = s->total;
	if (!param_read(&m, &format, sizeof(format)))
		return CKR_MECHANISM_PARAM_INVALID;
	if (format.dkmLengthMethod == CK_SP800_108_DKM_LENGTH_SUM_OF_SEGMENTS)
		total = (total + segment - 1) / segment * segment;
	else if (format.dkmLengthMethod != CK_SP800_108_DKM_LENGTH_SUM_OF_KEYS)
		return CKR_MECHANISM_PARAM_INVALID;
	return number_put(b, total, format.ulWidthInBits, format.bLittleEndian);
}

/* One field of the input to the I-th block; BEFORE is what goes for the
 * iteration variable where that is no counter. */
static CK_RV
field_put(struct builder *b, const struct sp800 *s, size_t which, uint32_t i,
	  struct cursor before)
{
	const CK_PRF_DATA_PARAM *f = &s->fields[which];
	struct cursor bytes = param_bytes(f->pValue, f->ulValueLen);
	switch (f->type) {
	case CK_SP800_108_ITERATION_VARIABLE:
		if (s->counter_mode)
			return counter_put(b, f, i);
		if (bytes.bad || bytes.left > 0)
			return CKR_MECHANISM_PARAM_INVALID;
		builder_append(b, before);
		return CKR_OK;
	case CK_SP800_108_COUNTER:
		if (s->counter_mode)
			return CKR_MECHANISM_PARAM_INVALID;
		return counter_put(b, f, i);
	case CK_SP800_108_DKM_LENGTH:
		return length_put(b, f, s);
	case CK_SP800_108_BYTE_ARRAY:
		if (bytes.bad || bytes.left == 0)
			return CKR_MECHANISM_PARAM_INVALID;
		builder_append(b, bytes);
		return CKR_OK;
	default:
		return CKR_MECHANISM_PARAM_INVALID;
	}
}

static CK_RV
prf_run(const struct sp800 *s, struct cursor key, struct cursor in,
	struct builder *out)
{
	struct mac *m = mac_new();
	CK_RV rv = m == NULL ? CKR_HOST_MEMORY : mac_start(m, &s->prf, key);
	if (rv == CKR_OK)
		rv = mac_update(m, in);
	if (rv == CKR_OK)
		rv = mac_finish(m, out);
	mac_free(m);
	return rv;
}

/* The PRF over all fields; FIXED leaves out what changes with the block. */
static CK_RV
block_make(const struct sp800 *s, struct cursor key, uint32_t i,
	   struct cursor before, bool fixed, struct builder *out)
{
	struct builder in = builder_heap(KDF_SIZE_MAX);
	CK_RV rv = CKR_OK;
	for (size_t f = 0; rv == CKR_OK && f < s->count; f++) {
		CK_PRF_DATA_TYPE type = s->fields[f].type;
		if (!fixed || (type != CK_SP800_108_ITERATION_VARIABLE &&
			       type != CK_SP800_108_COUNTER))
			rv = field_put(&in, s, f, i, before);
	}
	if (rv == CKR_OK && !builder_ok(&in))
		rv = CKR_MECHANISM_PARAM_INVALID;
	if (rv == CKR_OK)
		rv = prf_run(s, key, builder_read(&in), out);
	builder_free(&in);
	return rv;
}

static bool
prf_known(CK_MECHANISM_TYPE type)
{
	size_t count;
	const struct secret_row *rows = mac_rows(&count);
	for (size_t i = 0; i < count; i++)
		if (rows[i].type == type)
			return type != CKM_AES_GMAC;
	return false;
}

/* The list of fields: each iteration has its variable exactly once. */
static CK_RV
sp800_read(const CK_SP800_108_KDF_PARAMS *p, const struct kdf_job *job,
	   bool counter_mode, struct sp800 *s)
{
	struct cursor list = param_bytes(
		p->pDataParams,
		p->ulNumberOfDataParams > FIELDS_MAX
			? 0
			: p->ulNumberOfDataParams * sizeof(*p->pDataParams));
	size_t variables = 0;
	if (p->ulNumberOfDataParams > FIELDS_MAX || !cursor_ok(&list) ||
	    p->ulAdditionalDerivedKeys != 0 || !prf_known(p->prfType))
		return CKR_MECHANISM_PARAM_INVALID;
	for (; list.left > 0; s->count++) {
		cursor_copy(&list, &s->fields[s->count], sizeof(*s->fields));
		if (s->fields[s->count].type == CK_SP800_108_ITERATION_VARIABLE)
			variables++;
	}
	s->prf.mechanism = p->prfType;
	s->total = (uint64_t)job->wanted * BITS;
	s->counter_mode = counter_mode;
	return variables == 1 ? CKR_OK : CKR_MECHANISM_PARAM_INVALID;
}

/* How long a PRF's output is: by one run of it. */
static CK_RV
sp800_measure(struct sp800 *s, struct cursor key)
{
	uint8_t space[DIGEST_SIZE_MAX];
	struct builder b = builder_over(space, sizeof(space));
	CK_RV rv = prf_run(s, key, cursor_of(NULL, 0), &b);
	s->block = b.used;
	mem_wipe(space, sizeof(space));
	return rv == CKR_KEY_SIZE_RANGE ? CKR_KEY_TYPE_INCONSISTENT : rv;
}

/* BEFORE begins as the IV; PIPELINE: the variable is A(i) = PRF(A(i-1)), which
 * begins as the fixed fields. */
static CK_RV
sp800_run(struct sp800 *s, const struct kdf_job *job, struct cursor iv,
	  bool pipeline, struct builder *out)
{
	uint8_t a_space[DIGEST_SIZE_MAX], space[DIGEST_SIZE_MAX];
	struct builder a = builder_over(a_space, sizeof(a_space));
	size_t wanted = job->wanted;
	if (wanted == 0)
		return CKR_TEMPLATE_INCOMPLETE;
	CK_RV rv = sp800_measure(s, job->base);
	if (rv == CKR_OK && pipeline)
		rv = block_make(s, job->base, 0, iv, true, &a);
	struct cursor before = pipeline ? builder_read(&a) : iv;
	for (uint32_t i = 1; rv == CKR_OK && wanted > 0; i++) {
		struct builder b = builder_over(space, sizeof(space));
		rv = block_make(s, job->base, i, before, false, &b);
		size_t now = wanted < b.used ? wanted : b.used;
		if (rv == CKR_OK)
			rv = kdf_cut(builder_read(&b), now, out);
		wanted -= now;
		if (rv == CKR_OK && pipeline) {
			builder_reset(&b);
			rv = prf_run(s, job->base, before, &b);
		}
		builder_reset(&a);
		builder_append(&a, builder_read(&b));
		before = builder_read(&a);
	}
	mem_wipe(a_space, sizeof(a_space));
	mem_wipe(space, sizeof(space));
	return rv;
}

static CK_RV
sp800_plain(const struct kdf_job *job, bool counter_mode, struct builder *out)
{
	CK_SP800_108_KDF_PARAMS p;
	struct sp800 s = { .count = 0 };
	if (!param_read(job->mechanism, &p, sizeof(p)))
		return CKR_MECHANISM_PARAM_INVALID;
	CK_RV rv = sp800_read(&p, job, counter_mode, &s);
	return rv == CKR_OK ? sp800_run(&s, job, cursor_of(NULL, 0),
					!counter_mode, out)
			    : rv;
}

CK_RV
kdf_counter(const struct kdf_job *job, struct builder *out)
{
	return sp800_plain(job, true, out);
}

CK_RV
kdf_pipeline(const struct kdf_job *job, struct builder *out)
{
	return sp800_plain(job, false, out);
}

CK_RV
kdf_feedback(const struct kdf_job *job, struct builder *out)
{
	CK_SP800_108_FEEDBACK_KDF_PARAMS p;
	struct sp800 s = { .count = 0 };
	if (!param_read(job->mechanism, &p, sizeof(p)))
		return CKR_MECHANISM_PARAM_INVALID;
	const CK_SP800_108_KDF_PARAMS plain = {
		p.prfType,
		p.ulNumberOfDataParams,
		p.pDataParams,
		p.ulAdditionalDerivedKeys,
		p.pAdditionalDerivedKeys,
	};
	struct cursor iv = param_bytes(p.pIV, p.ulIVLen);
	CK_RV rv = cursor_ok(&iv) ? sp800_read(&plain, job, false, &s)
				  : CKR_MECHANISM_PARAM_INVALID;
	return rv == CKR_OK ? sp800_run(&s, job, iv, false, out) : rv;
}
