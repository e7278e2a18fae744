/* The module as a whole: C_Initialize, C_Finalize, and every call's door. */
#include "module.h"

#include <sched.h>
#include <stdatomic.h>
#include <sys/types.h>
#include <unistd.h>

#include "count.h"
#include "crypto.h"
#include "fork.h"
#include "lock.h"
#include "log.h"
#include "reader.h"
#include "rv_name.h"
#include "session.h"
#include "slots.h"
#include "token.h"

enum state { STOPPED, RUNNING, STOPPING };

/* The one mutable object of this folder. */
static struct {
	/* The process this state belongs to; its negative while that process
	 * is making the inherited state its own. */
	_Atomic pid_t owner;
	_Atomic(atomic_int *) mark; /* set in that process; NULL: ask */
	_Atomic enum state state;
	atomic_uint calls; /* under way */
	atomic_ulong handles;
	pthread_mutex_t gate;
	pthread_cond_t left; /* the last call has left; with the gate */
	struct config *config;
	struct pcsc *pcsc;
	struct slots *slots;
	struct sessions *sessions;
} module;

struct slots *
module_slots(void)
{
	return module.slots;
}

struct sessions *
module_sessions(void)
{
	return module.sessions;
}

CK_ULONG
module_handle(void)
{
	return atomic_fetch_add(&module.handles, 1) + 1;
}

static void
call_end(void)
{
	if (count_down(&module.calls) != 0 ||
	    atomic_load(&module.state) != STOPPING)
		return;
	lock_take(&module.gate);
	pthread_cond_broadcast(&module.left);
	lock_give(&module.gate);
}

static bool
is_owner(void)
{
	atomic_int *mark = atomic_load(&module.mark);

	if (mark != NULL)
		return atomic_load(mark) != 0;
	return atomic_load(&module.owner) == getpid();
}

CK_RV
module_enter(const char *name)
{
	/* the child of a fork touches nothing, locks included */
	if (!is_owner())
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	/* counted first, so that C_Finalize either sees the call or is seen */
	DROP(count_up(&module.calls));
	if (atomic_load(&module.state) != RUNNING) {
		call_end();
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	}
	return CKR_OK;
}

CK_RV
module_leave(const char *name, CK_RV rv)
{
	if (log_on(LOG_DEBUG))
		log_line(LOG_DEBUG, "%s: %s (0x%lx)", name, rv_name(rv), rv);
	call_end();
	return rv;
}

/*
 * In the child of a fork: forgets what the parent had. Its sessions, slots and
 * tokens are left where they are: a thread of the parent that the child does
 * not have may hold their locks for ever, and to free them would be to close
 * the parent's card. So is all that a thread was just making or freeing. The
 * handles go on counting.
 */
static void
forget(void)
{
	crypto_forget();
	soft_tokens_forget();
	if (atomic_load(&module.state) == RUNNING) {
		pcsc_forget(module.pcsc);
		config_free(module.config);
	}
	module.pcsc = NULL;
	module.config = NULL;
	module.slots = NULL;
	module.sessions = NULL;
	atomic_store(&module.calls, 0);
	atomic_store(&module.state, STOPPED);
}

static void
mark_set(void)
{
	atomic_int *mark = atomic_load(&module.mark);

	if (mark == NULL) {
		mark = fork_mark_new();
		atomic_store(&module.mark, mark);
	}
	if (mark != NULL)
		atomic_store(mark, 1);
}

/* Makes the state this process's own, once, whatever thread comes first. */
static void
adopt(void)
{
	pid_t self = getpid();
	pid_t owner = atomic_load(&module.owner);

	/* a child in a PID namespace of its own may have its parent's number */
	while (owner != self || !is_owner()) {
		if (owner == -self) {
			sched_yield();
			owner = atomic_load(&module.owner);
			continue;
		}
		if (!atomic_compare_exchange_weak(&module.owner, &owner, -self))
			continue;
		if (owner != 0)
			forget();
		lock_new(&module.gate);
		pthread_cond_init(&module.left, NULL);
		mark_set();
		atomic_store(&module.owner, self);
		return;
	}
}

