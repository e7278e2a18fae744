/*
 * The order in which locks are taken, and what a call meets that finds the
 * session in use.
 *
 * A thread that holds one of these may take those below it, never one above:
 *
 *	gate        (module.c)   starting and finishing the module
 *	login_lock  (presence.h) one login, logout or change of a PIN at a time
 *	                         on a token; the only lock that is held while a
 *	                         card works or a person types
 *	scan_lock   (slots.c)    one look around the readers at a time; held
 *	                         over PC/SC's word about readers, never over
 *	                         a card's
 *	slots lock  (slots.c)    the lists of readers and slots
 *	presence    (presence.h) the sessions on a token and their count
 *	handles     (handle.h)   a token's object handles
 *	states      (state.h)    a token's saved states of operations
 *	session     (session.h)  a session's search
 *	sessions    (session.c)  session handles
 *
 * A token's own locks come below all of these, and no token calls back. No
 * state query (C_GetSlotList, C_GetSlotInfo, C_GetTokenInfo, C_GetSessionInfo)
 * takes login_lock. One that meets another thread's first look at a card waits
 * for what it finds, with no lock held, and only when it asks for that reader.
 *
 * None but login_lock is held while a token works: an operation (by one atomic
 * step, activity.c), or a search, is checked out of its session and marked
 * busy, and what it is checked out for happens without a lock. Meanwhile other
 * calls on that session get:
 *
 *	on the same operation          CKR_OPERATION_ACTIVE, and it goes on
 *	C_...Init(NULL) for it         CKR_OPERATION_CANCEL_FAILED
 *	C_SessionCancel for it         CKR_OPERATION_CANCEL_FAILED
 *	an operation of another kind   what they would get otherwise
 *	C_CloseSession                 CKR_OK; the operation ends when its call
 *	                               returns, which gives its own result
 *	C_GetSessionInfo, C_Login ...  what they would get otherwise
 */
#include "lock.h"

#include <assert.h>
#include <stddef.h>

void
lock_new(pthread_mutex_t *lock)
{
	int failed = pthread_mutex_init(lock, NULL);

	assert(!failed); /* a mutex without attributes takes no resources */
	(void)failed;	 /* read by the assertion alone */
}

void
lock_free(pthread_mutex_t *lock)
{
	pthread_mutex_destroy(lock);
}

void
lock_take(pthread_mutex_t *lock)
{
	pthread_mutex_lock(lock);
}

void
lock_give(pthread_mutex_t *lock)
{
	pthread_mutex_unlock(lock);
}
