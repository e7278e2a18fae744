/* The list of open stores, which fork and a forked child have to know. */
#include <pthread.h>
#include <sys/stat.h>
#include <time.h>

#include "store_file.h"
#include "token.h"

enum { REFUSED_MAX = 16 };

/* A file as it was when it was refused. */
struct refused {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed;
};

/*
 * The one mutable object of this room. The fork handlers need every open store,
 * and a bad file shall be logged when it turns up, not at each C_GetSlotList.
 */
static struct {
	pthread_mutex_t lock;
	pthread_once_t once;
	struct store *first;
	struct refused refused[REFUSED_MAX];
	unsigned next_refused;
} registry = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.once = PTHREAD_ONCE_INIT,
};

static void
fork_prepare(void)
{
	struct store *s;

	pthread_mutex_lock(&registry.lock);
	for (s = registry.first; s; s = s->next)
		pthread_mutex_lock(&s->lock);
}

static void
fork_done(void)
{
	struct store *s;

	for (s = registry.first; s; s = s->next)
		pthread_mutex_unlock(&s->lock);
	pthread_mutex_unlock(&registry.lock);
}

static void
fork_register(void)
{
	/* Without the handlers a fork is as safe as in any other library. */
	(void)pthread_atfork(fork_prepare, fork_done, fork_done);
}

void
registry_lock(void)
{
	pthread_once(&registry.once, fork_register);
	pthread_mutex_lock(&registry.lock);
}

void
registry_unlock(void)
{
	pthread_mutex_unlock(&registry.lock);
}

void
registry_add(struct store *s)
{
	s->next = registry.first;
	registry.first = s;
}

void
registry_remove(struct store *s)
{
	struct store **at;

	for (at = &registry.first; *at; at = &(*at)->next) {
		if (*at == s) {
			*at = s->next;
			break;
		}
	}
}

static bool
refused_same(const struct refused *a, const struct refused *b)
{
	return a->device == b->device && a->inode == b->inode &&
	       a->size == b->size && a->changed.tv_sec == b->changed.tv_sec &&
	       a->changed.tv_nsec == b->changed.tv_nsec;
}

static struct refused
refused_of(const struct stat *file)
{
	return (struct refused){
		.device = file->st_dev,
		.inode = file->st_ino,
		.size = file->st_size,
		.changed = file->st_ctim,
	};
}

bool
registry_is_refused(const struct stat *file)
{
	struct refused now = refused_of(file);
	bool known = false;

	pthread_mutex_lock(&registry.lock);
	for (int i = 0; i < REFUSED_MAX; i++)
		known = known || refused_same(&registry.refused[i], &now);
	pthread_mutex_unlock(&registry.lock);
	return known;
}

void
registry_refuse(const struct stat *file)
{
	pthread_mutex_lock(&registry.lock);
	registry.refused[registry.next_refused++ % REFUSED_MAX] =
		refused_of(file);
	pthread_mutex_unlock(&registry.lock);
}

/*
 * SQLite believes that the locks of an inherited connection are its own, which
 * POSIX did not hand to the child: a second connection to that file would lose
 * what it commits. So they are closed; with WAL kept and no checkpoint on close
 * that touches nothing of the parent's.
 */
void
soft_tokens_forget(void)
{
	struct store *s;

	while ((s = registry.first)) {
		registry.first = s->next;
		store_closed(s);
	}
}
