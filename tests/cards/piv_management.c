/* The management key 9B of the simulated PIV application: single and mutual
 * authentication (part 2, appendix A.1 and A.2) and its change. */
#include "piv.h"

#include <string.h>

static const struct {
	uint8_t algorithm;
	struct chip_cipher cipher;
} ciphers[] = {
	{ 0x03, { "DES-EDE3-ECB", 24, 8 } },
	{ 0x08, { "AES-128-ECB", 16, 16 } },
	{ 0x0a, { "AES-192-ECB", 24, 16 } },
	{ 0x0c, { "AES-256-ECB", 32, 16 } },
};

static const uint8_t default_key[24] = {
	1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8,
};

/* 00 and 03 both mean 3DES (SP 800-78). */
static uint8_t
cipher_plain(uint8_t algorithm)
{
	return algorithm == 0x00 ? 0x03 : algorithm;
}

const struct chip_cipher *
piv_cipher(const struct piv *piv, uint8_t algorithm)
{
	uint8_t wanted = cipher_plain(algorithm);

	if (wanted != 0x03 && !piv_has(piv, QUIRK_NO_YUBICO) &&
	    piv->version < PIV_VERSION(5, 4, 0))
		return NULL;
	for (size_t i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++) {
		if (ciphers[i].algorithm == wanted)
			return &ciphers[i].cipher;
	}
	return NULL;
}

void
piv_management_init(struct piv *piv)
{
	bool aes = piv->version >= PIV_VERSION(5, 7, 0) &&
		   !piv_has(piv, QUIRK_METADATA_EMPTY);

	piv->management = (struct piv_management){
		.cipher = aes ? 0x0a : 0x03,
	};
	memcpy(piv->management.key, default_key, sizeof(default_key));
}

static void
wrap(struct pile *answer, uint8_t tag, const uint8_t *bytes, size_t n)
{
	pile_header(answer, 0x7c, n + 2);
	pile_tlv(answer, tag, bytes, n);
}

static uint16_t
challenge_give(struct piv *piv, const struct chip_cipher *cipher,
	       struct pile *answer)
{
	struct piv_management *m = &piv->management;

	if (m->challenged && piv_has(piv, QUIRK_CHALLENGE_ONCE))
		return SW_DATA;
	if (!chip_random(m->nonce, cipher->block_size))
		return SW_FAILED;
	m->challenged = true;
	m->wait = WAIT_RESPONSE;
	wrap(answer, 0x81, m->nonce, cipher->block_size);
	return SW_OK;
}

/* The witness goes out encrypted; who knows the key brings it back. */
static uint16_t
witness_give(struct piv *piv, const struct chip_cipher *cipher,
	     struct pile *answer)
{
	struct piv_management *m = &piv->management;
	uint8_t block[16];

	if (!chip_random(m->nonce, cipher->block_size) ||
	    !chip_block(cipher, m->key, true, m->nonce, block))
		return SW_FAILED;
	m->wait = WAIT_WITNESS;
	wrap(answer, 0x80, block, cipher->block_size);
	return SW_OK;
}

static uint16_t
response_check(struct piv *piv, const struct chip_cipher *cipher,
	       struct span response)
{
	struct piv_management *m = &piv->management;
	uint8_t block[16];
	bool waited = m->wait == WAIT_RESPONSE;

	m->wait = WAIT_NOTHING;
	m->authenticated = waited &&
			   chip_block(cipher, m->key, true, m->nonce, block) &&
			   span_is(response, block, cipher->block_size);
	return m->authenticated ? SW_OK : piv->words[WORD_MANAGEMENT];
}

static uint16_t
witness_check(struct piv *piv, const struct chip_cipher *cipher,
	      struct span witness, struct span challenge, struct pile *answer)
{
	struct piv_management *m = &piv->management;
	uint8_t block[16];
	bool waited = m->wait == WAIT_WITNESS;

	m->wait = WAIT_NOTHING;
	m->authenticated = false;
	if (challenge.left != cipher->block_size)
		return SW_DATA;
	if (!waited || !span_is(witness, m->nonce, cipher->block_size))
		return piv->words[WORD_MANAGEMENT];
	if (!chip_block(cipher, m->key, true, challenge.at, block))
		return SW_FAILED;
	m->authenticated = true;
	if (!piv_has(piv, QUIRK_MUTUAL_EMPTY))
		wrap(answer, 0x82, block, cipher->block_size);
	return SW_OK;
}

uint16_t
piv_management(struct piv *piv, const struct command *command,
	       struct span template, struct pile *answer)
{
	struct piv_management *m = &piv->management;
	const struct chip_cipher *cipher = piv_cipher(piv, m->cipher);
	struct span witness, challenge, response;
	bool has_response = span_find(template, 0x82, &response);

	if (!cipher || piv_has(piv, QUIRK_NO_9B) ||
	    cipher_plain(command->p1) != m->cipher)
		return SW_P1P2;
	if (span_find(template, 0x80, &witness)) {
		if (witness.left == 0)
			return witness_give(piv, cipher, answer);
		if (has_response && piv_has(piv, QUIRK_MUTUAL_NO_82))
			return SW_DATA;
		if (!span_find(template, 0x81, &challenge))
			return piv->words[WORD_TEMPLATE];
		return witness_check(piv, cipher, witness, challenge, answer);
	}
	if (span_find(template, 0x81, &challenge) && challenge.left == 0)
		return challenge_give(piv, cipher, answer);
	if (has_response && response.left > 0)
		return response_check(piv, cipher, response);
	return piv->words[WORD_TEMPLATE];
}

/* 00 FF FF FF|FE: algorithm, 9B, length, key; FE asks for a touch. */
uint16_t
piv_set_management(struct piv *piv, const struct command *command)
{
	struct piv_management *m = &piv->management;
	struct span data = command->data;
	const struct chip_cipher *cipher;
	uint8_t algorithm, reference, size;

	if (command->p1 != 0xff || command->p2 < 0xfe)
		return SW_P1P2;
	if (!m->authenticated)
		return SW_SECURITY;
	algorithm = span_byte(&data);
	reference = span_byte(&data);
	size = span_byte(&data);
	cipher = piv_cipher(piv, algorithm);
	if (data.bad || !cipher || reference != 0x9b ||
	    size != cipher->key_size || data.left != size)
		return SW_DATA;
	m->cipher = cipher_plain(algorithm);
	m->touch = command->p2 == 0xfe;
	memset(m->key, 0, sizeof(m->key));
	memcpy(m->key, data.at, data.left);
	return SW_OK;
}
