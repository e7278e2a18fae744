/* The inside of a software token, with and without a store. */
#ifndef SIGNET_SOFT_TOKEN_H
#define SIGNET_SOFT_TOKEN_H

#include <pthread.h>
#include <stdatomic.h>

#include "cipher.h"
#include "seal.h"
#include "soft_key.h"
#include "token.h"

enum { PIN_MIN = 4, PIN_MAX = 255 };

/* What the use of an object asks of its attributes each time. */
struct facts {
	bool known;
	bool private;
	bool restricted;      /* to CKA_ALLOWED_MECHANISMS */
	bool login_each_time; /* CKA_ALWAYS_AUTHENTICATE */
	CK_OBJECT_CLASS class;
	CK_KEY_TYPE type;
	unsigned uses; /* 1u << OPERATION_SIGN: CKA_SIGN, and so on */
};

/* The attributes by which searches find their way. */
enum item_index {
	ITEM_BY_CKA_ID,
	ITEM_BY_LABEL,
	ITEM_BY_CLASS,
	ITEM_BY_PRIVATE,
	ITEM_INDEXES,
};

/* A place in a chain; AT is what points here, NULL when it is in none. */
struct item_link {
	struct item *next, **at;
};

/* One object in memory: all of a host token's, a cache of a stored token's. */
struct item {
	uint64_t id;
	uint64_t version; /* counts the changes of this object */
	uint64_t epoch;	  /* of the store, when it was last compared */
	struct attrs attrs;
	struct facts facts;
	struct soft_key *key;  /* from first use on */
	struct cipher *cipher; /* at rest with this key, when there is one */
	struct item *next;
	struct item_link links[ITEM_INDEXES];
};

/* Items by their id, and by each attribute that is indexed. */
struct items {
	struct item **buckets; /* ROOM for the ids, as many for each index */
	size_t room;	       /* a power of two */
	size_t count;
};
struct item *items_find(const struct items *items, uint64_t id);
/* Takes ITEM, also on failure. */
CK_RV items_add(struct items *items, struct item *item) MUST_CHECK;
void items_remove(struct items *items, uint64_t id);
/* Removes all, or only those that KEEP does not want. */
void items_clear(struct items *items, bool (*keep)(const struct item *item));
/* The attributes of ITEM, which is one of these, have changed. */
void items_changed(struct items *items, struct item *item);
/* Appends the ids of all that match and that WANTED wants, in ascending order;
 * looks only at those that an index offers. */
CK_RV items_search(const struct items *items, struct template match,
		   bool (*wanted)(const struct item *item, const void *context),
		   const void *context, struct ids *found) MUST_CHECK;
struct item *item_new(uint64_t id, uint64_t version,
		      struct attrs *attrs) MUST_CHECK;
/* With the token's lock: read once, until the attributes change. */
const struct facts *item_facts(struct item *item);

struct soft_token;

/* Where a token keeps its objects. */
struct shelf {
	/* On CKR_OK the token's lock is held, and ITEM lasts as long as that;
	 * soft_unlock() ends it. CKR_OBJECT_HANDLE_INVALID. */
	CK_RV (*get)(struct soft_token *t, uint64_t id, struct item **item);
	CK_RV (*search)
	(struct soft_token *t, struct template match, struct ids *found);
	/* All or none; takes what is in OBJECTS, also on failure. */
	CK_RV (*add)
	(struct soft_token *t, struct attrs *objects, size_t count,
	 uint64_t *ids);
	/* Takes ATTRS in place of the object's, if it still has VERSION; else
	 * CKR_OBJECT_HANDLE_INVALID. */
	CK_RV (*change)
	(struct soft_token *t, uint64_t id, uint64_t version,
	 struct attrs *attrs);
	CK_RV (*remove)(struct soft_token *t, uint64_t id);
};
extern const struct shelf memory_shelf, sealed_shelf;

struct soft_token {
	struct token token;
	const struct shelf *shelf;

	/* Of a host token. */
	struct token *peer;
	uint64_t next_id;

	/* Of a token with a store. */
	char serial[SOFT_SERIAL_SIZE + 1];
	char *folder;
	struct kdf_choice kdf;
	unsigned tries;		       /* 0: without limit */
	_Atomic(struct store *) store; /* NULL until initialised */

	/* All below under this lock, which is held shortly: never over the
	 * store's waiting, a KDF or a key's work. */
	pthread_mutex_t lock;
	struct items items;
	uint64_t changes; /* what was loaded before the last one is stale */
	atomic_int login; /* enum login; read without the lock */
	struct ring *ring;
	struct token_record record;
	struct pin_record user, so;
	uint64_t data_version; /* of the store, at the last look */
	uint64_t epoch;	       /* counts how often that changed */
	uint64_t looked;       /* when, in ms */
};

