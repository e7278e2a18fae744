/* What the files of signet-import share: found objects, PINs, the target. */
#ifndef SIGNET_TOOLS_IMPORT_H
#define SIGNET_TOOLS_IMPORT_H

#include <openssl/evp.h>
#include <sqlite3.h>

#include "mem.h"
#include "object.h"

enum {
	FILE_MAX = 16 << 20,
	VALUE_MAX = 1 << 20, /* of one attribute */
	OBJECTS_MAX = 100000,
	ATTRIBUTES_MAX = 1000, /* of one object */
	ITERATIONS_MAX = 10 << 20,
};

/* main.c: one line on stderr. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* pin.c: where a PIN or password comes from; all NULL: a prompt. */
struct pin_source {
	const char *file;
	const char *variable; /* of the environment */
	const char *prompt;
};
/* NULL, and complained, when it cannot be had. */
struct secret *pin_get(const struct pin_source *source) MUST_CHECK;
struct cursor secret_read(const struct secret *s);

/* items.c: what was found in a source. */
struct item {
	struct attrs attrs;
	char name[80];	  /* instead of the label, for what has no attributes */
	char reason[160]; /* why it cannot be imported; "" when it can */
	bool left_out;	  /* it is no key, certificate or data */
};
struct items {
	struct item *list;
	size_t count, room;
};
/* A new empty one, to be filled; NULL when there are too many. */
struct item *items_add(struct items *items) MUST_CHECK;
void items_free(struct items *items);
void item_refuse(struct item *item, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* "private key 'label' (id 01)" for the report. */
void item_describe(const struct item *item, char *text, size_t size);
/* Refuses or leaves out what cannot be made by C_CreateObject. */
void item_check(struct item *item);
/* Does C_CreateObject take this attribute of such an object? */
bool item_keeps(const struct item *item, const struct attr *attr);
/* Adds a public key beside each private one that has none. */
void items_complete(struct items *items);

/* What the caller asked for, beside where things are. */
struct wish {
	struct cursor id;  /* CKA_ID of a file's objects; bad: from the key */
	const char *label; /* their CKA_LABEL; NULL: from the file */
	bool extractable;  /* of a file's private keys */
	const char *source_token;
	struct pin_source source_pin;
};

/* The sources: false, and complained, when nothing can be read. What can be
 * named but not be read becomes an item with a reason. */
bool source_file(const char *path, const struct wish *wish,
		 struct items *items) MUST_CHECK;
bool source_softhsm(const char *folder, const struct wish *wish,
		    struct items *items) MUST_CHECK;
bool source_nss(const char *folder, const struct wish *wish,
		struct items *items) MUST_CHECK;

/* file.c: a whole file of at most MAX bytes in a heap builder. */
bool file_load(const char *path, size_t max, struct builder *out) MUST_CHECK;
/* FOLDER/NAME; false when it is too long. */
bool path_join(char *out, size_t size, const char *folder,
	       const char *name) MUST_CHECK;
bool path_exists(const char *folder, const char *name);

/* pkcs12.c: false when DATA is no PKCS#12 file. */
bool pkcs12_read(struct cursor data, const struct wish *wish,
		 const char *file_label, struct items *items) MUST_CHECK;

/* x509.c: a certificate, or a key with its public half, as items. The label
 * is WISH's, else the given one. */
void x509_add(X509 *x509, const struct wish *wish, const char *label,
	      struct items *items);
void pkey_add(EVP_PKEY *pkey, bool private, const struct wish *wish,
	      const char *label, struct items *items);

/* key.c: between libcrypto's keys and attributes; false: REASON says why. */
bool key_attributes(EVP_PKEY *pkey, bool private, struct attrs *attrs,
		    const char **reason) MUST_CHECK;
/* The public key's attributes from those of a private key. */
bool key_public(const struct attrs *private, struct attrs *public) MUST_CHECK;
/* SHA-1 of the subjectPublicKey bits (RFC 5280, 4.2.1.2, method 1). */
bool key_id(EVP_PKEY *pkey, uint8_t id[20]) MUST_CHECK;

/* cbc.c: undoes CIPHER in CBC mode with padding. */
bool cbc_decrypt(const EVP_CIPHER *cipher, const uint8_t *key,
		 const uint8_t *iv, struct cursor in,
		 struct builder *out) MUST_CHECK;

/* database.c: an SQLite file that is only read and not trusted. */
sqlite3 *database_open(const char *path) MUST_CHECK;
sqlite3_stmt *database_query(sqlite3 *db, const char *sql) MUST_CHECK;
/* A blob or text of at most VALUE_MAX bytes; bad when it is neither. */
struct cursor database_value(sqlite3_stmt *row, int column);

/* softhsm_file.c, softhsm_db.c: the objects of a SoftHSM 2 token, values of
 * private objects still encrypted; the token's own attributes in TOKEN. */
bool softhsm_file_token(const char *folder, struct attrs *token) MUST_CHECK;
bool softhsm_file_objects(const char *folder, struct items *items) MUST_CHECK;
bool softhsm_db_token(const char *folder, struct attrs *token) MUST_CHECK;
bool softhsm_db_objects(const char *folder, struct items *items) MUST_CHECK;

/* nss_cipher.c: the values of a key database. */
struct nss_key {
	struct cursor salt; /* of the whole database */
	struct cursor password;
};
/* DER EncryptedDataInfo. */
bool nss_decrypt(const struct nss_key *key, struct cursor value,
		 struct builder *out) MUST_CHECK;
/* Is the value in PBES2 form, which goes with a signature beside it? */
bool nss_is_signed(struct cursor value);
bool nss_verify(const struct nss_key *key, struct cursor signature,
		CK_ATTRIBUTE_TYPE type, struct cursor plain) MUST_CHECK;

/* target.c: the token that gets the objects. */
struct target {
	void *library;
	CK_FUNCTION_LIST *p11;
	CK_SESSION_HANDLE session;
	bool initialized;
};
struct target_wish {
	const char *module;
	const char *token; /* label, or NULL */
	const char *slot;  /* number, or NULL */
	struct pin_source pin;
};
bool target_open(struct target *t, const struct target_wish *wish) MUST_CHECK;
void target_close(struct target *t);
enum target_state { TARGET_LACKS, TARGET_HAS, TARGET_HAS_OTHER };
/* Is the object there already, or another one under its name? */
enum target_state target_look(struct target *t, const struct item *item);
CK_RV target_create(struct target *t, const struct item *item) MUST_CHECK;

#endif
