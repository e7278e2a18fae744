/* The world around pkcs11/: readers, cards and tokens that do as told. */
#include "fake.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "key.h"
#include "mem.h"

struct fake_world world;
struct fake *world_token;
CK_SESSION_HANDLE world_session;
CK_SLOT_ID world_slot;

struct gate {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool came, open;
};

struct gate *
gate_new(void)
{
	struct gate *g = calloc(1, sizeof(*g));

	pthread_mutex_init(&g->lock, NULL);
	pthread_cond_init(&g->changed, NULL);
	return g;
}

void
gate_free(struct gate *g)
{
	pthread_cond_destroy(&g->changed);
	pthread_mutex_destroy(&g->lock);
	free(g);
}

void
gate_pass(struct gate *g)
{
	if (g == NULL)
		return;
	pthread_mutex_lock(&g->lock);
	g->came = true;
	pthread_cond_broadcast(&g->changed);
	while (!g->open)
		pthread_cond_wait(&g->changed, &g->lock);
	pthread_mutex_unlock(&g->lock);
}

void
gate_wait(struct gate *g)
{
	pthread_mutex_lock(&g->lock);
	while (!g->came)
		pthread_cond_wait(&g->changed, &g->lock);
	pthread_mutex_unlock(&g->lock);
}

void
gate_open(struct gate *g)
{
	pthread_mutex_lock(&g->lock);
	g->open = true;
	pthread_cond_broadcast(&g->changed);
	pthread_mutex_unlock(&g->lock);
}

/* The rooms that the module starts and stops. */

struct config *
config_load(void)
{
	return &world.config;
}

void
config_free(struct config *config)
{
}

bool
config_listed(const char *list, const char *name)
{
	return list[0] != '\0' && strstr(name, list) != NULL;
}

CK_RV
random_bytes(void *out, size_t size)
{
	memset(out, 0x5a, size);
	if (world.random != 0 && size >= sizeof(world.random))
		memcpy(out, &world.random, sizeof(world.random));
	return CKR_OK;
}

CK_RV
random_seed(struct cursor seed)
{
	world.seed = seed.left;
	return CKR_OK;
}

void
crypto_close(void)
{
}

void
crypto_forget(void)
{
	world.forgotten++;
}

bool
scheme_whole(enum scheme_kind kind)
{
	return kind == SCHEME_EDDSA;
}

/* FAKE_HMAC is none of them. */
const struct scheme_row *
scheme_rows(size_t *count)
{
	static const struct scheme_row rows[] = {
		{ .type = FAKE_PARTS },
		{ .type = FAKE_SINGLE },
	};

	*count = sizeof(rows) / sizeof(rows[0]);
	return rows;
}

/* One curve for all of the fakes' keys, of the length of "secret". */
const struct curve *
curve_typed(CK_KEY_TYPE type, struct cursor params)
{
	static const struct curve curve = { .field = 6 };

	return type == CKK_EC ? &curve : NULL;
}

/* Readers. */

struct pcsc {
	int unused;
};

struct fake_wire {
	struct transport transport;
	size_t reader;
};

static void
wire_close(struct transport *t)
{
	free(t);
}

static const struct transport_ops wire_ops = { .close = wire_close };

struct pcsc *
pcsc_new(void)
{
	return calloc(1, sizeof(struct pcsc));
}

void
pcsc_free(struct pcsc *p)
{
	free(p);
	if (world.on_free != NULL)
		world.on_free();
}

void
pcsc_forget(struct pcsc *p)
{
	world.forgotten++;
	free(p);
}

CK_RV
pcsc_scan(struct pcsc *p, struct reader_state *states, size_t *count)
{
	size_t i;

	for (i = 0; i < world.reader_count; i++)
		states[i] = world.readers[i];
	*count = world.reader_count;
	/* when it is counted the readers may be changed */
	__atomic_add_fetch(&world.scans, 1, __ATOMIC_SEQ_CST);
	return CKR_OK;
}

CK_RV
pcsc_wait(struct pcsc *p, const struct reader_state *seen, size_t count)
{
	assert_int_equal(count, world.reader_count);
	world.waits++;
	if (world.on_wait == NULL)
		return CKR_FUNCTION_CANCELED;
	world.on_wait();
	return CKR_OK;
}

void
pcsc_wake(struct pcsc *p)
{
	world.wakes++;
}

void
pcsc_wait_cancel(struct pcsc *p)
{
	world.on_wait = NULL;
}

struct transport *
reader_open(struct pcsc *p, const struct reader_state *state)
{
	struct fake_wire *wire = calloc(1, sizeof(*wire));
	size_t i;

	for (i = 0; i < world.reader_count; i++) {
		if (strcmp(world.readers[i].name, state->name) == 0)
			wire->reader = i;
	}
	wire->transport.ops = &wire_ops;
	return &wire->transport;
}

CK_RV
card_tokens_open(struct transport *wire, const struct config *config,
		 struct token **tokens, size_t *count)
{
	size_t reader = ((struct fake_wire *)wire)->reader, i;

