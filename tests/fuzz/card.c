/* Fuzzes cardos/ as a whole: a card that answers what it likes, recognised,
 * listed, read, logged in, signed with, written to, reset, logged out. */
#include <stdlib.h>
#include <string.h>

#include "card_driver.h"
#include "good.h"
#include "token.h"

enum {
	EXCHANGES_MAX = 3000,
	ANSWER_SW = 0, /* what the input's next byte means: */
	ANSWER_WORD,
	ANSWER_RAW,
	ANSWER_BENT,
	ANSWER_REST_RAW,
	ANSWER_NONE,
	ANSWER_REMOVED,
	ANSWER_RESET,
	ANSWERS,
};

/* A P-256 certificate with a key usage. */
static uint8_t certificate[] = {
	0x30, 0x82, 0x01, 0x7A, 0x30, 0x82, 0x01, 0x20, 0xA0, 0x03, 0x02, 0x01,
	0x02, 0x02, 0x14, 0x23, 0xF2, 0x1B, 0x68, 0xBC, 0x61, 0xAF, 0xE9, 0x92,
	0xDE, 0xDC, 0xF1, 0x14, 0x52, 0xD0, 0xB1, 0xDC, 0x2C, 0x86, 0xAC, 0x30,
	0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02, 0x30,
	0x0C, 0x31, 0x0A, 0x30, 0x08, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0C, 0x01,
	0x46, 0x30, 0x1E, 0x17, 0x0D, 0x32, 0x36, 0x31, 0x31, 0x32, 0x30, 0x32,
	0x30, 0x32, 0x30, 0x34, 0x30, 0x5A, 0x17, 0x0D, 0x34, 0x36, 0x31, 0x31,
	0x31, 0x35, 0x32, 0x30, 0x32, 0x30, 0x34, 0x30, 0x5A, 0x30, 0x0C, 0x31,
	0x0A, 0x30, 0x08, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0C, 0x01, 0x46, 0x30,
	0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01,
	0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42,
	0x00, 0x04, 0xA3, 0x97, 0xBC, 0x49, 0x80, 0x3A, 0x8F, 0x60, 0x62, 0x05,
	0xAE, 0x41, 0x04, 0x4F, 0x5F, 0xFB, 0xF6, 0xD3, 0x80, 0x1E, 0x23, 0xE4,
	0xCB, 0x13, 0x4A, 0x57, 0x5C, 0x49, 0x31, 0xCC, 0x8F, 0x1A, 0xAB, 0x7F,
	0x59, 0x29, 0x96, 0x13, 0x2B, 0x4C, 0x64, 0x2B, 0xE3, 0x4A, 0xA6, 0x3A,
	0xF6, 0x56, 0x32, 0x72, 0x82, 0xEE, 0x8B, 0xD8, 0x50, 0x7D, 0x1C, 0x6A,
	0xD8, 0xE3, 0xC4, 0x6C, 0x34, 0x6D, 0xA3, 0x60, 0x30, 0x5E, 0x30, 0x1D,
	0x06, 0x03, 0x55, 0x1D, 0x0E, 0x04, 0x16, 0x04, 0x14, 0xA5, 0x27, 0xC3,
	0x30, 0x7E, 0xAE, 0xAD, 0x82, 0x61, 0x69, 0x92, 0xCF, 0x69, 0x6B, 0xEF,
	0x01, 0xCC, 0xFA, 0xDE, 0x4E, 0x30, 0x1F, 0x06, 0x03, 0x55, 0x1D, 0x23,
	0x04, 0x18, 0x30, 0x16, 0x80, 0x14, 0xA5, 0x27, 0xC3, 0x30, 0x7E, 0xAE,
	0xAD, 0x82, 0x61, 0x69, 0x92, 0xCF, 0x69, 0x6B, 0xEF, 0x01, 0xCC, 0xFA,
	0xDE, 0x4E, 0x30, 0x0F, 0x06, 0x03, 0x55, 0x1D, 0x13, 0x01, 0x01, 0xFF,
	0x04, 0x05, 0x30, 0x03, 0x01, 0x01, 0xFF, 0x30, 0x0B, 0x06, 0x03, 0x55,
	0x1D, 0x0F, 0x04, 0x04, 0x03, 0x02, 0x03, 0x88, 0x30, 0x0A, 0x06, 0x08,
	0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02, 0x03, 0x48, 0x00, 0x30,
	0x45, 0x02, 0x20, 0x73, 0x22, 0x8A, 0x99, 0x29, 0x96, 0x15, 0x43, 0xC7,
	0xB0, 0xEA, 0xF3, 0xAD, 0xB8, 0x01, 0x39, 0x47, 0x11, 0xCC, 0xDE, 0x72,
	0xBA, 0xDC, 0xFC, 0x95, 0x9A, 0x62, 0x08, 0x1F, 0x27, 0x9B, 0xFB, 0x02,
	0x21, 0x00, 0xFE, 0xA3, 0xF1, 0xD9, 0xEE, 0x08, 0x53, 0x2A, 0xD6, 0x9E,
	0x6C, 0xF8, 0x84, 0x03, 0xC1, 0xEA, 0x81, 0xA1, 0x49, 0xF7, 0x7F, 0x03,
	0x06, 0x79, 0x54, 0x5D, 0x31, 0x8D, 0x7F, 0xA7, 0xA0, 0xC2,
};

