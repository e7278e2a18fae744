/*
 * Tokens of SoftHSM 2: the token is found, its master key unwrapped under the
 * user PIN, and the byte strings of private objects are decrypted.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "import.h"
#include "softhsm.h"

enum { SALT = 8, IV = 16, KEY = 32, ROUNDS = 1500, LABEL = 32 };

struct store {
	char folder[4096];
	bool database;
};

static bool
store_at(const char *folder, struct store *store)
{
	bool file = path_exists(folder, SOFTHSM_FILE);
	store->database = !file && path_exists(folder, SOFTHSM_DATABASE);
	if (!file && !store->database)
		return false;
	struct builder b = builder_over(store->folder, sizeof store->folder);
	builder_text(&b, folder);
	builder_u8(&b, 0);
	return builder_ok(&b);
}

static bool
token_read(const struct store *store, struct attrs *token)
{
	return store->database ? softhsm_db_token(store->folder, token)
			       : softhsm_file_token(store->folder, token);
}

static bool
is_labelled(const struct store *store, const char *label)
{
	struct attrs token = { 0 };
	bool same = false;
	if (token_read(store, &token)) {
		struct cursor value = attrs_value(
			&token, SOFTHSM_ATTRIBUTE(SOFTHSM_TOKEN_LABEL));
		uint8_t padded[LABEL];
		text_pad(padded, sizeof padded,
			 cursor_of(label, strlen(label)));
		same = cursor_is(value, padded, sizeof padded);
	}
	attrs_free(&token);
	return same;
}

/* The one token of a folder of tokens, or the one of that label. */
static bool
store_among(const char *folder, const char *label, struct store *store)
{
	DIR *d = opendir(folder);
	struct dirent *entry;
	struct store found;
	char path[4096];
	size_t count = 0;
	if (!d) {
		complain("%s: %s", folder, strerror(errno));
		return false;
	}
	while ((entry = readdir(d))) {
		if (entry->d_name[0] == '.' ||
		    !path_join(path, sizeof path, folder, entry->d_name) ||
		    !store_at(path, &found) ||
		    (label && !is_labelled(&found, label)))
			continue;
		*store = found;
		count++;
	}
	closedir(d);
	if (count == 0)
		complain("%s: no token of SoftHSM 2%s%s", folder,
			 label ? " with the label " : "", label ? label : "");
	if (count > 1)
		complain("%s: %zu tokens; say which with --source-token",
			 folder, count);
	return count == 1;
}

/* SHA-256 of salt and PIN, again and again; the salt says how often. */
static bool
pin_key(struct cursor salt, struct cursor pin, uint8_t key[KEY])
{
	struct builder b = builder_heap(VALUE_MAX);
	struct cursor last = salt;
	cursor_take(&last, SALT - 1);
	unsigned rounds = ROUNDS + cursor_u8(&last);
	builder_append(&b, salt);
	builder_append(&b, pin);
	struct cursor in = builder_read(&b);
	bool ok = builder_ok(&b) && pin.left > 0;
	for (unsigned i = 0; ok && i < rounds; i++) {
		ok = EVP_Digest(in.at, in.left, key, NULL, EVP_sha256(), NULL) >
		     0;
		in = cursor_of(key, KEY);
	}
	builder_free(&b);
	return ok;
}

/* Salt, IV, then the master key behind a mark that proves the PIN. */
static bool
master_unwrap(struct cursor wrapped, struct cursor pin, uint8_t master[KEY])
{
	static const uint8_t mark[] = { 0x52, 0x4a, 0x52 };
	uint8_t key[KEY];
	struct builder plain = builder_heap(VALUE_MAX);
	struct cursor salt = cursor_take(&wrapped, SALT);
	struct cursor iv = cursor_take(&wrapped, IV);
	bool ok = cursor_ok(&wrapped) && pin_key(salt, pin, key) &&
		  cbc_decrypt(EVP_aes_256_cbc(), key, iv.at,
			      cursor_rest(&wrapped), &plain);
	struct cursor c = builder_read(&plain);
	ok = ok && cursor_is(cursor_take(&c, sizeof mark), mark, sizeof mark) &&
	     c.left == KEY;
	if (ok)
		cursor_copy(&c, master, KEY);
	builder_free(&plain);
	mem_wipe(key, sizeof key);
	return ok;
}

