/* Keys that a PIV card makes, and what may be asked of it. */
#include "log.h"
#include "piv.h"
#include "tlv.h"

enum {
	INS_GENERATE = 0x47,
	TAG_GENERATE = 0xAC,
	TAG_ALGORITHM = 0x80,
	TAG_PIN_POLICY = 0xAA,
	TAG_TOUCH_POLICY = 0xAB,
	TAG_PUBLIC_KEY = 0x7F49,
	TAG_MODULUS = 0x81,
	TAG_EXPONENT = 0x82,
	TAG_POINT = 0x86,
	POLICY_MAX = 3, /* always, cached */
	COMMAND_MAX = 32,
	SW_REFUSED = 0x6982,
	SW_FAULT = 0x6F00,
};

struct pubkey *
piv_made(const struct card_applet *a, uint8_t reference)
{
	const struct piv *piv = a->state;

	return piv->made[reference % PIV_KEYS];
}

void
piv_made_keep(struct card_applet *a, uint8_t reference, struct pubkey *key)
{
	struct piv *piv = a->state;

	pubkey_free(piv->made[reference % PIV_KEYS]);
	piv->made[reference % PIV_KEYS] = key;
}

void
piv_made_forget(struct card_applet *a)
{
	for (unsigned i = 0; i < PIV_KEYS; i++)
		piv_made_keep(a, (uint8_t)i, NULL);
}

uint8_t
piv_new_algorithm(const struct card_new *new)
{
	const struct pubkey kind = { .type = new->key_type,
				     .bits = new->bits,
				     .curve = new->curve };

	return piv_algorithm(&kind);
}

/* A policy of Yubico's, one byte or a CK_ULONG; 0 when the template has none.
 */
static CK_RV
policy_of(const struct card_new *new, CK_ATTRIBUTE_TYPE type, uint8_t *policy)
{
	const CK_ATTRIBUTE *a =
		template_find(new->template.list, new->template.count, type);
	CK_ULONG value = 0;
	struct cursor c;
	CK_RV rv;

	*policy = 0;
	if (a == NULL)
		return CKR_OK;
	c = cursor_of(a->pValue, a->ulValueLen);
	if (c.left == 1) {
		value = cursor_u8(&c);
	} else {
		rv = template_ulong(a, 1, type, 0, &value);
		if (rv != CKR_OK)
			return rv;
	}
	if (value > POLICY_MAX)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	*policy = (uint8_t)value;
	return CKR_OK;
}

/* CKA_ALWAYS_AUTHENTICATE asks for the PIN each time, which a place may want
 * anyway. */
static CK_RV
pin_policy_of(const struct card_new *new, const struct piv_slot *slot,
	      uint8_t *policy)
{
	const struct template *t = &new->template;
	bool each;
	CK_RV rv;

	if ((rv = policy_of(new, PIV_PIN_POLICY, policy)) ||
	    (rv = template_bool(t->list, t->count, CKA_ALWAYS_AUTHENTICATE,
				false, &each)) ||
	    !each || (*policy == PIV_POLICY_DEFAULT && slot != NULL &&
		      slot->pin_each_time))
		return rv;
	if (*policy != PIV_POLICY_DEFAULT && *policy != PIV_PIN_ALWAYS)
		return CKR_TEMPLATE_INCONSISTENT;
	*policy = PIV_PIN_ALWAYS;
	return CKR_OK;
}

CK_RV
piv_policies_put(const struct card_new *new, const struct piv_slot *slot,
		 struct builder *out)
{
	uint8_t pin, touch;
	CK_RV rv;

	if ((rv = pin_policy_of(new, slot, &pin)) ||
	    (rv = policy_of(new, PIV_TOUCH_POLICY, &touch)))
		return rv;
	if (pin != 0)
		tlv_put(out, TAG_PIN_POLICY, cursor_of(&pin, 1));
	if (touch != 0)
		tlv_put(out, TAG_TOUCH_POLICY, cursor_of(&touch, 1));
	return CKR_OK;
}

/* What this card cannot have is refused before it hears of it. */
static CK_RV
kind_check(struct card_applet *a, const struct card_new *new)
{
	const bool rsa = new->key_type == CKK_RSA;
	const struct card_abilities *can;
	struct piv_version version;
	CK_RV rv = piv_version(a, &version);

	if (rv != CKR_OK)
		return rv;
	can = piv_abilities(a, &version);
	if (rsa && new->bits > can->rsa_max)
		return CKR_KEY_SIZE_RANGE;
	if (!rsa && new->bits > can->ec_max)
		return CKR_CURVE_NOT_SUPPORTED;
	if (card_generates(can, new->key_type))
		return CKR_OK;
	if (!rsa)
		return CKR_CURVE_NOT_SUPPORTED;
	if (new->key != NULL)
		return CKR_OK;
	log_line(LOG_ERROR, "PIV: this YubiKey makes weak RSA keys");
	return CKR_FUNCTION_NOT_SUPPORTED;
}

/* The exponent that all such cards use, or none said. */
CK_RV
piv_key_check(struct card_applet *a, const struct card_new *new)
{
	static const uint8_t f4[] = { 1, 0, 1 };
	uint8_t bytes[COMMAND_MAX];
	struct builder policies = builder_over(bytes, sizeof(bytes));
	CK_RV rv;

	if (piv_new_algorithm(new) == 0)
		return new->key_type == CKK_RSA ? CKR_KEY_SIZE_RANGE
						: CKR_CURVE_NOT_SUPPORTED;
	if (new->exponent.left > 0 && !cursor_is(new->exponent, f4, sizeof(f4)))
		return CKR_ATTRIBUTE_VALUE_INVALID;
	rv = piv_policies_put(new, NULL, &policies);
	return rv == CKR_OK ? kind_check(a, new) : rv;
}