/* P-256's base point, 04 || X || Y. */
static const uint8_t point[] = {
	0x04, 0x6B, 0x17, 0xD1, 0xF2, 0xE1, 0x2C, 0x42, 0x47, 0xF8, 0xBC,
	0xE6, 0xE5, 0x63, 0xA4, 0x40, 0xF2, 0x77, 0x03, 0x7D, 0x81, 0x2D,
	0xEB, 0x33, 0xA0, 0xF4, 0xA1, 0x39, 0x45, 0xD8, 0x98, 0xC2, 0x96,
	0x4F, 0xE3, 0x42, 0xE2, 0xFE, 0x1A, 0x7F, 0x9B, 0x8E, 0xE7, 0xEB,
	0x4A, 0x7C, 0x0F, 0x9E, 0x16, 0x2B, 0xCE, 0x33, 0x57, 0x6B, 0x31,
	0x5E, 0xCE, 0xCB, 0xB6, 0x40, 0x68, 0x37, 0xBF, 0x51, 0xF5,
};

/* So that what only Yubico's keys are asked is reached, too. */
static const uint8_t known_atr[] = {
	0x3B, 0xFD, 0x13, 0x00, 0x00, 0x81, 0x31, 0xFE, 0x15, 0x80, 0x73, 0xC0,
	0x21, 0xC0, 0x57, 0x59, 0x75, 0x62, 0x69, 0x4B, 0x65, 0x79, 0x40,
};

const struct cursor good_certificate = { certificate, sizeof(certificate) };

struct fuzzed {
	struct transport transport;
	struct transport_info info;
	struct cursor input;
	uint64_t generation;
	unsigned exchanges;
	unsigned good; /* answers that come before an odd one */
	bool told;     /* how many that are */
	bool busy, gone;
	/* Of this transaction: the card has answered well, and refused a PIN.
	 */
	bool answered, refused;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds)
{
	if (!holds)
		abort();
}

static struct fuzzed *
fuzzed_of(struct transport *t)
{
	return (struct fuzzed *)t;
}

static CK_RV
fuzzed_begin(struct transport *t, uint64_t *generation)
{
	struct fuzzed *f = fuzzed_of(t);

	require(!f->busy);
	if (f->gone)
		return CKR_DEVICE_REMOVED;
	f->busy = true;
	f->answered = false;
	f->refused = false;
	*generation = f->generation;
	return CKR_OK;
}

