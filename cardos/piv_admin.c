/* The management key 9B of a PIV card, which is the security officer's PIN
 * here (SP 800-73-4 part 2, 3.2.4 and appendix A.2). */
#include "piv.h"

#include "cipher.h"
#include "log.h"
#include "mem.h"
#include "tlv.h"

enum {
	INS_GET_METADATA = 0xF7,
	INS_SET_MANAGEMENT = 0xFF,
	SET_P1 = 0xFF,
	SET_P2 = 0xFF, /* without a touch */
	META_ALGORITHM = 0x01,
	KEY_MAX = 32,
	BLOCK_MAX = 16,
	TEMPLATE_MAX = 64,
	ANSWER_MAX = 256,
};

struct piv_cipher {
	uint8_t id;
	CK_KEY_TYPE type;
	size_t key, block;
	const char *name;
};

/* Where the card does not tell, they are tried in this order. */
static const struct piv_cipher ciphers[] = {
	{ 0x03, CKK_DES3, 24, 8, "3DES" },
	{ 0x0A, CKK_AES, 24, 16, "AES-192" },
	{ 0x08, CKK_AES, 16, 16, "AES-128" },
	{ 0x0C, CKK_AES, 32, 16, "AES-256" },
};

enum { CIPHERS = sizeof(ciphers) / sizeof(ciphers[0]) };

/* 00 and 03 both mean 3DES (SP 800-78-4, table 6-2). */
static const struct piv_cipher *
cipher_find(uint8_t id)
{
	for (size_t i = 0; i < CIPHERS; i++)
		if (ciphers[i].id == (id == 0 ? 0x03 : id))
			return &ciphers[i];
	return NULL;
}

/* GET METADATA came with YubiKey 5.3; all that is no answer means that the
 * type is not known. */
static CK_RV
cipher_ask(struct card_applet *a)
{
	const struct apdu command = { .ins = INS_GET_METADATA,
				      .p2 = PIV_KEY_ADMIN,
				      .le = APDU_SHORT_ANSWER };
	struct piv *piv = a->state;
	uint8_t bytes[ANSWER_MAX];
	struct builder answer = builder_over(bytes, sizeof(bytes));
	const struct piv_cipher *cipher = NULL;
	struct cursor algorithm;
	CK_RV rv = applet_exchange(a, &command, &answer);

	if (applet_mute(a, rv))
		return rv;
	if (rv == CKR_OK &&
	    tlv_find(builder_read(&answer), META_ALGORITHM, &algorithm))
		cipher = cipher_find(cursor_u8(&algorithm));
	piv->cipher = cipher != NULL ? cipher->id : 0;
	return CKR_OK;
}

/* One element of a template's answer. */
static bool
answer_find(const struct builder *answer, uint32_t tag, struct cursor *value)
{
	struct cursor body;

	return tlv_find(builder_read(answer), PIV_TEMPLATE, &body) &&
	       tlv_find(body, tag, value);
}

/* The card shows that it is ready for a key of this kind; nothing is spent. */
static CK_RV
witness_get(struct card_applet *a, const struct piv_cipher *cipher,
	    struct builder *witness)
{
	static const uint8_t wanted[] = { PIV_WITNESS, 0 };
	const struct apdu command = { .p1 = cipher->id,
				      .p2 = PIV_KEY_ADMIN,
				      .le = APDU_SHORT_ANSWER };
	uint8_t bytes[ANSWER_MAX];
	struct builder answer = builder_over(bytes, sizeof(bytes));
	struct cursor value;
	CK_RV rv = piv_general_authenticate(
		a, command, cursor_of(wanted, sizeof(wanted)), &answer);

	if (rv != CKR_OK)
		return rv;
	if (!answer_find(&answer, PIV_WITNESS, &value) ||
	    value.left != cipher->block)
		return CKR_DEVICE_ERROR;
	builder_append(witness, value);
	return CKR_OK;
}

/* A card that is gone or worn out says nothing of the key. */
static bool
says_nothing(const struct card_applet *a, CK_RV rv)
{
	return applet_mute(a, rv) || rv == CKR_DEVICE_MEMORY;
}

/* The witness comes back in the clear, and a challenge with it. No response is
 * asked for (82 00), as one card refuses that; one that gives none has not
 * shown that it knows the key, which costs nobody but its owner. */