/* What GENERATE asks for (SP 800-73-4 part 2, 3.3.2; the policies are
 * Yubico's). */
static CK_RV
generate_template(const struct card_new *new, const struct piv_slot *slot,
		  struct builder *data)
{
	uint8_t bytes[COMMAND_MAX], algorithm = piv_new_algorithm(new);
	struct builder inner = builder_over(bytes, sizeof(bytes));
	CK_RV rv;

	tlv_put(&inner, TAG_ALGORITHM, cursor_of(&algorithm, 1));
	rv = piv_policies_put(new, slot, &inner);
	if (rv != CKR_OK)
		return rv;
	tlv_put(data, TAG_GENERATE, builder_read(&inner));
	return builder_ok(data) ? CKR_OK : CKR_FUNCTION_FAILED;
}

static CK_RV
public_key_parse(const struct card_new *new, struct cursor answer,
		 struct pubkey **key)
{
	struct cursor body, modulus, exponent, point;
	CK_RV rv = CKR_DEVICE_ERROR;

	if (!tlv_find(answer, TAG_PUBLIC_KEY, &body))
		return rv;
	if (new->key_type != CKK_RSA && tlv_find(body, TAG_POINT, &point))
		rv = pubkey_from_ec(new->curve, point, key);
	else if (new->key_type == CKK_RSA &&
		 tlv_find(body, TAG_MODULUS, &modulus) &&
		 tlv_find(body, TAG_EXPONENT, &exponent))
		rv = pubkey_from_rsa(modulus, exponent, key);
	return rv == CKR_OK || rv == CKR_HOST_MEMORY ? rv : CKR_DEVICE_ERROR;
}

/* A card may not know the command; or it is not PIV that answers. */
static CK_RV
command_unknown(struct card_applet *a, CK_RV cannot)
{
	CK_RV rv;

	a->proven = false;
	rv = applet_prove(a);
	if (rv != CKR_OK)
		return rv;
	return a->proven ? cannot : CKR_DEVICE_ERROR;
}

CK_RV
piv_key_refused(struct card_applet *a, CK_RV rv, CK_RV cannot)
{
	static const uint16_t unknown[] = { 0x6D00, 0x6E00, 0 };
	const uint16_t sw = a->sw;

	if (rv == CKR_OK || applet_mute(a, rv) ||
	    rv == CKR_USER_NOT_LOGGED_IN || rv == CKR_DEVICE_MEMORY)
		return rv;
	if (sw == SW_FAULT)
		return CKR_DEVICE_ERROR;
	log_line(LOG_ERROR, "PIV: the card has no such key, %04X",
		 (unsigned)sw);
	return sw_listed(unknown, sw) ? command_unknown(a, cannot) : cannot;
}

static CK_RV
generate_send(struct card_applet *a, const struct card_new *new,
	      const struct piv_slot *slot, struct builder *answer)
{
	uint8_t bytes[COMMAND_MAX];
	struct builder data = builder_over(bytes, sizeof(bytes));
	struct apdu command = { .ins = INS_GENERATE,
				.p2 = slot->reference,
				.le = new->key_type == CKK_RSA
					      ? APDU_ANSWER_MAX
					      : APDU_SHORT_ANSWER };
	const CK_RV cannot = new->key_type == CKK_RSA ? CKR_KEY_SIZE_RANGE
						      : CKR_CURVE_NOT_SUPPORTED;
	struct piv *piv = a->state;
	CK_RV rv = generate_template(new, slot, &data);

	command.data = builder_read(&data);
	if (rv == CKR_OK)
		rv = piv_key_refused(a, applet_exchange(a, &command, answer),
				     cannot);
	if (a->sw == SW_REFUSED)
		piv->admin = false;
	return rv;
}

/* There is a new key, also when its answer tells nothing of it. The certificate
 * of the key that was there is no longer right: it would give others a public
 * key that is not this one's. */
static CK_RV
generate_settle(struct card_applet *a, const struct card_new *new,
		const struct piv_slot *slot, struct builder *answer)
{
	struct pubkey *key = NULL;
	CK_RV rv = piv_get_rest(a, answer), removed;

	if (rv != CKR_OK)
		return rv;
	rv = public_key_parse(new, builder_read(answer), &key);
	piv_made_keep(a, slot->reference, key);
	piv_retired_show(a, slot->reference);
	removed = piv_certificate_remove(a, slot);
	return rv != CKR_OK ? rv : removed;
}

CK_RV
piv_generate(struct card_applet *a, const struct card_new *new, uint64_t id)
{
	const struct piv_slot *slot = piv_slot_find(piv_reference(id));
	struct builder answer = builder_heap(APDU_ANSWER_MAX);
	CK_RV rv;

	if (slot == NULL)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	rv = piv_admin_need(a);
	if (rv == CKR_OK)
		rv = generate_send(a, new, slot, &answer);
	if (rv == CKR_OK)
		rv = generate_settle(a, new, slot, &answer);
	builder_free(&answer);
	return rv;
}
