/*
** Being asked to end, as long as there is something to finish before.
*/
#ifndef LOOM_ENDING_H
#define LOOM_ENDING_H

#include <stdbool.h>

/*
** Has SIGINT, SIGQUIT and SIGTERM of this process noted instead of ending it, each once: a second one of the same ends it as it
** always would. One that whoever started this process has it ignore stays ignored. Waits of the system that can be interrupted are.
*/
void loom_note_asked_to_end(void);

/* Whether one has come since. */
bool loom_asked_to_end(void);

#endif