struct soft_token *soft_of(struct token *t);
void soft_lock(struct soft_token *t);
void soft_unlock(struct soft_token *t);
/* Who is logged in, on the peer for a host token. */
enum login soft_login_state(struct soft_token *t);
/* Whose user's PIN the keys want: the peer's, if that is a software token. */
struct soft_token *soft_pin_owner(struct soft_token *t);
struct ring *soft_ring(struct soft_token *t); /* a reference, or NULL */
/* With the lock: ends the login and wipes all keys. */
void soft_forget(struct soft_token *t);

/* What a look at the store brings: whatever other processes may change. */
struct look {
	uint64_t data_version;
	bool whole; /* the records were read, too */
	struct token_record record;
	struct pin_record user, so;
};
/* Within store_begin(); reads the records when DATA_VERSION is not KNOWN. */
CK_RV look_read(struct store *s, uint64_t known, struct look *look) MUST_CHECK;
/* With the lock. */
void look_apply(struct soft_token *t, const struct look *look);
/* With the lock: looks if that was not done in the last 100 ms (or, AT_ONCE,
 * anyway) and the store is not busy. */
void look_now(struct soft_token *t, bool at_once);
/* Within store_begin(): CKR_USER_NOT_LOGGED_IN when another process has
 * initialised the token anew, so that the keys of this login are history. */
CK_RV generation_check(struct soft_token *t, struct store *s) MUST_CHECK;
/* A token's store, opened: it becomes (or makes) an initialised one. */
CK_RV soft_adopt(struct soft_token *t, struct store *s) MUST_CHECK;

/* PINs: soft_pin.c */
CK_RV soft_init(struct token *token, struct cursor so_pin, struct cursor label);
CK_RV soft_login(struct token *token, enum login user, struct cursor pin);
CK_RV soft_logout(struct token *token);
CK_RV soft_pin_init(struct token *token, struct cursor pin);
CK_RV soft_pin_change(struct token *token, struct cursor old_pin,
		      struct cursor new_pin);
/* What a right PIN opens; to be wiped. */
struct opened {
	uint8_t master[MASTER_KEY_SIZE];
	struct pin_record record;
	uint64_t generation;
};
/* Verifies a PIN and counts the try. CKR_PIN_INCORRECT, CKR_PIN_LOCKED,
 * CKR_PIN_LEN_RANGE, CKR_USER_PIN_NOT_INITIALIZED. */
CK_RV pin_check(struct soft_token *t, enum store_role role, struct cursor pin,
		struct opened *opened) MUST_CHECK;
/* Of CK_TOKEN_INFO, for what stands in the records. */
CK_FLAGS pin_flags(const struct soft_token *t);

/* Objects: soft_object.c, soft_access.c */
struct maker {
	bool token; /* makes token objects */
	bool asks;  /* there is a PIN to ask for */
	enum login login;
};
CK_RV object_make(const struct maker *maker, struct template object,
		  struct attrs *attrs) MUST_CHECK;
CK_RV pair_make(const struct maker *maker, const CK_MECHANISM *mechanism,
		struct template public_key, struct template private_key,
		struct attrs pair[2]) MUST_CHECK;
CK_RV object_change(const struct maker *maker, struct attrs *attrs,
		    struct template changes) MUST_CHECK;

CK_RV soft_search(struct token *token, struct template match,
		  struct ids *found);
CK_RV soft_attributes_get(struct token *token, uint64_t id, CK_ATTRIBUTE *list,
			  CK_ULONG count);
CK_RV soft_attributes_set(struct token *token, uint64_t id,
			  struct template changes);
CK_RV soft_create(struct token *token, struct template object, uint64_t *id);
CK_RV soft_destroy(struct token *token, uint64_t id);
CK_RV soft_generate_pair(struct token *token, const CK_MECHANISM *mechanism,
			 struct template public_key,
			 struct template private_key, uint64_t *public_id,
			 uint64_t *private_id);
/* As shelf->get, and CKR_OBJECT_HANDLE_INVALID when not to be seen now. */
CK_RV soft_get(struct soft_token *t, uint64_t id,
	       struct item **item) MUST_CHECK;

/* Operations: soft_operation.c, soft_mechanism.c */
CK_RV soft_operation_start(struct token *token, enum operation_kind kind,
			   const CK_MECHANISM *mechanism,
			   const struct operation_key *key,
			   struct operation **operation);
size_t soft_mechanisms(struct token *token, struct mechanism *list,
		       size_t room);

/* The empty token of this folder has become one: the next gets another serial
 * number. */
void next_serial_taken(const char *folder);

/* An empty token, or with STORE (taken, also on failure) an initialised one.
 * Errors as of soft_adopt(). */
CK_RV soft_token_new(const struct config *config, const char *serial,
		     struct store *store, struct soft_token **token) MUST_CHECK;

#endif
