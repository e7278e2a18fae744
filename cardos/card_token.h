/* One card and the tokens on it: what the card_*.c files share. */
#ifndef SIGNET_CARD_TOKEN_H
#define SIGNET_CARD_TOKEN_H

#include <pthread.h>
#include <stdatomic.h>

#include "card_object.h"
#include "mem.h"
#include "token.h"

enum { CARD_FOUND_MAX = 128 };

/*
 * A card, shared by the tokens of all its applets. Its lock is held over card
 * I/O, from card_begin() to card_end(); what is without a word about locks is
 * under it.
 */
struct card {
	pthread_mutex_t lock;
	struct transport *transport;
	struct card_applet applets[CARD_TOKENS_MAX];
	size_t applet_count;
	bool pin_keep, logout_leave;
	const char *cache; /* of the configuration, which outlives the card */
	/* Which applets were asked for and found, to be kept; "": is kept. */
	char found[CARD_FOUND_MAX];
	bool keypad;	     /* the reader's, for PINs */
	uint64_t generation; /* of the transaction under way */
	atomic_uint holders; /* logins and operations that want it kept */
	atomic_uint references;
	atomic_bool removed; /* for good; nothing is sent any more */
};

/* One PIN of an applet and its objects, as a token. */
struct card_token {
	struct token token;
	struct card *card;
	struct card_applet *applet;
	size_t pin_index;
	struct secret *pin;   /* of who is logged in, kept until logout */
	uint64_t verified_in; /* the generation that saw the last VERIFY */
	/* Counts the context-specific logins, and which of them the last
	 * VERIFY was; 0: C_Login. */
	unsigned long own_logins, own_login;
	bool wrote;	      /* in this login */

	/*
	 * The snapshot: its lock is never held over I/O and is taken after the
	 * card's. All below is changed under both locks, so it can be read
	 * under either.
	 */
	pthread_mutex_t lock;
	enum login login;
	bool identified;
	bool looked; /* identity and tries are known */
	struct card_identity identity;
	struct card_pin_status tries, so_tries;
	bool listed, data_listed;
	struct card_object *objects; /* the chain stays, its parts change */
};

struct card_token *card_token_of(struct token *t);
const struct card_pin *card_token_pin(const struct card_token *t);

/* probe.c, in a transaction: keeps which applets there are, by the identity of
 * one of them. */
void card_found_keep(struct card *card, const struct card_applet *a);

/* card.c: takes WIRE, whatever it answers; NULL: no memory. */
struct card *card_new(struct transport *wire,
		      const struct config *config) MUST_CHECK;
struct card *card_ref(struct card *card);
void card_unref(struct card *card);
/*
 * A transaction. A begin that succeeds is ended by one end, which gives RV
 * back and lets the card go when nobody holds it.
 */
CK_RV card_begin(struct card *card) MUST_CHECK;
CK_RV card_end(struct card *card, CK_RV rv) MUST_CHECK;
/* Keeps the card connected between transactions. */
void card_hold(struct card *card);
/* Under the card's lock / without it. */
void card_unhold(struct card *card);
void card_drop(struct card *card);

/* card_token.c: one more reference of CARD. NULL: no memory. */
struct token *card_token_new(struct card *card, struct card_applet *applet,
			     size_t pin_index) MUST_CHECK;
/* card_begin() for a token, which notices a reset. */
CK_RV card_token_begin(struct card_token *t) MUST_CHECK;
/* In a transaction: makes sure that the identity is known. */
CK_RV card_token_identify(struct card_token *t) MUST_CHECK;

/* card_pin.c. The C_Login and C_Logout of a card. */
CK_RV card_login(struct token *token, enum login user, struct cursor pin);
CK_RV card_logout(struct token *token);
CK_RV card_pin_change(struct token *token, struct cursor old_pin,
		      struct cursor new_pin);
/* Ends the login by letting the card go, which powers it down when nobody else
 * holds it; else the card is told. */
void card_login_leave(struct token *token);
enum login card_login_state(struct token *token);
/* In a transaction: the card forgot the PIN, so nobody is logged in. */
void card_login_lost(struct card_token *t);
/* In a transaction: what an answer of the card told of the tries of the PIN at
 * INDEX of the applet. */
void card_pin_seen(struct card_token *t, size_t index,
		   const struct card_pin_status *status);
/* The same: asks for them. */
CK_RV card_pin_look(struct card_token *t, size_t index,
		    struct card_pin_status *status) MUST_CHECK;
/* Could this be a PIN? One that is too short or too long is never sent. */
bool card_pin_sendable(const struct card_token *t, size_t index,
		       struct cursor pin);
/* In a transaction, the applet proven: one VERIFY. */
CK_RV card_pin_verify(struct card_token *t, size_t index,
		      struct cursor pin) MUST_CHECK;
