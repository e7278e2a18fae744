/* What changes an OpenPGP card: keys made and brought in, certificates and
 * private data objects written, the reset. */
#include "openpgp.h"

#include <time.h>

#include "log.h"

enum {
	INS_ACTIVATE = 0x44,
	INS_PUT_DATA_LIST = 0xDB,
	INS_TERMINATE = 0xE6,
	TAG_ATTRIBUTES = 0xC1, /* and C2, C3 */
	TAG_FINGERPRINT = 0xC7,
	TAG_TIME = 0xCE,
	ATTRIBUTES_MAX = 32,
	FINGERPRINT_SIZE = 20,
	IMPORT_MAX = 8192,
	RSA_MIN = 2048,
	RSA_MAX = 4096,
	RSA_STEP = 1024,
	SW_WRONG_DATA = 0x6A80,
	SW_FAILED = 0x6F00,
};

static const uint8_t exponent_f4[] = { 0x01, 0x00, 0x01 };

/* The only kinds of use that choose a place. */
struct openpgp_purpose {
	bool sign, decipher;
};

static CK_RV
purpose_of(struct template t, struct openpgp_purpose *purpose)
{
	static const struct {
		CK_ATTRIBUTE_TYPE type;
		bool decipher;
	} uses[] = {
		{ CKA_SIGN, false },
		{ CKA_DECRYPT, true },
		{ CKA_DERIVE, true },
		{ CKA_UNWRAP, true },
	};
	bool set;
	CK_RV rv = CKR_OK;

	*purpose = (struct openpgp_purpose){ 0 };
	for (size_t i = 0; i < 4 && rv == CKR_OK; i++) {
		rv = template_bool(t.list, t.count, uses[i].type, false, &set);
		if (uses[i].decipher)
			purpose->decipher = purpose->decipher || set;
		else
			purpose->sign = purpose->sign || set;
	}
	return rv;
}

/* CKA_ID as the objects here have it. */
static CK_RV
place_named(struct cursor cka_id, enum openpgp_use *use)
{
	uint8_t number = cursor_u8(&cka_id);

	if (!cursor_end(&cka_id) || number < 1 || number > OPENPGP_KEYS) {
		log_line(LOG_INFO, "OpenPGP: CKA_ID is 01, 02 or 03");
		return CKR_ATTRIBUTE_VALUE_INVALID;
	}
	*use = (enum openpgp_use)(number - 1);
	return CKR_OK;
}

/* Without CKA_ID what the key is for chooses, and no key is replaced. */
static CK_RV
place_chosen(const struct openpgp *o, const struct openpgp_purpose *purpose,
	     enum openpgp_use *use)
{
	enum openpgp_use chosen =
		purpose->sign ? OPENPGP_SIGN : OPENPGP_DECIPHER;

	if (purpose->sign == purpose->decipher)
		return CKR_TEMPLATE_INCOMPLETE;
	if (o->facts.keys[chosen].presence != OPENPGP_ABSENT) {
		log_line(LOG_INFO, "OpenPGP: to replace the key that may be "
				   "there, give its CKA_ID");
		return CKR_TEMPLATE_INCOMPLETE;
	}
	*use = chosen;
	return CKR_OK;
}

static CK_RV
key_place(const struct openpgp *o, const struct card_new *new,
	  enum openpgp_use *use)
{
	struct openpgp_purpose purpose;
	CK_RV rv = purpose_of(new->template, &purpose);

	if (rv != CKR_OK)
		return rv;
	if (new->cka_id.left == 0)
		return place_chosen(o, &purpose, use);
	rv = place_named(new->cka_id, use);
	if (rv != CKR_OK)
		return rv;
	/* more uses than a place has are no harm, none of its own is */
	if (*use == OPENPGP_DECIPHER ? purpose.sign && !purpose.decipher
				     : purpose.decipher && !purpose.sign)
		return CKR_TEMPLATE_INCONSISTENT;
	return CKR_OK;
}

