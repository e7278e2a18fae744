/* What pkcs11/ sees of any token, on a card or in software. */
#ifndef SIGNET_TOKEN_H
#define SIGNET_TOKEN_H

#include "apdu.h"
#include "config.h"
#include "derive.h"
#include "operation.h"

struct mechanism {
	CK_MECHANISM_TYPE type;
	CK_MECHANISM_INFO info;
};

enum login { LOGIN_NONE, LOGIN_USER, LOGIN_SO };
struct token;

/*
 * Any thread may call any of these at any time; the token locks for itself,
 * and never over the crypto of an operation. Each may answer
 * CKR_DEVICE_REMOVED (the token is gone for good), CKR_DEVICE_ERROR,
 * CKR_HOST_MEMORY beside what its line says. Optional ones may be NULL: the
 * function is not supported. Outputs are untouched on error.
 */
struct token_ops {
	/* From a snapshot: nothing is sent unless this is the first look. */
	CK_RV (*info)(struct token *t, CK_TOKEN_INFO *info);
	/* Who is logged in; a reset of the card may have ended it. No I/O. */
	enum login (*login_state)(struct token *t);
	/* At most ROOM; gives how many. No I/O: fewer after the first info. */
	size_t (*mechanisms)(struct token *t, struct mechanism *list,
			     size_t room);

	/* Optional: C_InitToken. SO_PIN is the new or the token's SO PIN. */
	CK_RV (*init)(struct token *t, struct cursor so_pin,
		      struct cursor label);
	/* PIN with a NULL pointer: by the reader's keypad. CKR_PIN_INCORRECT,
	 * CKR_PIN_LOCKED, CKR_PIN_LEN_RANGE, CKR_USER_PIN_NOT_INITIALIZED. */
	CK_RV (*login)(struct token *t, enum login user, struct cursor pin);
	CK_RV (*logout)(struct token *t);
	CK_RV (*pin_init)(struct token *t, struct cursor pin);     /* optional */
	CK_RV (*pin_change)(struct token *t, struct cursor old_pin,
			    struct cursor new_pin);                /* optional */

	/* Ids of the objects that match and that the login state shows. */
	CK_RV (*search)(struct token *t, struct template match,
			struct ids *found);
	/* CKR_OBJECT_HANDLE_INVALID when gone or not to be seen now. */
	CK_RV (*attributes_get)(struct token *t, uint64_t id,
				CK_ATTRIBUTE *list, CK_ULONG count);
	CK_RV (*attributes_set)(struct token *t, uint64_t id,
				struct template changes);          /* optional */
	CK_RV (*create)(struct token *t, struct template object,
			uint64_t *id);                             /* optional */
	CK_RV (*destroy)(struct token *t, uint64_t id);            /* optional */
	CK_RV (*generate_pair)(struct token *t, const CK_MECHANISM *mechanism,
			       struct template public_key,
			       struct template private_key,
			       uint64_t *public_id,
			       uint64_t *private_id);              /* optional */

	/* All of these are optional. C_GenerateKey: */
	CK_RV (*generate)(struct token *t, const CK_MECHANISM *mechanism,
			  struct template object, uint64_t *id);
	/* See derive.h. Adopts all or none; takes them, also on failure. */
	CK_RV (*lend)(struct token *t, uint64_t id, struct attrs *object);
	CK_RV (*adopt)(struct token *t, struct attrs *objects, size_t count,
		       uint64_t *ids);
	/* These give what is to be adopted; LIST has room for DERIVED_MAX. */
	CK_RV (*copy)(struct token *t, uint64_t id, struct template changes,
		      struct attrs *object);
	CK_RV (*derive)(struct token *t, const struct derivation *d,
			struct derived *list, size_t *count);
	/* A card's part of an ECDH; the host makes the key: D->computed. */
	CK_RV (*agree)(struct token *t, const struct derivation *d,
		       struct builder *secret);
	CK_RV (*unwrap)(struct token *t, const struct derivation *d,
			struct attrs *object);
	CK_RV (*decapsulate)(struct token *t, const struct derivation *d,
			     struct attrs *object);
	/* A host token does it for any HELD public key. */
	CK_RV (*encapsulate)(struct token *t, const struct derivation *d,
			     struct builder *out, struct attrs *object);
	/* D's key wraps D->other. OUT of both is a builder on the heap. */
	CK_RV (*wrap)(struct token *t, const struct derivation *d,
		      struct builder *out);

	/*
	 * Starts an operation. *OPERATION on entry may be a reusable one of
	 * this token, to be reused or freed; else NULL. On error it is freed
	 * and NULL. CKR_FUNCTION_NOT_SUPPORTED: this token does no such work,
	 * the host token shall do it with the key's CKA_PUBLIC_KEY_INFO.
	 * CKR_MECHANISM_INVALID, CKR_MECHANISM_PARAM_INVALID,
	 * CKR_KEY_TYPE_INCONSISTENT, CKR_KEY_FUNCTION_NOT_PERMITTED,
	 * CKR_KEY_HANDLE_INVALID.
	 */
	CK_RV (*operation_start)(struct token *t, enum operation_kind kind,
				 const CK_MECHANISM *mechanism,
				 const struct operation_key *key,
				 struct operation **operation);

	/* The last session is closed. A login that this leaves is ended next. */
	void (*idle)(struct token *t);
	void (*free)(struct token *t); /* by token_unref() alone; wipes */
};

struct token {
	const struct token_ops *ops;
	unsigned references; /* atomic; token_ref() and token_unref() */
};

struct token *token_ref(struct token *t);
void token_unref(struct token *t); /* NULL is fine */

/*
 * Looks which applets are on a card and gives a token for each, in the order
 * in which slots show them, each with one reference. Takes WIRE, whatever it
 * answers. None (CKR_OK, COUNT 0) on a card that nobody knows. TOKENS has room
 * for CARD_TOKENS_MAX.
 */
enum { CARD_TOKENS_MAX = 8 };
CK_RV card_tokens_open(struct transport *wire, const struct config *config,
		       struct token **tokens, size_t *count) MUST_CHECK;

/*
 * The software tokens in the configured folder and their serial numbers; an
 * empty one comes last when the configuration asks for it. LIST has room for
 * SOFT_TOKENS_MAX and holds COUNT known ones with the caller's references: those
 * that still stand for the same file stay, the others are let go, new ones come
 * with one reference. What is no token of ours is logged once and left alone.
 */
enum { SOFT_TOKENS_MAX = 64, SOFT_SERIAL_SIZE = 16 };
struct soft_slot {
	char serial[SOFT_SERIAL_SIZE + 1]; /* lower-case hexadecimal */
	struct token *token;
};
CK_RV soft_tokens_list(const struct config *config, struct soft_slot *list,
		       size_t *count) MUST_CHECK;

/* In a forked child, first of all: closes what it inherited. */
void soft_tokens_forget(void);

/*
 * The host token of a slot: the software token without a store. It owns
 * session objects and does public-key and digest work for any key that comes
 * as CKA_PUBLIC_KEY_INFO. PEER says who is logged in; NULL: nobody.
 */
struct token *host_token_new(struct token *peer) MUST_CHECK;

#endif
