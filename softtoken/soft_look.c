/* Seeing what other processes have changed in a token's file. */
#include <time.h>

#include "log.h"
#include "soft_token.h"

enum { LOOK_MS = 100 };

static uint64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

CK_RV
look_read(struct store *s, uint64_t known, struct look *look)
{
	CK_RV rv = store_data_version(s, &look->data_version);

	look->whole = false;
	if (rv != CKR_OK || look->data_version == known)
		return rv;
	rv = store_token_read(s, &look->record);
	if (rv == CKR_OK)
		rv = store_pin_read(s, ROLE_USER, &look->user);
	if (rv == CKR_OK)
		rv = store_pin_read(s, ROLE_SO, &look->so);
	look->whole = rv == CKR_OK;
	return rv;
}

void
look_apply(struct soft_token *t, const struct look *look)
{
	t->looked = now_ms();
	if (!look->whole)
		return;
	if (t->data_version != look->data_version)
		t->epoch++;
	t->data_version = look->data_version;
	if (t->record.generation != look->record.generation) {
		if (t->ring)
			log_line(LOG_INFO,
				 "token %s: another process has initialised it "
				 "anew, the login is over",
				 t->serial);
		soft_forget(t);
	}
	t->record = look->record;
	t->user = look->user;
	t->so = look->so;
}

void
look_now(struct soft_token *t, bool at_once)
{
	struct store *s = atomic_load(&t->store);
	struct look look;

	if (!s || (!at_once && now_ms() - t->looked < LOOK_MS))
		return;
	/* the lock order is store, token: so the store's is only tried here */
	if (!store_try(s))
		return;
	/* what fails here was logged, and fails again where it matters */
	if (store_end(s, look_read(s, t->data_version, &look)) == CKR_OK)
		look_apply(t, &look);
}

CK_RV
generation_check(struct soft_token *t, struct store *s)
{
	struct token_record record;
	CK_RV rv = store_token_read(s, &record);
	bool same;

	if (rv != CKR_OK)
		return rv;
	soft_lock(t);
	same = record.generation == t->record.generation;
	soft_unlock(t);
	return same ? CKR_OK : CKR_USER_NOT_LOGGED_IN;
}
