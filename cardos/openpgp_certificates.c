/* The certificates of an OpenPGP card: DO 7F21 in all its occurrences. */
#include "openpgp.h"

#include "log.h"

enum {
	INS_SELECT_DATA = 0xA5,
	INS_UPDATE_BINARY = 0xD6,
	INS_GET_VERSION = 0xF1,
	BLOCK_FIRST = 0x85, /* of a Gnuk's certificate, then 1, 2 ... */
	BLOCK_SIZE = 256,
	TAG_CERTIFICATE = 0x7F21,
	EXTRA_BYTE = 0x06,
	VERSION_GOOD = 0x050404,
	SW_NO_INSTRUCTION = 0x6D00,
	SW_NO_CLASS = 0x6E00,
};

/* The certificates of a card, as read. */
struct openpgp_certificates {
	struct builder der[OPENPGP_KEYS];
	struct certificate parsed[OPENPGP_KEYS];
	bool there[OPENPGP_KEYS];
};

/* Is it another applet that knows no such instruction? Then nothing that the
 * answer says is about certificates. */
static bool
elsewhere(const struct card_applet *a)
{
	return !a->proven &&
	       (a->sw == SW_NO_INSTRUCTION || a->sw == SW_NO_CLASS);
}

/* YubiKey before 5.4.4 wants the length of what follows twice. */
static CK_RV
extra_byte_wanted(struct card_applet *a, bool *wanted)
{
	const struct openpgp *o = a->state;
	const struct apdu command = { .ins = INS_GET_VERSION,
				      .le = APDU_SHORT_ANSWER };
	uint8_t bytes[APDU_SHORT_ANSWER];
	struct builder answer = builder_over(bytes, sizeof(bytes));
	struct cursor c;
	uint32_t version;
	CK_RV rv;

	*wanted = false;
	if (o->facts.manufacturer != OPENPGP_YUBICO)
		return CKR_OK;
	rv = applet_exchange(a, &command, &answer);
	if (applet_mute(a, rv))
		return rv;
	c = builder_read(&answer);
	version = cursor_u8(&c);
	version = version << 16 | cursor_u16(&c);
	*wanted = rv == CKR_OK && cursor_ok(&c) && version < VERSION_GOOD;
	return elsewhere(a) ? CKR_OBJECT_HANDLE_INVALID : CKR_OK;
}

/* SELECT DATA: the occurrence that the next GET DATA is about. */
static CK_RV
occurrence_select(struct card_applet *a, size_t occurrence, bool extra)
{
	static const uint8_t data[] = { EXTRA_BYTE, 0x60, 0x04, 0x5C,
					0x02,	    0x7F, 0x21 };
	struct cursor c = cursor_of(data, sizeof(data));
	struct apdu command = {
		.ins = INS_SELECT_DATA,
		.p1 = (uint8_t)occurrence,
		.p2 = 0x04,
		.le = APDU_SHORT_ANSWER,
	};

	if (!extra)
		cursor_take(&c, 1);
	command.data = c;
	return applet_exchange(a, &command, NULL);
}

/* An occurrence that cannot be chosen is not there, but for the one that the
 * card gives unasked. */
static CK_RV
certificate_read(struct card_applet *a, size_t occurrence, bool extra,
		 struct builder *der)
{
	const struct openpgp *o = a->state;
	CK_RV rv;

	if (o->facts.certificates > 1) {
		rv = occurrence_select(a, occurrence, extra);
		if (applet_mute(a, rv) || rv == CKR_USER_NOT_LOGGED_IN)
			return rv;
		if (elsewhere(a))
			return CKR_OBJECT_HANDLE_INVALID;
		if (rv != CKR_OK && occurrence > 0)
			return CKR_OK;
	}
	rv = openpgp_get_data(a, TAG_CERTIFICATE, APDU_ANSWER_MAX, der);
	if (rv == CKR_OK && der->used > 0)
		a->proven = true;
	if (rv != CKR_OK && !applet_mute(a, rv) && rv != CKR_USER_NOT_LOGGED_IN)
		builder_reset(der);
	else if (rv != CKR_OK)
		return rv;
	return CKR_OK;
}