/*
 * In a transaction, the applet proven: brings the verified state of who is
 * logged in back with PIN, when the card tells that more than one try is left.
 * ANEW also when the card says that the PIN is verified.
 * CKR_USER_NOT_LOGGED_IN.
 */
CK_RV card_pin_restore(struct card_token *t, const struct secret *pin,
		       bool anew) MUST_CHECK;
/* The same with the PIN that is kept; nobody is logged in when it fails. */
CK_RV card_login_renew(struct card_token *t) MUST_CHECK;

/* card_objects.c */
CK_RV card_search(struct token *token, struct template match,
		  struct ids *found);
CK_RV card_attributes_get(struct token *token, uint64_t id, CK_ATTRIBUTE *list,
			  CK_ULONG count);
/* Under either lock: the object, or NULL, and whether it is to be seen now. */
struct card_object *card_object_find(const struct card_token *t, uint64_t id);
bool card_object_visible(const struct card_token *t,
			 const struct card_object *o);
/* Makes sure that an object is read, unless all of WANTED is known; without a
 * list all is wanted. */
CK_RV card_object_need(struct card_token *t, uint64_t id,
		       struct template wanted) MUST_CHECK;
/* In a transaction: reads an object and its group, which is believed to be
 * absent of the right applet only. CKR_OBJECT_HANDLE_INVALID: absent. */
CK_RV card_object_read(struct card_token *t,
		       struct card_object *o) MUST_CHECK;
/* In a transaction: reads an object that was there before, as this proves the
 * applet as well as any question would. What fails is found out later. */
CK_RV card_objects_prove(struct card_token *t) MUST_CHECK;
/* Under both locks: forgets the data that only a login shows. */
void card_objects_hide(struct card_token *t);
/* May there be an object that needs a login? Under the snapshot lock. */
bool card_objects_private(const struct card_token *t);
/* In a transaction: the object, or NULL; it is there until the token goes. */
struct card_object *card_object_get(struct card_token *t, uint64_t id);
/* The other half of a pair, 0 when there is none. */
uint64_t card_object_half(struct card_token *t, uint64_t id,
			  CK_OBJECT_CLASS class);
/* In a transaction: object ID was written or removed, so what was known of it
 * and of its group is forgotten. */
CK_RV card_objects_written(struct card_token *t, uint64_t id,
			   CK_OBJECT_CLASS class) MUST_CHECK;
/* The same of all objects. */
void card_objects_reset(struct card_token *t);

/* card_keys.c */
/* A copy of a private key, its public key with a reference of its own.
 * CKR_KEY_HANDLE_INVALID, CKR_KEY_FUNCTION_NOT_PERMITTED. */
CK_RV card_key_get(struct card_token *t, uint64_t id,
		   struct card_key *key) MUST_CHECK;
/* Did the last use of a key take so long that somebody may wonder? */
bool card_key_slow(struct card_token *t, uint64_t id);
void card_key_used(struct card_token *t, uint64_t id, bool slow);
/* Reads a key again from the card: the public key that it has now. */
CK_RV card_key_reload(struct card_token *t, uint64_t id,
		      struct pubkey **key) MUST_CHECK;

/* card_write.c: what changes a card. */
CK_RV card_init(struct token *token, struct cursor so_pin, struct cursor label);
CK_RV card_create(struct token *token, struct template object, uint64_t *id);
CK_RV card_destroy(struct token *token, uint64_t id);
CK_RV card_attributes_set(struct token *token, uint64_t id,
			  struct template changes);
CK_RV card_generate_pair(struct token *token, const CK_MECHANISM *mechanism,
			 struct template public_key,
			 struct template private_key, uint64_t *public_id,
			 uint64_t *private_id);
CK_RV card_pin_init(struct token *token, struct cursor new_pin);

/* One use of a private key. */
struct card_use {
	struct card_token *token;
	uint64_t id; /* the key as an object */
	const struct card_key *key;
	const struct secret *pin; /* of a context-specific login, or NULL */
	unsigned long own_login;  /* its number, 0: there was none */
	CK_RV (*surrender)(void *caller); /* as of struct operation */
	void *caller;
};

/* card_compute.c: a transaction around a job. What it answers is for C_Sign and
 * its like. */
CK_RV card_compute(const struct card_use *use, const struct card_job *job,
		   struct builder *out) MUST_CHECK;
/* What of a card's refusals they may answer. */
CK_RV card_refusal(CK_RV rv);

/* card_derive.c: the shared secret of an ECDH. */
CK_RV card_agree(struct token *token, const struct derivation *d,
		 struct builder *secret);

/* card_operation.c */
CK_RV card_operation_start(struct token *token, enum operation_kind kind,
			   const CK_MECHANISM *mechanism,
			   const struct operation_key *key,
			   struct operation **operation);

#endif
