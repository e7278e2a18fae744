/* Readers, cards and tokens of the tests' own, in place of the other rooms. */
#ifndef SIGNET_TESTS_FAKE_H
#define SIGNET_TESTS_FAKE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reader.h"
#include "token.h"

/* A place where one thread can be held until another lets it go. */
struct gate;
struct gate *gate_new(void);
void gate_free(struct gate *g);
/* The held thread: says that it came, and waits. NULL: goes through. */
void gate_pass(struct gate *g);
/* The test: waits until a thread is at the gate, and lets it go. */
void gate_wait(struct gate *g);
void gate_open(struct gate *g);

/* One object of a token's, in the order of their ids. */
struct object {
	struct object *next;
	uint64_t id;
	struct attrs attrs;
};

/* What the tests may look at and set of one fake token. */
struct fake {
	struct token token;
	struct fake *peer; /* of a host token */
	bool host;
	enum login login;
	char pin[16]; /* right for everybody */
	CK_FLAGS flags;
	const char *model;
	struct object *objects;
	uint64_t last_id;
	CK_RV refuse;		    /* of every operation's finish */
	CK_RV lost;		    /* of every call that may say so */
	CK_RV context;		    /* of every context-specific login */
	bool surrenders;	    /* before an operation's finish */
	bool single_use;	    /* its operations serve once */
	bool public_keys_elsewhere; /* verify and encrypt: not supported */
	struct gate *finish_gate, *login_gate, *search_gate, *info_gate;
	unsigned finishes, starts, reuses, frees, logins, logouts, idles, inits;
	unsigned searches, destroyed;
	uint8_t parameter; /* the first byte of the last mechanism's */
};

/* A token with one reference. Tokens that live are counted. */
struct fake *fake_new(void);
struct fake *fake_of(struct token *t);
extern unsigned fakes_alive;
struct object *fake_object(struct fake *f, uint64_t id);
/* Takes the attributes. */
uint64_t fake_object_add(struct fake *f, struct attrs *attrs);

/* An object of the token's, with an id, a class, CKA_ID and CKA_PRIVATE; keys
 * may do everything that their class can. Gives the token's id. */
uint64_t fake_add(struct fake *f, CK_OBJECT_CLASS class, uint8_t id,
		  bool private);

/* The readers as the service would tell, and the tokens on their cards. */
enum { FAKE_READERS = 4, FAKE_SOFT = 4 };
struct fake_world {
	struct reader_state readers[FAKE_READERS];
	size_t reader_count;
	struct fake *cards[FAKE_READERS][CARD_TOKENS_MAX];
	size_t card_counts[FAKE_READERS];
	CK_RV open; /* what card_tokens_open() answers */
	struct gate *open_gate;
	unsigned scans, opens;
	/* What happens while somebody waits; NULL: the wait is cancelled. */
	void (*on_wait)(void);
	void (*on_free)(void); /* after pcsc_free() */
	unsigned waits, wakes;
	struct soft_slot soft[FAKE_SOFT];
	size_t soft_count;
	unsigned random; /* what random bytes begin with, when not 0 */
	size_t seed; /* of random_seed(): how many bytes */
	unsigned forgotten; /* by crypto_, pcsc_ and soft_tokens_forget() */
	struct config config;
};
extern struct fake_world world;

/* A fresh world; all of its tokens must be gone at its end. */
int world_setup(void **state);
int world_teardown(void **state);
/* The same with the module initialised, one card and one session handle in
 * *STATE's place: see world_session. */
int world_start(void **state);
int world_stop(void **state);

/* Puts a card with these tokens (their references are taken) into a reader,
 * or an unknown card without any; takes it out. */
void world_reader(size_t reader, const char *name);
void world_insert(size_t reader, struct fake **tokens, size_t count);
void world_remove(size_t reader);
void world_soft(const char *serial, struct fake *f);

/* Of world_start(): the token of reader 0, a R/W session, its slot. */
extern struct fake *world_token;
extern CK_SESSION_HANDLE world_session;
extern CK_SLOT_ID world_slot;

/* Handles of the objects that match class and CKA_ID; asserts there is one. */
CK_OBJECT_HANDLE world_find(CK_SESSION_HANDLE session, CK_OBJECT_CLASS class,
			    uint8_t id);
/* How many objects there are of this class. */
CK_ULONG world_count(CK_SESSION_HANDLE session, CK_OBJECT_CLASS class);
CK_SESSION_HANDLE world_open(CK_SLOT_ID slot, CK_FLAGS flags);
void world_login(void);

/* Mechanisms of the fakes. FAKE_BOUNDED foretells more than it decrypts,
 * FAKE_SINGLE is of one part. */
#define FAKE_PARTS   ((CK_MECHANISM_TYPE)CKM_SHA256_RSA_PKCS)
#define FAKE_SINGLE  ((CK_MECHANISM_TYPE)CKM_RSA_PKCS)
#define FAKE_DIGEST  ((CK_MECHANISM_TYPE)CKM_SHA256)
#define FAKE_KEYPAIR ((CK_MECHANISM_TYPE)CKM_RSA_PKCS_KEY_PAIR_GEN)
#define FAKE_KEYGEN  ((CK_MECHANISM_TYPE)CKM_AES_KEY_GEN)
#define FAKE_HMAC    ((CK_MECHANISM_TYPE)CKM_SHA256_HMAC)
#define FAKE_DERIVE  ((CK_MECHANISM_TYPE)CKM_HKDF_DERIVE)
enum { FAKE_SIGNATURE_SIZE = 8 };

#define CASE(name, function)                                  \
	{                                                     \
		name, function, world_start, world_stop, NULL \
	}
#define CASE_BARE(name, function)                                 \
	{                                                         \
		name, function, world_setup, world_teardown, NULL \
	}
#define CASE_PLAIN(name, function)               \
	{                                        \
		name, function, NULL, NULL, NULL \
	}

#endif
