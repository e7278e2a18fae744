/* A cipher under way: how much goes in and comes out when. */
#include "cipher.h"

#include <openssl/core_names.h>

#include "cipher_setup.h"
#include "mem.h"

enum { PART_MAX = 1 << 30 /* OpenSSL counts in int */ };
static const size_t held_max = (size_t)1 << 31;

struct cipher {
	EVP_CIPHER_CTX *context;
	struct cipher_setup setup;
	bool started, encrypt;
	bool keyed;	/* at rest: the context still has key and settings */
	uint64_t taken; /* bytes of input so far */
	size_t pending; /* of these the context keeps so many */
	struct builder aad;  /* of CCM, which takes it last */
	struct builder held; /* input that must not be used before the end */
};

struct cipher *
cipher_new(void)
{
	struct cipher *c = mem_new(sizeof(*c));
	if (c == NULL)
		return NULL;
	c->context = EVP_CIPHER_CTX_new();
	if (c->context != NULL)
		return c;
	cipher_free(c);
	return NULL;
}

void
cipher_end(struct cipher *c)
{
	if (c->started || c->keyed)
		EVP_CIPHER_CTX_reset(c->context);
	c->started = false;
	c->keyed = false;
	builder_free(&c->aad);
	builder_free(&c->held);
}

void
cipher_free(struct cipher *c)
{
	if (c == NULL)
		return;
	if (c->context != NULL)
		cipher_end(c);
	EVP_CIPHER_CTX_free(c->context);
	mem_free(c, sizeof(*c));
}

/* What is wrong with the input's length. */
static CK_RV
length_error(const struct cipher *c)
{
	return c->encrypt ? CKR_DATA_LEN_RANGE : CKR_ENCRYPTED_DATA_LEN_RANGE;
}

static CK_RV
content_error(const struct cipher *c)
{
	return c->encrypt ? CKR_DATA_INVALID : CKR_ENCRYPTED_DATA_INVALID;
}

/* Does the input have to be all there first? */
static bool
is_held(const struct cipher *c)
{
	return c->setup.way == WAY_WHOLE ||
	       (c->setup.way == WAY_TAGGED && !c->encrypt);
}

/* What has to be told between the algorithm and the key. */
static bool
lengths_set(struct cipher *c)
{
	struct cipher_setup *s = &c->setup;
	OSSL_PARAM params[3] = { OSSL_PARAM_construct_end() };
	int n = 0;
	if (s->mode == MODE_AES_CCM)
		params[n++] = OSSL_PARAM_construct_octet_string(
			OSSL_CIPHER_PARAM_AEAD_TAG, NULL, s->tag_size);
	if (s->mode == MODE_AES_CCM || s->way == WAY_TAGGED)
		params[n++] = OSSL_PARAM_construct_size_t(
			OSSL_CIPHER_PARAM_AEAD_IVLEN, &s->iv_size);
	params[n] = OSSL_PARAM_construct_end();
	return EVP_CIPHER_CTX_set_params(c->context, params) == 1;
}

static bool
cts_set(struct cipher *c)
{
	/* the variant that is CBC for whole blocks */
	char variant[] = OSSL_CIPHER_CTS_MODE_CS1;
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_CIPHER_PARAM_CTS_MODE,
						 variant, 0),
		OSSL_PARAM_construct_end(),
	};
	return EVP_CIPHER_CTX_set_params(c->context, params) == 1;
}

static bool
context_start(struct cipher *c, const EVP_CIPHER *algorithm, struct cursor key)
{
	struct cipher_setup *s = &c->setup;
	const uint8_t *iv = s->iv_size > 0 ? s->iv : NULL;
	if (!cipher_setup_usual(s)) {
		if (EVP_CipherInit_ex2(c->context, algorithm, NULL, NULL,
				       c->encrypt, NULL) != 1 ||
		    !lengths_set(c))
			return false;
		algorithm = NULL;
	}
	if (EVP_CipherInit_ex2(c->context, algorithm, key.at, iv, c->encrypt,
			       NULL) != 1)
		return false;
	if (s->mode == MODE_AES_CTS)
		return cts_set(c);
	if (s->way == WAY_BLOCKS)
		return EVP_CIPHER_CTX_set_padding(c->context, 0) == 1;
	return true;
}

