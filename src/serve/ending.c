/*
** Being asked to end.
*/
#include "serve/ending.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t asked; /* of the process, as its signals are */

static void note(int signal) {
  (void)signal;
  asked = 1;
}

void loom_note_asked_to_end(void) {
  static const int signals[] = {SIGINT, SIGQUIT, SIGTERM};
  struct sigaction noted = {.sa_handler = note, .sa_flags = (int)SA_RESETHAND}, before;
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
    if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
      sigaction(signals[i], &noted, NULL);
}

bool loom_asked_to_end(void) {
  return asked != 0;
}
