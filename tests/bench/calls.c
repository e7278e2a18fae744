/* Stages of calls beside cryptography: start, session, login, attributes, key
 * generation, and the floor of a durable write. */
#include <fcntl.h>
#include <unistd.h>

#include "bench.h"

static CK_RV
op_start(void *unused)
{
	CK_SLOT_ID ids[64];
	CK_ULONG count;
	(void)unused;
	CK_RV rv = module_start();
	if (rv != CKR_OK)
		return rv;
	slots_list(ids, &count);
	return run.p11->C_Finalize(NULL);
}

/* Needs no token. Leaves the module started. */
void
stage_start(void)
{
	run.p11->C_Finalize(NULL);
	measure(&(struct work){ .name = "C_Initialize+C_GetSlotList+C_Finalize",
				.op = op_start });
	if (module_start() != CKR_OK)
		die("the module did not come back after C_Finalize");
}

static CK_RV
op_session(void *unused)
{
	CK_SESSION_HANDLE session;
	(void)unused;
	CK_RV rv = run.p11->C_OpenSession(run.slot,
					  CKF_SERIAL_SESSION | CKF_RW_SESSION,
					  NULL, NULL, &session);
	return rv == CKR_OK ? run.p11->C_CloseSession(session) : rv;
}

void
stage_session(void)
{
	measure(&(struct work){ .name = "C_OpenSession+C_CloseSession",
				.op = op_session });
}

static CK_RV
op_login(void *unused)
{
	(void)unused;
	CK_RV rv = run.p11->C_Logout(run.session);
	if (rv != CKR_OK)
		return rv;
	return run.p11->C_Login(run.session, CKU_USER,
				(CK_UTF8CHAR *)options.pin,
				strlen(options.pin));
}

void
stage_login(void)
{
	measure(&(struct work){ .name = "C_Logout+C_Login", .op = op_login });
}

static CK_RV
op_attributes(void *context)
{
	struct attribute_case *c = context;
	CK_ATTRIBUTE a[] = { A(CKA_MODULUS, c->modulus, sizeof c->modulus),
			     A(CKA_ID, c->id, sizeof c->id),
			     A(CKA_LABEL, c->label, sizeof c->label) };
	return run.p11->C_GetAttributeValue(run.session, c->object, a,
					    COUNT(a));
}

CK_RV
op_attribute(void *context)
{
	struct attribute_case *c = context;
	CK_ATTRIBUTE a = A(CKA_ID, c->id, sizeof c->id);
	return run.p11->C_GetAttributeValue(run.session, c->object, &a, 1);
}

void
stage_attributes(void)
{
	struct keypair *k = key(K_RSA2048);
	struct attribute_case c;
	if (k->rv) {
		result_absent("get attributes", k->rv, "key generation");
		return;
	}
	c.object = k->public_key;
	measure(&(struct work){ .name = "get 1 attribute of a public key",
				.op = op_attribute,
				.context = &c });
	measure(&(struct work){ .name = "get 3 attributes of a public key",
				.op = op_attributes,
				.context = &c });
	c.object = k->private_key;
	measure(&(struct work){ .name = "get 3 attributes of a private key",
				.op = op_attributes,
				.context = &c });
}

static CK_RV
op_keygen(void *context)
{
	CK_OBJECT_HANDLE public_key, private_key;
	CK_RV rv = pair_make(context, &public_key, &private_key);
	if (rv != CKR_OK)
		return rv;
	run.p11->C_DestroyObject(run.session, public_key);
	return run.p11->C_DestroyObject(run.session, private_key);
}

static CK_RV
ref_keygen(void *context)
{
	const struct pair_request *q = context;
	EVP_PKEY *pkey = q->bits ? EVP_RSA_gen(q->bits) : EVP_EC_gen("P-256");
	EVP_PKEY_free(pkey);
	return pkey ? CKR_OK : CKR_FUNCTION_FAILED;
}

void
stage_keygen(void)
{
	struct pair_request q = pair_p256(CK_FALSE, CK_FALSE, "pb-tmp");
	measure(&(struct work){ .name = "keygen P-256 session (+destroy)",
				.op = op_keygen,
				.context = &q,
				.reference = ref_keygen,
				.reference_context = &q });
	q.on_token = CK_TRUE;
	measure(&(struct work){ .name = "keygen P-256 token (+destroy)",
				.waits = true,
				.op = op_keygen,
				.context = &q,
				.reference = ref_keygen,
				.reference_context = &q });
	q = (struct pair_request){ .mechanism = CKM_RSA_PKCS_KEY_PAIR_GEN,
				   .bits = 2048,
				   .id = "pb-tmp" };
	double kept = options.seconds;
	if (options.seconds < 5)
		options.seconds = 5; /* the search for primes has a long tail */
	measure(&(struct work){ .name = "keygen RSA-2048 session (+destroy)",
				.op = op_keygen,
				.context = &q,
				.reference = ref_keygen,
				.reference_context = &q });
	options.seconds = kept;
}

static CK_RV
op_write(void *context)
{
	char block[512] = { 0 };
	int fd = *(int *)context;
	bool ok = pwrite(fd, block, sizeof block, 0) == (ssize_t)sizeof block &&
		  fdatasync(fd) == 0;
	return ok ? CKR_OK : CKR_FUNCTION_FAILED;
}

/* What one durable write costs in --workdir: a floor for create rates. */
void
stage_floor(void)
{
	char path[4096];
	if (!options.folder)
		return;
	snprintf(path, sizeof path, "%s/p11bench.floor", options.folder);
	int fd = open(path, O_CREAT | O_RDWR, 0600);
	if (fd < 0)
		return;
	measure(&(struct work){ .name = "floor: 512 B write + fdatasync",
				.op = op_write,
				.context = &fd });
	close(fd);
	unlink(path);
}
