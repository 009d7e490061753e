/*
** Whether an address can be listened on.
*/
#ifndef LOOM_LISTEN_H
#define LOOM_LISTEN_H

#include "base/error.h"

#include <stdbool.h>

/*
** Tries to listen on a numeric IPv4 or IPv6 address and a port, and lets it go again; *loopback tells whether only this
** machine can reach it. LOOM_EINVAL: not such an address; LOOM_EBUSY: it is taken; LOOM_EACCESS: it is not allowed.
*/
loom_status loom_listen_probe(const char *host, const char *port, bool *loopback,
                              loom_error *error);

#endif
