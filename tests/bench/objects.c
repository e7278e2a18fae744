/* Objects of the search stage: made, found in several ways, destroyed. */
#include "bench.h"

#define OBJECT_LABEL "p11bench-object"
enum { NOBODY = 88888888, SHORT_LIVED = 99999999, PAGE = 256 };

CK_RV
object_make(unsigned long number, CK_BBOOL on_token, CK_OBJECT_HANDLE *object)
{
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_AES;
	unsigned char value[32];
	char id[24];
	int size = snprintf(id, sizeof id, "pb%08lu", number);
	CK_ATTRIBUTE t[] = { A(CKA_CLASS, &class, sizeof class),
			     A(CKA_KEY_TYPE, &type, sizeof type),
			     AB(CKA_TOKEN, on_token),
			     AB(CKA_PRIVATE, yes),
			     AB(CKA_SENSITIVE, yes),
			     AB(CKA_ENCRYPT, yes),
			     A(CKA_ID, id, (CK_ULONG)size),
			     A(CKA_LABEL, OBJECT_LABEL, strlen(OBJECT_LABEL)),
			     A(CKA_VALUE, value, sizeof value) };
	RAND_bytes(value, sizeof value);
	return run.p11->C_CreateObject(run.session, t, COUNT(t), object);
}

static CK_RV
create_and_destroy(CK_BBOOL on_token)
{
	CK_OBJECT_HANDLE object;
	CK_RV rv = object_make(SHORT_LIVED, on_token, &object);
	return rv == CKR_OK ? run.p11->C_DestroyObject(run.session, object)
			    : rv;
}

CK_RV
op_create_session(void *unused)
{
	(void)unused;
	return create_and_destroy(CK_FALSE);
}

CK_RV
op_create_token(void *unused)
{
	(void)unused;
	return create_and_destroy(CK_TRUE);
}

/* One search from Init to Final; counts all, keeps the first. */
static CK_RV
search(CK_ATTRIBUTE *list, CK_ULONG count, struct search *s)
{
	CK_OBJECT_HANDLE found[PAGE];
	CK_ULONG more = 0;
	CK_RV rv = run.p11->C_FindObjectsInit(run.session, list, count);
	if (rv != CKR_OK)
		return rv;
	s->found = 0;
	do {
		rv = run.p11->C_FindObjects(run.session, found, PAGE, &more);
		if (rv != CKR_OK || more == 0)
			break;
		if (s->found == 0)
			s->handle = found[0];
		s->found += more;
	} while (more == PAGE);
	run.p11->C_FindObjectsFinal(run.session);
	return rv;
}

CK_RV
op_find(void *context)
{
	struct search *s = context;
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	char id[24];
	s->seed = s->seed * 6364136223846793005ul + 1442695040888963407ul;
	unsigned long number = (s->seed >> 33) % (s->count ? s->count : 1);
	int size = snprintf(id, sizeof id, "pb%08lu",
			    s->miss ? (unsigned long)NOBODY : number);
	CK_ATTRIBUTE t[] = { A(CKA_CLASS, &class, sizeof class),
			     A(CKA_ID, id, (CK_ULONG)size) };
	CK_RV rv = search(t, COUNT(t), s);
	if (rv == CKR_OK && s->found != (s->miss ? 0 : 1))
		return CKR_GENERAL_ERROR;
	return rv;
}

CK_RV
op_find_all(void *context)
{
	struct search *s = context;
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_ATTRIBUTE t = A(CKA_CLASS, &class, sizeof class);
	CK_RV rv = search(&t, 1, s);
	return rv == CKR_OK && s->found < s->count ? CKR_GENERAL_ERROR : rv;
}

/* The bench's P-256 pair among all the others, by one attribute each. */
static CK_RV
find_pair(CK_ATTRIBUTE t, struct search *s)
{
	CK_RV rv = search(&t, 1, s);
	return rv == CKR_OK && s->found == 0 ? CKR_GENERAL_ERROR : rv;
}

CK_RV
op_find_label(void *context)
{
	const char *label = key_id(K_P256);
	return find_pair((CK_ATTRIBUTE)A(CKA_LABEL, label, strlen(label)),
			 context);
}

CK_RV
op_find_class(void *context)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	return find_pair((CK_ATTRIBUTE)A(CKA_CLASS, &class, sizeof class),
			 context);
}

CK_RV
op_find_key_type(void *context)
{
	CK_KEY_TYPE type = CKK_EC;
	return find_pair((CK_ATTRIBUTE)A(CKA_KEY_TYPE, &type, sizeof type),
			 context);
}

CK_OBJECT_HANDLE
object_by_id(CK_OBJECT_CLASS class, const char *id)
{
	CK_ATTRIBUTE t[] = { A(CKA_CLASS, &class, sizeof class),
			     A(CKA_ID, id, strlen(id)) };
	struct search s = { 0 };
	if (search(t, COUNT(t), &s) != CKR_OK || s.found == 0)
		return CK_INVALID_HANDLE;
	return s.handle;
}

static void
destroy_all(CK_OBJECT_CLASS class, const char *id)
{
	CK_OBJECT_HANDLE object;
	while ((object = object_by_id(class, id)) != CK_INVALID_HANDLE &&
	       run.p11->C_DestroyObject(run.session, object) == CKR_OK)
		;
}

void
objects_destroy(void)
{
	CK_OBJECT_HANDLE object;
	char id[24];
	for (int i = 0; i < K_COUNT; i++) {
		if (!key_made(i))
			continue;
		destroy_all(CKO_PRIVATE_KEY, key_id(i));
		destroy_all(CKO_PUBLIC_KEY, key_id(i));
	}
	double start = now();
	unsigned long i = 0;
	for (; i < run.objects_made && now() - start < options.populate_limit;
	     i++) {
		snprintf(id, sizeof id, "pb%08lu", i);
		object = object_by_id(CKO_SECRET_KEY, id);
		if (object != CK_INVALID_HANDLE)
			run.p11->C_DestroyObject(run.session, object);
	}
	if (run.objects_made)
		result_span("find + destroy token objects", now() - start,
			    (double)i,
			    i < run.objects_made ? "stopped by --populate-limit"
						 : NULL);
}
