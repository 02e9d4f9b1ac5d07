// SPDX-License-Identifier: Apache-2.0
// A thousand VMs in one process: an SSH server over libssh on many addresses of 127.0.0.0/8.
//
//     farm_server HOST_KEY PORT FIRST_ADDRESS COUNT
//
// Listens on COUNT addresses from FIRST_ADDRESS on, prints "ready", and serves until it is ended
// (it ends with its parent too). One thread, one epoll, no process per connection.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "farm_connection.h"

enum { backlog = 512, batch = 256 };

// What an epoll entry stands for: a listener has no connection.
typedef struct {
    int fd;
    unsigned interest;
    farm_connection* connection;
} entry;

static int epoll_fd;
static ssh_bind keys;

static void fail(const char* what) {
    perror(what);
    exit(1);
}

static void watch(entry* e, int operation, unsigned interest) {
    struct epoll_event event = {.events = interest, .data.ptr = e};
    e->interest = interest;
    if (epoll_ctl(epoll_fd, operation, e->fd, &event) != 0) fail("epoll_ctl");
}

static void listen_on(struct in_addr host, unsigned short port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = host};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    if (fd < 0) fail("socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr*)&address, sizeof address) != 0) fail("bind");
    if (listen(fd, backlog) != 0) fail("listen");
    entry* e = calloc(1, sizeof *e);
    if (!e) fail("memory");
    e->fd = fd;
    watch(e, EPOLL_CTL_ADD, EPOLLIN);
}

static void end(entry* e) {
    epoll_ctl(epoll_fd, EPOLL_CTL_DEL, e->fd, NULL);  // fails where libssh has closed it: all the same
    farm_connection_free(e->connection);
    free(e);
}

static void serve(entry* e) {
    // libssh closes the descriptor itself when the peer is gone; then the number may already
    // belong to nobody, and must not be touched again.
    const unsigned wanted = farm_connection_pump(e->connection);
    if (wanted == 0) end(e);
    else if (wanted != e->interest) watch(e, EPOLL_CTL_MOD, wanted);
}

static void accept_all(int listener) {
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        const int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        entry* e = calloc(1, sizeof *e);
        if (!e) fail("memory");
        e->fd = fd;
        e->connection = farm_connection_new(keys, fd);
        if (!e->connection) fail("a connection could not be set up");
        watch(e, EPOLL_CTL_ADD, EPOLLIN);
        serve(e);  // says its banner
    }
    if (errno != EAGAIN && errno != ECONNABORTED) fail("accept");
}

static void load_key(const char* path) {
    const bool no_config = false;
    keys = ssh_bind_new();
    if (!keys || ssh_bind_options_set(keys, SSH_BIND_OPTIONS_PROCESS_CONFIG, &no_config) != SSH_OK ||
        ssh_bind_options_set(keys, SSH_BIND_OPTIONS_HOSTKEY, path) != SSH_OK)
        fail("host key");
}

static void raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int main(int argc, char** argv) {
    struct in_addr first;
    if (argc != 5 || inet_pton(AF_INET, argv[3], &first) != 1) {
        fprintf(stderr, "usage: farm_server HOST_KEY PORT FIRST_ADDRESS COUNT\n");
        return 64;
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    signal(SIGPIPE, SIG_IGN);
    raise_descriptor_limit();
    load_key(argv[1]);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    for (unsigned i = 0; i < (unsigned)atoi(argv[4]); ++i) {
        const struct in_addr host = {htonl(ntohl(first.s_addr) + i)};
        listen_on(host, (unsigned short)atoi(argv[2]));
    }
    puts("ready");
    fflush(stdout);
    for (;;) {
        struct epoll_event events[batch];
        const int count = epoll_wait(epoll_fd, events, batch, -1);
        for (int i = 0; i < count; ++i) {
            entry* e = events[i].data.ptr;
            if (e->connection) serve(e);
            else accept_all(e->fd);
        }
    }
}