static void
fuzzed_end(struct transport *t)
{
	struct fuzzed *f = fuzzed_of(t);

	require(f->busy);
	f->busy = false;
}

/* The good answer with one byte changed. */
static void
bent_answer(struct fuzzed *f, const struct apdu *command, struct builder *out)
{
	struct builder good = builder_heap(4096);
	uint16_t place = cursor_u16(&f->input);
	uint8_t flip = cursor_u8(&f->input);
	struct cursor rest;

	good_answer(command, &good);
	rest = builder_read(&good);
	if (rest.left > 0) {
		builder_append(out, cursor_take(&rest, place % rest.left));
		builder_u8(out, cursor_u8(&rest) ^ flip);
	}
	builder_append(out, rest);
	builder_free(&good);
}

/* The input says after how many good answers there is an odd one, so that a
 * short one reaches what comes late in the card's life; at its end all are
 * good. */
static bool
answer_is_good(struct fuzzed *f)
{
	if (!f->told && f->input.left == 0)
		return true;
	if (!f->told)
		f->good = cursor_u8(&f->input);
	f->told = f->good > 0;
	if (f->told)
		f->good--;
	return f->told;
}

/* What real cards say. */
static const uint16_t words[] = {
	0x6982, 0x6983, 0x63C0, 0x63C2, 0x6301, 0x6985, 0x6A80, 0x6A82,
	0x6A83, 0x6A86, 0x6A88, 0x6D00, 0x6E00, 0x6B00, 0x6700, 0x6581,
	0x6F00, 0x6285, 0x6282, 0x6C10, 0x6110, 0x6881, 0x6600, 0x6984,
};

enum { WORDS = sizeof(words) / sizeof(words[0]) };

static CK_RV
fuzzed_answer(struct fuzzed *f, const struct apdu *command, struct builder *out,
	      uint16_t *sw)
{
	uint8_t kind;

	*sw = 0x9000;
	if (answer_is_good(f)) {
		good_answer(command, out);
		return CKR_OK;
	}
	kind = cursor_u8(&f->input) % ANSWERS;
	switch (kind) {
	case ANSWER_SW:
		*sw = cursor_u16(&f->input);
		break;
	case ANSWER_WORD:
		*sw = words[cursor_u8(&f->input) % WORDS];
		break;
	case ANSWER_RAW:
	case ANSWER_REST_RAW:
		*sw = cursor_u16(&f->input);
		builder_append(out,
			       cursor_take(&f->input, cursor_u8(&f->input)));
		break;
	case ANSWER_BENT:
		bent_answer(f, command, out);
		break;
	case ANSWER_NONE:
		return CKR_DEVICE_ERROR;
	case ANSWER_REMOVED:
		f->gone = true;
		return CKR_DEVICE_REMOVED;
	case ANSWER_RESET:
		f->generation++;
		*sw = 0x6D00;
		break;
	}
	if (kind == ANSWER_REST_RAW)
		*sw = 0x6100;
	return CKR_OK;
}

/* The PIN 123456, padded for PIV, itself for OpenPGP, or what a KDF with
 * SHA-256 or SHA-512 made of it. Where the security officer's login failed, the
 * officer's is given as the user's to change. */
static bool
good_pin(const struct apdu *command)
{
	size_t size = command->data.left;

	if (command->p2 <= 0x80)
		return size == 8;
	return size == strlen(good_so_pin) || size == 32 || size == 64 ||
	       (size == 6 && command->p2 != 0x83);
}

/* VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER. */
static bool
carries_pin(const struct apdu *command)
{
	return command->data.left > 0 &&
	       (command->ins == 0x20 || command->ins == 0x24 ||
		command->ins == 0x2C);
}

/* An empty PIN never goes out, but as a question; none before the card has
 * shown which applet answers, and none after it has refused one. */
static void
pin_judge(const struct fuzzed *f, const struct apdu *command)
{
	require(command->ins != 0x20 || good_pin(command));
	require(f->answered);
	require(!f->refused);
}