static CK_RV
witness_show(struct card_applet *a, const struct piv_cipher *cipher,
	     struct cursor key, struct cursor witness)
{
	const struct apdu command = { .p1 = cipher->id,
				      .p2 = PIV_KEY_ADMIN,
				      .le = APDU_SHORT_ANSWER };
	uint8_t challenge[BLOCK_MAX], plain[BLOCK_MAX], hidden[BLOCK_MAX];
	uint8_t bytes[TEMPLATE_MAX], answer_bytes[ANSWER_MAX];
	struct builder clear = builder_over(plain, cipher->block);
	struct builder wanted = builder_over(hidden, cipher->block);
	struct builder template = builder_over(bytes, sizeof(bytes));
	struct builder answer =
		builder_over(answer_bytes, sizeof(answer_bytes));
	struct cursor given, asked = cursor_of(challenge, cipher->block);
	CK_RV rv;

	if ((rv = random_bytes(challenge, cipher->block)) ||
	    (rv = cipher_block(cipher->type, key, false, witness, &clear)) ||
	    (rv = cipher_block(cipher->type, key, true, asked, &wanted)))
		return rv;
	tlv_put(&template, PIV_WITNESS, builder_read(&clear));
	tlv_put(&template, PIV_CHALLENGE, asked);
	rv = piv_general_authenticate(a, command, builder_read(&template),
				      &answer);
	if (says_nothing(a, rv))
		return rv;
	if (rv != CKR_OK)
		return CKR_PIN_INCORRECT;
	if ((answer_find(&answer, PIV_RESPONSE, &given) ||
	     answer_find(&answer, PIV_WITNESS, &given)) &&
	    !cursor_same(given, builder_read(&wanted))) {
		log_line(LOG_ERROR, "PIV: the card has another management key");
		return CKR_PIN_INCORRECT;
	}
	return CKR_OK;
}

static CK_RV
cipher_try(struct card_applet *a, const struct piv_cipher *cipher,
	   struct cursor key, bool *ready)
{
	uint8_t bytes[BLOCK_MAX];
	struct builder witness = builder_over(bytes, sizeof(bytes));
	struct piv *piv = a->state;
	CK_RV rv = witness_get(a, cipher, &witness);

	if (rv != CKR_OK)
		return rv;
	*ready = true;
	piv->cipher = cipher->id;
	rv = witness_show(a, cipher, key, builder_read(&witness));
	piv->admin = rv == CKR_OK;
	return rv;
}

/* Of the kind that the card tells, else of each that the key may be for. */
CK_RV
piv_admin_authenticate(struct card_applet *a, struct cursor key)
{
	const struct piv *piv = a->state;
	const uint8_t told = piv->cipher;
	bool ready = false;
	CK_RV rv = CKR_PIN_INCORRECT;

	for (size_t i = 0; i < CIPHERS && !ready; i++) {
		const struct piv_cipher *cipher = &ciphers[i];

		if (cipher->key != key.left ||
		    (told != 0 && told != cipher->id))
			continue;
		rv = cipher_try(a, cipher, key, &ready);
		if (says_nothing(a, rv))
			return rv;
	}
	return rv == CKR_OK || rv == CKR_HOST_MEMORY ? rv : CKR_PIN_INCORRECT;
}

/* PIV may have been left by the attempts to select another applet; then there
 * is nothing to end. */
CK_RV
piv_admin_spoil(struct card_applet *a)
{
	static const uint8_t no_key[KEY_MAX];
	struct piv *piv = a->state;
	const struct piv_cipher *cipher = cipher_find(piv->cipher);
	uint8_t bytes[BLOCK_MAX];
	struct builder witness = builder_over(bytes, sizeof(bytes));
	CK_RV rv;

	if (cipher == NULL)
		return CKR_FUNCTION_NOT_SUPPORTED;
	rv = witness_get(a, cipher, &witness);
	if (rv == CKR_OK)
		rv = witness_show(a, cipher, cursor_of(no_key, cipher->key),
				  builder_read(&witness));
	if (rv == CKR_OK)
		log_line(LOG_ERROR, "PIV: the management key is all zeros");
	return applet_mute(a, rv) ? rv : CKR_OK;
}

