/* Stage "find": what grows with the number of objects in the token. */
#include "bench.h"

enum { STARTS = 5, PARTS = 5 };

/* Fills and measures one step; false when the token takes no more. */
static bool
populate(unsigned long goal)
{
	unsigned long from = run.objects_made;
	double start = now();
	CK_OBJECT_HANDLE object;
	CK_RV rv = CKR_OK;
	char name[80], note[96];
	while (run.objects_made < goal &&
	       now() - start < options.populate_limit) {
		rv = object_make(run.objects_made, CK_TRUE, &object);
		if (rv != CKR_OK)
			break;
		run.objects_made++;
	}
	double spent = now() - start;
	snprintf(name, sizeof name, "create token objects %lu..%lu", from,
		 run.objects_made);
	if (run.objects_made == from) {
		result_absent(name, rv, "no object could be made");
		return false;
	}
	const char *why = "";
	if (run.objects_made < goal)
		why = rv ? ", stopped by an error"
			 : ", stopped by --populate-limit";
	snprintf(note, sizeof note, "%.2f s%s", spent, why);
	result_span(name, spent, (double)(run.objects_made - from), note);
	return true;
}

/* One start as a command-line tool does it, in processor time; false when a
 * part failed. */
static bool
start_once(unsigned long round, double *parts)
{
	struct search s = { .count = run.objects_made, .seed = round };
	struct signature sign = { .mechanism = { CKM_ECDSA, NULL, 0 },
				  .message_size = 32 };
	run.p11->C_Finalize(NULL);
	double begin = worked();
	if (module_start() || slot_find())
		return false;
	double started = worked();
	if (token_login())
		return false;
	double logged_in = worked();
	if (run.objects_made && op_find(&s))
		return false;
	double found = worked();
	sign.session = run.session;
	if (run.key_on_token) {
		sign.key = object_by_id(CKO_PRIVATE_KEY, key_id(K_P256));
		if (sign.key == CK_INVALID_HANDLE || op_sign(&sign) != CKR_OK)
			return false;
	}
	double signed_at = worked();
	parts[0] = started - begin;
	parts[1] = logged_in - started;
	parts[2] = found - logged_in;
	parts[3] = signed_at - found;
	parts[4] = signed_at - begin - parts[1];
	return true;
}

static void
cold_start(void)
{
	static const char *const names[PARTS] = {
		"C_Initialize+slots", "OpenSession+C_Login", "first find by ID",
		"first P-256 signature", "all of it but the login"
	};
	double times[PARTS][STARTS], parts[PARTS];
	int good = 0;
	char name[80];
	while (good < STARTS && start_once((unsigned long)good, parts)) {
		for (int i = 0; i < PARTS; i++)
			times[i][good] = parts[i];
		good++;
	}
	for (int i = 0; i < PARTS; i++) {
		snprintf(name, sizeof name, "cold, %lu objects: %s",
			 run.objects_made, names[i]);
		if (good == STARTS)
			result_span(name, median(times[i], good), 1, NULL);
		else
			result_absent(name, CKR_FUNCTION_FAILED, "cold start");
	}
	work_session_renew();
	key(K_P256)->private_key =
		object_by_id(CKO_PRIVATE_KEY, key_id(K_P256));
	key(K_P256)->public_key = object_by_id(CKO_PUBLIC_KEY, key_id(K_P256));
}

static void
find_one(const char *what, op_fn op, bool miss)
{
	struct search s = { .count = run.objects_made,
			    .seed = 1,
			    .miss = miss };
	char name[80];
	snprintf(name, sizeof name, "%s, %lu objects", what, run.objects_made);
	measure(&(struct work){ .name = name, .op = op, .context = &s });
}

static void
sign_among(void)
{
	static struct signature s;
	struct attribute_case a;
	struct search f = { .count = run.objects_made, .seed = 1 };
	char name[80];
	if (!key(K_P256)->rv) {
		signature_setup(&s, &signature_kinds[KIND_P256], run.work);
		snprintf(name, sizeof name, "sign ECDSA P-256, %lu objects",
			 run.objects_made);
		measure(&(struct work){ .name = name,
					.op = op_sign,
					.context = &s,
					.reference = ref_sign,
					.reference_context = &s });
	}
	if (run.objects_made == 0 || op_find(&f) != CKR_OK)
		return;
	a.object = f.handle;
	snprintf(name, sizeof name, "get 1 attribute, %lu objects",
		 run.objects_made);
	measure(&(struct work){
		.name = name, .op = op_attribute, .context = &a });
}

static void
step(void)
{
	char name[80];
	find_one("find by ID", op_find, false);
	find_one("find absent ID", op_find, true);
	if (run.key_on_token && !key(K_P256)->rv) {
		find_one("find by label", op_find_label, false);
		find_one("find by class", op_find_class, false);
		find_one("find by key type", op_find_key_type, false);
	}
	find_one("list all", op_find_all, false);
	sign_among();
	cold_start();
	snprintf(name, sizeof name, "memory with %lu objects",
		 run.objects_made);
	result_memory(name);
}

void
stage_find(void)
{
	measure(&(struct work){ .name = "create session object (+destroy)",
				.op = op_create_session });
	measure(&(struct work){ .name = "create token object (+destroy)",
				.op = op_create_token });
	key(K_P256);
	sign_among();
	for (unsigned long goal = 10; run.objects_made < options.objects;
	     goal *= 10) {
		if (goal > options.objects)
			goal = options.objects;
		if (!populate(goal))
			return;
		step();
		if (run.objects_made < goal)
			return;
	}
}
