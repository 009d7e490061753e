/*
** Questions to servers by libcurl, one after the other over a connection that is kept: an asker (cluster/asker.h).
**
** Servers are those that the machine's owner has configured, so that addresses are not judged, as those of alerts are (transfer.h);
** but redirects are not followed, proxies of the environment not used, and no other protocols spoken. User and password are in
** headers: never in an address, a message or a list of processes.
*/
#ifndef LOOM_HTTP_H
#define LOOM_HTTP_H

#include "cluster/asker.h"

/* NULL: memory is out, or libcurl cannot be set up. */
loom_asker *loom_http_new(void);

#endif
