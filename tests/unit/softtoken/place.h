/* What the tests of the software token share: a folder of tokens, and keys. */
#ifndef SIGNET_TEST_PLACE_H
#define SIGNET_TEST_PLACE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "soft_token.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SO_PIN	     "so-pin-1"
#define USER_PIN     "user-pin"
#define TEXT(s)	     cursor_of(s, sizeof(s) - 1)
#define ATTR(type, data)                           \
	{                                          \
		type, (void *)(data), sizeof(data) \
	}
#define TEXT_ATTR(type, s)                       \
	{                                        \
		type, (void *)(s), sizeof(s) - 1 \
	}
#define ONE_ATTR(type, object)                          \
	{                                               \
		type, (void *)&(object), sizeof(object) \
	}
#define TEMPLATE(list) ((struct template){ list, COUNT(list) })

/* A folder of its own, gone at the end with all that is in it. */
struct place {
	char folder[64];
	struct config config;
	struct soft_slot list[SOFT_TOKENS_MAX];
	size_t count;
};
void place_open(struct place *p);
void place_close(struct place *p);
void place_list(struct place *p);
/* Lets all tokens go, as another process would start. */
void place_forget(struct place *p);
/* The first token, initialised, with both PINs and nobody logged in. */
struct token *place_token(struct place *p);
/* Its file (or the file with another END, "-wal"). */
void place_path(struct place *p, const char *end, char path[128]);
/* Runs SQL on the file of the first token, through a connection of its own. */
void place_sql(struct place *p, const char *sql);

void log_in(struct token *t, enum login user);
void log_out(struct token *t);

extern const CK_BBOOL yes, no;
extern const uint8_t p256[10]; /* CKA_EC_PARAMS */

/* Key pairs, private ones CKA_PRIVATE; ID is CKA_ID and CKA_LABEL. */
CK_RV make_ec(struct token *t, const char *id, uint64_t pair[2]);
CK_RV make_rsa(struct token *t, const char *id, CK_ULONG bits,
	       uint64_t pair[2]);
CK_RV make_data(struct token *t, const char *label, const char *value,
		bool private, uint64_t *id);

CK_RV run_operation(struct token *t, enum operation_kind kind,
		    const CK_MECHANISM *mechanism, uint64_t key,
		    struct cursor in, struct cursor signature,
		    struct builder *out);
/* How many objects have this label (NULL: any). */
size_t count_objects(struct token *t, const char *label);
/* Does the object have exactly this value? */
bool has_value(struct token *t, uint64_t id, CK_ATTRIBUTE_TYPE type,
	       struct cursor value);
CK_BBOOL get_bool(struct token *t, uint64_t id, CK_ATTRIBUTE_TYPE type);

#endif
