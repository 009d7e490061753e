/*
** Probing addresses.
*/
#include "serve/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool is_loopback(const struct sockaddr *address) {
  if (address->sa_family == AF_INET) {
    const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)address;
    return ntohl(four->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
  }
  const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)address;
  return IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
}

static loom_status failure(const char *host, const char *port, loom_error *error) {
  loom_status status = errno == EADDRINUSE                 ? LOOM_EBUSY
                       : errno == EACCES || errno == EPERM ? LOOM_EACCESS
                                                           : LOOM_EINVAL;
  return loom_fail(error, status, "cannot listen on %s, port %s: %s", host, port, strerror(errno));
}

loom_status loom_listen_probe(const char *host, const char *port, bool *loopback,
                              loom_error *error) {
  const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                 .ai_socktype = SOCK_STREAM};
  struct addrinfo *address;
  if (getaddrinfo(host, port, &hints, &address) != 0)
    return loom_fail(error, LOOM_EINVAL, "%s, port %s, is not a numeric address", host, port);
  *loopback = is_loopback(address->ai_addr);
  int yes = 1, fd = socket(address->ai_family, SOCK_STREAM, 0);
  loom_status status = LOOM_OK;
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
      bind(fd, address->ai_addr, address->ai_addrlen) != 0 || listen(fd, 1) != 0)
    status = failure(host, port, error);
  if (fd >= 0)
    close(fd);
  freeaddrinfo(address);
  return status;
}
