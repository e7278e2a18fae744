/* The locks of this folder; their order is written down in lock.c. */
#ifndef SIGNET_LOCK_H
#define SIGNET_LOCK_H

#include <pthread.h>

void lock_new(pthread_mutex_t *lock);
void lock_free(pthread_mutex_t *lock);
void lock_take(pthread_mutex_t *lock);
void lock_give(pthread_mutex_t *lock);

#endif
