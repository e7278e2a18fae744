/* The OpenPGP card driver: recognition, GET DATA and the key commands. */
#include "openpgp.h"

#include "mem.h"
#include "tlv.h"

enum {
	INS_SECURITY_OPERATION = 0x2A,
	INS_INTERNAL_AUTHENTICATE = 0x88,
	INS_GET_DATA = 0xCA,
	INS_PUT_DATA = 0xDA,
	TAG_AID = 0x4F,
	TAG_APPLICATION_RELATED = 0x6E,
	TAG_CIPHER = 0xA6,
	TAG_PUBLIC_KEY = 0x7F49,
	TAG_POINT = 0x86,
	POINT_UNCOMPRESSED = 0x04,
	POINT_MAX = 256,
	CIPHER_MAX = 1024,
	PADDING_INDICATOR = 0x00, /* ISO/IEC 7816-8, 11.10 */
	HASH_LONGEST = 64,
	DER_SEQUENCE = 0x30,
	SW_REFUSED = 0x6982,
};

/* The AID, in the FCI that some cards answer to SELECT. */
static const struct cursor openpgp_marks[] = {
	OPENPGP_BYTES(0xD2, 0x76, 0x00, 0x01, 0x24, 0x01),
	{ 0 },
};

static const struct card_proof openpgp_proofs[] = {
	{
		.command = { .ins = INS_GET_DATA,
			     .p2 = TAG_AID,
			     .le = APDU_SHORT_ANSWER },
		.begins = OPENPGP_BYTES(0xD2, 0x76, 0x00, 0x01, 0x24, 0x01),
	},
	{ .begins.left = 0 },
};

/* The second is what one card program says of a PIN that is used up. */
static const uint16_t openpgp_pin_wanted[] = { SW_REFUSED, 0x6985, 0 };

/* What other applets answer to the key commands and to VERIFY of 81 or 82. */
static const uint16_t openpgp_wrong_applet[] = {
	0x6D00, 0x6E00, 0x6881, 0x6A81, 0x6A82, 0x6A86, 0x6A88, 0x6B00, 0,
};

/* A reset that was cut short leaves it so, with nothing on it any more. */
static const uint16_t openpgp_terminated[] = { 0x6285, 0x6985, 0 };

CK_RV
openpgp_get_data(struct card_applet *a, uint16_t tag, size_t le,
		 struct builder *answer)
{
	const struct apdu command = {
		.ins = INS_GET_DATA,
		.p1 = (uint8_t)(tag >> 8),
		.p2 = (uint8_t)tag,
		.le = le,
	};

	return applet_exchange(a, &command, answer);
}

CK_RV
openpgp_put_data(struct card_applet *a, uint16_t tag, struct cursor data)
{
	const struct apdu command = {
		.ins = INS_PUT_DATA,
		.p1 = (uint8_t)(tag >> 8),
		.p2 = (uint8_t)tag,
		.data = data,
	};

	return applet_exchange(a, &command, NULL);
}

/* DO 6E; the ATR tells first whether it may come in one piece. */
static CK_RV
openpgp_facts_read(struct card_applet *a, struct openpgp_facts *facts)
{
	const struct transport_info *info =
		a->transport->ops->info(a->transport);
	struct builder answer = builder_heap(APDU_ANSWER_MAX);
	CK_RV rv;

	a->extended = iso_extended(
		iso_historical(cursor_of(info->atr, info->atr_size)));
	rv = openpgp_get_data(a, TAG_APPLICATION_RELATED, APDU_ANSWER_MAX,
			      &answer);
	if (rv == CKR_OK && !openpgp_facts_parse(builder_read(&answer), facts))
		rv = CKR_DEVICE_ERROR;
	builder_free(&answer);
	return rv;
}

CK_RV
openpgp_facts_reload(struct card_applet *a)
{
	struct openpgp *o = a->state;

	for (size_t i = 0; i < OPENPGP_KEYS; i++) {
		pubkey_free(o->seen[i].key);
		o->seen[i].key = NULL;
		o->seen[i].new = false;
	}
	o->signs = false;
	o->kdf_known = false;
	return openpgp_facts_read(a, &o->facts);
}

/* Only SELECT makes the card forget PINs, and its answer is no bare AID. */
static bool
openpgp_selected(struct cursor answer)
{
	const struct cursor aid = openpgp_proofs[0].begins;

	return !cursor_begins(answer, aid.at, aid.left);
}