static bool
master_get(const struct store *store, const struct wish *wish,
	   uint8_t master[KEY])
{
	struct attrs token = { 0 };
	struct secret *pin = NULL;
	bool ok = false;
	if (!token_read(store, &token))
		goto out;
	struct cursor wrapped =
		attrs_value(&token, SOFTHSM_ATTRIBUTE(SOFTHSM_USER_PIN));
	if (!cursor_ok(&wrapped)) {
		complain("%s: the token has no user PIN", store->folder);
		goto out;
	}
	pin = pin_get(&wish->source_pin);
	if (!pin)
		goto out;
	ok = master_unwrap(wrapped, secret_read(pin), master);
	if (!ok)
		complain("%s: the PIN of the token is wrong", store->folder);
out:
	secret_free(pin);
	attrs_free(&token);
	return ok;
}

/* Numbers and flags are not encrypted, nor are mechanisms and templates. */
static bool
is_encrypted(const struct attr *attr)
{
	switch (attr->type) {
	case CKA_ALLOWED_MECHANISMS:
	case CKA_WRAP_TEMPLATE:
	case CKA_UNWRAP_TEMPLATE:
	case CKA_DERIVE_TEMPLATE:
		return false;
	default:
		return attr->size > sizeof(CK_ULONG);
	}
}

/*
 * SoftHSM writes attributes in the order of their types, without a mark at the
 * end: a file cut between two of them would lose flags that protect the key.
 * CKA_WRAP_WITH_TRUSTED comes after all those.
 */
static bool
is_cut(const struct item *item)
{
	CK_OBJECT_CLASS class = attrs_ulong(&item->attrs, CKA_CLASS, CKO_DATA);
	return (class == CKO_PRIVATE_KEY || class == CKO_SECRET_KEY) &&
	       !attrs_find(&item->attrs, CKA_WRAP_WITH_TRUSTED);
}

static void
item_decrypt(struct item *item, const uint8_t *master)
{
	struct attrs plain = { 0 };
	bool ok = true;
	if (item->reason[0] || !attrs_bool(&item->attrs, CKA_PRIVATE, true))
		return;
	for (size_t i = 0; ok && i < item->attrs.count; i++) {
		const struct attr *attr = &item->attrs.list[i];
		struct cursor value = cursor_of(attr->value, attr->size);
		struct builder b = builder_heap(VALUE_MAX);
		if (is_encrypted(attr)) {
			struct cursor iv = cursor_take(&value, IV);
			ok = cursor_ok(&value) &&
			     cbc_decrypt(EVP_aes_256_cbc(), master, iv.at,
					 value, &b);
			value = builder_read(&b);
		}
		ok = ok && attrs_set(&plain, attr->type, value) == CKR_OK;
		builder_free(&b);
	}
	attrs_free(&item->attrs);
	item->attrs = plain;
	if (!ok)
		item_refuse(item, "it does not decrypt: damaged");
}

bool
source_softhsm(const char *folder, const struct wish *wish, struct items *items)
{
	struct store store;
	uint8_t master[KEY];
	bool ok = (store_at(folder, &store) ||
		   store_among(folder, wish->source_token, &store)) &&
		  master_get(&store, wish, master) &&
		  (store.database ? softhsm_db_objects(store.folder, items)
				  : softhsm_file_objects(store.folder, items));
	for (size_t i = 0; ok && i < items->count; i++) {
		item_decrypt(&items->list[i], master);
		if (!items->list[i].reason[0] && is_cut(&items->list[i]))
			item_refuse(&items->list[i],
				    "flags are not there: half written?");
	}
	mem_wipe(master, sizeof master);
	return ok;
}
