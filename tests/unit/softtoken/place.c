/* A folder of tokens for one test. */
#include "place.h"

#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
const uint8_t p256[10] = { 0x06, 0x08, 0x2A, 0x86, 0x48,
			   0xCE, 0x3D, 0x03, 0x01, 0x07 };

void
place_open(struct place *p)
{
	*p = (struct place){ .config = { .softtoken_init = true,
					 .softtoken_kdf =
						 (char *)"pbkdf2:1000" } };
	snprintf(p->folder, sizeof(p->folder), "/tmp/signet-test-XXXXXX");
	assert_non_null(mkdtemp(p->folder));
	p->config.softtoken_path = p->folder;
}

void
place_forget(struct place *p)
{
	while (p->count > 0)
		token_unref(p->list[--p->count].token);
}

void
place_close(struct place *p)
{
	struct dirent *entry;
	DIR *dir;

	place_forget(p);
	dir = opendir(p->folder);
	assert_non_null(dir);
	while ((entry = readdir(dir)))
		unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	assert_int_equal(rmdir(p->folder), 0);
}

void
place_list(struct place *p)
{
	assert_int_equal(soft_tokens_list(&p->config, p->list, &p->count),
			 CKR_OK);
}

struct token *
place_token(struct place *p)
{
	struct token *t;

	place_list(p);
	assert_int_equal(p->count, 1);
	t = p->list[0].token;
	assert_int_equal(t->ops->init(t, TEXT(SO_PIN), TEXT("a token")),
			 CKR_OK);
	log_in(t, LOGIN_SO);
	assert_int_equal(t->ops->pin_init(t, TEXT(USER_PIN)), CKR_OK);
	log_out(t);
	p->config.softtoken_init = false;
	return t;
}

void
place_path(struct place *p, const char *end, char path[128])
{
	snprintf(path, 128, "%s/%s.token%s", p->folder, p->list[0].serial, end);
}

void
place_sql(struct place *p, const char *sql)
{
	char path[128];
	sqlite3 *db = NULL;

	place_path(p, "", path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 10000);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

void
log_in(struct token *t, enum login user)
{
	struct cursor pin = user == LOGIN_SO ? TEXT(SO_PIN) : TEXT(USER_PIN);

	assert_int_equal(t->ops->login(t, user, pin), CKR_OK);
	assert_int_equal(t->ops->login_state(t), user);
}

void
log_out(struct token *t)
{
	assert_int_equal(t->ops->logout(t), CKR_OK);
	assert_int_equal(t->ops->login_state(t), LOGIN_NONE);
}

CK_RV
make_ec(struct token *t, const char *id, uint64_t pair[2])
{
	CK_MECHANISM m = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_ATTRIBUTE list[] = {
		{ CKA_ID, (void *)id, strlen(id) },
		{ CKA_LABEL, (void *)id, strlen(id) },
		ATTR(CKA_EC_PARAMS, p256),
	};
	struct template public_key = TEMPLATE(list);
	struct template private_key = { list, 2 };

	return t->ops->generate_pair(t, &m, public_key, private_key, &pair[0],
				     &pair[1]);
}

CK_RV
make_rsa(struct token *t, const char *id, CK_ULONG bits, uint64_t pair[2])
{
	CK_MECHANISM m = { CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0 };
	CK_ATTRIBUTE list[] = {
		{ CKA_ID, (void *)id, strlen(id) },
		{ CKA_LABEL, (void *)id, strlen(id) },
		ONE_ATTR(CKA_MODULUS_BITS, bits),
	};
	struct template public_key = TEMPLATE(list);
	struct template private_key = { list, 2 };

	return t->ops->generate_pair(t, &m, public_key, private_key, &pair[0],
				     &pair[1]);
}

CK_RV
make_data(struct token *t, const char *label, const char *value, bool private,
	  uint64_t *id)
{
	CK_OBJECT_CLASS class = CKO_DATA;
	CK_BBOOL flag = private;
	CK_ATTRIBUTE list[] = {
		ONE_ATTR(CKA_CLASS, class),
		{ CKA_LABEL, (void *)label, strlen(label) },
		{ CKA_VALUE, (void *)value, strlen(value) },
		ONE_ATTR(CKA_PRIVATE, flag),
	};

	return t->ops->create(t, TEMPLATE(list), id);
}

CK_RV
run_operation(struct token *t, enum operation_kind kind,
	      const CK_MECHANISM *mechanism, uint64_t key, struct cursor in,
	      struct cursor signature, struct builder *out)
{
	struct operation_key k = { .id = key };
	struct operation *o = NULL;
	CK_RV rv = t->ops->operation_start(t, kind, mechanism, &k, &o);

	if (rv != CKR_OK) {
		assert_null(o);
		return rv;
	}
	rv = o->ops->update(o, in, out);
	if (rv == CKR_OK)
		rv = o->ops->finish(o, signature, out);
	o->ops->free(o);
	return rv;
}

size_t
count_objects(struct token *t, const char *label)
{
	CK_ATTRIBUTE list[] = { { CKA_LABEL, (void *)label, 0 } };
	struct template match = { list, label ? 1 : 0 };
	struct ids found = { 0 };
	size_t count;

	if (label)
		list[0].ulValueLen = strlen(label);
	assert_int_equal(t->ops->search(t, match, &found), CKR_OK);
	count = found.count;
	ids_free(&found);
	return count;
}

bool
has_value(struct token *t, uint64_t id, CK_ATTRIBUTE_TYPE type,
	  struct cursor value)
{
	static uint8_t space[8192];
	CK_ATTRIBUTE a = { type, space, sizeof(space) };

	return t->ops->attributes_get(t, id, &a, 1) == CKR_OK &&
	       cursor_same(cursor_of(space, a.ulValueLen), value);
}

CK_BBOOL
get_bool(struct token *t, uint64_t id, CK_ATTRIBUTE_TYPE type)
{
	CK_BBOOL value = 2;
	CK_ATTRIBUTE a = ONE_ATTR(type, value);

	assert_int_equal(t->ops->attributes_get(t, id, &a, 1), CKR_OK);
	return value;
}
