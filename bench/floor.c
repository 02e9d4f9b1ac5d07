// SPDX-License-Identifier: Apache-2.0
// The floor: the least that libssh can do for a client. One session, one non-blocking poll loop,
// no timers, no queues, no promises. Whatever we build on libssh can hardly be faster than this.
//
// Measured against libssh's plain blocking calls (both make one poll and one recv per 4 KiB):
// a command takes 10 % less this way, a stream 4 % more.
//
//     floor HOST PORT USER KEY KNOWN_HOSTS connect|exec|hold|once N
//     floor HOST PORT USER KEY KNOWN_HOSTS stream BYTES
//
// Prints one line of JSON (measure.h); any failure ends it with status 1 and one sentence.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libssh/callbacks.h>
#include <libssh/libssh.h>

#include "measure.h"

static const char* const kex = "curve25519-sha256";
static const char* const cipher = "aes128-gcm@openssh.com";
enum { step_ms = 30000 };  // no single wait of a healthy loopback takes longer

typedef struct {
    const char* host;
    unsigned port;
    const char* user;
    const char* known_hosts;
    ssh_key key;
} server;

typedef struct {
    ssh_session session;
    ssh_event event;  // one per session: the pump (libssh trap: never one for many)
} connection;

typedef struct {
    struct ssh_channel_callbacks_struct calls;
    long long bytes;
    int status;  // -1: none came
    int closed;
} command;

static void fail(const char* what, ssh_session session) {
    fprintf(stderr, "floor: %s: %s\n", what, session ? ssh_get_error(session) : "");
    exit(1);
}

static int connected_socket(const server* to) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)to->port)};
    if (inet_pton(AF_INET, to->host, &address.sin_addr) != 1) fail("not an IPv4 address", NULL);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    // libssh leaves TCP_NODELAY off: 46 ms instead of 4 ms per command.
    if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) fail("socket", NULL);
    if (connect(fd, (const struct sockaddr*)&address, sizeof address) != 0) fail("TCP connect", NULL);
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0) fail("fcntl", NULL);
    return fd;
}

// libssh clears O_NONBLOCK when it sees the socket connected; a send() could then stop the loop.
static void restore_nonblocking(ssh_session session) {
    const int fd = ssh_get_fd(session);
    if (fd >= 0) fcntl(fd, F_SETFL, O_NONBLOCK);
}

static void pump(const connection* c) {
    if (ssh_event_dopoll(c->event, step_ms) == SSH_ERROR) fail("connection ended", c->session);
}

static void set_option(ssh_session session, enum ssh_options_e option, const void* value) {
    if (ssh_options_set(session, option, value) != SSH_OK) fail("option", session);
}