/* PKCS#11 3.2, 5.4.1 */
static CK_RV
arguments_check(const CK_C_INITIALIZE_ARGS *args)
{
	int mutexes;

	if (args == NULL)
		return CKR_OK;
	if (args->pReserved != NULL)
		return CKR_ARGUMENTS_BAD;
	mutexes = (args->CreateMutex != NULL) + (args->DestroyMutex != NULL) +
		  (args->LockMutex != NULL) + (args->UnlockMutex != NULL);
	if (mutexes != 0 && mutexes != 4)
		return CKR_ARGUMENTS_BAD;
	/* the libraries below us lock by pthreads, whatever we did */
	if (mutexes == 4 && !(args->flags & CKF_OS_LOCKING_OK))
		return CKR_CANT_LOCK;
	return CKR_OK;
}

/* Frees what there is; no call is under way. */
static void
clear(void)
{
	slots_free(module.slots); /* which closes the sessions, too */
	sessions_free(module.sessions);
	if (module.pcsc != NULL)
		pcsc_free(module.pcsc);
	config_free(module.config);
	module.sessions = NULL;
	module.slots = NULL;
	module.pcsc = NULL;
	module.config = NULL;
	crypto_close();
	log_close();
}

static CK_RV
start(void)
{
	module.config = config_load();
	if (module.config == NULL)
		return CKR_HOST_MEMORY;
	module.pcsc = pcsc_new();
	if (module.pcsc == NULL)
		return CKR_HOST_MEMORY;
	module.slots = slots_new(module.pcsc, module.config);
	module.sessions = sessions_new();
	if (module.slots == NULL || module.sessions == NULL)
		return CKR_HOST_MEMORY;
	return CKR_OK;
}

CK_RV
C_Initialize(void *init_args)
{
	CK_RV rv = arguments_check(init_args);

	if (rv != CKR_OK)
		return rv;
	adopt();
	lock_take(&module.gate);
	if (atomic_load(&module.state) != STOPPED)
		rv = CKR_CRYPTOKI_ALREADY_INITIALIZED;
	else
		rv = start();
	if (rv == CKR_OK) {
		atomic_store(&module.state, RUNNING);
		log_line(LOG_DEBUG, "%s: CKR_OK", __func__);
	} else if (rv != CKR_CRYPTOKI_ALREADY_INITIALIZED) {
		clear();
	}
	lock_give(&module.gate);
	return rv;
}

CK_RV
C_Finalize(void *reserved)
{
	enum state running = RUNNING;

	if (!is_owner())
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	/* it would wait for the call that the callback is in */
	if (session_in_callback())
		return CKR_FUNCTION_FAILED;
	if (reserved != NULL && atomic_load(&module.state) == RUNNING)
		return CKR_ARGUMENTS_BAD;
	if (!atomic_compare_exchange_strong(&module.state, &running, STOPPING))
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	pcsc_wait_cancel(module.pcsc);
	lock_take(&module.gate);
	while (atomic_load(&module.calls) != 0)
		pthread_cond_wait(&module.left, &module.gate);
	log_line(LOG_DEBUG, "%s: CKR_OK", __func__);
	clear();
	atomic_store(&module.state, STOPPED);
	lock_give(&module.gate);
	return CKR_OK;
}

CK_RV
C_GetInfo(CK_INFO *info)
{
	static const char maker[] = "signet";
	static const char what[] = "Smart cards and software tokens";
	CK_RV rv = module_enter(__func__);

	if (rv != CKR_OK)
		return rv;
	if (info == NULL)
		return module_leave(__func__, CKR_ARGUMENTS_BAD);
	*info = (CK_INFO){
		.cryptokiVersion = { 3, 2 },
		.libraryVersion = { 0, 1 },
	};
	text_pad(info->manufacturerID, sizeof(info->manufacturerID),
		 cursor_of(maker, sizeof(maker) - 1));
	text_pad(info->libraryDescription, sizeof(info->libraryDescription),
		 cursor_of(what, sizeof(what) - 1));
	return module_leave(__func__, CKR_OK);
}