static CK_RV
fuzzed_exchange(struct transport *t, const struct apdu *command,
		struct builder *answer, uint16_t *sw)
{
	struct fuzzed *f = fuzzed_of(t);
	struct builder wire = builder_heap(APDU_WIRE_MAX);
	CK_RV rv;

	require(f->busy);
	if (f->gone || ++f->exchanges > EXCHANGES_MAX)
		return CKR_DEVICE_REMOVED;
	if (carries_pin(command))
		pin_judge(f, command);
	require(apdu_encode(command, f->info.t0, &wire) == CKR_OK);
	builder_free(&wire);
	rv = fuzzed_answer(f, command, answer, sw);
	f->answered = f->answered || (rv == CKR_OK && sw_rv(*sw) == CKR_OK);
	f->refused =
		f->refused || (rv == CKR_OK && carries_pin(command) &&
			       ((*sw & 0xFF00) == 0x6300 || *sw == 0x6983));
	if (rv == CKR_OK && !builder_ok(answer))
		return CKR_DEVICE_MEMORY;
	return rv;
}

static const struct transport_info *
fuzzed_info(struct transport *t)
{
	return &fuzzed_of(t)->info;
}

static bool
fuzzed_alone(struct transport *t)
{
	return fuzzed_of(t)->generation % 2 == 0;
}

static void
fuzzed_release(struct transport *t)
{
	require(!fuzzed_of(t)->busy);
}

static const struct transport_ops fuzzed_ops = {
	.begin = fuzzed_begin,
	.end = fuzzed_end,
	.exchange = fuzzed_exchange,
	.info = fuzzed_info,
	.alone = fuzzed_alone,
	.release = fuzzed_release,
	.close = fuzzed_release,
};

static void
operate(struct token *t, uint64_t key, enum operation_kind kind,
	CK_MECHANISM_TYPE mechanism)
{
	CK_MECHANISM m = { .mechanism = mechanism };
	struct operation_key k = { .id = key };
	struct operation *o = NULL;
	struct builder out = builder_heap(APDU_ANSWER_MAX);

	if (t->ops->operation_start(t, kind, &m, &k, &o) != CKR_OK)
		return;
	if (o->login_each_time)
		DROP(o->ops->login(o, cursor_of("123456", 6)));
	DROP(o->ops->update(o, cursor_of("message", 7), &out));
	/* no answer of this card verifies */
	require(o->ops->finish(o, cursor_of(NULL, 0), &out) != CKR_OK ||
		kind != OPERATION_SIGN);
	o->ops->free(o);
	builder_free(&out);
}

/* With the curve's own point, so that every card is asked. */
static void
agree(struct token *t, uint64_t key)
{
	CK_ECDH1_DERIVE_PARAMS p = { .kdf = CKD_NULL,
				     .ulPublicDataLen = sizeof(point),
				     .pPublicData = (CK_BYTE *)point };
	CK_MECHANISM m = { CKM_ECDH1_DERIVE, &p, sizeof(p) };
	struct derivation d = { .mechanism = &m, .key = key };
	struct builder secret = builder_heap(APDU_ANSWER_MAX);

	require(t->ops->agree(t, &d, &secret) != CKR_OK || secret.used == 32);
	builder_free(&secret);
}

static void
read_data(struct token *t)
{
	CK_OBJECT_CLASS class = CKO_DATA;
	CK_ATTRIBUTE match = { CKA_CLASS, &class, sizeof(class) };
	CK_ATTRIBUTE value = { CKA_VALUE, NULL, 0 };
	struct ids found = { 0 };

	DROP(t->ops->search(t, (struct template){ &match, 1 }, &found));
	for (size_t i = 0; i < found.count; i++)
		DROP(t->ops->attributes_get(t, found.list[i], &value, 1));
	ids_free(&found);
}