/* The key of an occurrence of 7F21, unless its public key says otherwise, and
 * the occurrence of a key: from AUT down, or from SIG on (CanoKey). */
static size_t
place_of(const struct openpgp *o, size_t n)
{
	return o->reversed ? n : OPENPGP_KEYS - 1 - n;
}

static bool
certificate_fits(const struct openpgp *o, const struct certificate *c,
		 size_t use)
{
	const struct pubkey *key = o->seen[use].key;

	return key != NULL && cursor_same(key->info, c->public_key_info);
}

/* In a card that numbers its occurrences the other way round, or where people
 * mixed them up, the public key tells what a certificate belongs to. A key may
 * have been brought to two places, so a certificate that fits where it is
 * stays there. */
static size_t
certificate_use(const struct openpgp *o, const struct certificate *c,
		size_t place)
{
	if (place < OPENPGP_KEYS && certificate_fits(o, c, place))
		return place;
	for (size_t i = 0; i < OPENPGP_KEYS; i++)
		if (certificate_fits(o, c, i))
			return i;
	return place;
}

/* Does a certificate and its key tell that occurrences count from SIG on? */
static bool
reversed_by(const struct openpgp *o, size_t occurrence, size_t use)
{
	return o->facts.certificates > 1 && occurrence == use &&
	       use != OPENPGP_DECIPHER && o->seen[use].key != NULL;
}

static CK_RV
certificates_objects(struct openpgp *o, const struct openpgp_certificates *all,
		     struct card_object **found)
{
	struct card_object *first = NULL, **end = &first, *new;
	bool taken[OPENPGP_KEYS] = { false };
	CK_RV rv = CKR_OK;

	for (size_t i = 0; i < OPENPGP_KEYS && rv == CKR_OK; i++) {
		size_t use;

		if (!all->there[i])
			continue;
		use = certificate_use(o, &all->parsed[i], place_of(o, i));
		if (taken[use]) {
			log_line(LOG_INFO,
				 "OpenPGP: certificate %zu is one "
				 "too many",
				 i);
			continue;
		}
		taken[use] = true;
		o->reversed = o->reversed || reversed_by(o, i, use);
		rv = openpgp_object_add(&end, (enum openpgp_use)use,
					CKO_CERTIFICATE, true, &new);
		if (rv == CKR_OK)
			rv = card_object_certificate(&new->attrs,
						     &all->parsed[i]);
	}
	if (rv != CKR_OK) {
		card_objects_free(first);
		return rv;
	}
	*found = first;
	return first != NULL ? CKR_OK : CKR_OBJECT_HANDLE_INVALID;
}

/* The public keys that certificates are held against, when they are there. */
static CK_RV
public_keys_read(struct card_applet *a)
{
	struct openpgp *o = a->state;
	CK_RV rv = CKR_OK;

	for (size_t i = 0; i < OPENPGP_KEYS && rv == CKR_OK; i++)
		if (o->facts.keys[i].presence != OPENPGP_ABSENT &&
		    o->seen[i].key == NULL)
			rv = openpgp_key_look(a, (enum openpgp_use)i);
	return rv;
}

CK_RV
openpgp_certificate_match(struct card_applet *a, const struct certificate *c,
			  enum openpgp_use *use)
{
	size_t found;
	bool switched;
	CK_RV rv = applet_guard(a, &switched);

	if (rv == CKR_OK)
		rv = public_keys_read(a);
	if (rv != CKR_OK)
		return rv;
	found = certificate_use(a->state, c, OPENPGP_KEYS);
	if (found == OPENPGP_KEYS)
		return CKR_TEMPLATE_INCOMPLETE;
	*use = (enum openpgp_use)found;
	return CKR_OK;
}

