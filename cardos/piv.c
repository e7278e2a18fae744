/* The PIV driver: SELECT, GET DATA, VERIFY, GENERAL AUTHENTICATE. */
#include "piv.h"

#include <string.h>

#include "mem.h"
#include "tlv.h"

enum {
	INS_GENERAL_AUTHENTICATE = 0x87,
	INS_GET_RESPONSE = 0xC0,
	INS_GET_DATA = 0xCB,
	GET_DATA_P1 = 0x3F,
	GET_DATA_P2 = 0xFF,
	TAG_LIST = 0x5C,
	TAG_PIN_POLICY = 0x5F2F,
	TAG_EXPONENTIATION = 0x85,
	POLICY_GLOBAL_PIN = 0x20,
	POLICY_GLOBAL_FIRST = 0x20,
	PIN_APPLICATION = 0x80,
	PIN_GLOBAL = 0x00,
	PIN_MIN = 6,
	PIN_OLD_MIN = 4, /* some applets take four digits */
	KEY_TEXT_MIN = 16, /* the shortest management key as it is, */
	KEY_TEXT_MAX = 64, /* and the longest in hexadecimal */
	SW_OK = 0x9000,
	SW_WRONG_DATA = 0x6A80,
	SW_WRONG_REFERENCE = 0x6A86,
	SW_PIN_WANTED = 0x6982,
	RSA_USUAL = 2048,
	RSA_LONG = 3072,
	OLD_RSA_LONG = 0xE0,
	OLD_RSA_LONGEST = 0xE1,
	TEMPLATE_MAX = APDU_COMMAND_MAX,
	PIECES_MAX = 256,
};

/* The RID of NIST, and the PIX that some cards tell alone. */
static const struct cursor piv_marks[] = {
	PIV_BYTES(0xA0, 0x00, 0x00, 0x03, 0x08),
	PIV_BYTES(0x00, 0x00, 0x10, 0x00),
	{ 0 },
};

/* The discovery object comes first; a card without one has a CHUID. */
static const struct card_proof piv_proofs[] = {
	{
		.command = { .ins = INS_GET_DATA,
			     .p1 = GET_DATA_P1,
			     .p2 = GET_DATA_P2,
			     .data = PIV_BYTES(TAG_LIST, 0x01, PIV_DISCOVERY),
			     .le = APDU_SHORT_ANSWER },
		.begins = PIV_BYTES(PIV_DISCOVERY),
	},
	{
		.command = { .ins = INS_GET_DATA,
			     .p1 = GET_DATA_P1,
			     .p2 = GET_DATA_P2,
			     .data = PIV_BYTES(TAG_LIST, 0x03, 0x5F, 0xC1,
					       0x02),
			     .le = APDU_SHORT_ANSWER },
		.begins = PIV_BYTES(PIV_CONTENT),
	},
	{ .begins.left = 0 },
};

static const uint16_t piv_pin_wanted[] = { 0x6982, 0 };

/* What other applets answer to GENERAL AUTHENTICATE or to VERIFY of 80; a dual
 * CAC says 6A86. Some of it is PIV's own as well: the proof tells. */
static const uint16_t piv_wrong_applet[] = {
	0x6D00, 0x6E00, 0x6881, 0x6884, 0x6A81,
	0x6A82, 0x6A86, 0x6A88, 0x6B00, 0,
};

static const struct cursor piv_discovery = PIV_BYTES(PIV_DISCOVERY);

/* Which PIN is the user's (SP 800-73-4 part 1, 3.3.2); 80 is the default. */
static uint8_t
piv_pin_reference(struct cursor discovery)
{
	struct cursor policy;
	uint8_t pins, first;

	if (!tlv_find(discovery, TAG_PIN_POLICY, &policy))
		return PIN_APPLICATION;
	pins = cursor_u8(&policy);
	first = cursor_u8(&policy);
	if ((pins & POLICY_GLOBAL_PIN) != 0 && first == POLICY_GLOBAL_FIRST)
		return PIN_GLOBAL;
	return PIN_APPLICATION;
}

static void
piv_discovered(struct card_applet *a, struct cursor discovery)
{
	struct piv *piv = a->state;

	a->pins[0].reference = piv_pin_reference(discovery);
	piv->discovered = true;
}

/* What proved the applet may have been something else. A card that is proven by
 * its CHUID has no discovery object. */