static void
use(struct token *t)
{
	struct ids found = { 0 };
	CK_TOKEN_INFO info;
	CK_ATTRIBUTE value = { CKA_VALUE, NULL, 0 };
	CK_ATTRIBUTE attestation = { SIGNET_ATTESTATION, NULL, 0 };

	DROP(t->ops->info(t, &info));
	DROP(t->ops->login(t, LOGIN_USER, cursor_of("123456", 6)));
	DROP(t->ops->search(t, (struct template){ 0 }, &found));
	for (size_t i = 0; i < found.count; i++) {
		DROP(t->ops->attributes_get(t, found.list[i], &value, 1));
		DROP(t->ops->attributes_get(t, found.list[i], &attestation, 1));
		operate(t, found.list[i], OPERATION_SIGN, CKM_ECDSA_SHA256);
		operate(t, found.list[i], OPERATION_SIGN, CKM_RSA_PKCS);
		operate(t, found.list[i], OPERATION_DECRYPT, CKM_RSA_PKCS);
		agree(t, found.list[i]);
	}
	ids_free(&found);
	read_data(t);
	DROP(t->ops->info(t, &info));
	DROP(t->ops->logout(t));
	t->ops->idle(t);
}

/* A P-256 key: its private half is 1. */
static CK_RV
key_create(struct token *t, CK_BYTE cka_id, uint64_t *id)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_KEY_TYPE type = CKK_EC;
	CK_BBOOL yes = CK_TRUE;
	CK_BYTE curve[] = { 0x06, 0x08, 0x2A, 0x86, 0x48,
			    0xCE, 0x3D, 0x03, 0x01, 0x07 };
	CK_BYTE scalar[32] = { [31] = 1 };
	CK_ATTRIBUTE list[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_KEY_TYPE, &type, sizeof(type) },
		{ CKA_TOKEN, &yes, sizeof(yes) },
		{ CKA_ID, &cka_id, sizeof(cka_id) },
		{ CKA_EC_PARAMS, curve, sizeof(curve) },
		{ CKA_VALUE, scalar, sizeof(scalar) },
	};

	return t->ops->create(t, (struct template){ list, 6 }, id);
}

static CK_RV
certificate_create(struct token *t, CK_BYTE cka_id, uint64_t *id)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE list[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_TOKEN, &yes, sizeof(yes) },
		{ CKA_VALUE, certificate, sizeof(certificate) },
		{ CKA_ID, &cka_id, sizeof(cka_id) },
	};

	return t->ops->create(t, (struct template){ list, cka_id == 0 ? 3 : 4 },
			      id);
}

static CK_RV
data_create(struct token *t, const char *label, uint64_t *id)
{
	CK_OBJECT_CLASS class = CKO_DATA;
	CK_BBOOL yes = CK_TRUE;
	/* 2.16.840.1.101.3.7.2.144.0: PIV's security object */
	CK_BYTE oid[] = { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03,
			  0x07, 0x02, 0x81, 0x10, 0x00 };
	CK_ATTRIBUTE list[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_TOKEN, &yes, sizeof(yes) },
		{ CKA_VALUE, certificate, 16 },
		{ CKA_LABEL, (void *)label, strlen(label) },
		{ CKA_OBJECT_ID, oid, sizeof(oid) },
	};

	return t->ops->create(t, (struct template){ list, 5 }, id);
}

static CK_RV
pair_generate(struct token *t, CK_MECHANISM_TYPE type, CK_BYTE cka_id)
{
	CK_MECHANISM mechanism = { .mechanism = type };
	CK_ULONG bits = 3072;
	CK_BYTE curve[] = { 0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22 };
	CK_ATTRIBUTE of_public[] = {
		{ CKA_MODULUS_BITS, &bits, sizeof(bits) },
		{ CKA_EC_PARAMS, curve, sizeof(curve) },
	};
	CK_ATTRIBUTE of_private = { CKA_ID, &cka_id, sizeof(cka_id) };
	uint64_t public_id, private_id;

	return t->ops->generate_pair(
		t, &mechanism,
		(struct template){ &of_public[type == CKM_EC_KEY_PAIR_GEN], 1 },
		(struct template){ &of_private, 1 }, &public_id, &private_id);
}

