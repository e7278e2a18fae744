/* The start of an operation: mechanism and key find their engine. */
#include "soft_operation.h"

enum { ECDSA_INPUT_MAX = 1024, WHOLE_INPUT_MAX = 1 << 30 };

/* What an operation asks of a pair's half, and of a mechanism. */
static const struct {
	CK_OBJECT_CLASS class;
	CK_FLAGS flag;
} demands[OPERATION_KINDS] = {
	[OPERATION_SIGN] = { CKO_PRIVATE_KEY, CKF_SIGN },
	[OPERATION_VERIFY] = { CKO_PUBLIC_KEY, CKF_VERIFY },
	[OPERATION_ENCRYPT] = { CKO_PUBLIC_KEY, CKF_ENCRYPT },
	[OPERATION_DECRYPT] = { CKO_PRIVATE_KEY, CKF_DECRYPT },
	[OPERATION_SIGN_RECOVER] = { CKO_PRIVATE_KEY, CKF_SIGN_RECOVER },
	[OPERATION_VERIFY_RECOVER] = { CKO_PUBLIC_KEY, CKF_VERIFY_RECOVER },
};

bool
mechanism_allowed(const struct attrs *attrs, CK_MECHANISM_TYPE mechanism)
{
	struct cursor list = attrs_value(attrs, CKA_ALLOWED_MECHANISMS);

	if (!cursor_ok(&list) || list.left == 0)
		return true;
	while (cursor_ok(&list) && list.left > 0) {
		CK_MECHANISM_TYPE allowed = CK_UNAVAILABLE_INFORMATION;

		cursor_copy(&list, &allowed, sizeof(allowed));
		if (allowed == mechanism)
			return true;
	}
	return false;
}

/* With the token's lock: may this object do that? The other half of a pair has
 * no such attribute (5.1.6 on CKR_KEY_FUNCTION_NOT_PERMITTED). */
static CK_RV
item_permits(struct item *item, enum operation_kind kind,
	     CK_MECHANISM_TYPE mechanism, CK_OBJECT_CLASS class)
{
	const struct facts *facts = item_facts(item);

	if (facts->class != class || !(facts->uses & 1u << kind))
		return CKR_KEY_FUNCTION_NOT_PERMITTED;
	if (facts->restricted && !mechanism_allowed(&item->attrs, mechanism))
		return CKR_MECHANISM_INVALID;
	return CKR_OK;
}

static CK_RV
item_get(struct soft_operation *o, uint64_t id, struct item **item)
{
	CK_RV rv = soft_get(o->token, id, item);

	return rv == CKR_OBJECT_HANDLE_INVALID ? CKR_KEY_HANDLE_INVALID : rv;
}

static CK_RV
key_of_object(struct soft_operation *o, CK_MECHANISM_TYPE mechanism,
	      uint64_t id)
{
	enum operation_kind kind = o->operation.kind;
	struct item *item;
	CK_RV rv = item_get(o, id, &item);

	if (rv != CKR_OK)
		return rv;
	/* the wrong type comes before the wrong use (PKCS#11 3.2, 5.1.6) */
	rv = CKR_KEY_TYPE_INCONSISTENT;
	if (item_facts(item)->type == scheme_key_type(o->scheme.kind))
		rv = item_permits(item, kind, mechanism, demands[kind].class);
	if (rv == CKR_OK && !item->key)
		rv = soft_key_load(&item->attrs, &item->key);
	if (rv == CKR_OK) {
		o->key = soft_key_ref(item->key);
		o->operation.login_each_time =
			item_facts(item)->login_each_time;
	}
	soft_unlock(o->token);
	return rv;
}

/* Somebody else's public key: only what public keys do. */
static CK_RV
key_of_info(struct soft_operation *o, struct cursor info)
{
	CK_RV rv;

	if (demands[o->operation.kind].class != CKO_PUBLIC_KEY)
		return CKR_KEY_FUNCTION_NOT_PERMITTED;
	rv = soft_key_of_info(info, &o->key);
	if (rv == CKR_DATA_INVALID)
		return CKR_KEY_TYPE_INCONSISTENT;
	if (rv == CKR_OK &&
	    soft_key_type(o->key) != scheme_key_type(o->scheme.kind))
		rv = CKR_KEY_TYPE_INCONSISTENT;
	return rv;
}

/* A mechanism may be known and yet not do this. */
static CK_RV
scheme_serves(CK_MECHANISM_TYPE mechanism, enum operation_kind kind)
{
	size_t count;
	const struct scheme_row *rows = scheme_rows(&count);

	for (size_t i = 0; i < count; i++) {
		if (rows[i].type == mechanism &&
		    (rows[i].flags & demands[kind].flag))
			return CKR_OK;
	}
	return CKR_MECHANISM_INVALID;
}

/* The label is the caller's only as long as C_DecryptInit takes. */
static CK_RV
scheme_keep(struct soft_operation *o, const CK_MECHANISM *mechanism)
{
	CK_RV rv = scheme_serves(mechanism->mechanism, o->operation.kind);

	if (rv == CKR_OK)
		rv = scheme_parse(mechanism, &o->scheme);
	if (rv != CKR_OK)
		return rv;
	o->label = builder_heap(o->scheme.label.left);
	builder_append(&o->label, o->scheme.label);
	o->scheme.label = builder_read(&o->label);
	return builder_ok(&o->label) ? CKR_OK : CKR_HOST_MEMORY;
}

static CK_RV
digester_want(struct soft_operation *o, enum digest digest)
{
	o->digesting = digest != DIGEST_NONE;
	if (!o->digesting)
		return CKR_OK;
	if (o->digester && o->digest == digest) {
		digester_reset(o->digester);
		return CKR_OK;
	}
	digester_free(o->digester);
	o->digest = digest;
	o->digester = digester_new(digest);
	return o->digester ? CKR_OK : CKR_HOST_MEMORY;
}

