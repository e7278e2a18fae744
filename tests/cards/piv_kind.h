/* Kinds of PIV cards, and what is put on one before a test begins. */
#ifndef TESTS_CARDS_PIV_KIND_H
#define TESTS_CARDS_PIV_KIND_H

#include "piv.h"

struct piv_kind {
	const char *name;
	uint32_t version;
	const char *atr;	/* hexadecimal */
	uint64_t quirks;
	bool extended;
	bool yubico;		/* has the management and OTP applets */
	size_t object_max;
	uint16_t words[PIV_WORDS];
};

/* A kind by name, or by a version of a YubiKey such as 5.4.3, which *version
 * then holds; NULL when there is none. */
const struct piv_kind *
piv_kind_find(const char *text, uint32_t *version);

/* The n-th kind, or NULL at the end. */
const struct piv_kind *
piv_kind_get(size_t n);

void
piv_kind_apply(struct piv *piv, const struct piv_kind *kind, uint32_t version);

/* "NAME=XXXX", a status word of --sw. */
bool
piv_load_word(struct piv *piv, const char *text);

/* "SLOT=file.pem[:POLICY]" with never, once or always. */
bool
piv_load_key(struct piv *piv, const char *text);

/* "SLOT=file[:FORM]", DER or PEM; the forms are in piv_load.c. */
bool
piv_load_certificate(struct piv *piv, const char *text);

/* "TAG=file": what stands inside 53, 7E or 7F61. */
bool
piv_load_object(struct piv *piv, const char *text);

/* The CHUID and the capability container of a used YubiKey, where there are
 * none yet. */
bool
piv_load_identity(struct piv *piv);

#endif
