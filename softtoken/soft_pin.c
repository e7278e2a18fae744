/* PINs: who may open the master key, and how often one may guess. */
#include "crypto.h"
#include "log.h"
#include "mem.h"
#include "soft_token.h"

enum { CHECK_TRIES = 4 };

/* "softtoken.tries", 0 is no limit. A locked PIN stays so until the SO sets a
 * new one, whatever is tried. */
static bool
is_locked(const struct soft_token *t, const struct pin_record *r)
{
	return t->tries > 0 && r->failures >= t->tries;
}

static CK_RV
pin_length(struct cursor pin)
{
	if (!pin.at)
		return CKR_ARGUMENTS_BAD; /* there is no keypad */
	return pin.left < PIN_MIN || pin.left > PIN_MAX ? CKR_PIN_LEN_RANGE
							: CKR_OK;
}

static bool
same_record(const struct pin_record *a, const struct pin_record *b)
{
	return a->set && b->set &&
	       mem_equal(a->wrapped, b->wrapped, sizeof(a->wrapped));
}

static CK_RV
records_read(struct soft_token *t, struct store *s, enum store_role role,
	     struct opened *o)
{
	struct token_record token;
	CK_RV rv = store_pin_read(s, role, &o->record);

	if (rv == CKR_OK && !o->record.set)
		rv = CKR_USER_PIN_NOT_INITIALIZED;
	if (rv == CKR_OK && is_locked(t, &o->record))
		rv = CKR_PIN_LOCKED;
	if (rv == CKR_OK)
		rv = store_token_read(s, &token);
	if (rv == CKR_OK)
		o->generation = token.generation;
	return rv;
}

/* After a look at the whole, for the flags that tell of tries. */
static void
look_whole(struct soft_token *t)
{
	struct store *s = atomic_load(&t->store);
	struct look look;
	CK_RV rv = store_begin(s, STORE_READ);

	if (rv == CKR_OK)
		rv = store_end(s, look_read(s, UINT64_MAX, &look));
	if (rv != CKR_OK)
		return;
	soft_lock(t);
	look_apply(t, &look);
	soft_unlock(t);
}

/*
 * Verdict and counter in one transaction. What another process did while the
 * KDF ran counts: a PIN that was locked meanwhile is locked, also for who
 * guessed right, and a PIN that was changed is looked at anew (CHANGED).
 */
static CK_RV
verdict_write(struct soft_token *t, struct store *s, enum store_role role,
	      struct opened *o, bool right, bool *changed)
{
	struct pin_record now;
	CK_RV rv = store_pin_read(s, role, &now);

	if (rv != CKR_OK)
		return rv;
	*changed = !same_record(&now, &o->record);
	if (*changed)
		return CKR_OK;
	if (is_locked(t, &now))
		return CKR_PIN_LOCKED;
	if (right && now.failures == 0)
		return CKR_OK;
	now.failures = right ? 0 : now.failures + 1;
	return store_pin_write(s, role, &now);
}

static CK_RV
verdict_settle(struct soft_token *t, enum store_role role, struct opened *o,
	       bool right, bool *changed)
{
	struct store *s = atomic_load(&t->store);
	/* a right PIN on a clean counter writes nothing */
	bool write = !right || o->record.failures > 0;
	CK_RV rv;

	*changed = false;
	/* what cannot be written cannot count tries either */
	if (write && !store_writable(s))
		return CKR_OK;
	rv = store_begin(s, write ? STORE_WRITE : STORE_READ);
	if (rv != CKR_OK)
		return rv;
	if (write)
		return store_end(s,
				 verdict_write(t, s, role, o, right, changed));
	/* failures of others between this and the KDF: once more, to write */
	rv = store_pin_read(s, role, &o->record);
	*changed = rv == CKR_OK && o->record.failures > 0;
	return store_end(s, rv);
}

static CK_RV
pin_try(struct soft_token *t, enum store_role role, struct cursor pin,
	struct opened *o, bool *changed)
{
	struct store *s = atomic_load(&t->store);
	struct pin_record before;
	CK_RV verdict, rv;

	rv = store_begin(s, STORE_READ);
	if (rv == CKR_OK)
		rv = store_end(s, records_read(t, s, role, o));
	if (rv != CKR_OK)
		return rv;
	before = o->record;
	verdict = pin_unwrap(&before, t->serial, role, pin, o->master);
	if (verdict != CKR_OK && verdict != CKR_PIN_INCORRECT)
		return verdict;
	rv = verdict_settle(t, role, o, verdict == CKR_OK, changed);
	if (rv == CKR_OK && !same_record(&before, &o->record))
		*changed = true;
	return rv == CKR_OK && !*changed ? verdict : rv;
}

/* What cannot be a PIN is a wrong one, and costs no try. */
CK_RV
pin_check(struct soft_token *t, enum store_role role, struct cursor pin,
	  struct opened *opened)
{
	bool changed = true;
	CK_RV rv = pin_length(pin);

