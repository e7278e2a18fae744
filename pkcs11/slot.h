/* Readers and slots as the table of slots keeps them; for its files only. */
#ifndef SIGNET_SLOT_H
#define SIGNET_SLOT_H

#include "slots.h"

enum {
	/* a slot's id is its reader's number, and so much for each applet */
	SLOT_APPLET = 0x1000,
	READER_NUMBER_MAX = SLOT_APPLET - 1,
	SLOT_SOFTWARE = 0x10000, /* the first id of a software token */
	APPLET_NAME_SIZE = 17,	 /* CK_TOKEN_INFO.model, and a NUL */
};

enum card {
	CARD_NONE,
	CARD_NEW,     /* nobody has looked at it */
	CARD_LOOKING, /* somebody is about to */
	CARD_SEEN,
};

struct reader {
	struct reader *next;
	unsigned number;
	struct reader_state state; /* as PC/SC told last */
	enum card card;
	CK_RV trouble; /* why a card that was seen has no token */
	bool there;    /* PC/SC named it last */
	bool told;     /* the coming of its card was an event */
};

/* Made once, and never again taken out. */
struct slot {
	struct slot *next; /* by rising id */
	CK_SLOT_ID id;
	struct reader *reader;		    /* NULL: a software token's */
	unsigned applet;		    /* which of those on a card */
	char applet_name[APPLET_NAME_SIZE]; /* when there are several */
	char serial[SOFT_SERIAL_SIZE + 1];
	struct presence *presence; /* the token in it, one reference */
	bool listed;		   /* in the list that the application has */
	bool event;		   /* for C_WaitForSlotEvent */
};

struct slots {
	struct pcsc *pcsc;
	const struct config *config;
	pthread_mutex_t scan_lock; /* for the soft tokens, too */
	struct soft_slot soft[SOFT_TOKENS_MAX];
	size_t soft_count;

	pthread_mutex_t lock;  /* for what follows */
	pthread_cond_t looked; /* a look at a card is over */
	struct reader *readers;
	struct slot *slots;
	bool listed;  /* there is a list */
	bool scanned; /* what is new from now on is an event */
};

/* With the lock: the slot, or NULL. */
struct slot *slot_find(struct slots *slots, CK_SLOT_ID id);
struct slot *slot_new(struct slots *slots, CK_SLOT_ID id) MUST_CHECK;
/* The text that slots.hide is about, and what Cryptoki shows of it. */
bool slot_hidden(const struct slots *slots, const struct slot *slot);
void slot_describe(const struct slot *slot, CK_SLOT_INFO *info);

/* Asks PC/SC, sends nothing to a card. Tokens whose card is gone end here. */
CK_RV scan_readers(struct slots *slots) MUST_CHECK;
/* The same, and gives what PC/SC said; STATES has room for READERS_MAX. */
CK_RV scan_states(struct slots *slots, struct reader_state *states,
		  size_t *count) MUST_CHECK;
/* Looks into the folder of software tokens. */
CK_RV scan_software(struct slots *slots) MUST_CHECK;
/* The first look at the reader's new card, or the end of another thread's; RETRY
 * a card that could not be looked at, too. */
void scan_card(struct slots *slots, struct reader *r, bool retry);

#endif