static CK_RV
occurrences_read(struct card_applet *a, struct openpgp_certificates *all,
		 unsigned *count)
{
	const struct openpgp *o = a->state;
	bool extra = false;
	CK_RV rv = CKR_OK;

	if (o->facts.certificates > 1)
		rv = extra_byte_wanted(a, &extra);
	for (size_t i = 0; i < o->facts.certificates && rv == CKR_OK; i++) {
		rv = certificate_read(a, i, extra, &all->der[i]);
		if (rv != CKR_OK || all->der[i].used == 0)
			continue;
		rv = certificate_parse(builder_read(&all->der[i]),
				       &all->parsed[i]);
		all->there[i] = rv == CKR_OK;
		*count += all->there[i];
		if (rv == CKR_DATA_INVALID) {
			log_line(LOG_INFO, "OpenPGP: not a certificate");
			rv = CKR_OK;
		}
	}
	return rv;
}

CK_RV
openpgp_certificates_read(struct card_applet *a, struct card_object **found)
{
	struct openpgp_certificates all = { .there = { false } };
	unsigned count = 0;
	bool switched;
	CK_RV rv;

	for (size_t i = 0; i < OPENPGP_KEYS; i++)
		all.der[i] = builder_heap(CERTIFICATE_MAX);
	rv = occurrences_read(a, &all, &count);
	if (rv == CKR_OBJECT_HANDLE_INVALID && elsewhere(a)) {
		rv = applet_guard(a, &switched);
		if (rv == CKR_OK)
			rv = occurrences_read(a, &all, &count);
	}
	if (rv == CKR_OK && count > 0)
		rv = public_keys_read(a);
	if (rv == CKR_OK)
		rv = certificates_objects(a->state, &all, found);
	for (size_t i = 0; i < OPENPGP_KEYS; i++)
		builder_free(&all.der[i]);
	return rv;
}

/* Gnuk's way: blocks of 256 bytes, the last one filled up to an even number. */
static CK_RV
blocks_write(struct card_applet *a, struct cursor der)
{
	uint8_t bytes[BLOCK_SIZE];
	struct apdu command = { .ins = INS_UPDATE_BINARY, .p1 = BLOCK_FIRST };
	CK_RV rv;

	for (uint8_t n = 1;; n++) {
		struct builder block = builder_over(bytes, sizeof(bytes));
		size_t size = der.left < BLOCK_SIZE ? der.left : BLOCK_SIZE;

		builder_append(&block, cursor_take(&der, size));
		if (size % 2 != 0)
			builder_u8(&block, 0);
		command.data = builder_read(&block);
		rv = applet_exchange(a, &command, NULL);
		if (a->sw == SW_NO_INSTRUCTION) {
			log_line(LOG_ERROR, "OpenPGP: the card keeps no "
					    "certificate");
			return CKR_FUNCTION_NOT_SUPPORTED;
		}
		if (rv != CKR_OK || der.left == 0)
			return rv;
		if (n == BLOCK_FIRST - 1)
			return CKR_DEVICE_MEMORY;
		command.p1 = n;
	}
}

/* Does an early card refuse the object rather than whoever writes it? */
static bool
object_refused(const struct card_applet *a, CK_RV rv)
{
	const struct openpgp *o = a->state;

	return rv != CKR_OK && !applet_mute(a, rv) &&
	       rv != CKR_USER_NOT_LOGGED_IN && rv != CKR_DEVICE_MEMORY &&
	       o->facts.version < OPENPGP_VERSION_3;
}

CK_RV
openpgp_certificate_write(struct card_applet *a, enum openpgp_use use,
			  struct cursor der)
{
	const struct openpgp *o = a->state;
	bool extra = false;
	CK_RV rv = CKR_OK;

	if (o->facts.certificates > 1)
		rv = extra_byte_wanted(a, &extra);
	if (rv == CKR_OK && o->facts.certificates > 1)
		rv = occurrence_select(a, place_of(o, use), extra);
	if (rv != CKR_OK)
		return rv;
	rv = openpgp_put_data(a, TAG_CERTIFICATE, der);
	return object_refused(a, rv) ? blocks_write(a, der) : rv;
}
