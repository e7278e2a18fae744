/* A private key on a card, and what it is asked to compute. */
#ifndef SIGNET_CARD_KEY_H
#define SIGNET_CARD_KEY_H

#include "key.h"

/* What a chip computes. The host makes digests and padding around it. */
enum card_primitive {
	CARD_RSA_RAW,        /* input and output as long as the modulus */
	CARD_RSA_PKCS1,      /* the card pads what it is given */
	CARD_RSA_DIGESTINFO, /* the card pads, and wants a DigestInfo */
	CARD_RSA_DECRYPT,    /* the card removes PKCS#1 v1.5 padding */
	CARD_ECDSA,          /* a digest in; r and s of equal length out */
	CARD_EDDSA,          /* the whole message in */
	CARD_ECDH,           /* peer's point in, x coordinate out */
	CARD_PRIMITIVES,
};

/* A private key as the mechanism layer needs it. */
struct card_key {
	uint64_t id;
	unsigned primitives;         /* 1u << enum card_primitive */
	bool sign, decrypt, derive;
	bool pin_each_time;          /* CKA_ALWAYS_AUTHENTICATE */
	bool pin_anew;               /* a VERIFY before each use; the kept PIN does */
	bool pin_never;              /* usable without login */
	bool touch;                  /* a use wants somebody to touch the card */
	struct pubkey *public_key;   /* NULL when it is not known */
};

/* One command of a private key, all of it: no state between two calls. */
struct card_job {
	enum card_primitive primitive;
	const struct card_key *key;
	struct cursor input;
};

#endif