static int
digit_of(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool
hexadecimal_read(struct cursor text, struct builder *out)
{
	int high, low;

	while (text.left > 0) {
		high = digit_of(cursor_u8(&text));
		low = digit_of(cursor_u8(&text));
		if (high < 0 || low < 0) {
			builder_reset(out);
			return false;
		}
		builder_u8(out, (uint8_t)(high << 4 | low));
	}
	return builder_ok(out);
}

static bool
key_sized(size_t size)
{
	for (size_t i = 0; i < CIPHERS; i++)
		if (ciphers[i].key == size)
			return true;
	return false;
}

/* In hexadecimal, or as it is: 32 digits are the key of AES-128 that other
 * tools take them for. */
static bool
key_read(struct cursor text, struct builder *key)
{
	if (text.left % 2 == 0 && key_sized(text.left / 2) &&
	    hexadecimal_read(text, key))
		return true;
	if (!key_sized(text.left))
		return false;
	builder_append(key, text);
	return true;
}

CK_RV
piv_admin_login(struct card_applet *a, struct cursor text)
{
	const struct piv *piv = a->state;
	const struct piv_cipher *told = NULL;
	uint8_t bytes[KEY_MAX];
	struct builder key = builder_over(bytes, sizeof(bytes));
	CK_RV rv;

	a->sw = 0;
	if (text.at == NULL) {
		log_line(LOG_ERROR, "PIV: no keypad asks for management keys");
		return CKR_FUNCTION_FAILED;
	}
	rv = cipher_ask(a);
	if (rv != CKR_OK)
		return rv;
	if (piv->cipher != 0)
		told = cipher_find(piv->cipher);
	rv = CKR_PIN_INCORRECT;
	if (key_read(text, &key) && (told == NULL || told->key == key.used))
		rv = piv_admin_authenticate(a, builder_read(&key));
	else
		log_line(LOG_ERROR, "PIV: no management key for %s",
			 told != NULL ? told->name : "any cipher");
	mem_wipe(bytes, sizeof(bytes));
	return rv;
}

/* A new key keeps the cipher if it fits; else its size tells. */
static const struct piv_cipher *
cipher_of_new(const struct piv_cipher *old, struct cursor text,
	      struct builder *key)
{
	if (!key_read(text, key))
		return NULL;
	if (key->used == old->key)
		return old;
	for (size_t i = 1; i < CIPHERS; i++)
		if (key->used == ciphers[i].key)
			return &ciphers[i];
	return NULL;
}

static CK_RV
admin_set(struct card_applet *a, const struct piv_cipher *cipher,
	  struct cursor key)
{
	struct piv *piv = a->state;
	uint8_t bytes[TEMPLATE_MAX];
	struct builder data = builder_over(bytes, sizeof(bytes));
	struct apdu command = { .ins = INS_SET_MANAGEMENT,
				.p1 = SET_P1,
				.p2 = SET_P2 };
	CK_RV rv;

	builder_u8(&data, cipher->id);
	tlv_put(&data, PIV_KEY_ADMIN, key);
	command.data = builder_read(&data);
	rv = applet_exchange(a, &command, NULL);
	mem_wipe(bytes, sizeof(bytes));
	if (rv == CKR_OK)
		piv->cipher = cipher->id;
	if (rv == CKR_OK || applet_mute(a, rv))
		return rv;
	/* weak DES keys, and ciphers that came later than the card */
	log_line(LOG_ERROR, "PIV: the card refused a new %s key, %04X",
		 cipher->name, (unsigned)a->sw);
	return rv == CKR_DATA_INVALID ? CKR_PIN_INVALID : CKR_FUNCTION_FAILED;
}

CK_RV
piv_admin_change(struct card_applet *a, struct cursor old_text,
		 struct cursor new_text)
{
	struct piv *piv = a->state;
	const struct piv_cipher *cipher;
	uint8_t bytes[KEY_MAX];
	struct builder key = builder_over(bytes, sizeof(bytes));
	CK_RV rv = piv_admin_login(a, old_text);

	if (rv != CKR_OK)
		return rv;
	cipher = cipher_of_new(cipher_find(piv->cipher), new_text, &key);
	if (cipher != NULL)
		rv = admin_set(a, cipher, builder_read(&key));
	else
		rv = CKR_PIN_LEN_RANGE;
	if (rv == CKR_OK)
		piv_protected_follow(a, builder_read(&key));
	mem_wipe(bytes, sizeof(bytes));
	return rv;
}

CK_RV
piv_admin_set(struct card_applet *a, struct cursor key)
{
	const struct piv *piv = a->state;
	const struct piv_cipher *cipher = cipher_find(piv->cipher);

	return cipher != NULL && cipher->key == key.left
		       ? admin_set(a, cipher, key)
		       : CKR_FUNCTION_FAILED;
}