/* Of the exponent cards tell only how long it may be. */
static CK_RV
rsa_check(const struct openpgp_key *wanted, const struct card_new *new)
{
	if (new->bits < RSA_MIN || new->bits > RSA_MAX ||
	    new->bits % RSA_STEP != 0)
		return CKR_KEY_SIZE_RANGE;
	if (new->exponent.left == 0 ||
	    cursor_is(new->exponent, exponent_f4, sizeof(exponent_f4)))
		return CKR_OK;
	if (new->key == NULL ||
	    new->exponent.left > (size_t)wanted->exponent_bits / 8)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	return CKR_OK;
}

static CK_RV
key_check(const struct openpgp *o, const struct card_new *new,
	  enum openpgp_use use)
{
	const struct openpgp_key wanted =
		openpgp_key_wanted(&o->facts, use, new->curve, new->bits);
	CK_RV rv = CKR_OK;

	if (new->key != NULL && !o->facts.imports)
		return CKR_FUNCTION_NOT_SUPPORTED;
	if (new->curve == NULL)
		rv = rsa_check(&wanted, new);
	else if (wanted.algorithm == 0 ||
		 openpgp_curve_oid(new->curve).left == 0)
		rv = CKR_CURVE_NOT_SUPPORTED;
	if (rv != CKR_OK || o->facts.changes ||
	    openpgp_key_same(&wanted, &o->facts.keys[use]))
		return rv;
	log_line(LOG_INFO, "OpenPGP: the card takes one kind of key there");
	return new->curve == NULL ? CKR_KEY_SIZE_RANGE
				  : CKR_CURVE_NOT_SUPPORTED;
}

/* Without CKA_ID a certificate goes to the key that it is for. */
static CK_RV
certificate_place(struct card_applet *a, const struct card_new *new,
		  enum openpgp_use *use)
{
	struct openpgp *o = a->state;
	size_t max = o->facts.certificate_max;
	CK_RV rv;

	if (max > 0 && new->certificate.der.left > max)
		return CKR_DEVICE_MEMORY;
	if (new->cka_id.left > 0)
		rv = place_named(new->cka_id, use);
	else
		rv = openpgp_certificate_match(a, &new->certificate, use);
	if (rv == CKR_OK && o->facts.certificates == 1 &&
	    *use != OPENPGP_AUTHENTICATE) {
		log_line(LOG_INFO, "OpenPGP: the card keeps a certificate of "
				   "the authentication key alone");
		return CKR_ATTRIBUTE_VALUE_INVALID;
	}
	return rv;
}

CK_RV
openpgp_place(struct card_applet *a, const struct card_new *new, uint64_t *id)
{
	const struct openpgp *o = a->state;
	enum openpgp_use use = OPENPGP_SIGN;
	CK_RV rv;

	if (new->class == CKO_DATA)
		return openpgp_data_place(a, new, id);
	if (new->class == CKO_CERTIFICATE)
		rv = certificate_place(a, new, &use);
	else
		rv = key_place(o, new, &use);
	if (rv == CKR_OK && new->class == CKO_PRIVATE_KEY)
		rv = key_check(o, new, use);
	if (rv == CKR_OK)
		*id = openpgp_object_id(use, new->class);
	return rv;
}

/* Only the security officer's PW3 is of use to what follows. */
static CK_RV
officer_wanted(struct card_applet *a)
{
	if (a->by_so)
		return CKR_OK;
	a->sw = 0; /* the card was not asked */
	log_line(LOG_INFO, "OpenPGP: only the security officer (PW3) may");
	return CKR_USER_NOT_LOGGED_IN;
}

/* PUT DATA of C1 to C3: the key that was there is gone then, with its name. */
static CK_RV
attributes_write(struct card_applet *a, enum openpgp_use use,
		 const struct openpgp_key *wanted)
{
	struct openpgp *o = a->state;
	uint8_t bytes[ATTRIBUTES_MAX];
	struct builder b = builder_over(bytes, sizeof(bytes));
	CK_RV rv;

	openpgp_attributes_put(wanted, &b);
	if (!builder_ok(&b))
		return CKR_CURVE_NOT_SUPPORTED;
	rv = openpgp_put_data(a, (uint16_t)(TAG_ATTRIBUTES + use),
			      builder_read(&b));
	if (rv != CKR_OK)
		return rv;
	openpgp_key_seen(o, use, NULL);
	o->facts.keys[use] = *wanted;
	o->facts.keys[use].presence = OPENPGP_ABSENT;
	return CKR_OK;
}

