/* What a software token keeps on disk: sealed rows, its label and its PINs. */
#ifndef SIGNET_STORE_H
#define SIGNET_STORE_H

#include "object.h"

enum {
	STORE_SALT_SIZE = 16,
	STORE_WRAPPED_SIZE = 12 + 32 + 16, /* nonce, master key, tag */
	STORE_LABEL_SIZE = 32,
	STORE_BLOB_MAX = 1 << 24, /* one object */
	STORE_SERIAL_SIZE = 16,
};

/* One open token file. Any thread may use it; store_begin() locks it. */
struct store;

enum store_role { ROLE_USER = 1, ROLE_SO = 2 };

/* The master key wrapped under one PIN, and the tries spent on that PIN. */
struct pin_record {
	bool set;
	uint32_t kdf;
	uint32_t cost;
	uint8_t salt[STORE_SALT_SIZE];
	uint8_t wrapped[STORE_WRAPPED_SIZE];
	uint32_t failures;
};

struct token_record {
	uint8_t label[STORE_LABEL_SIZE];
	uint64_t generation; /* another after each C_InitToken */
};

/* One object. The columns are an index only, BLOB is the truth. */
struct row {
	uint64_t id;
	uint64_t version;
	CK_ULONG class;
	CK_ULONG key_type; /* CK_UNAVAILABLE_INFORMATION: none */
	bool private;
	struct cursor id_tag, label_tag, subject_tag; /* bad: none */
	struct cursor blob;
};

/* What to look for in the index; a tag may stand in its plain or keyed form. */
struct row_match {
	enum { BY_ALL, BY_CLASS, BY_KEY_TYPE, BY_ID, BY_LABEL, BY_SUBJECT } by;
	bool any_class, any_key_type, any_private, public_only;
	CK_ULONG class, key_type;
	bool private;
	struct cursor plain, keyed; /* keyed is bad when there is no key */
	bool whole;		    /* this is all that was asked for */
};

/*
 * Makes FOLDER/SERIAL.token, whole or not at all. CKR_FUNCTION_FAILED when it
 * is there already: nothing is ever overwritten.
 */
CK_RV store_create(const char *folder, const char *serial,
		   const struct token_record *token,
		   const struct pin_record *so) MUST_CHECK;

/* Makes the folder of token files, and those above it, where missing. */
void store_folder_make(const char *folder);

/*
 * Opens FOLDER/SERIAL.token, read-only where it cannot be written.
 * CKR_TOKEN_NOT_RECOGNIZED, logged, for what is no token of ours, damaged or of
 * a newer schema; CKR_DEVICE_ERROR when it cannot be read now.
 */
CK_RV store_open(const char *folder, const char *serial,
		 struct store **store) MUST_CHECK;
void store_close(struct store *s);
bool store_writable(const struct store *s);
/* Is the file no more the one that was opened? */
bool store_gone(struct store *s);

/* The short lock. STORE_WRITE is one transaction that other processes see
 * whole or not at all; with STORE_SNAPSHOT all that is read is of one moment;
 * store_try() is STORE_READ, or false when the lock is taken. */
enum store_mode { STORE_READ, STORE_SNAPSHOT, STORE_WRITE };
CK_RV store_begin(struct store *s, enum store_mode mode) MUST_CHECK;
bool store_try(struct store *s) MUST_CHECK;
/* Commits when RV is CKR_OK, else undoes all; answers RV or why it failed. */
CK_RV store_end(struct store *s, CK_RV rv) MUST_CHECK;

/* All below: between store_begin() and store_end(). */

/* A number that changes when another connection has written. */
CK_RV store_data_version(struct store *s, uint64_t *version) MUST_CHECK;

CK_RV store_token_read(struct store *s, struct token_record *r) MUST_CHECK;
CK_RV store_pin_read(struct store *s, enum store_role role,
		     struct pin_record *r) MUST_CHECK;
CK_RV store_pin_write(struct store *s, enum store_role role,
		      const struct pin_record *r) MUST_CHECK;
/* C_InitToken once more: no objects, no user PIN, this label and SO PIN. */
CK_RV store_renew(struct store *s, const struct token_record *token,
		  const struct pin_record *so) MUST_CHECK;

/* The first of COUNT ids that were never used before. */
CK_RV store_ids(struct store *s, size_t count, uint64_t *first) MUST_CHECK;
/* CKR_OBJECT_HANDLE_INVALID when it is gone. The cursors of ROW point into
 * BYTES, which must be on the heap. */
CK_RV store_row_read(struct store *s, uint64_t id, struct row *row,
		     struct builder *bytes) MUST_CHECK;
/* 0 when it is gone. */
CK_RV store_row_version(struct store *s, uint64_t id,
			uint64_t *version) MUST_CHECK;
CK_RV store_row_insert(struct store *s, const struct row *row) MUST_CHECK;
/* Replaces the row if it still has version ROW->version - 1; else
 * CKR_OBJECT_HANDLE_INVALID. */
CK_RV store_row_replace(struct store *s, const struct row *row) MUST_CHECK;
CK_RV store_row_remove(struct store *s, uint64_t id) MUST_CHECK;
CK_RV store_row_search(struct store *s, const struct row_match *match,
		       struct ids *found) MUST_CHECK;

/*
 * All open stores, for fork: each store's lock is held around it, and the
 * child closes what it inherited before it opens any file again. Nor may there
 * be a fork while SQLite works where no store's lock is held, which is when a
 * file is made, opened or closed: it has locks of the whole process.
 */
void registry_lock(void);
void registry_unlock(void);
/* With the lock. */
void registry_add(struct store *s);
void registry_remove(struct store *s);
/* A file that could not be opened: it is not tried, and not logged, again as
 * long as it stands as it is. */
struct stat;
bool registry_is_refused(const struct stat *file);
void registry_refuse(const struct stat *file);

#endif
