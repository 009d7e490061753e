/*
** Addresses of the network, and which are public.
*/
#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

struct special {
  struct loom_range range;
  const char *kind;
};

#define V4(a, b, c, d, length)                                                                     \
  { {[10] = 0xff, [11] = 0xff, a, b, c, d}, 96 + (length) }
#define V6(a, b, c, d, e, f, length)                                                               \
  { {a, b, c, d, e, f}, length }

static const struct special specials[] = {
    {V4(0, 0, 0, 0, 8), "reserved"}, /* this network */
    {V4(10, 0, 0, 0, 8), "private"},
    {V4(100, 64, 0, 0, 10), "shared"}, /* between a provider and its customers */
    {V4(127, 0, 0, 0, 8), "loopback"},
    {V4(169, 254, 0, 0, 16), "link-local"},
    {V4(172, 16, 0, 0, 12), "private"},
    {V4(192, 0, 0, 0, 24), "reserved"},   /* assignments of the IETF */
    {V4(192, 0, 2, 0, 24), "reserved"},   /* for documentation, as two below */
    {V4(192, 88, 99, 0, 24), "reserved"}, /* relays of 6to4, as they were */
    {V4(192, 168, 0, 0, 16), "private"},
    {V4(198, 18, 0, 0, 15), "reserved"}, /* for benchmarks */
    {V4(198, 51, 100, 0, 24), "reserved"},
    {V4(203, 0, 113, 0, 24), "reserved"},
    {V4(224, 0, 0, 0, 4), "multicast"},
    {V4(240, 0, 0, 0, 4), "reserved"},       /* with the one of broadcasts */
    {V6(0, 0, 0, 0, 0, 0, 128), "reserved"}, /* none */
    {{{[15] = 1}, 128}, "loopback"},
    {V6(0xfc, 0, 0, 0, 0, 0, 7), "private"},
    {V6(0xfe, 0x80, 0, 0, 0, 0, 10), "link-local"},
    {V6(0xff, 0, 0, 0, 0, 0, 8), "multicast"},
    {V6(0x20, 0x01, 0, 0, 0, 0, 23), "reserved"}, /* assignments of the IETF: Teredo, ORCHID */
    {V6(0x20, 0x01, 0x0d, 0xb8, 0, 0, 32), "reserved"}, /* for documentation, as the next */
    {V6(0x3f, 0xff, 0, 0, 0, 0, 20), "reserved"},
};

static const struct loom_range global = V6(0x20, 0, 0, 0, 0, 0, 3);
static const struct loom_range v4 = V4(0, 0, 0, 0, 0);

/* Where an address of IPv6 carries one of IPv4, by a translator or a tunnel. */
static const struct {
  struct loom_range range;
  size_t at;
} carriers[] = {
    {V6(0, 0x64, 0xff, 0x9b, 0, 0, 96), 12}, /* NAT64 (RFC 6052) */
    {V6(0x20, 0x02, 0, 0, 0, 0, 16), 2},     /* 6to4 (RFC 3056) */
};

bool loom_range_has(const struct loom_range *range, const unsigned char bytes[16]) {
  unsigned whole = range->bits / 8, rest = range->bits % 8;
  if (memcmp(range->bytes, bytes, whole) != 0)
    return false;
  return rest == 0 || (range->bytes[whole] ^ bytes[whole]) >> (8 - rest) == 0;
}

/* Bytes of an address that is written out; 32 or 128, the bits of its kind, or 0 where it is none. */
static unsigned read_address(const char *text, unsigned char bytes[16]) {
  memcpy(bytes, mapped, sizeof mapped);
  if (inet_pton(AF_INET, text, bytes + 12) == 1)
    return 32;
  return inet_pton(AF_INET6, text, bytes) == 1 ? 128 : 0;
}

loom_status loom_range_parse(const char *text, struct loom_range *range, loom_error *error) {
  char address[LOOM_ADDRESS_SIZE] = "", quoted[LOOM_QUOTED_SIZE], *end = "";
  size_t length = strcspn(text, "/");
  if (length < sizeof address)
    memcpy(address, text, length);
  unsigned most = read_address(address, range->bytes);
  unsigned long bits = most;
  if (text[length] == '/')
    bits = text[length + 1] >= '0' && text[length + 1] <= '9' ? strtoul(text + length + 1, &end, 10)
                                                              : most + 1;
  if (most == 0 || *end || bits > most)
    return loom_fail(error, LOOM_EINVAL, "%s is no address or range of addresses",
                     loom_quote(quoted, text, strlen(text)));
  range->bits = (unsigned)bits + (128 - most);
  return LOOM_OK;
}

bool loom_address_bytes(const struct sockaddr *address, unsigned char bytes[16]) {
  if (address->sa_family == AF_INET) {
    struct sockaddr_in in;
    memcpy(&in, address, sizeof in);
    memcpy(bytes, mapped, sizeof mapped);
    memcpy(bytes + 12, &in.sin_addr, 4);
    return true;
  } else if (address->sa_family == AF_INET6) {
    struct sockaddr_in6 in;
    memcpy(&in, address, sizeof in);
    memcpy(bytes, &in.sin6_addr, 16);
    return true;
  }
  return false;
}

static const char *special_kind(const unsigned char bytes[16]) {
  for (size_t i = 0; i < sizeof specials / sizeof *specials; i++)
    if (loom_range_has(&specials[i].range, bytes))
      return specials[i].kind;
  return NULL;
}

const char *loom_address_kind(const unsigned char bytes[16]) {
  unsigned char carried[16];
  for (size_t i = 0; i < sizeof carriers / sizeof *carriers; i++)
    if (loom_range_has(&carriers[i].range, bytes)) {
      memcpy(carried, mapped, sizeof mapped);
      memcpy(carried + 12, bytes + carriers[i].at, 4);
      return special_kind(carried);
    }
  const char *kind = special_kind(bytes);
  if (kind || loom_range_has(&v4, bytes) || loom_range_has(&global, bytes))
    return kind;
  return "reserved";
}

void loom_address_text(const unsigned char bytes[16], char text[LOOM_ADDRESS_SIZE]) {
  if (loom_range_has(&v4, bytes))
    inet_ntop(AF_INET, bytes + 12, text, LOOM_ADDRESS_SIZE);
  else
    inet_ntop(AF_INET6, bytes, text, LOOM_ADDRESS_SIZE);
}
