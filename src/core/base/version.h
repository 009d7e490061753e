/*
** The version of Loom: this is its only source.
*/
#ifndef LOOM_VERSION_H
#define LOOM_VERSION_H

#define LOOM_VERSION "0.1.0"

#endif
