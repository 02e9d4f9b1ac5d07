// SPDX-License-Identifier: Apache-2.0
// One connection of the farm's server: any key may log in, every command prints "farm\n" and exits 0.
#pragma once

#include <libssh/server.h>

typedef struct farm_connection farm_connection;

/// Takes `fd` (non-blocking, with TCP_NODELAY). Nothing when memory or keys fail.
farm_connection* farm_connection_new(ssh_bind keys, int fd);

/// Does what can be done without waiting. Returns what to wait for (EPOLLIN, EPOLLOUT), or 0
/// when the connection is over and wants farm_connection_free().
unsigned farm_connection_pump(farm_connection* c);

/// Its descriptor; must be out of epoll before this is called.
void farm_connection_free(farm_connection* c);
