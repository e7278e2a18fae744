/* What a client does with a card, step by step, every result looked at. */
#ifndef TESTS_FAULTS_SCENARIO_H
#define TESTS_FAULTS_SCENARIO_H

#include <openssl/evp.h>
#include <stdbool.h>

#include "cryptoki.h"

/* A kind of card, and what is on it. */
struct kind {
	const char *name, *label; /* what its token's label begins with */
	CK_ULONG public_objects;
	/* CKA_ID of the key that signs after C_Login, of the one that wants
	 * its PIN each time, of the one that deciphers */
	CK_BYTE sign_id, each_id, decrypt_id;
	const char *sign_file, *each_file, *decrypt_file; /* public keys */
	CK_MECHANISM_TYPE decrypt;
	const char *so_pin;
	CK_BYTE write_id; /* CKA_ID of what is written */
	bool imports;	  /* keys of others */
	bool sets_pin;	  /* by C_InitPIN */
	const char *code; /* as C_SetPIN takes it to unblock; NULL: cannot */
};

enum { KEY_SIGN, KEY_EACH, KEY_DECRYPT, KEYS };

/* One run of a scenario: what it works on and how it ended. */
struct run {
	CK_FUNCTION_LIST *p11;
	const struct kind *kind;
	CK_SLOT_ID slot;
	EVP_PKEY *keys[KEYS]; /* public ones */
	CK_RV rv;	      /* of the first step that failed */
	const char *step;     /* its name */
	bool wrong;	      /* a result was given that is not right */
	bool unproven;	      /* and nothing could have told so */
};

struct scenario {
	const char *name;
	void (*perform)(struct run *run);
	bool (*offered)(const struct kind *kind); /* NULL: by all */
};

extern const struct scenario scenarios[], write_scenarios[];
extern const size_t scenario_count, write_scenario_count;

/* scenario.c, for both. Each notes the first failure; false ends it all. */
bool step(struct run *run, const char *name, CK_RV rv);
bool session_open(struct run *run, CK_FLAGS flags, CK_SESSION_HANDLE *session);
bool find_key(struct run *run, CK_SESSION_HANDLE session, CK_BYTE id,
	      CK_OBJECT_HANDLE *key);

/* The kind of that name, NULL: there is none. */
const struct kind *kind_find(const char *name);

/* May a fault end a step like this? GONE: the card was pulled. */
bool rv_allowed(CK_RV rv, bool gone);

#endif