	wire->ops->close(wire);
	__atomic_add_fetch(&world.opens, 1, __ATOMIC_SEQ_CST);
	gate_pass(world.open_gate);
	if (world.open != CKR_OK)
		return world.open;
	for (i = 0; i < world.card_counts[reader]; i++)
		tokens[i] = token_ref(&world.cards[reader][i]->token);
	*count = world.card_counts[reader];
	return CKR_OK;
}

CK_RV
soft_tokens_list(const struct config *config, struct soft_slot *list,
		 size_t *count)
{
	size_t i;

	for (i = 0; i < *count; i++)
		token_unref(list[i].token);
	for (i = 0; i < world.soft_count; i++) {
		list[i] = world.soft[i];
		token_ref(list[i].token);
	}
	*count = world.soft_count;
	return CKR_OK;
}

void
soft_tokens_forget(void)
{
	world.forgotten++;
}

/* The world as the tests arrange it. */

void
world_reader(size_t reader, const char *name)
{
	strncpy(world.readers[reader].name, name, READER_NAME_MAX - 1);
	if (world.reader_count <= reader)
		world.reader_count = reader + 1;
}

void
world_insert(size_t reader, struct fake **tokens, size_t count)
{
	size_t i;

	world.readers[reader].card = true;
	world.readers[reader].insertion++;
	for (i = 0; i < count; i++)
		world.cards[reader][i] = tokens[i];
	world.card_counts[reader] = count;
}

void
world_remove(size_t reader)
{
	size_t i;

	for (i = 0; i < world.card_counts[reader]; i++)
		token_unref(&world.cards[reader][i]->token);
	world.card_counts[reader] = 0;
	world.readers[reader].card = false;
	world.readers[reader].insertion++;
}

void
world_soft(const char *serial, struct fake *f)
{
	struct soft_slot *soft = &world.soft[world.soft_count++];

	strncpy(soft->serial, serial, SOFT_SERIAL_SIZE);
	soft->token = &f->token;
}

int
world_setup(void **state)
{
	static char nothing[] = "";

	world = (struct fake_world){
		.config = { .slots_hide = nothing,
			    .readers_ignore = nothing,
			    .log_file = nothing },
	};
	return 0;
}

int
world_teardown(void **state)
{
	size_t i;

	for (i = 0; i < FAKE_READERS; i++)
		world_remove(i);
	for (i = 0; i < world.soft_count; i++)
		token_unref(world.soft[i].token);
	assert_int_equal(fakes_alive, 0);
	return 0;
}

int
world_start(void **state)
{
	world_setup(state);
	world_token = fake_new();
	world_reader(0, "Fake Reader 00 00");
	world_insert(0, &world_token, 1);
	fake_add(world_token, CKO_PRIVATE_KEY, 1, true);
	fake_add(world_token, CKO_PUBLIC_KEY, 1, false);
	fake_add(world_token, CKO_CERTIFICATE, 1, false);
	world_slot = 1;
	if (C_Initialize(NULL) != CKR_OK)
		return -1;
	world_session = world_open(world_slot, CKF_RW_SESSION);
	return 0;
}

int
world_stop(void **state)
{
	/* a case may have done it itself */
	CK_RV rv = C_Finalize(NULL);

	assert_true(rv == CKR_OK || rv == CKR_CRYPTOKI_NOT_INITIALIZED);
	return world_teardown(state);
}

CK_SESSION_HANDLE
world_open(CK_SLOT_ID slot, CK_FLAGS flags)
{
	CK_SESSION_HANDLE session = CK_INVALID_HANDLE;

	assert_int_equal(C_OpenSession(slot, flags | CKF_SERIAL_SESSION, NULL,
				       NULL, &session),
			 CKR_OK);
	return session;
}

void
world_login(void)
{
	assert_int_equal(
		C_Login(world_session, CKU_USER, (CK_UTF8CHAR *)"1234", 4),
		CKR_OK);
}

CK_OBJECT_HANDLE
world_find(CK_SESSION_HANDLE session, CK_OBJECT_CLASS class, uint8_t id)
{
	CK_ATTRIBUTE match[] = { { CKA_CLASS, &class, sizeof(class) },
				 { CKA_ID, &id, sizeof(id) } };
	CK_OBJECT_HANDLE found[2] = { 0 };
	CK_ULONG count = 0;

	assert_int_equal(C_FindObjectsInit(session, match, 2), CKR_OK);
	assert_int_equal(C_FindObjects(session, found, 2, &count), CKR_OK);
	assert_int_equal(C_FindObjectsFinal(session), CKR_OK);
	assert_int_equal(count, 1);
	return found[0];
}

CK_ULONG
world_count(CK_SESSION_HANDLE session, CK_OBJECT_CLASS class)
{
	CK_ATTRIBUTE match[] = { { CKA_CLASS, &class, sizeof(class) } };
	CK_OBJECT_HANDLE found[64];
	CK_ULONG count = 0;

	assert_int_equal(C_FindObjectsInit(session, match, 1), CKR_OK);
	assert_int_equal(C_FindObjects(session, found, 64, &count), CKR_OK);
	assert_int_equal(C_FindObjectsFinal(session), CKR_OK);
	return count;
}
