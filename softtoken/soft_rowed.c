/* An object as a row of the store: index columns beside a sealed blob. */
#include "rowed.h"

#include "log.h"

static const struct {
	CK_ATTRIBUTE_TYPE type;
	int by;
} tagged[] = {
	{ CKA_ID, BY_ID },
	{ CKA_LABEL, BY_LABEL },
	{ CKA_SUBJECT, BY_SUBJECT },
};
enum { TAGGED = 3, TAGS_MAX = 1 << 20 };

static struct cursor
no_bytes(void)
{
	struct cursor c = cursor_of(NULL, 0);

	cursor_fail(&c);
	return c;
}

/* The columns of the tags, one behind the other in TAGS; plain ones can be as
 * long as the attribute. */
static CK_RV
tags_write(struct ring *ring, const struct attrs *attrs, bool private,
	   struct builder *tags, struct cursor columns[TAGGED])
{
	size_t ends[TAGGED];
	struct cursor all;
	CK_RV rv = CKR_OK;

	for (int i = 0; rv == CKR_OK && i < TAGGED; i++) {
		struct cursor value = attrs_value(attrs, tagged[i].type);

		columns[i] = value;
		if (cursor_ok(&value) && private)
			rv = tag_make(ring, tagged[i].type, value, tags);
		else if (cursor_ok(&value))
			builder_append(tags, value);
		ends[i] = tags->used;
	}
	if (rv == CKR_OK && !builder_ok(tags))
		rv = CKR_HOST_MEMORY;
	if (rv != CKR_OK)
		return rv;
	all = builder_read(tags);
	for (int i = 0; i < TAGGED; i++) {
		size_t start = i ? ends[i - 1] : 0;
		struct cursor column = cursor_take(&all, ends[i] - start);

		columns[i] = cursor_ok(&columns[i]) ? column : no_bytes();
	}
	return CKR_OK;
}

CK_RV
rowed_make(struct ring *ring, uint64_t id, uint64_t version,
	   const struct attrs *attrs, struct rowed *out)
{
	struct builder plain = builder_heap(STORE_BLOB_MAX);
	struct cursor columns[TAGGED];
	CK_RV rv;

	out->row = (struct row){
		.id = id,
		.version = version,
		.class = attrs_ulong(attrs, CKA_CLASS, CKO_DATA),
		.key_type = attrs_ulong(attrs, CKA_KEY_TYPE,
					CK_UNAVAILABLE_INFORMATION),
		.private = attrs_bool(attrs, CKA_PRIVATE, true),
	};
	out->tags = builder_heap(TAGS_MAX);
	out->blob = builder_heap(STORE_BLOB_MAX);
	if (out->row.private && !ring)
		return CKR_USER_NOT_LOGGED_IN;
	rv = tags_write(ring, attrs, out->row.private, &out->tags, columns);
	if (rv == CKR_OK)
		rv = attrs_encode(attrs, &plain);
	if (rv == CKR_OK)
		rv = blob_seal(ring, &out->row, builder_read(&plain),
			       &out->blob);
	builder_free(&plain);
	if (rv != CKR_OK)
		return rv;
	out->row.id_tag = columns[0];
	out->row.label_tag = columns[1];
	out->row.subject_tag = columns[2];
	out->row.blob = builder_read(&out->blob);
	return CKR_OK;
}

void
rowed_free(struct rowed *r)
{
	builder_free(&r->tags);
	builder_free(&r->blob);
}

static bool
column_agrees(struct cursor a, struct cursor b)
{
	return cursor_ok(&a) == cursor_ok(&b) &&
	       (!cursor_ok(&a) || cursor_same(a, b));
}

static bool
tags_agree(struct ring *ring, const struct row *row, const struct attrs *attrs)
{
	struct builder tags = builder_heap(TAGS_MAX);
	struct cursor columns[TAGGED];
	bool fine = tags_write(ring, attrs, row->private, &tags, columns) ==
			    CKR_OK &&
		    column_agrees(columns[0], row->id_tag) &&
		    column_agrees(columns[1], row->label_tag) &&
		    column_agrees(columns[2], row->subject_tag);

	builder_free(&tags);
	return fine;
}

/* The columns are an index that anybody may have changed; the blob, once its
 * seal or mark was right, is the truth. */