static CK_RV
openpgp_open(struct card_applet *a, struct cursor answer)
{
	struct openpgp_facts facts;
	struct openpgp *o = a->state;
	CK_RV rv;

	if (o != NULL) {
		o->signs = o->signs && !openpgp_selected(answer);
		return CKR_OK;
	}
	rv = openpgp_facts_read(a, &facts);
	if (rv != CKR_OK)
		return rv;
	o = mem_new(sizeof(*o));
	if (o == NULL)
		return CKR_HOST_MEMORY;
	o->facts = facts;
	o->reversed = facts.manufacturer == OPENPGP_CANOKEYS;
	a->state = o;
	a->proven = true;
	a->extended = a->extended || facts.extended;
	a->pin_count = 1;
	a->pins[0] = (struct card_pin){
		.label = "User PIN",
		.reference = OPENPGP_PIN_OTHER,
		.min = OPENPGP_PIN_MIN,
		.max = facts.pin.max[OPENPGP_PW1],
		.old_min = OPENPGP_PIN_MIN,
	};
	a->pins[CARD_PIN_SO] = (struct card_pin){
		.label = "Admin PIN",
		.reference = OPENPGP_PIN_ADMIN,
		.min = OPENPGP_ADMIN_MIN,
		.max = facts.pin.max[OPENPGP_PW3],
		.old_min = OPENPGP_ADMIN_MIN,
	};
	return CKR_OK;
}

static void
openpgp_close(struct card_applet *a)
{
	struct openpgp *o = a->state;

	for (size_t i = 0; o != NULL && i < OPENPGP_KEYS; i++)
		pubkey_free(o->seen[i].key);
	mem_free(o, sizeof(*o));
	a->state = NULL;
}

/* r and s in halves of equal length, where SmartPGP leaves a sign byte before
 * both or takes a zero from both (its halves are numbers of DER). */
static CK_RV
halves_fit(struct cursor answer, size_t field, struct builder *out)
{
	struct cursor s = answer, r = cursor_take(&s, answer.left / 2);

	if (answer.left % 2 != 0)
		return CKR_DEVICE_ERROR;
	builder_padded(out, cursor_unpadded(r), field);
	builder_padded(out, cursor_unpadded(s), field);
	return builder_ok(out) ? CKR_OK : CKR_DEVICE_ERROR;
}

/* What the card gives for ECDSA is r and s; no card is known to give DER, but
 * one that turns around a Java Card's answer may. */
static CK_RV
openpgp_signature(const struct pubkey *key, struct cursor answer,
		  struct builder *out)
{
	const uint8_t der = DER_SEQUENCE;

	if (key->type == CKK_EC && answer.left != pubkey_size(key))
		return cursor_begins(answer, &der, 1)
			       ? ecdsa_split(answer, key->curve->field, out)
			       : halves_fit(answer, key->curve->field, out);
	builder_padded(out, answer, pubkey_size(key));
	return builder_ok(out) ? CKR_OK : CKR_DEVICE_ERROR;
}

/* No hash is longer than 64 bytes, so what fills P-521 is padding; some cards
 * take the bare hash only. */
static struct cursor
openpgp_hash(const struct card_job *job)
{
	struct cursor hash = job->input, head = hash;
	size_t over = hash.left > HASH_LONGEST ? hash.left - HASH_LONGEST : 0;

	if (job->primitive == CARD_ECDSA && over > 0 &&
	    cursor_unpadded(cursor_take(&head, over)).left == 0)
		return head;
	return hash;
}

/* COMPUTE DIGITAL SIGNATURE, or INTERNAL AUTHENTICATE. */
static CK_RV
openpgp_sign(struct card_applet *a, const struct card_job *job,
	     struct builder *answer)
{
	struct openpgp *o = a->state;
	const struct pubkey *key = job->key->public_key;
	bool sign = openpgp_use_of(job->key->id) == OPENPGP_SIGN;
	struct apdu command = {
		.ins = INS_INTERNAL_AUTHENTICATE,
		.data = openpgp_hash(job),
		.le = pubkey_size(key) > APDU_SHORT_ANSWER ? APDU_ANSWER_MAX
							   : APDU_SHORT_ANSWER,
	};
	CK_RV rv;

	if (sign) {
		command.ins = INS_SECURITY_OPERATION;
		command.p1 = 0x9E;
		command.p2 = 0x9A;
	}
	if (sign && !o->signs) {
		a->sw = SW_REFUSED; /* as the card would say */
		return CKR_USER_NOT_LOGGED_IN;
	}
	rv = applet_exchange(a, &command, answer);
	/* Good for one signature, or lost to somebody else. */
	if (sign && (job->key->pin_each_time || a->sw == SW_REFUSED))
		o->signs = false;
	return rv;
}

/* What DECIPHER gets: a ciphertext, or somebody's point (OpenPGP card 3.4,
 * 7.2.11). */