	if (rv == CKR_PIN_LEN_RANGE)
		return CKR_PIN_INCORRECT;
	if (rv == CKR_OK && !atomic_load(&t->store))
		rv = CKR_USER_PIN_NOT_INITIALIZED;
	for (int i = 0; rv == CKR_OK && changed; i++) {
		if (i == CHECK_TRIES)
			return CKR_FUNCTION_FAILED;
		changed = false;
		rv = pin_try(t, role, pin, opened, &changed);
	}
	if (atomic_load(&t->store))
		look_whole(t);
	return rv;
}

/* Within a transaction: the PIN that was checked is still the one. */
static CK_RV
pin_replace(struct store *s, enum store_role role,
	    const struct pin_record *old_record,
	    const struct pin_record *new_record)
{
	struct pin_record now;
	CK_RV rv = store_pin_read(s, role, &now);

	if (rv == CKR_OK && !same_record(&now, old_record))
		rv = CKR_PIN_INCORRECT;
	return rv == CKR_OK ? store_pin_write(s, role, new_record) : rv;
}

static CK_RV
pin_rewrap(struct soft_token *t, enum store_role role, struct cursor pin,
	   const struct opened *o)
{
	struct store *s = atomic_load(&t->store);
	struct pin_record fresh;
	CK_RV rv = pin_wrap(t->kdf, t->serial, role, pin, o->master, &fresh);

	if (rv == CKR_OK)
		rv = store_begin(s, STORE_WRITE);
	if (rv == CKR_OK)
		rv = store_end(s, pin_replace(s, role, &o->record, &fresh));
	if (rv == CKR_OK)
		look_whole(t);
	return rv;
}

/* A KDF that has become too cheap is made dearer; never the other way. */
static void
kdf_raise(struct soft_token *t, enum store_role role, struct cursor pin,
	  const struct opened *o)
{
	if (o->record.kdf != t->kdf.kdf || o->record.cost >= t->kdf.cost ||
	    !store_writable(atomic_load(&t->store)))
		return;
	/* the login is right without it, and the next one tries again */
	DROP(pin_rewrap(t, role, pin, o));
}

static CK_RV
login_state_check(struct soft_token *t, enum login user)
{
	enum login now = soft_login_state(t);

	if (now == LOGIN_NONE)
		return CKR_OK;
	return now == user ? CKR_USER_ALREADY_LOGGED_IN
			   : CKR_USER_ANOTHER_ALREADY_LOGGED_IN;
}

/* Takes RING, also on failure. */
static CK_RV
login_enter(struct soft_token *t, enum login user, struct ring *ring,
	    uint64_t generation)
{
	CK_RV rv;

	if (!ring)
		return CKR_HOST_MEMORY;
	soft_lock(t);
	rv = login_state_check(t, user);
	/* initialised anew since the PIN was checked: these keys are history */
	if (rv == CKR_OK && t->record.generation != generation)
		rv = CKR_PIN_INCORRECT;
	if (rv == CKR_OK) {
		/* what was read before carries no proof yet */
		soft_forget(t);
		t->ring = ring;
		atomic_store(&t->login, user);
		ring = NULL;
	}
	soft_unlock(t);
	ring_unref(ring);
	return rv;
}

CK_RV
soft_login(struct token *token, enum login user, struct cursor pin)
{
	struct soft_token *t = soft_of(token);
	enum store_role role = user == LOGIN_SO ? ROLE_SO : ROLE_USER;
	struct opened o;
	CK_RV rv = login_state_check(t, user);

	if (rv == CKR_OK)
		rv = pin_check(t, role, pin, &o);
	if (rv == CKR_OK)
		rv = login_enter(t, user, ring_new(o.master), o.generation);
	if (rv == CKR_OK)
		kdf_raise(t, role, pin, &o);
	mem_wipe(&o, sizeof(o));
	return rv;
}

CK_RV
soft_logout(struct token *token)
{
	struct soft_token *t = soft_of(token);
	CK_RV rv;

	soft_lock(t);
	rv = soft_login_state(t) == LOGIN_NONE ? CKR_USER_NOT_LOGGED_IN
					       : CKR_OK;
	soft_forget(t);
	soft_unlock(t);
	return rv;
}