CK_RV
piv_discover(struct card_applet *a)
{
	const struct piv *piv = a->state;
	struct builder answer = builder_heap(APDU_ANSWER_MAX);
	struct cursor content;
	CK_RV rv = CKR_OK;

	if (piv->discovered || a->proof == &piv_proofs[1])
		return CKR_OK;
	rv = piv_get_data(a, piv_discovery, APDU_SHORT_ANSWER, &answer,
			  &content);
	if (!applet_mute(a, rv)) {
		piv_discovered(a, rv == CKR_OK ? content : cursor_of(NULL, 0));
		rv = CKR_OK;
	}
	builder_free(&answer);
	return rv;
}

static CK_RV
piv_open(struct card_applet *a, struct cursor answer)
{
	const struct transport_info *info;

	if (a->state != NULL) {
		if (tlv_enter(&answer, PIV_DISCOVERY))
			piv_discovered(a, cursor_rest(&answer));
		return CKR_OK;
	}
	a->state = mem_new(sizeof(struct piv));
	if (a->state == NULL)
		return CKR_HOST_MEMORY;
	a->pin_count = 1;
	a->pins[0] = (struct card_pin){
		.label = "PIN",
		.reference = PIN_APPLICATION,
		.min = PIN_MIN,
		.max = PIV_PIN_BLOCK,
		.old_min = PIN_OLD_MIN,
	};
	if (tlv_enter(&answer, PIV_DISCOVERY))
		piv_discovered(a, cursor_rest(&answer));
	a->pins[CARD_PIN_SO] = (struct card_pin){
		.label = "management key",
		.reference = PIV_KEY_ADMIN,
		.min = KEY_TEXT_MIN,
		.max = KEY_TEXT_MAX,
		.old_min = KEY_TEXT_MIN,
	};
	info = a->transport->ops->info(a->transport);
	a->extended = piv_extended(cursor_of(info->atr, info->atr_size));
	return CKR_OK;
}

static void
piv_close(struct card_applet *a)
{
	if (a->state == NULL)
		return;
	piv_made_forget(a);
	mem_free(a->state, sizeof(struct piv));
	a->state = NULL;
}

bool
piv_whole(const struct builder *answer)
{
	struct cursor c = builder_read(answer);
	struct tlv next;

	return tlv_next(&c, &next);
}

/* The length of the data object shows that more is waiting. */
CK_RV
piv_get_rest(struct card_applet *a, struct builder *answer)
{
	const struct apdu command = { .ins = INS_GET_RESPONSE,
				      .le = APDU_SHORT_ANSWER };
	size_t before;
	CK_RV rv;

	for (unsigned piece = 0; piece < PIECES_MAX; piece++) {
		before = answer->used;
		if (before == 0 || before % APDU_SHORT_ANSWER != 0 ||
		    piv_whole(answer))
			break;
		rv = applet_exchange(a, &command, answer);
		if (applet_mute(a, rv))
			return rv;
		if (rv != CKR_OK || answer->used == before)
			break;
	}
	a->sw = SW_OK;
	return CKR_OK;
}

/* What goes by a short tag comes without another around it (SP 800-73-4 part
 * 2, 3.1.2). */
static uint32_t
content_tag(struct cursor tag)
{
	switch (tag.left) {
	case 1:
		return cursor_u8(&tag);
	case 2:
		return cursor_u16(&tag);
	default:
		return PIV_CONTENT;
	}
}

CK_RV
piv_get_data(struct card_applet *a, struct cursor tag, size_t le,
	     struct builder *answer, struct cursor *content)
{
	uint8_t bytes[8];
	struct builder data = builder_over(bytes, sizeof(bytes));
	struct apdu command = {
		.ins = INS_GET_DATA,
		.p1 = GET_DATA_P1,
		.p2 = GET_DATA_P2,
		.le = le,
	};
	struct cursor c;
	CK_RV rv;

	tlv_put(&data, TAG_LIST, tag);
	command.data = builder_read(&data);
	rv = applet_exchange(a, &command, answer);
	if (rv == CKR_OK && le > APDU_SHORT_ANSWER)
		rv = piv_get_rest(a, answer);
	if (a->sw == SW_WRONG_DATA)
		return CKR_OBJECT_HANDLE_INVALID;
	if (rv != CKR_OK)
		return rv;
	c = builder_read(answer);
	if (!tlv_enter(&c, content_tag(tag)))
		return CKR_OBJECT_HANDLE_INVALID;
	a->proven = true;
	*content = cursor_rest(&c);
	return content->left > 0 ? CKR_OK : CKR_OBJECT_HANDLE_INVALID;
}

