/* What is written to a PIV card: keys that it makes, and certificates. */
#include "piv.h"

#include "crypto.h"
#include "log.h"
#include "mem.h"
#include "tlv.h"

enum {
	INS_GENERATE = 0x47,
	INS_PUT_DATA = 0xDB,
	INS_MOVE = 0xF6,
	MOVE_AWAY = 0xFF, /* deletes */
	PUT_DATA_P1 = 0x3F,
	PUT_DATA_P2 = 0xFF,
	TAG_CERTIFICATE = 0x70,
	TAG_CERT_INFO = 0x71,
	TAG_CHECK = 0xFE,
	TAG_GENERATE = 0xAC,
	TAG_ALGORITHM = 0x80,
	TAG_PIN_POLICY = 0xAA,
	TAG_TOUCH_POLICY = 0xAB,
	TAG_PUBLIC_KEY = 0x7F49,
	TAG_MODULUS = 0x81,
	TAG_EXPONENT = 0x82,
	TAG_POINT = 0x86,
	POLICY_MAX = 3, /* always, cached */
	INFO_PLAIN = 0,
	INFO_GZIP = 1,
	OBJECT_MAX = 32768, /* of cards that nothing is known of */
	DATA_MAX = OBJECT_MAX + 32,
	COMMAND_MAX = 32,
	SW_REFUSED = 0x6982,
};

/* CKA_ID to key reference: OpenSC's numbers, which count retired keys in
 * decimal digits, and ykcs11's where they are none of those. */
struct id_range {
	uint8_t first, last, reference;
};

static const struct id_range id_ranges[] = {
	{ 0x01, 0x01, 0x9A }, { 0x02, 0x02, 0x9C }, { 0x03, 0x03, 0x9D },
	{ 0x04, 0x04, 0x9E }, { 0x05, 0x09, 0x82 }, { 0x0A, 0x0F, 0x87 },
	{ 0x10, 0x19, 0x87 }, { 0x20, 0x24, 0x91 },
};

/* One byte that stands for a key; 0: none does. */
static uint8_t
id_reference(struct cursor cka_id)
{
	uint8_t id = cka_id.left == 1 ? cursor_u8(&cka_id) : 0;

	for (size_t i = 0; i < sizeof(id_ranges) / sizeof(id_ranges[0]); i++) {
		const struct id_range *r = &id_ranges[i];

		if (id >= r->first && id <= r->last)
			return (uint8_t)(r->reference + (id - r->first));
	}
	return 0;
}

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

CK_RV
piv_put_data(struct card_applet *a, struct cursor tag, struct cursor content)
{
	struct builder data = builder_heap(DATA_MAX);
	struct apdu command = { .ins = INS_PUT_DATA,
				.p1 = PUT_DATA_P1,
				.p2 = PUT_DATA_P2 };
	struct piv *piv = a->state;
	CK_RV rv = CKR_DEVICE_MEMORY;

	a->sw = 0;
	tlv_put(&data, PIV_TAG_LIST, tag);
	tlv_put(&data, PIV_CONTENT, content);
	command.data = builder_read(&data);
	if (builder_ok(&data))
		rv = applet_exchange(a, &command, NULL);
	if (a->sw == SW_REFUSED)
		piv->admin = false;
	builder_free(&data);
	return rv;
}

/* How much an object holds, by a text in the historical bytes; the longer of
 * two that begin alike first. */
struct object_limit {
	const char *text;
	size_t max;
};

static const struct object_limit object_limits[] = {
	{ "YubikeyNEO", 2025 },
	{ "Yubikey", 3049 },
	{ "YubiKey", 3049 },
};

static size_t
object_max(const struct card_applet *a)
{
	const struct transport_info *info =
		a->transport->ops->info(a->transport);
	struct cursor text =
		iso_historical(cursor_of(info->atr, info->atr_size));

	for (size_t i = 0;
	     i < sizeof(object_limits) / sizeof(object_limits[0]); i++)
		if (iso_contains_text(text, object_limits[i].text))
			return object_limits[i].max;
	return OBJECT_MAX;
}