CK_RV
soft_pin_init(struct token *token, struct cursor pin)
{
	struct soft_token *t = soft_of(token);
	struct store *s = atomic_load(&t->store);
	struct ring *ring = NULL;
	struct pin_record fresh;
	CK_RV rv = pin_length(pin);

	if (rv == CKR_OK && soft_login_state(t) == LOGIN_SO)
		ring = soft_ring(t);
	if (rv == CKR_OK && !ring)
		rv = CKR_USER_NOT_LOGGED_IN;
	if (rv == CKR_OK)
		rv = pin_wrap(t->kdf, t->serial, ROLE_USER, pin,
			      ring_master(ring), &fresh);
	if (rv == CKR_OK)
		rv = store_begin(s, STORE_WRITE);
	if (rv == CKR_OK) {
		rv = generation_check(t, s);
		if (rv == CKR_OK)
			rv = store_pin_write(s, ROLE_USER, &fresh);
		rv = store_end(s, rv);
	}
	if (rv == CKR_OK)
		look_whole(t);
	ring_unref(ring);
	return rv;
}

CK_RV
soft_pin_change(struct token *token, struct cursor old_pin,
		struct cursor new_pin)
{
	struct soft_token *t = soft_of(token);
	bool so = soft_login_state(t) == LOGIN_SO;
	enum store_role role = so ? ROLE_SO : ROLE_USER;
	struct opened o;
	CK_RV rv = pin_length(new_pin);

	if (rv == CKR_OK)
		rv = pin_check(t, role, old_pin, &o);
	if (rv == CKR_OK)
		rv = pin_rewrap(t, role, new_pin, &o);
	mem_wipe(&o, sizeof(o));
	return rv;
}

/* The new token: its label, its generation, a master key under the SO PIN. */
static CK_RV
token_fresh(struct soft_token *t, struct cursor so_pin, struct cursor label,
	    struct token_record *record, struct pin_record *so)
{
	uint8_t master[MASTER_KEY_SIZE];
	CK_RV rv = random_bytes(master, sizeof(master));

	if (rv == CKR_OK)
		rv = random_bytes(&record->generation,
				  sizeof(record->generation));
	text_pad(record->label, sizeof(record->label), label);
	if (rv == CKR_OK) {
		/* SQLite's integers have a sign */
		record->generation &= INT64_MAX;
		rv = pin_wrap(t->kdf, t->serial, ROLE_SO, so_pin, master, so);
	}
	mem_wipe(master, sizeof(master));
	return rv;
}

static CK_RV
init_first(struct soft_token *t, const struct token_record *record,
	   const struct pin_record *so)
{
	struct store *s = NULL;
	CK_RV rv = store_create(t->folder, t->serial, record, so);

	if (rv == CKR_OK)
		rv = store_open(t->folder, t->serial, &s);
	if (rv == CKR_OK)
		rv = soft_adopt(t, s);
	if (rv == CKR_OK)
		next_serial_taken(t->folder);
	return rv;
}

static CK_RV
init_again(struct soft_token *t, const struct opened *o,
	   const struct token_record *record, const struct pin_record *so)
{
	struct store *s = atomic_load(&t->store);
	CK_RV rv = store_begin(s, STORE_WRITE);

	if (rv == CKR_OK) {
		rv = pin_replace(s, ROLE_SO, &o->record, so);
		if (rv == CKR_PIN_INCORRECT) {
			log_line(LOG_ERROR,
				 "token %s: another process has just "
				 "initialised it or changed its SO PIN",
				 t->serial);
			rv = CKR_FUNCTION_FAILED;
		}
		if (rv == CKR_OK)
			rv = store_renew(s, record, so);
		rv = store_end(s, rv);
	}
	if (rv != CKR_OK)
		return rv;
	soft_lock(t);
	soft_forget(t);
	soft_unlock(t);
	look_whole(t);
	return CKR_OK;
}

CK_RV
soft_init(struct token *token, struct cursor so_pin, struct cursor label)
{
	struct soft_token *t = soft_of(token);
	bool again = atomic_load(&t->store) != NULL;
	struct token_record record;
	struct pin_record so;
	struct opened o;
	CK_RV rv = again ? pin_check(t, ROLE_SO, so_pin, &o)
			 : pin_length(so_pin);

	if (rv == CKR_OK)
		rv = token_fresh(t, so_pin, label, &record, &so);
	if (rv == CKR_OK)
		rv = again ? init_again(t, &o, &record, &so)
			   : init_first(t, &record, &so);
	mem_wipe(&o, sizeof(o));
	return rv;
}

/* Of one PIN; the three flags stand for the user in this order, and for the SO
 * 4 bits higher (PKCS#11 3.2, 3.2). */
static CK_FLAGS
tries_flags(const struct soft_token *t, const struct pin_record *r)
{
	if (t->tries == 0 || r->failures == 0)
		return 0;
	if (is_locked(t, r))
		return CKF_USER_PIN_LOCKED;
	if (t->tries - r->failures == 1)
		return CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_COUNT_LOW;
	return CKF_USER_PIN_COUNT_LOW;
}

CK_FLAGS
pin_flags(const struct soft_token *t)
{
	CK_FLAGS flags = t->user.set ? CKF_USER_PIN_INITIALIZED : 0;

	return flags | tries_flags(t, &t->user) | tries_flags(t, &t->so) << 4;
}