/* Changes what kind of key the place has, when it has to be. A card that takes
 * e of another length says of this one that the data is wrong; of a curve that
 * it has not, SmartPGP says that its conditions are not satisfied, and a Gnuk
 * of every kind of key that it failed. */
static CK_RV
kind_set(struct card_applet *a, enum openpgp_use use,
	 const struct openpgp_key *wanted)
{
	struct openpgp *o = a->state;
	struct openpgp_key other = *wanted;
	CK_RV rv;

	if (openpgp_key_same(wanted, &o->facts.keys[use]))
		return CKR_OK;
	rv = attributes_write(a, use, wanted);
	if (rv != CKR_OK && a->sw == SW_WRONG_DATA &&
	    openpgp_exponent_other(&other))
		rv = attributes_write(a, use, &other);
	if (rv == CKR_DATA_INVALID || rv == CKR_FUNCTION_FAILED ||
	    a->sw == SW_FAILED)
		rv = wanted->curve != NULL ? CKR_CURVE_NOT_SUPPORTED
					   : CKR_KEY_SIZE_RANGE;
	return rv;
}

static uint32_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint32_t)t.tv_sec;
}

/* What GnuPG knows a key by. A card that does not take it has the key all the
 * same. */
static CK_RV
name_write(struct card_applet *a, enum openpgp_use use)
{
	const struct openpgp *o = a->state;
	uint8_t bytes[FINGERPRINT_SIZE], time_bytes[4];
	struct builder name = builder_over(bytes, sizeof(bytes));
	struct builder made = builder_over(time_bytes, sizeof(time_bytes));
	uint32_t time = now();
	CK_RV rv = openpgp_fingerprint(use, o->seen[use].key, time, &name);

	builder_u32(&made, time);
	if (rv == CKR_OK)
		rv = openpgp_put_data(a, (uint16_t)(TAG_FINGERPRINT + use),
				      builder_read(&name));
	if (rv == CKR_OK)
		rv = openpgp_put_data(a, (uint16_t)(TAG_TIME + use),
				      builder_read(&made));
	if (rv != CKR_OK && applet_mute(a, rv))
		return rv;
	if (rv != CKR_OK)
		log_line(LOG_ERROR, "OpenPGP: GnuPG will not know the key, as "
				    "the card keeps no fingerprint of it");
	return CKR_OK;
}

CK_RV
openpgp_generate(struct card_applet *a, const struct card_new *new, uint64_t id)
{
	struct openpgp *o = a->state;
	enum openpgp_use use = openpgp_use_of(id);
	const struct openpgp_key wanted =
		openpgp_key_wanted(&o->facts, use, new->curve, new->bits);
	CK_RV rv = officer_wanted(a);

	if (rv == CKR_OK)
		rv = kind_set(a, use, &wanted);
	if (rv == CKR_OK)
		rv = openpgp_key_generate(a, use);
	return rv != CKR_OK ? rv : name_write(a, use);
}

static CK_RV
list_send(struct card_applet *a, enum openpgp_use use,
	  const struct openpgp_key *as, const struct private_key *key)
{
	struct builder list = builder_heap(IMPORT_MAX);
	struct apdu command = { .ins = INS_PUT_DATA_LIST,
				.p1 = 0x3F,
				.p2 = 0xFF };
	CK_RV rv = openpgp_import_put(use, as, key, &list);

	command.data = builder_read(&list);
	if (rv == CKR_OK)
		rv = applet_exchange(a, &command, NULL);
	builder_free(&list);
	return rv;
}

/* SmartPGP wants the point of every key on a curve, told or not, and says of a
 * key without it that the data is wrong. */
static CK_RV
key_import(struct card_applet *a, enum openpgp_use use,
	   const struct private_key *key)
{
	const struct openpgp *o = a->state;
	struct openpgp_key as = o->facts.keys[use];
	CK_RV rv = list_send(a, use, &as, key);

	if (rv != CKR_DATA_INVALID || !openpgp_point_add(&as))
		return rv;
	return list_send(a, use, &as, key);
}

