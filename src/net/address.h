/*
** Which addresses of the network may be spoken to: public ones, and those that a list has.
**
** A name that somebody sets may lead anywhere, also to what only this machine can reach: its own services, the neighbours', the
** metadata of a cloud at 169.254.169.254. So what is judged is the address that is about to be connected to, after DNS.
*/
#ifndef LOOM_ADDRESS_H
#define LOOM_ADDRESS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* Addresses that begin with the same bits, as IPv6; those of IPv4 are mapped (RFC 4291, 2.5.5.2). */
struct loom_range {
  unsigned char bytes[16];
  unsigned bits; /* 0 to 128 */
};

/* "10.0.0.0/8", "127.0.0.1", "fd00::/8" as a range; LOOM_EINVAL names what is none. */
loom_status loom_range_parse(const char *text, struct loom_range *range, loom_error *error);

bool loom_range_has(const struct loom_range *range, const unsigned char bytes[16]);

/* The 16 bytes of an address of IPv4 or IPv6; false for one of another kind. */
bool loom_address_bytes(const struct sockaddr *address, unsigned char bytes[16]);

/*
** What keeps an address from being public: "loopback", "private", "link-local", "shared", "multicast", "reserved"; NULL for one
** that is. From the registries of special addresses (RFC 6890 and what has been added to them); what an address of IPv6 carries
** of IPv4 (mapped, NAT64, 6to4) is judged as that. Outside of 2000::/3 nothing is public.
*/
const char *loom_address_kind(const unsigned char bytes[16]);

/* Longest text of an address, with its final NUL. */
#define LOOM_ADDRESS_SIZE 46

/* The address as text: of IPv4 where it is mapped. */
void loom_address_text(const unsigned char bytes[16], char text[LOOM_ADDRESS_SIZE]);

#endif
