/* What a client does with a card, step by step, every result looked at. */
#ifndef TESTS_FAULTS_SCENARIO_H
#define TESTS_FAULTS_SCENARIO_H

#include <openssl/evp.h>
#include <stdbool.h>

#include "cryptoki.h"

/* One run of a scenario: what it works on and how it ended. */
struct run {
	CK_FUNCTION_LIST *p11;
	EVP_PKEY *signing_key;    /* public, of the card's 9A */
	EVP_PKEY *management_key; /* and of 9D */
	CK_RV rv;                 /* of the first step that failed */
	const char *step;         /* its name */
	bool wrong;               /* a result was given that is not right */
};

struct scenario {
	const char *name;
	void (*perform)(struct run *run);
};

extern const struct scenario scenarios[];
extern const size_t scenario_count;

/* May a fault of the card or reader end a step like this? */
bool rv_allowed(CK_RV rv);

#endif