CK_RV
piv_find_data(struct card_applet *a, struct cursor tag, size_t le,
	      struct builder *answer, struct cursor *content)
{
	bool switched;
	CK_RV rv = piv_get_data(a, tag, le, answer, content), guarded;

	if (rv == CKR_OK || a->proven || applet_mute(a, rv))
		return rv;
	guarded = applet_guard(a, &switched);
	if (guarded != CKR_OK || !switched)
		return guarded != CKR_OK ? guarded : rv;
	builder_reset(answer);
	return piv_get_data(a, tag, le, answer, content);
}

CK_RV
piv_get_more(struct card_applet *a, struct builder *answer)
{
	const struct apdu command = { .ins = INS_GET_RESPONSE,
				      .le = APDU_ANSWER_MAX };
	CK_RV rv = applet_exchange(a, &command, answer);

	return rv == CKR_OK ? piv_get_rest(a, answer) : rv;
}

uint8_t
piv_algorithm(const struct pubkey *key)
{
	static const struct {
		CK_KEY_TYPE type;
		size_t bits;
		const char *curve;
		uint8_t id;
	} kinds[] = {
		{ CKK_RSA, 1024, NULL, 0x06 },
		{ CKK_RSA, 2048, NULL, 0x07 },
		{ CKK_RSA, 3072, NULL, 0x05 },
		{ CKK_RSA, 4096, NULL, 0x16 },
		{ CKK_EC, 256, "prime256v1", 0x11 },
		{ CKK_EC, 384, "secp384r1", 0x14 },
		{ CKK_EC_EDWARDS, 255, "ED25519", 0xE0 },
		{ CKK_EC_MONTGOMERY, 255, "X25519", 0xE1 },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (key->type == kinds[i].type && key->bits == kinds[i].bits &&
		    (kinds[i].curve == NULL ||
		     strcmp(key->curve->name, kinds[i].curve) == 0))
			return kinds[i].id;
	return 0;
}

CK_RV
piv_general_authenticate(struct card_applet *a, struct apdu command,
			 struct cursor template, struct builder *answer)
{
	struct builder outer = builder_heap(TEMPLATE_MAX);
	CK_RV rv = CKR_HOST_MEMORY;

	command.ins = INS_GENERAL_AUTHENTICATE;
	tlv_put(&outer, PIV_TEMPLATE, template);
	if (builder_ok(&outer)) {
		command.data = builder_read(&outer);
		rv = applet_exchange(a, &command, answer);
	}
	if (rv == CKR_OK)
		rv = piv_get_rest(a, answer);
	builder_free(&outer);
	return rv;
}

static uint8_t
job_algorithm(const struct card_applet *a, const struct card_job *job)
{
	const struct pubkey *key = job->key->public_key;
	const struct piv *piv = a->state;

	if (!piv->old_numbers || key->type != CKK_RSA || key->bits <= RSA_USUAL)
		return piv_algorithm(key);
	return key->bits == RSA_LONG ? OLD_RSA_LONG : OLD_RSA_LONGEST;
}

/* An empty response is asked for, then comes the input (SP 800-73-4 part 2,
 * 3.2.4 and appendix A). */
static CK_RV
piv_authenticate(struct card_applet *a, const struct card_job *job,
		 uint32_t tag, struct builder *answer)
{
	struct builder inner = builder_heap(TEMPLATE_MAX);
	const struct pubkey *key = job->key->public_key;
	const struct apdu command = {
		.p1 = job_algorithm(a, job),
		.p2 = piv_reference(job->key->id),
		/* a short answer may come to a short command */
		.le = key->type == CKK_RSA ? APDU_ANSWER_MAX
					   : APDU_SHORT_ANSWER,
	};
	CK_RV rv = CKR_HOST_MEMORY;

	tlv_put(&inner, PIV_RESPONSE, cursor_of(NULL, 0));
	tlv_put(&inner, tag, job->input);
	if (builder_ok(&inner))
		rv = piv_general_authenticate(a, command, builder_read(&inner),
					      answer);
	builder_free(&inner);
	return rv;
}

/* A key that is for key establishment only refuses the usual tag. */
static CK_RV
piv_command(struct card_applet *a, const struct card_job *job,
	    struct builder *answer)
{
	struct piv *piv = a->state;
	uint8_t reference = piv_reference(job->key->id);
	bool establishes = job->primitive == CARD_RSA_RAW &&
			   (reference == PIV_KEY_MANAGEMENT ||
			    (reference >= PIV_RETIRED &&
			     reference < PIV_RETIRED_END));
	CK_RV rv;

	if (job->primitive == CARD_ECDH || (establishes && piv->exponentiates))
		return piv_authenticate(a, job, TAG_EXPONENTIATION, answer);
	rv = piv_authenticate(a, job, PIV_CHALLENGE, answer);
	if (!establishes || a->sw != SW_WRONG_DATA)
		return rv;
	builder_reset(answer);
	rv = piv_authenticate(a, job, TAG_EXPONENTIATION, answer);
	piv->exponentiates = rv == CKR_OK;
	return rv;
}

/* RSA as long as the modulus; r and s of ECDSA from their DER; the rest as it
 * is, for the host to check. */
static CK_RV
piv_result(const struct card_job *job, struct cursor answer,
	   struct builder *out)
{
	const struct pubkey *key = job->key->public_key;
	struct cursor body, response;

	if (!tlv_find(answer, PIV_TEMPLATE, &body) ||
	    !tlv_find(body, PIV_RESPONSE, &response))
		return CKR_DEVICE_ERROR;
	if (job->primitive == CARD_ECDSA)
		return ecdsa_split(response, key->curve->field, out);
	if (job->primitive == CARD_RSA_RAW)
		builder_padded(out, response, pubkey_size(key));
	else
		builder_append(out, response);
	return builder_ok(out) ? CKR_OK : CKR_DEVICE_ERROR;
}

/* A card that refuses the number of a long RSA key may have had another; one
 * that wants the PIN then has taken it. */
static CK_RV
piv_command_numbered(struct card_applet *a, const struct card_job *job,
		     struct builder *answer)
{
	const struct pubkey *key = job->key->public_key;
	struct piv *piv = a->state;
	CK_RV rv = piv_command(a, job, answer);

	if (piv->old_numbers || key->type != CKK_RSA ||
	    key->bits <= RSA_USUAL ||
	    (a->sw != SW_WRONG_DATA && a->sw != SW_WRONG_REFERENCE))
		return rv;
	builder_reset(answer);
	piv->old_numbers = true;
	rv = piv_command(a, job, answer);
	piv->old_numbers = rv == CKR_OK || a->sw == SW_PIN_WANTED;
	return rv;
}

static CK_RV
piv_compute(struct card_applet *a, const struct card_job *job,
	    struct builder *out)
{
	struct builder answer = builder_heap(APDU_ANSWER_MAX);
	CK_RV rv = piv_command_numbered(a, job, &answer);

	if (rv == CKR_OK)
		rv = piv_result(job, builder_read(&answer), out);
	builder_free(&answer);
	return rv;
}

static const CK_ATTRIBUTE_TYPE piv_own[] = { PIV_TOUCH_POLICY, PIV_PIN_POLICY,
					     0 };

const struct card_driver piv_driver = {
	.name = "piv",
	.aid = PIV_BYTES(0xA0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00),
	.marks = piv_marks,
	.proofs = piv_proofs,
	.pin_wanted = piv_pin_wanted,
	.wrong_applet = piv_wrong_applet,
	.can = {
		.primitives = 1u << CARD_RSA_RAW | 1u << CARD_ECDSA |
			      1u << CARD_EDDSA | 1u << CARD_ECDH,
		.rsa_min = 1024,
		.rsa_max = 4096,
		.ec_min = 256,
		.ec_max = 384,
		.generates = piv_generates,
	},
	.own = piv_own,
	.nominate = piv_nominate,
	.open = piv_open,
	.close = piv_close,
	.identify = piv_identify,
	.list = piv_list,
	.read = piv_read,
	.attest = piv_attest,
	.pin_status = piv_pin_status,
	.pin_verify = piv_pin_verify,
	.pin_change = piv_pin_change,
	.pin_forget = piv_pin_forget,
	.compute = piv_compute,
	.place = piv_place,
	.write = piv_write,
	.generate = piv_generate,
	.remove = piv_remove,
	.move = piv_move,
	.reset = piv_reset,
};
