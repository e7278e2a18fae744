/* The OpenPGP card driver: GET DATA, VERIFY and the key commands. */
#include "openpgp.h"

#include "log.h"
#include "mem.h"

enum {
	INS_VERIFY = 0x20,
	INS_SECURITY_OPERATION = 0x2A,
	INS_INTERNAL_AUTHENTICATE = 0x88,
	INS_GET_DATA = 0xCA,
	VERIFY_FORGET = 0xFF,
	TAG_AID = 0x4F,
	TAG_APPLICATION_RELATED = 0x6E,
	TAG_PIN_STATUS = 0xC4,
	TAG_KDF = 0xF9,
	PIN_SIGN = 0x81,
	PIN_OTHER = 0x82,
	PIN_MIN = 6,
	CIPHER_MAX = 1024,
	PADDING_INDICATOR = 0x00, /* ISO/IEC 7816-8, 11.10 */
	HASH_LONGEST = 64,
	DER_SEQUENCE = 0x30,
	SW_OK = 0x9000,
	SW_WRONG_LENGTH = 0x6700,
	SW_REFUSED = 0x6982,
	SW_BLOCKED = 0x6983,
	SW_WRONG_DATA = 0x6A80,
	SW_NO_INSTRUCTION = 0x6D00,
	SW_NO_CLASS = 0x6E00,
	SW_NO_REFERENCE = 0x6A88,
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

/* DO 6E, once; the ATR tells first whether it may come in one piece. */
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
	a->state = o;
	a->proven = true;
	a->extended = a->extended || facts.extended;
	a->pin_count = 1;
	a->pins[0] = (struct card_pin){
		.label = "User PIN",
		.reference = PIN_OTHER,
		.min = PIN_MIN,
		.max = facts.pin.max,
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

/* DO C4; an empty VERIFY tells different things on different cards. */
static CK_RV
openpgp_pin_status(struct card_applet *a, size_t pin,
		   struct card_pin_status *status)
{
	uint8_t bytes[APDU_SHORT_ANSWER];
	struct builder answer = builder_over(bytes, sizeof(bytes));
	struct openpgp_pin told;
	CK_RV rv =
		openpgp_get_data(a, TAG_PIN_STATUS, APDU_SHORT_ANSWER, &answer);

	if (applet_mute(a, rv))
		return rv;
	*status = (struct card_pin_status){ 0 };
	if (rv == CKR_OK && openpgp_pin_parse(builder_read(&answer), &told)) {
		status->known = true;
		status->tries_left = told.tries_left;
	}
	return CKR_OK;
}

/* DO F9, before the first VERIFY. What says no more than that there is none
 * is none; with anything else no PIN may be sent. */
static CK_RV
openpgp_kdf_read(struct card_applet *a)
{
	struct openpgp *o = a->state;
	struct builder answer;
	CK_RV rv;

	if (o->kdf_known || !o->facts.kdf)
		return CKR_OK;
	answer = builder_heap(APDU_ANSWER_MAX);
	rv = openpgp_get_data(a, TAG_KDF, APDU_SHORT_ANSWER, &answer);
	if (rv == CKR_OBJECT_HANDLE_INVALID)
		rv = CKR_OK;
	else if (rv != CKR_OK && !applet_mute(a, rv))
		rv = CKR_DEVICE_ERROR;
	if (rv == CKR_OK)
		rv = openpgp_kdf_parse(builder_read(&answer), &o->kdf);
	if (rv != CKR_OK)
		log_line(LOG_ERROR, "OpenPGP: its KDF is not known, no PIN "
				    "is sent");
	o->kdf_known = rv == CKR_OK;
	builder_free(&answer);
	return rv;
}

/* One VERIFY; a PIN that is empty or too long is not derived either. */
static CK_RV
openpgp_verify(struct card_applet *a, uint8_t reference, struct cursor value)
{
	const struct openpgp *o = a->state;
	struct card_pin pin = a->pins[0];
	uint8_t bytes[OPENPGP_DERIVED_MAX];
	struct builder derived = builder_over(bytes, sizeof(bytes));
	CK_RV rv = CKR_OK;

	pin.reference = reference;
	if (o->kdf.digest == DIGEST_NONE)
		return iso_verify(a, &pin, value, 0);
	a->sw = 0;
	if (value.at == NULL) {
		log_line(LOG_ERROR, "OpenPGP: the keypad cannot derive");
		return CKR_FUNCTION_FAILED;
	}
	if (value.left == 0 || value.left > pin.max)
		return CKR_PIN_LEN_RANGE;
	rv = openpgp_kdf_derive(&o->kdf, value, &derived);
	if (rv == CKR_OK)
		rv = iso_verify(a, &pin, builder_read(&derived), 0);
	mem_wipe(bytes, sizeof(bytes));
	return rv;
}

/*
 * The card refused the PIN: 6982 says no more than that on most cards, some
 * count down to 63C0 and on; a length that cannot be right spends no try.
 */
static CK_RV
openpgp_refused(struct card_applet *a, CK_RV rv, struct card_pin_status *status)
{
	struct openpgp *o = a->state;
	uint16_t sw = a->sw;
	CK_RV asked;

	*status = iso_pin_status(sw);
	if (sw == SW_BLOCKED)
		return CKR_PIN_LOCKED;
	if (sw != SW_REFUSED && sw != SW_WRONG_DATA && sw != SW_WRONG_LENGTH &&
	    rv != CKR_PIN_INCORRECT)
		return rv;
	/* It might have been set by another program. */
	o->kdf_known = false;
	if (!status->known) {
		asked = openpgp_pin_status(a, 0, status);
		a->sw = sw;
		if (asked != CKR_OK)
			return asked;
	}
	return status->known && status->tries_left == 0 ? CKR_PIN_LOCKED
							: CKR_PIN_INCORRECT;
}

/*
 * PW1 has one value and two states: 81 to sign, 82 for the rest. C_Login needs
 * 82; 81 follows when a key wants it, or at once if the PIN is not kept.
 */
static CK_RV
openpgp_pin_verify(struct card_applet *a, size_t pin, struct cursor value,
		   struct card_pin_status *status)
{
	struct openpgp *o = a->state;
	const struct card_key *key = a->pin_for;
	bool sign = key != NULL && openpgp_use_of(key->id) == OPENPGP_SIGN;
	CK_RV rv = openpgp_kdf_read(a);

	*status = (struct card_pin_status){ 0 };
	if (rv != CKR_OK)
		return rv;
	rv = openpgp_verify(a, sign ? PIN_SIGN : PIN_OTHER, value);
	if (rv != CKR_OK && a->sw != 0)
		return openpgp_refused(a, rv, status);
	if (rv != CKR_OK)
		return rv;
	*status = iso_pin_status(a->sw);
	if (key == NULL && !a->pin_kept && o->facts.pin.several &&
	    o->facts.keys[OPENPGP_SIGN].presence != OPENPGP_ABSENT)
		sign = openpgp_verify(a, PIN_SIGN, value) == CKR_OK;
	o->signs = o->signs || sign;
	return CKR_OK;
}

/* One state. Another applet that answers has made the card forget already. */
static CK_RV
openpgp_forget(struct card_applet *a, uint8_t reference)
{
	const struct apdu command = { .ins = INS_VERIFY,
				      .p1 = VERIFY_FORGET,
				      .p2 = reference };
	CK_RV rv = applet_exchange(a, &command, NULL);

	if (a->sw == SW_NO_INSTRUCTION || a->sw == SW_NO_CLASS ||
	    a->sw == SW_NO_REFERENCE)
		return CKR_OK;
	return rv;
}

/* VERIFY with P1 = FF came with version 3.1 and is not everywhere (YubiKey
 * before 5.6); selecting the applet anew ends both states as well. */
static CK_RV
openpgp_pin_forget(struct card_applet *a, size_t pin)
{
	struct openpgp *o = a->state;
	CK_RV rv = CKR_FUNCTION_NOT_SUPPORTED;

	a->sw = SW_OK;
	if (o->facts.version > OPENPGP_VERSION_3) {
		rv = openpgp_forget(a, PIN_OTHER);
		if (rv == CKR_OK && o->signs)
			rv = openpgp_forget(a, PIN_SIGN);
	}
	o->signs = false;
	if (rv == CKR_OK || applet_mute(a, rv))
		return rv;
	return iso_select(a, a->driver->aid, NULL);
}

/* What the card gives for ECDSA is r and s; no card is known to give DER, but
 * one that turns around a Java Card's answer may. */
static CK_RV
openpgp_signature(const struct pubkey *key, struct cursor answer,
		  struct builder *out)
{
	const uint8_t der = DER_SEQUENCE;

	if (key->type == CKK_EC && answer.left != pubkey_size(key) &&
	    cursor_begins(answer, &der, 1))
		return ecdsa_split(answer, key->curve->field, out);
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
	builder_u8(&data, PADDING_INDICATOR);
	builder_append(&data, job->input);
	if (builder_ok(&data)) {
		command.data = builder_read(&data);
		rv = applet_exchange(a, &command, answer);
	}
	builder_free(&data);
	return rv;
}

static CK_RV
openpgp_compute(struct card_applet *a, const struct card_job *job,
		struct builder *out)
{
	struct builder answer;
	CK_RV rv;

	if (job->primitive == CARD_RSA_DECRYPT)
		return openpgp_decipher(a, job, out);
	answer = builder_heap(APDU_ANSWER_MAX);
	rv = openpgp_sign(a, job, &answer);
	if (rv == CKR_OK)
		rv = openpgp_signature(job->key->public_key,
				       builder_read(&answer), out);
	builder_free(&answer);
	return rv;
}

const struct card_driver openpgp_driver = {
	.name = "openpgp",
	.aid = OPENPGP_BYTES(0xD2, 0x76, 0x00, 0x01, 0x24, 0x01),
	.marks = openpgp_marks,
	.proofs = openpgp_proofs,
	.pin_wanted = openpgp_pin_wanted,
	.wrong_applet = openpgp_wrong_applet,
	.primitives = 1u << CARD_RSA_DIGESTINFO | 1u << CARD_RSA_DECRYPT |
		      1u << CARD_ECDSA,
	.rsa_min = 1024,
	.rsa_max = 4096,
	.ec_min = 256,
	.ec_max = 521,
	.nominate = openpgp_nominate,
	.open = openpgp_open,
	.close = openpgp_close,
	.identify = openpgp_identify,
	.list = openpgp_list,
	.read = openpgp_read,
	.pin_status = openpgp_pin_status,
	.pin_verify = openpgp_pin_verify,
	.pin_forget = openpgp_pin_forget,
	.compute = openpgp_compute,
};