static ssh_session new_session(const server* to) {
    ssh_session session = ssh_new();
    if (!session) fail("ssh_new", NULL);
    const bool no_config = false;
    socket_t fd = connected_socket(to);
    set_option(session, SSH_OPTIONS_PROCESS_CONFIG, &no_config);
    set_option(session, SSH_OPTIONS_HOST, to->host);
    set_option(session, SSH_OPTIONS_PORT, &to->port);
    set_option(session, SSH_OPTIONS_USER, to->user);
    set_option(session, SSH_OPTIONS_FD, &fd);
    set_option(session, SSH_OPTIONS_KNOWNHOSTS, to->known_hosts);
    set_option(session, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null");
    set_option(session, SSH_OPTIONS_KEY_EXCHANGE, kex);
    set_option(session, SSH_OPTIONS_CIPHERS_C_S, cipher);
    set_option(session, SSH_OPTIONS_CIPHERS_S_C, cipher);
    ssh_set_blocking(session, 0);
    return session;
}

static connection log_in(const server* to) {
    connection c = {new_session(to), ssh_event_new()};
    int rc = ssh_connect(c.session);
    restore_nonblocking(c.session);
    ssh_event_add_session(c.event, c.session);  // only valid after ssh_connect
    while (rc == SSH_AGAIN) {
        pump(&c);
        rc = ssh_connect(c.session);
    }
    if (rc != SSH_OK) fail("connect", c.session);
    restore_nonblocking(c.session);
    if (ssh_session_is_known_server(c.session) != SSH_KNOWN_HOSTS_OK) fail("host key is not the known one", NULL);
    while ((rc = ssh_userauth_publickey(c.session, NULL, to->key)) == SSH_AUTH_AGAIN) pump(&c);
    if (rc != SSH_AUTH_SUCCESS) fail("authentication", c.session);
    return c;
}

static void log_out(connection* c) {
    ssh_disconnect(c->session);
    const int fd = ssh_get_fd(c->session);  // a clean disconnect leaves our descriptor open
    ssh_event_remove_session(c->event, c->session);
    ssh_event_free(c->event);
    ssh_free(c->session);
    if (fd >= 0) close(fd);
}

static int on_data(ssh_session session, ssh_channel channel, void* data, uint32_t length, int is_stderr, void* self) {
    (void)session, (void)channel, (void)data, (void)is_stderr;
    ((command*)self)->bytes += length;
    return (int)length;
}
static void on_status(ssh_session session, ssh_channel channel, int status, void* self) {
    (void)session, (void)channel;
    ((command*)self)->status = status;
}
static void on_close(ssh_session session, ssh_channel channel, void* self) {
    (void)session, (void)channel;
    ((command*)self)->closed = 1;
}

// Returns the bytes the command printed; a status other than 0 is a failure.
static long long execute(const connection* c, const char* line) {
    ssh_channel channel = ssh_channel_new(c->session);
    command run = {.status = -1};
    run.calls.userdata = &run;
    run.calls.channel_data_function = on_data;
    run.calls.channel_exit_status_function = on_status;
    run.calls.channel_close_function = on_close;
    ssh_callbacks_init(&run.calls);
    ssh_set_channel_callbacks(channel, &run.calls);
    int rc;
    while ((rc = ssh_channel_open_session(channel)) == SSH_AGAIN) pump(c);
    if (rc != SSH_OK) fail("channel", c->session);
    while ((rc = ssh_channel_request_exec(channel, line)) == SSH_AGAIN) pump(c);
    if (rc != SSH_OK) fail("exec request", c->session);
    while (!run.closed) pump(c);
    if (run.status != 0) fail("the command failed", NULL);
    while (ssh_channel_close(channel) == SSH_AGAIN) pump(c);
    ssh_remove_channel_callbacks(channel, &run.calls);
    ssh_channel_free(channel);
    return run.bytes;
}

static void measure_connect(const server* to, int count) {
    double* took = calloc((size_t)count, sizeof *took);
    const cost_reading begin = cost_now();
    for (int i = 0; i < count; ++i) {
        const double start = cost_now().wall;
        connection c = log_in(to);
        took[i] = cost_now().wall - start;
        log_out(&c);
    }
    print_cost(begin, count, median_of(took, (size_t)count), 0);
    free(took);
}

static void measure_exec(const server* to, int count) {
    double* took = calloc((size_t)count, sizeof *took);
    connection c = log_in(to);
    execute(&c, "true");
    const cost_reading begin = cost_now();
    for (int i = 0; i < count; ++i) {
        const double start = cost_now().wall;
        execute(&c, "true");
        took[i] = cost_now().wall - start;
    }
    print_cost(begin, count, median_of(took, (size_t)count), 0);
    log_out(&c);
    free(took);
}

static void measure_stream(const server* to, long long bytes) {
    char line[64];
    snprintf(line, sizeof line, "head -c %lld /dev/zero", bytes);
    connection c = log_in(to);
    execute(&c, "true");
    const cost_reading begin = cost_now();
    if (execute(&c, line) != bytes) fail("bytes are missing", NULL);
    print_cost(begin, 1, cost_now().wall - begin.wall, bytes);
    log_out(&c);
}

static void measure_hold(const server* to, int count) {
    connection first = log_in(to);  // what libssh allocates once per process does not count
    connection* held = calloc((size_t)count, sizeof *held);
    const long before = private_bytes();
    const cost_reading begin = cost_now();
    for (int i = 0; i < count; ++i) held[i] = log_in(to);
    print_held(begin, count, before);
    for (int i = 0; i < count; ++i) log_out(&held[i]);
    log_out(&first);
    free(held);
}

// A whole process for one command; whoever started it measures it.
static void run_once(const server* to) {
    connection c = log_in(to);
    execute(&c, "true");
    log_out(&c);
}

int main(int argc, char** argv) {
    if (argc != 8) {
        fprintf(stderr, "usage: floor HOST PORT USER KEY KNOWN_HOSTS connect|exec|hold|once|stream N\n");
        return 64;
    }
    signal(SIGPIPE, SIG_IGN);
    server to = {argv[1], (unsigned)atoi(argv[2]), argv[3], argv[5], NULL};
    if (ssh_pki_import_privkey_file(argv[4], NULL, NULL, NULL, &to.key) != SSH_OK) fail("key file", NULL);
    const char* mode = argv[6];
    const long long amount = atoll(argv[7]);
    if (strcmp(mode, "connect") == 0) measure_connect(&to, (int)amount);
    else if (strcmp(mode, "exec") == 0) measure_exec(&to, (int)amount);
    else if (strcmp(mode, "stream") == 0) measure_stream(&to, amount);
    else if (strcmp(mode, "hold") == 0) measure_hold(&to, (int)amount);
    else if (strcmp(mode, "once") == 0) run_once(&to);
    else return 64;
    ssh_key_free(to.key);
    return 0;
}
