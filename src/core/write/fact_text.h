/*
** Facts as JSON, in the shapes that those who set them write (docs/service.md): so the audit keeps them.
*/
#ifndef LOOM_FACT_TEXT_H
#define LOOM_FACT_TEXT_H

#include "base/text.h"
#include "write/facts.h"

#include <stdbool.h>

/*
** Puts a fact as an object; of an attribute the member alone, its name and its value. Openings come in order, each once. Of a
** store there is nothing to put. False: memory is out, and the text is as it was.
*/
bool loom_fact_put(struct loom_text *text, const struct loom_fact *fact);

/* Puts that there is none with this one's key, where that has a shape: of weeks, and of attributes. */
bool loom_fact_put_absent(struct loom_text *text, const struct loom_fact *fact);

#endif