/* What there is of data is found and changed, other things get another CKA_ID,
 * and all that is found is destroyed. */
static void
destroy_all(struct token *t)
{
	CK_OBJECT_CLASS class = CKO_DATA;
	CK_ATTRIBUTE data = { CKA_CLASS, &class, sizeof(class) };
	CK_ATTRIBUTE value = { CKA_VALUE, certificate, 9 };
	CK_BYTE number = 5;
	CK_ATTRIBUTE place = { CKA_ID, &number, 1 };
	struct ids found = { 0 };
	size_t others;

	DROP(t->ops->search(t, (struct template){ 0 }, &found));
	others = found.count;
	DROP(t->ops->search(t, (struct template){ &data, 1 }, &found));
	for (size_t i = 0; i < found.count; i++) {
		DROP(t->ops->attributes_set(
			t, found.list[i],
			(struct template){ i < others ? &place : &value, 1 }));
		DROP(t->ops->destroy(t, found.list[i]));
	}
	ids_free(&found);
}

static void
change(struct token *t, enum login who, struct cursor pin, CK_BYTE place)
{
	uint64_t id;

	DROP(t->ops->login(t, who, pin));
	DROP(pair_generate(t, CKM_EC_KEY_PAIR_GEN, place));
	DROP(pair_generate(t, CKM_RSA_PKCS_KEY_PAIR_GEN, place));
	DROP(key_create(t, place, &id));
	DROP(certificate_create(t, place, &id));
	DROP(certificate_create(t, 0, &id));
	DROP(data_create(t, who == LOGIN_SO ? "PrivDO4" : "PrivDO3", &id));
	destroy_all(t);
	DROP(t->ops->pin_init(t, cursor_of("123456", 6)));
	DROP(t->ops->pin_change(t, pin, pin));
	DROP(t->ops->logout(t));
	DROP(t->ops->pin_change(t, cursor_of(good_code, strlen(good_code)),
				cursor_of("123456", 6)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzzed f = { .transport.ops = &fuzzed_ops,
			    .info.name = "fuzzed",
			    .input = cursor_of(data, size),
			    .generation = 1 };
	struct config config = { .applets = (char[]){ "" } };
	struct builder atr = builder_over(f.info.atr, sizeof(f.info.atr));
	struct cursor so_pin = cursor_of(good_so_pin, strlen(good_so_pin));
	struct token *tokens[CARD_TOKENS_MAX];
	size_t count = 0;
	uint8_t flags = cursor_u8(&f.input), place;

	f.info.t0 = (flags & 1) != 0;
	f.info.shared = (flags & 2) != 0;
	config.pin_keep = (flags & 4) != 0;
	config.piv_retired_all = (flags & 2) != 0;
	config.piv_always_authenticate = (flags & 1) != 0;
	if (flags >> 3 == ATR_MAX - 2)
		builder_put(&atr, known_atr, sizeof(known_atr));
	else
		builder_append(&atr, cursor_take(&f.input, flags >> 3));
	f.info.atr_size = atr.used;
	place = cursor_u8(&f.input);
	if (card_tokens_open(&f.transport, &config, tokens, &count) != CKR_OK)
		return 0;
	require(count <= CARD_TOKENS_MAX);
	for (size_t i = 0; i < count; i++) {
		use(tokens[i]);
		change(tokens[i], LOGIN_SO, so_pin, 1 + place % 4);
		change(tokens[i], LOGIN_USER, cursor_of("123456", 6), 1);
		DROP(tokens[i]->ops->init(tokens[i], so_pin,
					  cursor_of("label", 5)));
		use(tokens[i]);
		token_unref(tokens[i]);
	}
	return 0;
}