/* The container of a certificate (SP 800-73-4 part 1, appendix A). */
static CK_RV
container_put(struct cursor der, uint8_t info, struct builder *content)
{
	tlv_put(content, TAG_CERTIFICATE, der);
	tlv_put(content, TAG_CERT_INFO, cursor_of(&info, 1));
	tlv_put(content, TAG_CHECK, cursor_of(NULL, 0));
	return builder_ok(content) ? CKR_OK : CKR_DEVICE_MEMORY;
}

/* One that is too large for the card is compressed, as the standard has it. */
static CK_RV
container_make(struct cursor der, struct builder *content)
{
	struct builder packed = builder_heap(CERTIFICATE_MAX);
	CK_RV rv = container_put(der, INFO_PLAIN, content);

	if (rv == CKR_OK) {
		builder_free(&packed);
		return rv;
	}
	builder_reset(content);
	rv = deflate_bytes(der, &packed);
	if (rv == CKR_OK)
		rv = container_put(builder_read(&packed), INFO_GZIP, content);
	builder_free(&packed);
	return rv;
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

CK_RV
piv_policies_put(const struct card_new *new, struct builder *out)
{
	uint8_t pin, touch;
	CK_RV rv;

	if ((rv = policy_of(new, PIV_PIN_POLICY, &pin)) ||
	    (rv = policy_of(new, PIV_TOUCH_POLICY, &touch)))
		return rv;
	if (pin != 0)
		tlv_put(out, TAG_PIN_POLICY, cursor_of(&pin, 1));
	if (touch != 0)
		tlv_put(out, TAG_TOUCH_POLICY, cursor_of(&touch, 1));
	return CKR_OK;
}

/* Is it a firmware that has Ed25519, X25519, and the command to move keys? On
 * other cards their numbers may mean other things. */
static CK_RV
piv_is_new(struct card_applet *a, bool *is_new)
{
	struct piv_version version = { 0 };
	CK_RV rv;

	*is_new = false;
	if (!piv_versioned(a))
		return CKR_OK;
	rv = piv_version(a, &version);
	*is_new = rv == CKR_OK && piv_version_least(&version, 5, 7);
	return rv;
}

/* The RSA keys that these YubiKeys make can be factored (CVE-2017-15361). */
static bool
version_is_weak(const struct piv_version *version)
{
	return version->major == 4 &&
	       (version->minor == 2 ||
		(version->minor == 3 && version->patch < 5));
}

static CK_RV
place_kind(struct card_applet *a, const struct card_new *new)
{
	struct piv_version version = { 0 };
	bool is_new;
	CK_RV rv;

	if (new->key_type == CKK_EC)
		return CKR_OK;
	if (new->key_type != CKK_RSA) {
		rv = piv_is_new(a, &is_new);
		return rv != CKR_OK || is_new ? rv : CKR_CURVE_NOT_SUPPORTED;
	}
	if (new->key != NULL || !piv_versioned(a))
		return CKR_OK;
	rv = piv_version(a, &version);
	if (rv != CKR_OK || !version_is_weak(&version))
		return rv;
	log_line(LOG_ERROR, "PIV: this YubiKey makes weak RSA keys");
	return CKR_FUNCTION_NOT_SUPPORTED;
}

/* The exponent that all such cards use, or none said. */
static CK_RV
place_key(struct card_applet *a, const struct card_new *new)
{
	static const uint8_t f4[] = { 1, 0, 1 };
	uint8_t bytes[COMMAND_MAX];
	struct builder policies = builder_over(bytes, sizeof(bytes));
	CK_RV rv;

	if (piv_new_algorithm(new) == 0)
		return new->key_type == CKK_RSA ? CKR_KEY_SIZE_RANGE
						: CKR_CURVE_NOT_SUPPORTED;
	if (new->key_type == CKK_RSA && new->exponent.left > 0 &&
	    !cursor_is(new->exponent, f4, sizeof(f4)))
		return CKR_ATTRIBUTE_VALUE_INVALID;
	rv = piv_policies_put(new, &policies);
	return rv == CKR_OK ? place_kind(a, new) : rv;
}

static CK_RV
place_certificate(const struct card_applet *a, const struct card_new *new)
{
	struct builder content = builder_heap(object_max(a));
	CK_RV rv = container_make(new->certificate.der, &content);

	builder_free(&content);
	return rv;
}

CK_RV
piv_place(struct card_applet *a, const struct card_new *new, uint64_t *id)
{
	uint8_t reference = id_reference(new->cka_id);
	struct cursor object;
	CK_RV rv;

	if (new->class == CKO_DATA)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	rv = new->class == CKO_CERTIFICATE ? place_certificate(a, new)
					   : place_key(a, new);
	if (rv != CKR_OK)
		return rv;
	if (new->cka_id.left != 1)
		rv = piv_place_find(a, new, &reference);
	if (rv != CKR_OK)
		return rv;
	if (!piv_slot_id(reference, new->class, id, &object))
		return CKR_ATTRIBUTE_VALUE_INVALID;
	return CKR_OK;
}

static CK_RV
write_certificate(struct card_applet *a, const struct card_new *new,
		  struct cursor object)
{
	struct builder content = builder_heap(object_max(a));
	CK_RV rv = container_make(new->certificate.der, &content);

	if (rv == CKR_OK)
		rv = piv_put_data(a, object, builder_read(&content));
	builder_free(&content);
	return rv;
}

CK_RV
piv_write(struct card_applet *a, const struct card_new *new, uint64_t id)
{
	struct cursor object;
	CK_RV rv;

	if (!piv_slot_id(piv_reference(id), new->class, &id, &object))
		return CKR_ATTRIBUTE_VALUE_INVALID;
	rv = piv_admin_need(a);
	if (rv == CKR_OK && new->class == CKO_PRIVATE_KEY)
		rv = piv_import(a, new, piv_reference(id));
	else if (rv == CKR_OK)
		rv = write_certificate(a, new, object);
	if (rv == CKR_OK)
		piv_retired_show(a, piv_reference(id));
	return rv;
}

/* What GENERATE asks for (SP 800-73-4 part 2, 3.3.2; the policies are
 * Yubico's). */
static CK_RV
generate_template(const struct card_new *new, struct builder *data)
{
	uint8_t bytes[COMMAND_MAX], algorithm = piv_new_algorithm(new);
	struct builder inner = builder_over(bytes, sizeof(bytes));
	CK_RV rv;

	tlv_put(&inner, TAG_ALGORITHM, cursor_of(&algorithm, 1));
	rv = piv_policies_put(new, &inner);
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

CK_RV
piv_key_refused(const struct card_applet *a, CK_RV rv, CK_RV cannot)
{
	static const uint16_t faults[] = { 0x6D00, 0x6E00, 0x6F00, 0 };

	if (rv == CKR_OK || applet_mute(a, rv) ||
	    rv == CKR_USER_NOT_LOGGED_IN || rv == CKR_DEVICE_MEMORY)
		return rv;
	if (sw_listed(faults, a->sw))
		return CKR_DEVICE_ERROR;
	log_line(LOG_ERROR, "PIV: the card has no such key, %04X",
		 (unsigned)a->sw);
	return cannot;
}

static CK_RV
generate_send(struct card_applet *a, const struct card_new *new,
	      uint8_t reference, struct pubkey **key)
{
	uint8_t bytes[COMMAND_MAX];
	struct builder data = builder_over(bytes, sizeof(bytes));
	struct builder answer = builder_heap(APDU_ANSWER_MAX);
	struct apdu command = { .ins = INS_GENERATE,
				.p2 = reference,
				.le = new->key_type == CKK_RSA
					      ? APDU_ANSWER_MAX
					      : APDU_SHORT_ANSWER };
	const CK_RV cannot = new->key_type == CKK_RSA ? CKR_KEY_SIZE_RANGE
						      : CKR_CURVE_NOT_SUPPORTED;
	struct piv *piv = a->state;
	CK_RV rv = generate_template(new, &data);

	command.data = builder_read(&data);
	if (rv == CKR_OK)
		rv = piv_key_refused(
			a, applet_exchange(a, &command, &answer), cannot);
	if (a->sw == SW_REFUSED)
		piv->admin = false;
	if (rv == CKR_OK)
		rv = public_key_parse(new, builder_read(&answer), key);
	builder_free(&answer);
	return rv;
}

/* The certificate of the key that was there is no longer right: it would give
 * others a public key that is not this one's. */
CK_RV
piv_generate(struct card_applet *a, const struct card_new *new, uint64_t id)
{
	uint8_t reference = piv_reference(id);
	struct pubkey *key = NULL;
	struct cursor object;
	CK_RV rv;

	if (!piv_slot_id(reference, CKO_PRIVATE_KEY, &id, &object))
		return CKR_ATTRIBUTE_VALUE_INVALID;
	rv = piv_admin_need(a);
	if (rv == CKR_OK)
		rv = generate_send(a, new, reference, &key);
	if (rv != CKR_OK)
		return rv;
	piv_made_keep(a, reference, key);
	piv_retired_show(a, reference);
	rv = piv_put_data(a, object, cursor_of(NULL, 0));
	if (rv == CKR_OK || applet_mute(a, rv))
		return rv;
	log_line(LOG_ERROR, "PIV %02X: the old certificate stays", reference);
	return CKR_OK;
}

/* To another place, or away. Firmware before 5.7 can do neither. */
static CK_RV
key_move(struct card_applet *a, uint8_t from, uint8_t to, CK_RV cannot)
{
	const struct apdu command = { .ins = INS_MOVE, .p1 = to, .p2 = from };
	struct piv *piv = a->state;
	bool is_new;
	CK_RV rv = piv_is_new(a, &is_new);

	if (rv == CKR_OK && !is_new)
		rv = cannot;
	if (rv == CKR_OK)
		rv = piv_admin_need(a);
	if (rv != CKR_OK)
		return rv;
	rv = applet_exchange(a, &command, NULL);
	if (a->sw == SW_REFUSED)
		piv->admin = false;
	if (rv == CKR_OK)
		piv_made_keep(a, from, NULL);
	return rv;
}

/* A public key goes with its private one. */
CK_RV
piv_remove(struct card_applet *a, const struct card_object *object)
{
	CK_OBJECT_CLASS class =
		attrs_ulong(&object->attrs, CKA_CLASS, CKO_DATA);
	uint8_t reference = piv_reference(object->id);
	struct cursor container;
	uint64_t id;
	CK_RV rv;

	if (class == CKO_DATA || class == CKO_PUBLIC_KEY ||
	    !piv_slot_id(reference, class, &id, &container))
		return CKR_ACTION_PROHIBITED;
	if (class == CKO_PRIVATE_KEY)
		return key_move(a, reference, MOVE_AWAY,
				CKR_ACTION_PROHIBITED);
	rv = piv_admin_need(a);
	if (rv != CKR_OK)
		return rv;
	return piv_put_data(a, container, cursor_of(NULL, 0));
}

/* A longer CKA_ID, a hash as some programs make them of a key, is no place: it
 * is taken and not kept. A key is never moved over another. */
CK_RV
piv_move(struct card_applet *a, const struct card_object *object,
	 struct cursor cka_id, uint64_t *id)
{
	CK_OBJECT_CLASS class =
		attrs_ulong(&object->attrs, CKA_CLASS, CKO_DATA);
	uint8_t from = piv_reference(object->id), to = id_reference(cka_id);
	struct card_object place = { 0 }, *found = NULL;
	struct cursor container;
	CK_RV rv;

	if (cka_id.left > 1 || to == from)
		return CKR_OK;
	if (!piv_slot_id(to, class, &place.id, &container))
		return CKR_ATTRIBUTE_VALUE_INVALID;
	if (class != CKO_PRIVATE_KEY)
		return CKR_ATTRIBUTE_READ_ONLY;
	rv = piv_read(a, &place, &found);
	card_objects_free(found);
	if (applet_mute(a, rv))
		return rv;
	if (rv == CKR_OK)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	rv = key_move(a, from, to, CKR_ATTRIBUTE_READ_ONLY);
	if (rv != CKR_OK)
		return rv;
	/* a retired key without a certificate is not looked for */
	piv_made_keep(a, to, pubkey_ref(object->key.public_key));
	piv_retired_show(a, to);
	*id = place.id;
	return CKR_OK;
}