/* Gives the context IN, whose output of at most the same size goes to PLACE;
 * with no PLACE it is data to be authenticated. */
static bool
context_take(struct cipher *c, struct cursor in, uint8_t *place, size_t *size)
{
	size_t done = 0;
	while (in.left > 0) {
		size_t most = in.left > PART_MAX ? PART_MAX : in.left;
		struct cursor part = cursor_take(&in, most);
		int given = 0;
		if (EVP_CipherUpdate(c->context,
				     place == NULL ? NULL : place + done,
				     &given, part.at, (int)part.left) != 1)
			return false;
		done += (size_t)given;
	}
	*size = done;
	return true;
}

/* Has the context forget the part of a block that it keeps; the last byte of
 * that is of the padding. */
static bool
context_scrub(struct cipher *c)
{
	static const uint8_t zeros[CIPHER_BLOCK_MAX];
	uint8_t none[2 * CIPHER_BLOCK_MAX];
	int given;
	if (c->setup.way != WAY_PADDED || c->pending == 0)
		return true;
	return EVP_CipherInit_ex2(c->context, NULL, NULL, NULL, c->encrypt,
				  NULL) == 1 &&
	       EVP_CipherUpdate(c->context, none, &given, zeros,
				(int)c->setup.block - 1) == 1;
}

void
cipher_rest(struct cipher *c)
{
	if (!c->started || !cipher_setup_rests(&c->setup) ||
	    !context_scrub(c)) {
		cipher_end(c);
		return;
	}
	c->started = false;
	c->keyed = true;
	builder_free(&c->held);
}

/* Is the context at rest and, but for the IV, what SETUP wants? */
static bool
is_ready(const struct cipher *c, const struct cipher_setup *setup, bool encrypt)
{
	const struct cipher_setup *s = &c->setup;
	return c->keyed && s->mode == setup->mode && s->way == setup->way &&
	       s->key_size == setup->key_size && c->encrypt == encrypt &&
	       cipher_setup_usual(setup);
}

/* No border to OpenSSL's errors here: with a key that it had already, a context
 * fails only for misuse. */
static CK_RV
cipher_resume(struct cipher *c)
{
	struct cipher_setup *s = &c->setup;
	const uint8_t *iv = s->iv_size > 0 ? s->iv : NULL;
	size_t nothing;
	bool good = EVP_CipherInit_ex2(c->context, NULL, NULL, iv, c->encrypt,
				       NULL) == 1 &&
		    context_take(c, s->aad, NULL, &nothing);
	return good ? CKR_OK : CKR_FUNCTION_FAILED;
}

/* CCM takes its data to be authenticated when it knows all lengths. */
static CK_RV
cipher_begin(struct cipher *c, struct cursor key)
{
	struct cipher_setup *s = &c->setup;
	bool late = s->mode == MODE_AES_CCM;
	const EVP_CIPHER *algorithm = cipher_algorithm(s->mode, s->key_size);
	size_t nothing;
	if (algorithm == NULL)
		return CKR_MECHANISM_INVALID;
	if (late) {
		c->aad = builder_heap(s->aad.left);
		builder_append(&c->aad, s->aad);
		if (!builder_ok(&c->aad))
			return CKR_HOST_MEMORY;
	}
	crypto_enter();
	bool good = context_start(c, algorithm, key) &&
		    (late || context_take(c, s->aad, NULL, &nothing));
	return crypto_leave(good, CKR_FUNCTION_FAILED);
}

CK_RV
cipher_start(struct cipher *c, const CK_MECHANISM *mechanism, struct cursor key,
	     bool encrypt)
{
	struct cipher_setup setup;
	CK_RV rv = cipher_setup_read(mechanism, key.left, &setup);
	bool ready = rv == CKR_OK && is_ready(c, &setup, encrypt);
	if (!ready)
		cipher_end(c);
	if (rv != CKR_OK)
		return rv;
	c->setup = setup;
	c->encrypt = encrypt;
	c->taken = 0;
	c->pending = 0;
	c->started = true;
	rv = ready ? cipher_resume(c) : cipher_begin(c, key);
	if (is_held(c))
		c->held = builder_heap(held_max);
	c->setup.aad = cursor_of(NULL, 0);
	if (rv != CKR_OK)
		cipher_end(c);
	return rv;
}