static bool
columns_agree(const struct row *row, const struct attrs *attrs)
{
	return attrs_ulong(attrs, CKA_CLASS, CK_UNAVAILABLE_INFORMATION) ==
		       row->class
	       &&
	       attrs_ulong(attrs, CKA_KEY_TYPE, CK_UNAVAILABLE_INFORMATION) ==
		       row->key_type &&
	       attrs_bool(attrs, CKA_PRIVATE, !row->private) == row->private;
}

CK_RV
row_open(struct ring *ring, const struct row *row, struct template only,
	 struct attrs *attrs)
{
	struct builder plain = builder_heap(STORE_BLOB_MAX);
	struct attrs found = { NULL, 0, 0 };
	bool proven = false;
	CK_RV rv = blob_open(ring, row, &plain, &proven);

	if (rv == CKR_OK)
		rv = attrs_decode(builder_read(&plain), only, &found);
	if (rv == CKR_OK && !columns_agree(row, &found))
		rv = CKR_DATA_INVALID;
	if (rv == CKR_OK && only.count == 0 && !tags_agree(ring, row, &found))
		rv = CKR_DATA_INVALID;
	/* trust that nobody's key vouches for is none */
	if (rv == CKR_OK && !proven && attrs_bool(&found, CKA_TRUSTED, false))
		rv = attrs_set_bool(&found, CKA_TRUSTED, false);
	builder_free(&plain);
	if (rv == CKR_DATA_INVALID) {
		log_line(LOG_ERROR,
			 "object %llu of a software token was changed by "
			 "something else: not used",
			 (unsigned long long)row->id);
		rv = CKR_DEVICE_ERROR;
	}
	if (rv != CKR_OK) {
		attrs_free(&found);
		return rv;
	}
	*attrs = found;
	return CKR_OK;
}

/* One CK_ULONG of a search. False: the template can match nothing. */
static bool
match_ulong(const CK_ATTRIBUTE *list, CK_ULONG count, CK_ATTRIBUTE_TYPE type,
	    bool *any, CK_ULONG *value)
{
	*any = !template_find(list, count, type);
	return template_ulong(list, count, type, 0, value) == CKR_OK;
}

/* Does the index answer this part of a search, with no other tag than BY's? */
static bool
indexed(const CK_ATTRIBUTE *a, int by)
{
	bool token = false;

	switch (a->type) {
	case CKA_TOKEN:
		/* all that has a row is a token object */
		return template_bool(a, 1, CKA_TOKEN, false, &token) ==
			       CKR_OK &&
		       token;
	case CKA_CLASS:
	case CKA_KEY_TYPE:
	case CKA_PRIVATE:
		return true;
	}
	for (int i = 0; i < TAGGED; i++) {
		if (tagged[i].type == a->type)
			return tagged[i].by == by;
	}
	return false;
}

bool
row_match_of(struct ring *ring, const CK_ATTRIBUTE *list, CK_ULONG count,
	     struct builder *tag, struct row_match *match)
{
	struct row_match m = { .by = BY_ALL };
	const CK_ATTRIBUTE *a = NULL;

	if (!match_ulong(list, count, CKA_CLASS, &m.any_class, &m.class) ||
	    !match_ulong(list, count, CKA_KEY_TYPE, &m.any_key_type,
			 &m.key_type) ||
	    template_bool(list, count, CKA_PRIVATE, false, &m.private) !=
		    CKR_OK)
		return false;
	m.any_private = !template_find(list, count, CKA_PRIVATE);
	if (!m.any_class)
		m.by = BY_CLASS;
	else if (!m.any_key_type)
		m.by = BY_KEY_TYPE;
	m.plain = m.keyed = no_bytes();
	for (int i = 0; i < TAGGED && !a; i++) {
		a = template_find(list, count, tagged[i].type);
		if (a)
			m.by = tagged[i].by;
	}
	if (a) {
		m.plain = cursor_of(a->pValue, a->ulValueLen);
		if (ring && tag_make(ring, a->type, m.plain, tag) == CKR_OK)
			m.keyed = builder_read(tag);
	}
	m.whole = true;
	for (CK_ULONG i = 0; i < count; i++)
		m.whole = m.whole && indexed(&list[i], (int)m.by);
	*match = m;
	return true;
}