static void
openpgp_cipher(const struct card_job *job, struct builder *out)
{
	uint8_t bytes[2][POINT_MAX];
	struct builder point = builder_over(bytes[0], POINT_MAX);
	struct builder key = builder_over(bytes[1], POINT_MAX);

	if (job->primitive != CARD_ECDH) {
		builder_u8(out, PADDING_INDICATOR);
		builder_append(out, job->input);
		return;
	}
	tlv_put(&point, TAG_POINT, job->input);
	tlv_put(&key, TAG_PUBLIC_KEY, builder_read(&point));
	tlv_put(out, TAG_CIPHER, builder_read(&key));
	out->bad = out->bad || !builder_ok(&point) || !builder_ok(&key);
}

/* DECIPHER; the card takes PKCS#1 v1.5 padding off. */
static CK_RV
openpgp_decipher(struct card_applet *a, const struct card_job *job,
		 struct builder *answer)
{
	struct builder data = builder_heap(CIPHER_MAX);
	struct apdu command = { .ins = INS_SECURITY_OPERATION,
				.p1 = 0x80,
				.p2 = 0x86,
				.le = APDU_SHORT_ANSWER };
	CK_RV rv = CKR_HOST_MEMORY;

	if (pubkey_size(job->key->public_key) > APDU_SHORT_ANSWER)
		command.le = APDU_ANSWER_MAX;
	openpgp_cipher(job, &data);
	if (builder_ok(&data)) {
		command.data = builder_read(&data);
		rv = applet_exchange(a, &command, answer);
	}
	builder_free(&data);
	return rv;
}

/* X of the point that both have; Gnuk gives all of it on NIST curves. */
static CK_RV
openpgp_shared(const struct pubkey *key, struct cursor answer,
	       struct builder *out)
{
	const struct curve *curve = key->curve;
	const uint8_t uncompressed = POINT_UNCOMPRESSED;

	openpgp_point_bare(curve, &answer);
	if (curve->type == CKK_EC && answer.left == 1 + 2 * curve->field &&
	    cursor_begins(answer, &uncompressed, 1)) {
		cursor_u8(&answer);
		answer = cursor_take(&answer, curve->field);
	}
	if (answer.left != curve->field)
		return CKR_DEVICE_ERROR;
	builder_append(out, answer);
	return builder_ok(out) ? CKR_OK : CKR_DEVICE_MEMORY;
}

static CK_RV
openpgp_compute(struct card_applet *a, const struct card_job *job,
		struct builder *out)
{
	const struct pubkey *key = job->key->public_key;
	struct builder answer;
	CK_RV rv;

	if (job->primitive == CARD_RSA_DECRYPT)
		return openpgp_decipher(a, job, out);
	answer = builder_heap(APDU_ANSWER_MAX);
	rv = job->primitive == CARD_ECDH ? openpgp_decipher(a, job, &answer)
					 : openpgp_sign(a, job, &answer);
	if (rv == CKR_OK && job->primitive == CARD_ECDH)
		rv = openpgp_shared(key, builder_read(&answer), out);
	else if (rv == CKR_OK)
		rv = openpgp_signature(key, builder_read(&answer), out);
	builder_free(&answer);
	return rv;
}

static const CK_KEY_TYPE openpgp_generates[] = {
	CKK_RSA,
	CKK_EC,
	CKK_EC_EDWARDS,
	CKK_EC_MONTGOMERY,
	CK_UNAVAILABLE_INFORMATION,
};

const struct card_driver openpgp_driver = {
	.name = "openpgp",
	.aid = OPENPGP_BYTES(0xD2, 0x76, 0x00, 0x01, 0x24, 0x01),
	.marks = openpgp_marks,
	.proofs = openpgp_proofs,
	.pin_wanted = openpgp_pin_wanted,
	.wrong_applet = openpgp_wrong_applet,
	.terminated = openpgp_terminated,
	.can.primitives = 1u << CARD_RSA_DIGESTINFO | 1u << CARD_RSA_DECRYPT |
		      1u << CARD_ECDSA | 1u << CARD_EDDSA | 1u << CARD_ECDH,
	.can.rsa_min = 1024,
	.can.rsa_max = 4096,
	.can.ec_min = 256,
	.can.ec_max = 521,
	.can.generates = openpgp_generates,
	.nominate = openpgp_nominate,
	.open = openpgp_open,
	.close = openpgp_close,
	.identify = openpgp_identify,
	.list = openpgp_list,
	.read = openpgp_read,
	.pin_status = openpgp_pin_status,
	.pin_verify = openpgp_pin_verify,
	.pin_change = openpgp_pin_change,
	.pin_init = openpgp_pin_init,
	.pin_forget = openpgp_pin_forget,
	.compute = openpgp_compute,
	.place = openpgp_place,
	.write = openpgp_write,
	.generate = openpgp_generate,
	.remove = openpgp_remove,
	.reset = openpgp_reset,
};