bool
cipher_single_part(const struct cipher *c)
{
	return c->setup.mode == MODE_AES_WRAP ||
	       c->setup.mode == MODE_AES_WRAP_PAD;
}

static size_t
round_down(size_t size, size_t unit)
{
	return size - size % unit;
}

/* The output of a whole message of SIZE bytes. */
static size_t
whole_size(const struct cipher *c, size_t size)
{
	const struct cipher_setup *s = &c->setup;
	size_t more = s->tag_size;
	if (s->mode == MODE_AES_WRAP || s->mode == MODE_AES_WRAP_PAD)
		more = WRAP_UNIT;
	if (!c->encrypt)
		return size < more ? 0 : size - more;
	if (s->mode == MODE_AES_WRAP_PAD)
		size = round_down(size + WRAP_UNIT - 1, WRAP_UNIT);
	return size + more;
}

size_t
cipher_size(const struct cipher *c, size_t in_size, bool finish)
{
	const struct cipher_setup *s = &c->setup;
	if (!c->started)
		return in_size;
	if (is_held(c))
		return finish ? whole_size(c, c->held.used + in_size) : 0;
	size_t size = c->pending + in_size;
	if (s->way == WAY_STREAM || s->way == WAY_TAGGED)
		return finish ? size + s->tag_size : size;
	if (s->way == WAY_PADDED && c->encrypt && finish)
		size += s->block;
	/* the last block waits for what is known of padding in the end */
	if (s->way == WAY_PADDED && !c->encrypt && !finish && size > 0)
		size--;
	return round_down(size, s->block);
}

/* Counts the input that is to come. */
static CK_RV
cipher_count(struct cipher *c, struct cursor in)
{
	if (!c->started)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (in.bad || in.left > c->setup.data_max - c->taken)
		return length_error(c);
	c->taken += in.left;
	return CKR_OK;
}

/* What comes out at once. */
static CK_RV
cipher_flow(struct cipher *c, struct cursor in, struct builder *out)
{
	size_t most = cipher_size(c, in.left, false), given = 0;
	uint8_t *place = builder_claim(out, most);
	if (!builder_ok(out))
		return crypto_written(out);
	uint8_t none;
	if (!context_take(c, in, place == NULL ? &none : place, &given) ||
	    given > most)
		return CKR_FUNCTION_FAILED;
	builder_trim(out, most - given);
	c->pending += in.left - given;
	return CKR_OK;
}

CK_RV
cipher_update(struct cipher *c, struct cursor in, struct builder *out)
{
	CK_RV rv = cipher_count(c, in);
	if (rv != CKR_OK || in.left == 0)
		return rv;
	if (!is_held(c))
		return cipher_flow(c, in, out);
	builder_append(&c->held, in);
	return builder_ok(&c->held) ? CKR_OK : CKR_HOST_MEMORY;
}

/* What was encrypted so far cannot be wrong: no errors, no border. */
static CK_RV
encrypt_last(struct cipher *c, uint8_t *last, int *size)
{
	bool good = EVP_CipherFinal_ex(c->context, last, size) == 1;
	return good ? CKR_OK : CKR_FUNCTION_FAILED;
}

static CK_RV
decrypt_last(struct cipher *c, uint8_t *last, int *size)
{
	crypto_enter();
	bool good = EVP_CipherFinal_ex(c->context, last, size) == 1;
	return crypto_leave(good, content_error(c));
}

/* The last bytes of a cipher that flows. */
static CK_RV
flow_finish(struct cipher *c, struct builder *out)
{
	uint8_t last[2 * CIPHER_BLOCK_MAX];
	int size = 0;
	if (c->setup.way == WAY_BLOCKS && c->pending > 0)
		return length_error(c);
	/* padded ciphertext is never empty, and always of whole blocks */
	if (c->setup.way == WAY_PADDED && !c->encrypt &&
	    (c->taken == 0 || c->taken % c->setup.block != 0))
		return CKR_ENCRYPTED_DATA_LEN_RANGE;
	CK_RV rv = c->encrypt ? encrypt_last(c, last, &size)
			      : decrypt_last(c, last, &size);
	if (rv == CKR_OK) {
		builder_put(out, last, (size_t)size);
		rv = crypto_written(out);
	}
	mem_wipe(last, sizeof(last));
	return rv;
}

