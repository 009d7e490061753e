/*
** The half of platform.c that other systems have, compiled here, does the same as far as it can.
*/
#define LOOM_PLATFORM_POSIX
#define PLATFORM_IS_POSIX true
#include "base/platform.c" /* in the place of the library's */

#include "platform_test.c"