static CK_RV
key_write(struct card_applet *a, enum openpgp_use use,
	  const struct card_new *new)
{
	struct openpgp *o = a->state;
	const struct openpgp_key wanted =
		openpgp_key_wanted(&o->facts, use, new->curve, new->bits);
	CK_RV rv = kind_set(a, use, &wanted);

	if (rv == CKR_OK)
		rv = key_import(a, use, new->key);
	if (rv != CKR_OK)
		return rv;
	openpgp_key_came(o, use, pubkey_ref(new->key->public_key),
			 OPENPGP_BROUGHT);
	return name_write(a, use);
}

CK_RV
openpgp_write(struct card_applet *a, const struct card_new *new, uint64_t id)
{
	enum openpgp_use use = openpgp_use_of(id);
	CK_RV rv;

	if (new->class == CKO_DATA)
		return openpgp_data_write(a, id, new->value);
	rv = officer_wanted(a);
	if (rv != CKR_OK)
		return rv;
	if (new->class == CKO_CERTIFICATE)
		return openpgp_certificate_write(a, use, new->certificate.der);
	return key_write(a, use, new);
}

bool
openpgp_removes_keys(const struct openpgp *o)
{
	return o->facts.manufacturer == OPENPGP_YUBICO && o->facts.changes;
}

/*
 * A key goes when its place is set to another kind, and back. That is done on
 * a YubiKey alone, whose maker does it so: a Gnuk without its last key puts PW1
 * back to 123456.
 */
static CK_RV
key_remove(struct card_applet *a, enum openpgp_use use)
{
	struct openpgp *o = a->state;
	struct openpgp_key other, before = o->facts.keys[use];
	CK_RV rv;

	if (!openpgp_removes_keys(o))
		return CKR_ACTION_PROHIBITED;
	other = openpgp_key_wanted(&o->facts, use, NULL,
				   before.bits == RSA_MAX ? RSA_MIN : RSA_MAX);
	rv = attributes_write(a, use, &other);
	if (rv == CKR_OK)
		rv = attributes_write(a, use, &before);
	return rv;
}

CK_RV
openpgp_remove(struct card_applet *a, const struct card_object *object)
{
	CK_OBJECT_CLASS class =
		attrs_ulong(&object->attrs, CKA_CLASS, CKO_DATA);
	enum openpgp_use use = openpgp_use_of(object->id);
	CK_RV rv;

	if (class == CKO_DATA)
		return openpgp_data_write(a, object->id, cursor_of(NULL, 0));
	rv = officer_wanted(a);
	if (rv != CKR_OK)
		return rv;
	if (class == CKO_CERTIFICATE)
		return openpgp_certificate_write(a, use, cursor_of(NULL, 0));
	return key_remove(a, use);
}

/* All is gone when the applet is terminated; activating it makes it anew. */
static CK_RV
applet_renew(struct card_applet *a)
{
	const struct apdu terminate = { .ins = INS_TERMINATE };
	const struct apdu activate = { .ins = INS_ACTIVATE };
	CK_RV rv = applet_exchange(a, &terminate, NULL);

	if (rv != CKR_OK && !applet_mute(a, rv)) {
		log_line(LOG_ERROR, "OpenPGP: the card cannot be reset");
		return CKR_FUNCTION_FAILED;
	}
	if (rv == CKR_OK)
		rv = applet_exchange(a, &activate, NULL);
	if (rv == CKR_OK)
		rv = applet_select(a);
	return rv != CKR_OK ? rv : openpgp_facts_reload(a);
}

/* What PW3 allows does not outlive a reset that fails. */
CK_RV
openpgp_reset(struct card_applet *a, struct cursor so_pin)
{
	struct card_pin_status status;
	CK_RV rv = openpgp_pin_verify(a, CARD_PIN_SO, so_pin, &status);

	if (rv != CKR_OK)
		return rv;
	rv = applet_renew(a);
	if (rv != CKR_OK && rv != CKR_DEVICE_REMOVED)
		DROP(openpgp_pin_forget(a, CARD_PIN_SO)); /* if it can */
	return rv;
}