static CK_RV
tag_append(struct cipher *c, struct builder *out)
{
	uint8_t *tag = builder_space(out, c->setup.tag_size);
	if (tag == NULL)
		return crypto_written(out);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG,
						  tag, c->setup.tag_size),
		OSSL_PARAM_construct_end(),
	};
	bool good = EVP_CIPHER_CTX_get_params(c->context, params) == 1;
	return good ? CKR_OK : CKR_FUNCTION_FAILED;
}

static bool
tag_expect(struct cipher *c, struct cursor tag)
{
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG,
						  (void *)tag.at, tag.left),
		OSSL_PARAM_construct_end(),
	};
	return EVP_CIPHER_CTX_set_params(c->context, params) == 1;
}

/* CCM wants to know the length, then the data to be authenticated. */
static bool
ccm_prepare(struct cipher *c)
{
	int given;
	size_t nothing;
	return EVP_CipherUpdate(c->context, NULL, &given, NULL,
				(int)c->setup.data_size) == 1 &&
	       context_take(c, builder_read(&c->aad), NULL, &nothing);
}

/* CCM says at the update whether the tag is right, other modes at the end. */
static bool
context_whole(struct cipher *c, struct cursor in, uint8_t *place, size_t *size)
{
	uint8_t last[2 * CIPHER_BLOCK_MAX];
	struct cursor data = in;
	int rest = 0;
	if (!c->encrypt && c->setup.tag_size > 0) {
		data = cursor_take(&in, in.left - c->setup.tag_size);
		if (!tag_expect(c, in))
			return false;
	}
	if (c->setup.mode != MODE_AES_CCM)
		return context_take(c, data, place, size) &&
		       EVP_CipherFinal_ex(c->context, last, &rest) == 1 &&
		       rest == 0;
	/* also nothing has to be shown to it, to be authenticated */
	static const uint8_t empty;
	bool good = ccm_prepare(c) &&
		    EVP_CipherUpdate(c->context, place, &rest,
				     data.left > 0 ? data.at : &empty,
				     (int)data.left) == 1;
	*size = (size_t)rest;
	return good;
}

/* A whole message. */
static CK_RV
whole_run(struct cipher *c, struct cursor in, struct builder *out)
{
	bool tag = c->encrypt && c->setup.tag_size > 0;
	if (!cipher_setup_fits(&c->setup, c->encrypt, in.left))
		return length_error(c);
	size_t most = whole_size(c, in.left), given = 0;
	if (tag)
		most -= c->setup.tag_size;
	uint8_t none[CIPHER_BLOCK_MAX];
	uint8_t *place = builder_claim(out, most);
	if (!builder_ok(out))
		return crypto_written(out);
	crypto_enter();
	bool good = context_whole(c, in, most > 0 ? place : none, &given) &&
		    given <= most;
	CK_RV rv = crypto_leave(good, content_error(c));
	builder_trim(out, good ? most - given : most);
	return rv == CKR_OK && tag ? tag_append(c, out) : rv;
}

CK_RV
cipher_finish(struct cipher *c, struct builder *out)
{
	if (!c->started)
		return CKR_OPERATION_NOT_INITIALIZED;
	if (is_held(c))
		return whole_run(c, builder_read(&c->held), out);
	CK_RV rv = flow_finish(c, out);
	return rv == CKR_OK && c->setup.tag_size > 0 ? tag_append(c, out) : rv;
}

CK_RV
cipher_whole(struct cipher *c, struct cursor in, struct builder *out)
{
	if (!is_held(c) || c->taken > 0) {
		CK_RV rv = cipher_update(c, in, out);
		return rv == CKR_OK ? cipher_finish(c, out) : rv;
	}
	CK_RV rv = cipher_count(c, in);
	return rv == CKR_OK ? whole_run(c, in, out) : rv;
}

CK_RV
cipher_block(CK_KEY_TYPE type, struct cursor key, bool encrypt,
	     struct cursor in, struct builder *out)
{
	const CK_MECHANISM mechanism = {
		.mechanism = type == CKK_DES3 ? CKM_DES3_ECB : CKM_AES_ECB,
	};
	struct cipher *c = cipher_new();
	if (c == NULL)
		return CKR_HOST_MEMORY;
	CK_RV rv = cipher_start(c, &mechanism, key, encrypt);
	if (rv == CKR_OK)
		rv = cipher_whole(c, in, out);
	cipher_free(c);
	return rv;
}