static CK_RV
start_digest(struct soft_operation *o, const CK_MECHANISM *mechanism)
{
	enum digest digest = digest_of_mechanism(mechanism->mechanism);

	if (digest == DIGEST_NONE || !digest_algorithm(digest))
		return CKR_MECHANISM_INVALID;
	if (mechanism->ulParameterLen > 0)
		return CKR_MECHANISM_PARAM_INVALID;
	return digester_want(o, digest);
}

/* What an operation keeps of its input, where nothing digests it. */
static size_t
input_max(const struct soft_operation *o)
{
	switch (o->scheme.kind) {
	case SCHEME_ECDSA:
	case SCHEME_DSA:
		return ECDSA_INPUT_MAX;
	case SCHEME_EDDSA:
	case SCHEME_ML_DSA:
	case SCHEME_SLH_DSA:
		return WHOLE_INPUT_MAX;
	default:
		return soft_key_size(o->key);
	}
}

static CK_RV
start_pair(struct soft_operation *o, const CK_MECHANISM *mechanism,
	   const struct operation_key *key)
{
	CK_RV rv = scheme_keep(o, mechanism);

	if (rv == CKR_OK && key->public_key_info.left > 0)
		rv = key_of_info(o, key->public_key_info);
	else if (rv == CKR_OK)
		rv = key_of_object(o, mechanism->mechanism, key->id);
	if (rv == CKR_OK && !padding_fits(&o->scheme, soft_key_size(o->key)))
		rv = CKR_KEY_SIZE_RANGE;
	if (rv != CKR_OK)
		return rv;
	o->operation.single_part = o->scheme.digest == DIGEST_NONE &&
				   !scheme_whole(o->scheme.kind);
	o->buffer = builder_heap(input_max(o));
	return digester_want(o, o->scheme.digest);
}

/* With the token's lock. A cipher that rests with the key is borrowed from its
 * object until the operation's end. */
static CK_RV
cipher_want(struct soft_operation *o, const CK_MECHANISM *mechanism,
	    struct item *item)
{
	bool encrypt = o->operation.kind == OPERATION_ENCRYPT;
	CK_RV rv;

	if (item->cipher) {
		cipher_free(o->cipher);
		o->cipher = item->cipher;
		item->cipher = NULL;
	}
	if (!o->cipher)
		o->cipher = cipher_new();
	if (!o->cipher)
		return CKR_HOST_MEMORY;
	o->cipher_id = item->id;
	o->cipher_changes = o->token->changes;
	rv = cipher_start(o->cipher, mechanism,
			  attrs_value(&item->attrs, CKA_VALUE), encrypt);
	o->operation.single_part =
		rv == CKR_OK && cipher_single_part(o->cipher);
	return rv;
}

static CK_RV
mac_want(struct soft_operation *o, const CK_MECHANISM *mechanism,
	 struct cursor value)
{
	if (!o->mac)
		o->mac = mac_new();
	return o->mac ? mac_start(o->mac, mechanism, value) : CKR_HOST_MEMORY;
}

/* With the token's lock: the wrong type comes before the wrong use (5.1.6). */
static bool
secret_fits(const struct soft_operation *o, CK_MECHANISM_TYPE mechanism,
	    const struct secret_row *row, struct item *item)
{
	CK_KEY_TYPE type = item_facts(item)->type;

	return o->engine == ENGINE_CIPHER ? type == row->key_type
					  : mac_takes(mechanism, type);
}

/* The engine takes a secret key's value while the object is held. */
static CK_RV
start_secret(struct soft_operation *o, const CK_MECHANISM *mechanism,
	     const struct secret_row *row, uint64_t id)
{
	struct item *item;
	CK_RV rv;

	if (!(row->flags & demands[o->operation.kind].flag))
		return CKR_MECHANISM_INVALID;
	rv = item_get(o, id, &item);
	if (rv != CKR_OK)
		return rv;
	rv = CKR_KEY_TYPE_INCONSISTENT;
	if (secret_fits(o, mechanism->mechanism, row, item))
		rv = item_permits(item, o->operation.kind, mechanism->mechanism,
				  CKO_SECRET_KEY);
	if (rv == CKR_OK && o->engine == ENGINE_CIPHER)
		rv = cipher_want(o, mechanism, item);
	else if (rv == CKR_OK)
		rv = mac_want(o, mechanism,
			      attrs_value(&item->attrs, CKA_VALUE));
	soft_unlock(o->token);
	return rv;
}

static const struct secret_row *
row_find(const struct secret_row *rows, size_t count, CK_MECHANISM_TYPE type)
{
	for (size_t i = 0; i < count; i++) {
		if (rows[i].type == type)
			return &rows[i];
	}
	return NULL;
}

CK_RV
operation_begin(struct soft_operation *o, const CK_MECHANISM *mechanism,
		const struct operation_key *key)
{
	const struct secret_row *rows, *row;
	size_t count;

	o->engine = ENGINE_DIGEST;
	if (o->operation.kind == OPERATION_DIGEST)
		return start_digest(o, mechanism);
	rows = cipher_rows(&count);
	row = row_find(rows, count, mechanism->mechanism);
	o->engine = ENGINE_CIPHER;
	if (!row) {
		rows = mac_rows(&count);
		row = row_find(rows, count, mechanism->mechanism);
		o->engine = ENGINE_MAC;
	}
	if (row)
		return start_secret(o, mechanism, row, key->id);
	o->engine = ENGINE_PAIR;
	return start_pair(o, mechanism, key);
}
